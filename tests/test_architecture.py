"""The rules of the house that a machine can check."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.collection.flow import FLOWS
from app.core.flow import Flow
from app.permissions import Permission
from app.records import STORED
from config import ROOT

APP = ROOT / "app"
FILES = sorted(APP.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ENGINE_LINES, FILE_LINES, FUNCTION_LINES, TEMPLATE_LINES = 1_500, 400, 50, 200
SAYS_NOTHING = {"utils.py", "helpers.py", "common.py", "misc.py", "manager.py"}
# Who may know the request: views and what stands around them. Operations and queries take arguments.
KNOW_THE_REQUEST = re.compile(
    r"(views|my|my_\w+|home|review|shell|guard|sessions|security|cli|demo)\.py$|core/ui/|app/__init__\.py$"
)
COMMIT_NOTHING = ("operations.py", "queries.py", "planning.py", "derived.py", "editing.py")
# Raw SQL and tables pass the scope by: only these may use them, each for rows that are nobody's.
BESIDE_THE_SCOPE = {"app/accounts/sessions.py", "app/core/ui/health.py"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


@pytest.mark.parametrize("path", FILES, ids=name)
def test_file_is_small_and_says_what_it_is_for(path: Path) -> None:
    assert lines(path) <= FILE_LINES
    assert path.name not in SAYS_NOTHING
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "a module says what it is for"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_functions_are_short_and_public_ones_explained(path: Path) -> None:
    long = [f.name for f in functions(path) if (f.end_lineno or 0) - f.lineno + 1 > FUNCTION_LINES]
    assert long == []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("path", sorted(APP.rglob("*.html")), ids=name)
def test_template_is_small_and_has_no_inline_style_or_script(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert lines(path) <= TEMPLATE_LINES
    assert not re.search(r'\sstyle="|<style|\son\w+=|<script(?![^>]*\bsrc=)[^>]*>\s*\S', source)


def test_engine_stays_small() -> None:
    assert sum(lines(path) for path in (APP / "core" / "sections").glob("*.py")) <= ENGINE_LINES


def test_every_section_file_is_listed() -> None:
    files = {path.stem for path in (APP / "records" / "sections").glob("*.py")} - {"__init__"}
    assert files == {section.name for section in STORED} - {"basic_info"}


@pytest.mark.parametrize("path", [p for p in FILES if not KNOW_THE_REQUEST.search(name(p))], ids=name)
def test_only_views_know_the_request(path: Path) -> None:
    imports = re.findall(r"^from flask(?:_login)? import (.*)$", path.read_text(encoding="utf-8"), re.M)
    known = {word.strip() for line in imports for word in line.strip("()").split(",")}
    assert known & {"request", "session", "g", "flash", "current_user"} == set()


@pytest.mark.parametrize("path", [p for p in FILES if p.name in COMMIT_NOTHING], ids=name)
def test_operations_do_not_commit(path: Path) -> None:
    assert ".commit()" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_goes_beside_the_scope(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if name(path) not in BESIDE_THE_SCOPE:
        beside = r"\.execute\(text\(|select\([^)]*__table__|from_statement|exec_driver_sql\(\"(?!BEGIN)"
        assert not re.search(beside, source)
    assert "Markup(" not in source or re.search(r'Markup\("[^"{]*"\)', source)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_flow_has_no_defects(flow: Flow) -> None:
    assert list(flow.defects()) == []


def test_every_permission_is_used() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in FILES if path.name != "permissions.py")
    assert [p.name for p in Permission if f"P.{p.name}" not in source] == []


def test_nothing_is_skipped_or_postponed() -> None:
    found = [name(p) for p in (*FILES, *TESTS) if re.search(r"\b(TODO|FIXME|XXX)\b", p.read_text(encoding="utf-8"))]
    assert [path for path in found if path != "tests/test_architecture.py"] == []
