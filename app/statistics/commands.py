"""`flask statistics`: count the people of schools anew."""

import click
from flask.cli import AppGroup

from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.scope import EVERYTHING, set_scope
from app.organisations.queries import unit_by_code
from app.statistics.operations import count_all, count_schools

statistics = AppGroup("statistics", help="How the people of the schools are made up.")


@statistics.command("count")
@click.option("--unit", "code", default="", help="code of one school; without it all of them, as `flask tidy` does")
def statistics_count(code: str) -> None:
    """Count anew; what was counted stays when it is interrupted."""
    set_scope(db.session, EVERYTHING)
    today = utc_now().astimezone().date()
    if not code:
        click.echo(f"统计了 {count_all(db.session, today, db.session.commit)} 所学校。")
        return
    try:
        school = unit_by_code(db.session, code)
    except AppError as error:
        raise click.ClickException(error.message) from error
    with transaction(db.session):
        count_schools(db.session, [school.id], today)
    click.echo(f"统计了{school.name}。")
