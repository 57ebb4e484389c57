"""The choices of a condition as the page draws them: hundreds on a list, and the same for everybody."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

MOST_DRAWN = 200  # chosen values whose drawing is kept


class Options(list[dict[str, Any]]):
    """Choices that do not change any more: they are drawn once for each value that is chosen."""

    def __init__(self, choices: list[dict[str, Any]]) -> None:
        super().__init__(choices)
        self.drawn: dict[tuple[str, bool], Markup] = {}


def draw_options(choice: Mapping[str, Any], *, labelled: bool) -> Markup:
    """The <option>s of one condition. labelled: its name stands above, and need not stand in every choice."""
    options, chosen = choice.get("options") or [], str(choice.get("value"))
    if not isinstance(options, Options):
        return _draw(options, chosen, str(choice["label"]), labelled)
    drawn = options.drawn.get((chosen, labelled))
    if drawn is None:
        drawn = _draw(options, chosen, str(choice["label"]), labelled)
        if len(options.drawn) < MOST_DRAWN:
            options.drawn[chosen, labelled] = drawn
    return drawn


def _draw(options: list[dict[str, Any]], chosen: str, label: str, labelled: bool) -> Markup:
    everything = _("全部") if labelled else _("%(label)s：全部", label=label)
    parts = [] if options and options[0]["value"] in (None, "") else [("", everything)]
    for option in options:
        if option["value"] in (None, ""):
            parts.append(("", everything if labelled else option["label"]))
        else:
            parts.append((option["value"], option["label"] if labelled else f"{label}：{option['label']}"))
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(
            value, Markup(" selected") if str(value) == chosen else "", escape(text)
        )
        for value, text in parts
    )
