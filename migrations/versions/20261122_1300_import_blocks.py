"""Rows of an import plan in blocks; the uploaded file while it is needed; work on a plan in the background."""

import json
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.core.crypto import decrypt, decrypt_bytes, encrypt, encrypt_bytes

revision = "e19a6c0b7d43"
down_revision = "a93d5f20e7b1"
branch_labels = None
depends_on = None

SCOPE = ("province_id", "city_id", "county_id", "school_id")
BLOCK = 500
OWN = ("target_id", "owner_id", "base_version", "written_id", "written_version")
TEXTS = ("values", "old", "errors", "warnings", "texts")

plan = sa.table("import_plan", sa.column("id"), sa.column("status"))
row = sa.table(
    "import_row",
    *map(sa.column, ("id", "plan_id", "sheet", "row_no", "section", "action", "content", "teacher_id", *OWN, *SCOPE)),
)
block = sa.table(
    "import_block",
    *map(sa.column, ("id", "plan_id", "sheet", "section", "action", "known", "count", "content", *SCOPE)),
)


def upgrade() -> None:
    op.create_table(
        "import_block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(length=60), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        *_scope("import_block"),
        sa.ForeignKeyConstraint(["plan_id"], ["import_plan.id"], name="fk_import_block_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_import_block"),
    )
    op.create_index("ix_import_block_plan_id", "import_block", ["plan_id", "action", "id"])
    op.create_index("ix_import_block_teacher_id", "import_block", ["teacher_id"])
    with op.batch_alter_table("import_plan") as batch_op:
        batch_op.add_column(sa.Column("stored_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("job_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("left_out", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("import_plan") as batch_op:
        batch_op.alter_column("left_out", server_default=None)
    op.create_index("ix_import_plan_stored_digest", "import_plan", ["stored_digest"])
    connection = op.get_bind()
    for plan_id in connection.scalars(sa.select(plan.c.id)).all():
        if blocks := list(_blocks(connection, plan_id)):
            connection.execute(sa.insert(block), blocks)
    op.drop_table("import_row")


def _blocks(connection: Any, plan_id: int) -> Iterator[dict[str, Any]]:
    rows = connection.execute(sa.select(row).where(row.c.plan_id == plan_id).order_by(row.c.id)).all()
    made = {r.owner_id for r in rows if (r.section, r.action) == ("basic_info", "create")}

    def kind(r: Any) -> tuple[Any, ...]:
        return r.sheet, r.section, r.action, r.owner_id is not None and r.owner_id not in made

    for (sheet, section, action, known), group in groupby(sorted(rows, key=kind), kind):
        own = list(group)
        for start in range(0, len(own), BLOCK):
            part = own[start : start + BLOCK]
            packed = json.dumps([_packed(r, known) for r in part], ensure_ascii=False, separators=(",", ":"))
            yield {
                "plan_id": plan_id, "sheet": sheet, "section": section, "action": action, "known": known,
                "count": len(part),
                "content": encrypt_bytes(zlib.compress(packed.encode(), 1), "import_block.content"),
                **{name: getattr(part[0], name) for name in SCOPE},
            }  # fmt: skip


def _packed(r: Any, known: bool) -> list[Any]:
    content = json.loads(decrypt(r.content, "import_row.content"))
    own = [getattr(r, name) for name in OWN] if known else [None] * len(OWN)
    return [r.row_no, content["action"], content["key"], content["name"], *own, *(content[name] for name in TEXTS)]


def downgrade() -> None:
    op.create_table(
        "import_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(length=60), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in OWN),
        sa.Column("content", sa.Text(), nullable=False),
        *_scope("import_row"),
        sa.ForeignKeyConstraint(["plan_id"], ["import_plan.id"], name="fk_import_row_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_import_row"),
    )
    op.create_index("ix_import_row_plan", "import_row", ["plan_id", "action", "id"])
    op.create_index("ix_import_row_teacher_id", "import_row", ["teacher_id"])
    # What new people were given is not noted in blocks: only plans that were not written keep their rows.
    connection = op.get_bind()
    query = sa.select(block).join(plan, plan.c.id == block.c.plan_id).where(plan.c.status == "planned")
    for found in connection.execute(query.order_by(block.c.id)).all():
        connection.execute(sa.insert(row), list(_rows(found)))
    op.execute("UPDATE import_plan SET status = 'discarded' WHERE status = 'reading'")
    op.drop_index("ix_import_plan_stored_digest", table_name="import_plan")
    with op.batch_alter_table("import_plan") as batch_op:
        batch_op.drop_column("left_out")
        batch_op.drop_column("job_id")
        batch_op.drop_column("stored_digest")
    op.drop_table("import_block")


def _rows(found: Any) -> Iterator[dict[str, Any]]:
    packed = json.loads(zlib.decompress(decrypt_bytes(found.content, "import_block.content")))
    for row_no, intended, key, name, *rest in packed:
        own, texts = rest[: len(OWN)], rest[len(OWN) :]
        content = {"action": intended, "key": key, "name": name, **dict(zip(TEXTS, texts, strict=True))}
        yield {
            "plan_id": found.plan_id, "sheet": found.sheet, "section": found.section, "action": found.action,
            "row_no": row_no,
            "content": encrypt(json.dumps(content, ensure_ascii=False), "import_row.content"),
            **dict(zip(OWN, own, strict=True)),
            **{name: getattr(found, name) for name in SCOPE},
        }  # fmt: skip


def _scope(table: str) -> list[Any]:
    return [
        *(sa.Column(name, sa.Integer(), nullable=True) for name in (*SCOPE, "teacher_id")),
        *(sa.ForeignKeyConstraint([name], ["unit.id"], name=f"fk_{table}_{name}") for name in SCOPE),
    ]
