"""GET /codes/<table>/find: what a picker offers of a table that is too long to stand in the page. No personal data."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import abort, jsonify, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.datastructures import MultiDict

from app.core.code_list import CodeEntry, CodeList
from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import ALL_SCHOOL_TYPES
from app.core.ui.base_view import PlainView, current_actor

PARAMETERS = {"q", "parent", "set"}
QUERY_LENGTH = 60
MOST_FOUND = 20


class CodeFinderView(PlainView):
    """Searching and browsing one code table, for everybody who is logged in."""

    route_base = "/codes"
    class_permission_name = "code"

    @expose("/<table>/find")
    @has_access
    @permission_name("find")
    def find(self, table: str) -> Any:
        """`q`: the best that fit a text. `parent`: all of one level, "" for the topmost. `set`: kind of school."""
        if table not in codes:
            abort(404)
        asked = _checked(request.args, codes[table])
        asked_for = replace(current_actor().indicator_set, kind=asked["set"])
        found = codes[table].children(asked["parent"], asked_for)
        if asked["q"]:
            found = codes[table].search(asked["q"], asked_for, MOST_FOUND)
        level = None if asked["q"] else _level(codes[table], asked["parent"])
        return jsonify(options=[_option(codes[table], entry, asked_for) for entry in found], level=level)


def _checked(args: MultiDict[str, str], table: CodeList) -> Mapping[str, str]:
    """The parameters; 400 for anything undeclared, doubled, too long or unknown."""
    asked = {name: args.get(name, "") for name in PARAMETERS}
    plain = set(args) <= PARAMETERS and all(len(args.getlist(name)) == 1 for name in args)
    known = not asked["parent"] or asked["parent"] in table.entries
    fits = len(asked["q"]) <= QUERY_LENGTH and "\0" not in asked["q"] and not (asked["q"] and asked["parent"])
    if not (plain and known and fits and asked["set"] in ("", *ALL_SCHOOL_TYPES)):
        abort(400)
    return asked


def _option(table: CodeList, entry: CodeEntry, indicator_set: IndicatorSet) -> dict[str, Any]:
    """One row of the picker. `open`: it can be chosen; `more`: there is a level below."""
    return {
        "code": entry.code,
        "text": table.text(entry),
        "name": entry.name,
        "above": "".join(entry.path),
        "parent": entry.parent,
        "open": entry.offered_to(indicator_set),
        "more": bool(table.children(entry.code, indicator_set)),
    }


def _level(table: CodeList, parent: str) -> dict[str, str] | None:
    """The level that is shown, and the one above it."""
    entry = table.entries.get(parent)
    return {"code": entry.code, "text": entry.shown, "parent": entry.parent} if entry else None
