"""Labelled examples that were brought in, beside the corrections that readers made here."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "examples",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("weak", sa.Boolean(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="examples_key"),
        sa.UniqueConstraint("content", "who", "weak", name="examples_by_content_who_weak"),
        sqlite_autoincrement=True,
    )
