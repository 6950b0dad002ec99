"""Work in the background, and an index that finds the posts which the version that serves has not tagged."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("stopping", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked", _MOMENT, nullable=False),
        sa.Column("began", _MOMENT),
        sa.Column("ended", _MOMENT),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="jobs_key"),
        sqlite_autoincrement=True,
    )
    active = sa.text("state IN ('waiting', 'running')")
    op.create_index("jobs_active", "jobs", ["kind"], unique=True, sqlite_where=active, postgresql_where=active)
    op.create_index("posts_by_model", "posts", ["model", "placed", "id"])
