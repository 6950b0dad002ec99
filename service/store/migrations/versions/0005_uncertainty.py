"""How uncertain a version was of each post, so that those whose labels would teach most can be listed."""

import json
import math

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_BATCH = 500


def upgrade() -> None:
    op.add_column("posts", sa.Column("uncertainty", sa.Double(), nullable=False, server_default=sa.text("0")))
    posts = sa.table("posts", sa.column("id"), sa.column("answer"), sa.column("uncertainty"))
    connection, last = op.get_bind(), 0
    while rows := connection.execute(
        sa.select(posts.c.id, posts.c.answer).where(posts.c.id > last).order_by(posts.c.id).limit(_BATCH)
    ).all():
        for number, answer in rows:
            bits = math.fsum(map(_entropy, json.loads(answer)["scores"].values()))
            connection.execute(sa.update(posts).where(posts.c.id == number).values(uncertainty=round(bits, 6)))
        last = rows[-1][0]
    op.create_index("posts_by_uncertainty", "posts", ["uncertainty", "id"])


def _entropy(score: float) -> float:
    return -(score * math.log2(score) + (1 - score) * math.log2(1 - score)) if 0 < score < 1 else 0.0
