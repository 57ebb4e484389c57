"""The latest steps of a school or county are found without reading everybody's."""

from alembic import op

revision = "c41e8a07d935"
down_revision = "b7d2f4813c6e"
branch_labels = None
depends_on = None

PLACES = ("school_id", "county_id")


def upgrade() -> None:
    for place in PLACES:
        op.create_index(f"ix_flow_log_{place}", "flow_log", [place, "id"])


def downgrade() -> None:
    for place in PLACES:
        op.drop_index(f"ix_flow_log_{place}", table_name="flow_log")
