"""个人标识码, and a temporary one for everybody who has been approved already."""

import datetime as dt
import secrets

import sqlalchemy as sa
from alembic import op
from stdnum.iso7064 import mod_37_36

revision = "7b21f4c9d0e8"
down_revision = "0c7d3e9b5a41"
branch_labels = None
depends_on = None

SCOPE = ("province_id", "city_id", "county_id", "school_id")
PART = 1_000


def upgrade() -> None:
    op.create_table(
        "person_code",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in SCOPE),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_person_code")),
    )
    op.create_index(op.f("ix_person_code_teacher_id"), "person_code", ["teacher_id"])
    op.add_column("teacher", sa.Column("person_code", sa.String(length=32), nullable=True))
    _give()
    op.create_index("ix_teacher_person_code", "teacher", ["person_code"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_teacher_person_code", table_name="teacher")
    op.drop_column("teacher", "person_code")
    op.drop_table("person_code")


def _give() -> None:
    """To some people at a time: those of a whole country do not fit into memory."""
    connection, now = op.get_bind(), dt.datetime.now(dt.UTC).replace(tzinfo=None)
    columns = [sa.column(name) for name in (*SCOPE, "id", "status", "person_code")]
    teacher, unit = sa.table("teacher", *columns), sa.table("unit", sa.column("id"), sa.column("code"))
    codes = sa.table("person_code", *map(sa.column, ("code", "teacher_id", "given_at", *SCOPE)))
    places = {key: code[:2] for key, code in connection.execute(sa.select(unit.c.id, unit.c.code))}
    given: set[str] = set()
    last = 0
    while True:
        query = sa.select(teacher).where(teacher.c.status == "approved", teacher.c.id > last)
        people = connection.execute(query.order_by(teacher.c.id).limit(PART)).mappings().all()
        if not people:
            return
        own = {person["id"]: _draw(places.get(person["province_id"], "00"), given) for person in people}
        connection.execute(
            sa.insert(codes),
            [
                {"code": own[p["id"]], "teacher_id": p["id"], "given_at": now, **{name: p[name] for name in SCOPE}}
                for p in people
            ],
        )
        setting = sa.update(teacher).where(teacher.c.id == sa.bindparam("key")).values(person_code=sa.bindparam("own"))
        connection.execute(setting, [{"key": key, "own": code} for key, code in own.items()])
        last = people[-1]["id"]


def _draw(place: str, given: set[str]) -> str:
    while True:
        body = f"T{place}{secrets.randbelow(10**12):012d}"
        code = body + mod_37_36.calc_check_digit(body)
        if code not in given:
            given.add(code)
            return code
