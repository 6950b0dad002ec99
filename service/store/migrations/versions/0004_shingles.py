"""What posts are found by that begin alike."""

import sqlalchemy as sa
from alembic import op

from service.stories import sketch

revision = "0004"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
_BATCH = 500


def upgrade() -> None:
    op.create_table(
        "shingles",
        sa.Column("post_id", _NUMBER, nullable=False),
        sa.Column("shingle", sa.BigInteger(), nullable=False),
        sa.Column("placed", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("post_id", "shingle", name="shingles_key"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="shingles_post_id", ondelete="CASCADE"),
    )
    _fill(op.get_bind())
    op.create_index("shingles_by_shingle", "shingles", ["shingle", "placed", "post_id"])


def _fill(connection: sa.Connection) -> None:
    """Posts that are there are found by those to come. What they tell among themselves stays as it is."""
    posts = sa.table("posts", *map(sa.column, ("id", "placed", "words")))
    shingles = sa.table("shingles", *map(sa.column, ("post_id", "shingle", "placed")))
    last = 0
    while True:
        chosen = sa.select(posts).where(posts.c.id > last).order_by(posts.c.id).limit(_BATCH)
        batch = connection.execute(chosen).all()
        rows = []
        for row in batch:
            rows += [{"post_id": row.id, "shingle": shingle, "placed": row.placed} for shingle in sketch(row.words.split())]
        if rows:
            connection.execute(sa.insert(shingles), rows)
        if len(batch) < _BATCH:
            return
        last = batch[-1].id
