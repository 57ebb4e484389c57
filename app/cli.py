"""Commands: deploy, demo data, sections, flows, teachers."""

import csv
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any, TextIO

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade

from app.accounts.operations import account_name, initial_password, new_account
from app.accounts.roles import ROLES, TEACHER
from app.accounts.security import Builder
from app.accounts.tidying import remove_expired
from app.accounts.views import password_rules
from app.collection.chain import told
from app.collection.commands import progress
from app.collection.flow import FLOWS
from app.collection.rounds_late import remind_by_itself
from app.core.codes import codes, load_code_files
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.scope import EVERYTHING, set_scope
from app.core.sections.checks import section_defects
from app.core.sections.explain import as_text, describe
from app.core.ui.uploads import store
from app.core.validators import normalise_id
from app.jobs.commands import jobs
from app.messages.operations import remove_old
from app.organisations.changes import apply_due
from app.organisations.loading import load_units
from app.organisations.queries import unit_by_code
from app.records import BY_NAME, SECTIONS
from app.records.completeness import check_record
from app.records.counts import fold
from app.records.queries import teachers_by_numbers
from app.records.states import state_label
from app.records.unused_files import remove_unused
from app.spreadsheets.commands import import_file, write_template
from app.spreadsheets.operations import discard_old
from app.statistics.commands import statistics
from app.statistics.operations import count_all
from config import ROOT

CODES = ROOT / "seed" / "codes"
sections = AppGroup("sections", help="What the engine understood of the record's sections.")
flows = AppGroup("flows", help="The workflows as tables.")
teachers = AppGroup("teachers", help="Template, import and check of teachers.")
units = AppGroup("units", help="Units of the tree.")
accounts = AppGroup("accounts", help="Administrators' accounts.")


class DemoCommands(click.Group):
    """`flask demo`: what makes people up is loaded only where it is used, not in every web process."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._loaded.list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._loaded.get_command(ctx, cmd_name)

    @property
    def _loaded(self) -> click.Group:
        from app.demo_world.commands import demo  # noqa: PLC0415

        return demo


def install(app: Flask) -> None:
    """Register the commands."""
    for group in (sections, flows, teachers, units, accounts, jobs, progress, statistics):
        app.cli.add_command(group)
    app.cli.add_command(DemoCommands("demo", help="Demo data (development only)."))
    app.cli.add_command(deploy)
    app.cli.add_command(tidy)


# ── preparing an installation ──


@click.command()
@with_appcontext
def deploy() -> None:
    """After `flask db upgrade`: make roles and permissions, load the national code tables."""
    _deploy()
    click.echo("权限和代码表已更新。")


@click.command()
@with_appcontext
def tidy() -> None:
    """Apply what is due; remove expired rows, and files that nothing refers to; count anew. Run it once a day."""
    set_scope(db.session, EVERYTHING)
    idle = dt.timedelta(minutes=int(current_app.config["SESSION_IDLE_MINUTES"]))
    with transaction(db.session):
        due = apply_due(db.session, utc_now())
    with transaction(db.session):
        count = remove_expired(db.session, utc_now(), idle) + discard_old(db.session, utc_now())
        count += remove_old(db.session, utc_now())
    with transaction(db.session):
        reminded = remind_by_itself(db.session, utc_now())
    with transaction(db.session):
        fold(db.session)
    count_all(db.session, utc_now().astimezone().date(), db.session.commit)
    files = remove_unused(db.session, store(), utc_now())
    click.echo(f"清理了 {count} 条过期记录、{files} 个不用的文件。")
    if reminded:
        click.echo(f"{reminded} 所学校收到了催报。")
    if due:
        click.echo(f"{due} 项单位变更已生效。")


def _deploy() -> None:
    set_scope(db.session, EVERYTHING)
    builder: Builder = current_app.appbuilder  # type: ignore[attr-defined]
    builder.sm.sync_roles()
    with transaction(db.session):
        load_code_files(db.session, CODES)  # type: ignore[arg-type]


def prepare(app: Flask) -> None:
    """Development start: migrate, deploy when something is new, load the demo when the database is empty."""
    with app.app_context():
        if _stamp_is_current(app):
            return
        upgrade()
        _deploy()
        from app.demo_world.commands import load_all  # noqa: PLC0415 - loaded only where it is used

        load_all()
        _write_stamp(app)


def demo_logins(app: Flask) -> list[dict[str, Any]]:
    """The named people's logins, as a development start prints them."""
    from app.demo import known_logins  # noqa: PLC0415 - loaded only where it is used

    with app.app_context():
        return [login for login in known_logins(db.session) if login["named"]]


def _stamp_path(app: Flask) -> Path:
    return Path(app.instance_path) / "prepared"


def _fingerprint(app: Flask) -> str:
    """Changes whenever a migration, a code file or the database changes: then the start prepares again."""
    files = sorted([*(ROOT / "migrations" / "versions").glob("*.py"), *CODES.glob("*.csv")])
    newest = max(int(path.stat().st_mtime) for path in files)
    return f"{app.config['SQLALCHEMY_DATABASE_URI']} {len(files)} {newest}"


def _stamp_is_current(app: Flask) -> bool:
    path = _stamp_path(app)
    database = db.engine.url.database or ""
    exists = db.engine.dialect.name != "sqlite" or Path(database).exists()
    return exists and path.exists() and path.read_text(encoding="utf-8") == _fingerprint(app)


def _write_stamp(app: Flask) -> None:
    _stamp_path(app).write_text(_fingerprint(app), encoding="utf-8")


@units.command("load")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
def units_load(file: TextIO) -> None:
    """Make or update units from a CSV file: code,name,level,parent,indicator_set,school_category."""
    _begin()
    try:
        with transaction(db.session):
            count = load_units(db.session, csv.DictReader(file))
    except KeyError as error:
        raise click.ClickException(f"文件缺少 {error} 这一列。") from error
    except AppError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"{count} 个单位。")


@accounts.command("add")
@click.option("--username", required=True)
@click.option("--name", required=True, help="real name")
@click.option("--role", required=True, type=click.Choice([role.name for role in ROLES if role.name != TEACHER]))
@click.option("--unit", "code", required=True, help="unit code")
def accounts_add(username: str, name: str, role: str, code: str) -> None:
    """Make an administrator's account and print its initial password, which must be changed at the first login."""
    password = initial_password()
    try:
        with transaction(db.session):
            unit = unit_by_code(db.session, code)
            new_account(
                db.session,
                username=username,
                name=name,
                role=role,
                unit_id=unit.id,
                password=password,
                rules=password_rules(),
                initial_from=utc_now(),
            )
    except AppError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"登录名 {account_name(username)}，初始密码 {password}（只显示这一次，30 天内有效，首次登录要修改）")


# ── declarations ──


@sections.command("list")
@click.option("--json", "as_json", is_flag=True)
def sections_list(as_json: bool) -> None:
    """All sections with their items."""
    _print([{k: v for k, v in describe(section).items() if k != "file"} for section in SECTIONS], as_json)


@sections.command("show")
@click.argument("name")
def sections_show(name: str) -> None:
    """One section as the engine understood it."""
    if name not in BY_NAME:
        raise click.ClickException(f"没有板块 {name}。有：{'、'.join(BY_NAME)}")
    click.echo(as_text(BY_NAME[name]))


@sections.command("check")
def sections_check() -> None:
    """The numbered checks of the declarations."""
    defects = section_defects(SECTIONS, [path.stem for path in CODES.glob("[A-Z]*.csv")])
    click.echo("\n".join(defects) or f"{len(SECTIONS)} 个板块，没有发现问题。")
    sys.exit(1 if defects else 0)


@flows.command("show")
@click.argument("name")
@click.option("--unit", "code", default="", help="a school's code: who reviews its reports")
def flows_show(name: str, code: str) -> None:
    """One workflow as the table of the manual; with a school, its review chain and what is missing there."""
    flow = {flow.name: flow for flow in FLOWS}.get(name)
    if flow is None:
        raise click.ClickException(f"没有流程 {name}。有：{'、'.join(f.name for f in FLOWS)}")
    click.echo(f"{flow.title}（{flow.name}）")
    for step in flow.steps:
        source = "、".join(flow.states[s].label for s in step.source)
        target = "、".join(flow.states[s].label for s in step.target)
        guards = " ".join((guard.__doc__ or guard.__name__).strip() for guard in step.guards)
        click.echo(f"  {step.label}（{step.name}）: {source} → {target} | {step.permission} | {step.note} | {guards}")
    if code:
        _begin()
        try:
            click.echo("\n".join(told(db.session, unit_by_code(db.session, code))))
        except AppError as error:
            raise click.ClickException(error.message) from error


# ── teachers ──


@teachers.command("template")
@click.option("--unit", "code", required=True, help="unit code")
@click.option("--out", "path", required=True, type=click.Path(path_type=Path))
def teachers_template(code: str, path: Path) -> None:
    """Write the Excel template of a school."""
    _begin()
    try:
        write_template(db.session, unit_by_code(db.session, code), path)
    except AppError as error:
        raise click.ClickException(error.message) from error
    click.echo(str(path))


@teachers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unit", "code", required=True)
@click.option("--mode", type=click.Choice(["append", "replace"]), default="append")
@click.option("--dry-run", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
def teachers_import(file: Path, code: str, mode: str, dry_run: bool, as_json: bool) -> None:
    """Import an Excel file into a school; with errors nothing is written and the exit code is 1."""
    _begin()
    try:
        result = import_file(db.session, unit_by_code(db.session, code), file, mode, dry_run=dry_run, now=utc_now())
    except AppError as error:
        result = {"created": 0, "updated": 0, "unchanged": 0, "applied": False, "errors": [
            {"sheet": "", "row": 0, "column": "", "identifier": error.field or "", "message": error.message}
        ]}  # fmt: skip
    _print(result, as_json)
    sys.exit(1 if result["errors"] else 0)


@teachers.command("check")
@click.argument("id_number")
@click.option("--json", "as_json", is_flag=True)
def teachers_check(id_number: str, as_json: bool) -> None:
    """The state and completeness of one teacher."""
    _begin()
    number = normalise_id(id_number)
    teacher = teachers_by_numbers(db.session, [number]).get(number)
    if teacher is None:
        raise click.ClickException("没有这个证件号的教师。")
    state = check_record(db.session, teacher)
    told = {
        "name": teacher.name,
        "unit": teacher.unit.name,
        "status": teacher.status,
        "status_label": state_label(teacher),
        "percent": state.percent,
        "complete": state.complete,
        "problems": [
            {
                "item": f"{finding.section.name}.{finding.problem.item}".rstrip("."),
                "row": finding.row_id,
                "level": finding.problem.level,
                "message": finding.problem.message,
            }
            for finding in state.findings
        ],
    }
    _print(told, as_json)


def _begin() -> None:
    set_scope(db.session, EVERYTHING)
    codes.refresh(db.session)


def _print(value: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False, default=_plain))
    elif isinstance(value, list):
        for entry in value:
            click.echo("  ".join(f"{k}={v}" for k, v in entry.items() if k != "items"))
    else:
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)
