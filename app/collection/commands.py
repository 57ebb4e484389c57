"""`flask progress`: whether the kept sums of the states are right."""

import sys

import click
from flask.cli import AppGroup

from app.core.db import db, transaction
from app.core.scope import EVERYTHING, set_scope
from app.records.counts import differences, mend

progress = AppGroup("progress", help="The kept sums behind the page of progress.")


@progress.command("check")
@click.option("--mend", "mending", is_flag=True, help="set right what is wrong")
def progress_check(mending: bool) -> None:
    """Compare the sums with the people. Exit code 1 when they differ and are not mended."""
    set_scope(db.session, EVERYTHING)
    with transaction(db.session):
        wrong = mend(db.session) if mending else differences(db.session)
    for key, number in wrong:
        said = "  ".join(f"{name}={value}" for name, value in key._asdict().items() if value not in (None, ""))
        click.echo(f"{said}  {'少' if number > 0 else '多'}计 {abs(number)} 人")
    if not wrong:
        click.echo("合计与档案一致。")
    elif mending:
        click.echo(f"改正了 {len(wrong)} 处。")
    sys.exit(1 if wrong and not mending else 0)
