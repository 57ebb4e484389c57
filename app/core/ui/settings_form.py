"""The page in which an administrator changes one setting: drawn by core/settings_form.html."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.sections.forms import FormState, fieldsets

Dicts = Sequence[Mapping[str, Any]]


def settings_page(
    state: FormState, title: str, trail: Dicts, *, meta: str, tag: Any = None, actions: Dicts = (), timeline: Dicts = ()
) -> dict[str, Any]:
    """trail: labels and addresses of the pages above, the nearest last: one goes back there."""
    back = trail[-1]["url"]
    labels = {name: field.label for name, field in state.section.fields.items()}
    return {
        "title": title,
        "meta": meta,
        "tag": tag,
        "breadcrumb": [*trail, {"label": title}],
        "actions": actions,
        "fieldsets": fieldsets(state),
        "problems": [
            {"label": labels[p.item], "message": p.message, "href": f"#{state.section.name}-{p.item}"}
            for p in state.problems
        ],
        "cancel_url": back,
        "cancel_label": "返回",
        "timeline": timeline,
    }
