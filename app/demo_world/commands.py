"""`flask demo`: the demo province, its logins, and people for load tests. Not for production."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from functools import partial

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.accounts.views import password_rules
from app.core.codes import TABLES, codes
from app.core.db import db, utc_now
from app.core.errors import AppError
from app.core.scope import EVERYTHING, set_scope
from app.core.validators import PROVINCES
from app.demo import PASSWORD, is_demo, known_logins, load_demo, needs_demo
from app.demo_world.generating import Part, make_part, missing_parts, prepare_units, update_statistics
from app.demo_world.province import is_loaded, load_province
from app.statistics.operations import count_all

demo = AppGroup("demo", help="Demo data (development only).")
OWN_PROVINCE = "5300000000"


def load_all() -> bool:
    """Load the named people and the province around them into an empty database, or what of it is missing; False when
    all is there or the database is somebody else's."""
    session = db.session
    set_scope(session, EVERYTHING)
    codes.refresh(session)
    if TABLES not in codes:
        raise click.ClickException("代码表还没有装好。请先运行 flask deploy。")
    if needs_demo(session):
        load_demo(session)
    elif not is_demo(session):
        return False
    loaded = load_province(session, PASSWORD, password_rules(), _tell)
    if loaded:
        # What a night would do: the home pages have figures.
        count_all(session, utc_now().astimezone().date(), session.commit)
        click.echo()
    return loaded


def _tell(done: int, total: int) -> None:
    click.echo(f"\r演示省：{done} / {total} 位教师", nl=False)


def _refuse_production(what: str) -> None:
    if current_app.config["APP_ENV"] == "production":
        raise click.ClickException(what)


@demo.command("accounts")
@click.option("--json", "as_json", is_flag=True, help="machine-readable")
@click.option("--all", "everybody", is_flag=True, help="also those of the schools and teachers that have no name here")
def demo_accounts(as_json: bool, everybody: bool) -> None:
    """List the demo logins: every role at every level."""
    _refuse_production("演示账号只在开发环境有。")
    found = [login for login in known_logins(db.session) if everybody or login["named"]]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for login in found:
        click.echo("  ".join(f"{key}={value}" for key, value in login.items()))


@demo.command("load")
def demo_load() -> None:
    """Load the demo province into an empty database. What is there is left alone."""
    _refuse_production("演示数据只能装进开发环境。")
    start = time.perf_counter()
    if load_all():
        click.echo(f"演示数据已装好，用了 {time.perf_counter() - start:.0f} 秒。")
    elif is_loaded(db.session):
        click.echo("演示数据已经在库里，没有改动。")
    else:
        raise click.ClickException("数据库里已经有单位，演示数据只能装进空库。")


@demo.command("generate")
@click.option("--teachers", required=True, type=click.IntRange(min=1), help="how many there shall be in all")
@click.option("--province", "code", default=OWN_PROVINCE, show_default=True, help="code of the province, ten digits")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 8), help="more than one: PostgreSQL")
def demo_generate(teachers: int, code: str, processes: int) -> None:
    """Make people for load tests, county by county; go on where an earlier run has stopped."""
    _refuse_production("模拟数据只能装进开发和测试环境。")
    if len(code) != len(OWN_PROVINCE) or code[:2] not in PROVINCES or code[2:] != "0" * 8:
        raise click.ClickException("省的代码是两位省份代码加八个 0，例：5300000000")
    if processes > 1 and db.engine.dialect.name != "postgresql":
        raise click.ClickException("SQLite 一次只能有一个进程写，请去掉 --processes。")
    session = db.session
    set_scope(session, EVERYTHING)
    codes.refresh(session)
    if needs_demo(session):
        raise click.ClickException("数据库是空的，请先运行 flask demo load。")
    hashed = generate_password_hash(PASSWORD, password_rules().method)
    try:
        parts = missing_parts(session, code, teachers)
    except AppError as error:
        raise click.ClickException(str(error)) from None
    prepare_units(session, parts, hashed)
    session.remove()  # type: ignore[attr-defined]
    start, people, rows = time.perf_counter(), 0, 0
    for part, written in _made(parts, hashed, processes):
        people, rows = people + part.people, rows + written
        seconds = time.perf_counter() - start
        click.echo(f"{people} 位教师，{rows} 行，{seconds:.0f} 秒，每秒 {rows / seconds:.0f} 行")
    update_statistics(db.session)
    click.echo(f"完成：新增 {people} 位教师。")


def _made(parts: list[Part], hashed: str, processes: int) -> Iterator[tuple[Part, int]]:
    work: Callable[[Part], tuple[Part, int]] = partial(_make, hashed)
    if processes == 1:
        yield from map(work, parts)
        return
    with multiprocessing.get_context("spawn").Pool(processes, _begin) as pool:
        yield from pool.imap_unordered(work, parts)


def _make(hashed: str, part: Part) -> tuple[Part, int]:
    with Session(db.engine) as session:
        set_scope(session, EVERYTHING)
        codes.refresh(session)
        return part, make_part(session, part, hashed)


def _begin() -> None:
    """A process of the pool works inside an application of its own."""
    from app import create_app  # noqa: PLC0415 - the application imports the commands

    create_app().app_context().push()
