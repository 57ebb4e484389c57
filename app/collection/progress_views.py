"""数据上报进展: how far the units below have come, step by step down to the school, and the same as a workbook."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, abort, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from app.collection.progress import ORDERS, Figures, Line, Progress, arranged, progress_of
from app.core.actor import Actor
from app.core.db import db
from app.core.excel import export_rows
from app.core.ui.base_view import PlainView, current_actor, print_line
from app.core.ui.downloads import send_workbook
from app.organisations.models import LEVELS, Unit
from app.permissions import Permission as P
from app.records.place_filters import UNIT, WAITS_AT, unit_within
from app.records.states import STATES, WAITING

TITLE = "数据上报进展"
WORST_FIRST = "done"
FALLING = "desc"
BAR = ("approved", "in_review", "rejected")  # the parts of a bar, from the left; the rest has still to come
COLOURS = {"approved": "f1", "in_review": "fw", "rejected": "fb"}


@dataclass(frozen=True)
class Asked:
    """The checked parameters of an address."""

    unit: Unit
    order: str
    falling: bool
    late_only: bool

    def url(self, endpoint: str = "ProgressView.show", **changes: Any) -> str:
        """The address of the same page with some of them changed."""
        said: dict[str, Any] = {
            "unit": self.unit.id,
            "sort": self.order if self.order != WORST_FIRST else None,
            "dir": FALLING if self.falling else None,
            "late": 1 if self.late_only else None,
        }
        return url_for(endpoint, **(said | changes))


def read_address(actor: Actor, args: Mapping[str, str]) -> Asked:
    """400 for anything undeclared, 404 for a unit outside of the own tree."""
    order = args.get("sort", WORST_FIRST)
    known = {"unit", "sort", "dir", "late"}
    good = order in (*ORDERS, *STATES) and args.get("dir", FALLING) == FALLING and args.get("late", "1") == "1"
    if not good or not set(args) <= known:
        abort(400)
    unit = unit_within(db.session, actor, args.get("unit", str(actor.unit_id)))
    if unit is None:
        abort(404)
    return Asked(unit, order, "dir" in args, "late" in args)


class ProgressView(PlainView):
    """The page and its workbook: both show the same lines in the same order."""

    route_base = "/progress"
    class_permission_name = "progress"

    @expose("/")
    @has_access
    def show(self) -> Any:
        """One unit and those directly below."""
        actor = current_actor()
        asked, found, lines = self._read(actor)
        levels = _levels_in([*lines, _total(found)])
        page = {
            "title": TITLE,
            "unit": found.unit.name,
            "breadcrumb": self._breadcrumb(asked, found),
            "columns": [self._column(asked, name, label) for name, label in _columns(found)],
            "rows": [self._row(actor, line, levels) for line in lines],
            "total": self._row(actor, _total(found), levels),
            "below": bool(found.lines),
            "legend": [(STATES[name].label, COLOURS[name]) for name in BAR],
            "late": {"on": asked.late_only, "url": asked.url(late=None if asked.late_only else 1)},
            "export_url": asked.url("ProgressView.export"),
            "print_line": print_line(),
        }
        return self.render_template("collection/progress.html", page=page)

    @expose("/export")
    @has_access
    @permission_name("show")
    def export(self) -> Response:
        """What the page shows, as a workbook. Only numbers, nobody's name."""
        _, found, lines = self._read(current_actor())
        shown = [*lines, _total(found)]
        levels = _levels_in(shown)
        rows = ([line.name, *(count(line.figures) for _, count in _exported(levels))] for line in shown)
        heads = [dict(_columns(found))["unit"], *(label for label, _ in _exported(levels))]
        return send_workbook(export_rows(heads, rows, TITLE), f"{TITLE}（{found.unit.name}）.xlsx")

    def _read(self, actor: Actor) -> tuple[Asked, Progress, list[Line]]:
        asked = read_address(actor, request.args)
        found = progress_of(db.session, actor, asked.unit)
        lines = arranged(found.lines, asked.order, falling=asked.falling, late_only=asked.late_only)
        return asked, found, lines

    def _breadcrumb(self, asked: Asked, found: Progress) -> list[dict[str, str]]:
        path = [{"label": unit.name, "url": asked.url(unit=unit.id)} for unit in found.path]
        return [{"label": TITLE, "url": url_for(f"{self.endpoint}.show")}, *path]

    def _column(self, asked: Asked, name: str, label: str) -> dict[str, Any]:
        sorted_now = asked.order == name
        turned = FALLING if sorted_now and not asked.falling else None
        url = asked.url(sort=None if name == WORST_FIRST else name, dir=turned)
        direction = ("desc" if asked.falling else "asc") if sorted_now else ""
        return {"label": label, "url": url, "direction": direction, "num": name not in ("unit", WORST_FIRST)}

    def _row(self, actor: Actor, line: Line, levels: Sequence[str]) -> dict[str, Any]:
        figures = line.figures
        opens = line.level not in ("", "department")
        return {
            "name": line.name,
            "url": url_for(f"{self.endpoint}.show", unit=line.unit_filter) if opens else "",
            "due": counted(actor, line, figures.due),
            "cells": [
                {"label": state.label, "count": counted(actor, line, figures.count(status), status=status)}
                | {"parts": _waiting(actor, line, levels) if status == "in_review" else []}
                for status, state in STATES.items()
            ],
            "percent": figures.percent,
            "bar": bar_of(figures),
            "said": in_words(figures),
        }


def _total(found: Progress) -> Line:
    return Line("合计", found.unit.code, "", str(found.unit.id), found.total)


def _columns(found: Progress) -> list[tuple[str, str]]:
    below = "二级单位" if found.unit.level in ("school", "department") else "单位"
    states = [(status, state.label) for status, state in STATES.items()]
    return [("unit", below), ("due", "应报"), *states, (WORST_FIRST, "通过率")]


def _exported(levels: Sequence[str]) -> list[tuple[str, Callable[[Figures], Any]]]:
    """The columns of the workbook behind the name: what the page shows in one cell stands in several."""

    def of(status: str) -> Callable[[Figures], int]:
        return lambda figures: figures.count(status)

    def at(level: str) -> Callable[[Figures], int]:
        return lambda figures: figures.waiting.get(level, 0)

    found: list[tuple[str, Callable[[Figures], Any]]] = [("应报", lambda figures: figures.due)]
    for status, state in STATES.items():
        found.append((state.label, of(status)))
        if status == "in_review":
            found += [(f"其中{_waits_at(level)}", at(level)) for level in levels]
    return [*found, ("通过率（%）", lambda figures: figures.percent)]


def _levels_in(lines: Sequence[Line]) -> list[str]:
    """The levels at which somebody waits, from the school upwards."""
    found = {level for line in lines for level, number in line.figures.waiting.items() if number}
    return [level for level in reversed(LEVELS) if level in found]


def _waits_at(level: str) -> str:
    return WAITING.get(level, f"待{LEVELS[level]}级审核")


def _waiting(actor: Actor, line: Line, levels: Sequence[str]) -> list[dict[str, Any]]:
    counts = [(level, line.figures.waiting.get(level, 0)) for level in levels]
    return [
        {"label": _waits_at(level), **counted(actor, line, number, status="in_review", **{WAITS_AT: level})}
        for level, number in counts
        if number
    ]


def counted(actor: Actor, line: Line, number: int, **conditions: str) -> dict[str, Any]:
    """A number with the list of exactly those people."""
    asked: dict[str, Any] = {f"_flt_0_{name}": value for name, value in {UNIT: line.unit_filter, **conditions}.items()}
    return {"n": number, "url": url_for("TeacherView.list", **asked) if number and actor.may(P.RECORD_LIST) else ""}


def in_words(figures: Figures) -> str:
    """What a bar shows."""
    return "，".join(f"{state.label} {figures.count(status)}" for status, state in STATES.items())


def bar_of(figures: Figures) -> list[dict[str, Any]]:
    """The parts of the bar, the longest first: each is drawn over the one before."""
    parts, width = [], 0.0
    for status in BAR:
        width += figures.count(status) * 100 / (figures.due or 1)
        parts.append({"width": f"{width:.1f}", "colour": COLOURS[status]})
    return parts[::-1]


def register(app: Flask, builder: Any) -> None:
    """Plug the page in."""
    builder.add_view_no_menu(ProgressView)
