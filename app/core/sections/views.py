"""The Flask-AppBuilder screens of a section: one `type()` call, everything read from the declaration."""

from typing import Any

from app.core.codes import codes
from app.core.sections.section import Section, show
from app.core.ui.base_view import CappedInterface, ScopedModelView
from app.core.ui.listing import ListRequest


class SectionView(ScopedModelView):
    """List of a section's rows; made by `make_view`."""

    section: Section

    def indicator_set_of(self, row: Any) -> str:
        """Which kind of school a row's codes belong to."""
        raise NotImplementedError

    def cell(self, row: Any, name: str) -> Any:
        field = self.section.fields.get(name)
        if field is None:
            return super().cell(row, name)
        return show(field, getattr(row, name), self.indicator_set_of(row))

    def filter_set(self) -> str:
        """The kind of school whose codes the filters offer."""
        raise NotImplementedError

    def filter_choices(self, asked: ListRequest) -> list[dict[str, Any]]:
        found = []
        for name in self.search_columns:
            field = self.section.fields.get(name)
            if field is None or not field.code_table or self.filter_set() not in field.school_types:
                continue
            offered = codes[field.table_for(self.filter_set())].offered(self.filter_set())
            options = [{"value": "", "label": f"{field.label}：全部"}]
            options += [{"value": entry.code, "label": entry.name} for entry in offered]
            found.append(
                {
                    "name": f"_flt_0_{name}",
                    "column": name,
                    "label": field.label,
                    "value": asked.filters.get(name, ""),
                    "options": options,
                }
            )
        return found


def view_name(section: Section) -> str:
    """The name of a section's list view, by which addresses are made."""
    return "".join(part.capitalize() for part in section.name.split("_")) + "View"


def make_view(section: Section, base: type[SectionView], name: str = "", **options: Any) -> type[SectionView]:
    """The view class of a section, called `name`. `options` overrides single attributes."""
    fields = section.fields.values()
    datamodel = CappedInterface(section.model)
    attributes: dict[str, Any] = {
        "__doc__": f"{section.title}: list made from its declaration.",
        "__module__": base.__module__,
        "section": section,
        "datamodel": datamodel,
        "route_base": f"/records/{section.name}",
        "list_title": section.title,
        "label_columns": {field.name: field.label for field in fields},
        "list_columns": [field.name for field in fields if field.in_list],
        "search_columns": [field.name for field in fields if field.in_filter],
        "order_columns": [field.name for field in fields if field.in_list and field.kind in ("ym", "date")],
    }
    return type(name or view_name(section), (base,), attributes | options)
