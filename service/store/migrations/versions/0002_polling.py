"""What polling remembers: the pace a feed asked for, what was counted, and when a post last left a wire."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("sources", sa.Column("pace", sa.Text()))
    op.create_index("posts_by_first_seen", "posts", ["first_seen", "id"])
    op.create_table(
        "counts",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", name="counts_key"),
    )
    op.create_table(
        "moments",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="moments_key"),
    )
