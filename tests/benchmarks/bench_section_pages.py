"""How long a teacher waits for the pages of a section, beside a plain view that does the least for as much of a page.

    python -m tests.benchmarks.bench_section_pages [rounds]

The record has rows in every section, between them with every item; TEST_DATABASE_URL as in the tests. The plain view
has no login, no rights, no codes: one SELECT of the rows that the page shows, in an escaping template that is filled up
with still text to the length of our page; saving is one UPDATE. Each pair is measured in turns in one run, so that a
busy machine slows both; what counts is the ratio. Both are called in process, without a network.
"""

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, redirect, render_template, request
from jinja2 import DictLoader
from sqlalchemy.orm import Session

from app.accounts.operations import new_account
from app.accounts.password_rules import PasswordRules
from app.accounts.roles import TEACHER
from app.accounts.views import password_rules
from app.core.crypto import blind_index
from app.core.db import db, writes
from app.core.sections.reading import typed
from app.demo import PASSWORD
from app.organisations.models import Unit
from app.records import CHILD_SECTIONS
from app.records.sections.education_history import SECTION, EducationHistory
from app.records.teacher import Teacher
from tests.accounts.database import looking
from tests.conftest import SCHOOL, Client, PostgresCopy, SqliteCopy, prepared_app
from tests.spreadsheets.full_records import record

ROUNDS, WARM = 200, 10
ROWS = "<table>{% for row in rows %}<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>{% endfor %}</table>"
STUDIES = EducationHistory.__table__
PEOPLE = Teacher.__table__


@contextmanager
def application() -> Iterator[Flask]:
    """The application over a new database with the demo data."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    with tempfile.TemporaryDirectory() as folder:
        database = PostgresCopy(server) if server.startswith("postgres") else SqliteCopy(Path(folder))
        try:
            app = prepared_app(database.url, Path(folder))
            yield app
            with app.app_context():
                db.engine.dispose()  # on Windows an open file cannot be deleted
        finally:
            if isinstance(database, PostgresCopy):
                database.drop()


@dataclass(frozen=True)
class Known:
    """What the measuring must know of the record; no session stays open that a request would wait for."""

    teacher_id: int
    school_id: int
    id_number: str
    row_id: int
    version: int
    texts: dict[str, str]  # of the row's form


def full_record(app: Flask) -> Known:
    """A person of 青禾县第一中学 with rows in all sections, and an account."""
    with app.app_context():
        rules = password_rules()
    with looking(app) as session:
        return _full_record(session, rules)


def _full_record(session: Session, rules: PasswordRules) -> Known:
    school = session.scalars(sa.select(Unit).where(Unit.code == SCHOOL)).one()
    rows = record(school.indicator_set, 1, "何静宜")
    teacher = Teacher(unit_id=school.id, unit=school, **rows["basic_info"][0])
    session.add(teacher)
    session.flush()
    for section in CHILD_SECTIONS:
        session.add_all(section.model(teacher=teacher, **row) for row in rows.get(section.name, ()))
    new_account(
        session, username=blind_index(teacher.id_number or "", "id_number"), name="何静宜", role=TEACHER,
        unit_id=school.id, teacher_id=teacher.id, password=PASSWORD, rules=rules, initial_from=None,
    )  # fmt: skip
    session.commit()
    row = session.scalars(sa.select(EducationHistory).where(EducationHistory.teacher_id == teacher.id)).first()
    assert row is not None
    texts = {item.name: typed(item, getattr(row, item.name)) for item in SECTION.fields_for(school.indicator_set)}
    return Known(teacher.id, school.id, teacher.id_number or "", row.id, row.version, texts)


# ── the two sides ──


def plain_app(engine: sa.Engine, queries: list[sa.Select[Any]], texts: dict[str, str]) -> Flask:
    """The plain views: a page for each query, its template in `texts`, and saving one row."""
    plain = Flask("plain")
    plain.jinja_loader = DictLoader(texts)
    plain.jinja_env.auto_reload = True  # the texts come once the rows are known

    @plain.get("/<int:number>")
    def page(number: int) -> str:
        with engine.connect() as connection:
            return render_template(f"{number}.html", rows=connection.execute(queries[number]).all())

    @plain.post("/<int:key>")
    def save(key: int) -> Any:
        with engine.begin() as connection:
            connection.execute(sa.update(STUDIES).where(STUDIES.c.id == key).values(major=request.form["major"]))
        return redirect("/")

    # As ours does: SQLite must be told whether a transaction will write.
    plain.before_request(lambda: writes.set(request.method == "POST") and None)
    return plain


def as_long_as(page: str, rows: str) -> str:
    """A template for the rows that gives as long a page."""
    return f"{ROWS}{{% raw %}}{page[len(rows) :]}{{% endraw %}}"


@dataclass
class Saving:
    """The form of one row, posted again and again, each time with another subject."""

    client: Client
    known: Known
    token: str
    count: int = 0

    def post(self) -> None:
        changes = {"major": f"数学{self.count}", "version": str(self.known.version + self.count)}
        form = {**self.known.texts, **changes, "csrf_token": self.token}
        answer = self.client.client.post(f"/my/{SECTION.name}/{self.known.row_id}", data=form)
        assert answer.location == f"/my/{SECTION.name}", "it was saved, and the list comes next"
        self.count += 1


# ── measuring ──


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def measure(name: str, own: Callable[[], object], plain: Callable[[], object], rounds: int) -> None:
    for _ in range(WARM):
        own(), plain()
    pairs = [(milliseconds(own), milliseconds(plain)) for _ in range(rounds)]
    (p50, p95), (plain50, plain95) = (
        (statistics.median(column), statistics.quantiles(column, n=20)[-1]) for column in zip(*pairs, strict=True)
    )
    figures = f"{p50:7.1f} {p95:7.1f}   {plain50:7.2f} {plain95:7.2f}   {p50 / plain50:6.1f} {p95 / plain95:6.1f}"
    print(f"{name:44} {figures}")


def shown_rows(known: Known) -> dict[str, tuple[str, sa.Select[Any]]]:
    """The pages, who looks at them, and the rows they show."""
    studies, of_school = sa.select(STUDIES), STUDIES.c.school_id == known.school_id
    return {
        "/my/basic_info": ("teacher", sa.select(PEOPLE).where(PEOPLE.c.id == known.teacher_id)),
        f"/my/{SECTION.name}": ("teacher", studies.where(STUDIES.c.teacher_id == known.teacher_id)),
        f"/my/{SECTION.name}/{known.row_id}": ("teacher", studies.where(STUDIES.c.id == known.row_id)),
        f"/records/{SECTION.name}/list/": ("clerk", studies.where(of_school).order_by(STUDIES.c.id).limit(50)),
    }


def compare(app: Flask, engine: sa.Engine, rounds: int) -> None:
    known = full_record(app)
    clients = {"teacher": Client(app.test_client()), "clerk": Client(app.test_client())}
    clients["teacher"].login(known.id_number)
    clients["clerk"].login("liyutong")
    shown = shown_rows(known)
    texts = {f"{number}.html": ROWS for number in range(len(shown))}
    plain = plain_app(engine, [query for _, query in shown.values()], texts).test_client()
    for number, (path, (who, _)) in enumerate(shown.items()):
        answer, client, address = clients[who].get(path), clients[who], f"/{number}"
        assert answer.status_code == 200, path
        texts[f"{number}.html"] = as_long_as(answer.text, plain.get(address).text)
        assert len(plain.get(address).text) == len(answer.text.rstrip())
        name = f"{path} ({len(answer.data) / 1024:.0f} KiB)"
        measure(name, partial(client.get, path), partial(plain.get, address), rounds)
    saving = Saving(clients["teacher"], known, clients["teacher"].token())
    measure("saving a row", saving.post, partial(plain.post, f"/{known.row_id}", data={"major": "数学"}), rounds)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with application() as app:
        with app.app_context():
            engine = db.engine
        print(f"Python {platform.python_version()}, {engine.dialect.name}, {rounds} rounds, milliseconds")
        print(f"{'':44} {'p50':>7} {'p95':>7}   {'plain':>7} {'p95':>7}   {'ratio':>6} {'p95':>6}")
        compare(app, engine, rounds)


if __name__ == "__main__":
    main()
