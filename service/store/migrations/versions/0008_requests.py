"""Requests that are sent twice and done once; and examples found by their posts' ids, and listed in the order of time."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
_BATCH = 500


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", _MOMENT),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="requests_key"),
    )
    op.create_index("requests_by_time", "requests", ["at"])
    op.add_column("examples", sa.Column("guid", sa.Text(), nullable=False, server_default=sa.text("''")))
    _fill()
    op.create_index("examples_by_guid", "examples", ["guid"], postgresql_using="hash")
    op.create_index("examples_by_at", "examples", ["at", "id"])
    op.create_index("corrections_by_at", "corrections", ["at", "id"])


def _fill() -> None:
    """Examples that are there already hold the ids of their posts in these."""
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(
        sa.text("SELECT id, post FROM examples WHERE id > :last ORDER BY id LIMIT :most"), {"last": last, "most": _BATCH}
    ).all():
        ids = [{"number": row.id, "guid": _storable(str(json.loads(row.post)["id"]))} for row in rows]
        connection.execute(sa.text("UPDATE examples SET guid = :guid WHERE id = :number"), ids)
        last = rows[-1].id


def _storable(text: str) -> str:
    return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text)
