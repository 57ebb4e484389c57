"""The index of names holds all that a search asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0c7d3e9b5a41"
down_revision = "e8a1c46f0b27"
branch_labels = None
depends_on = None

KEY = (sa.text("coalesce(county_id, city_id, province_id, 0)"), "key", "teacher_id")


def upgrade() -> None:
    op.drop_index("ix_name_key_area", table_name="name_key")
    op.create_index("ix_name_key_area", "name_key", [*KEY, "county_id", "city_id", "province_id"])


def downgrade() -> None:
    op.drop_index("ix_name_key_area", table_name="name_key")
    op.create_index("ix_name_key_area", "name_key", [*KEY])
