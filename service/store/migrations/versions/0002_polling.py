"""What polling remembers: the pace a feed asked for, what was counted, and when a post last left a wire. And a search on
PostgreSQL that knows what it costs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

# To make a post's words a tsvector takes long, which PostgreSQL's planner does not know of its own functions: it would
# rather do so for every post, newest first, than look a rare word up. One in SQL would be taken apart again.
_SEARCH = (
    "CREATE FUNCTION posts_vector(words text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000"
    " AS $$ BEGIN RETURN array_to_tsvector(string_to_array(words, ' ')); END $$",
    "DROP INDEX posts_search",
    "CREATE INDEX posts_search ON posts USING gin (posts_vector(words))",
)


def upgrade() -> None:
    op.add_column("sources", sa.Column("pace", sa.Text()))
    op.create_index("posts_by_first_seen", "posts", ["first_seen", "id"])
    if op.get_context().dialect.name == "postgresql":
        for statement in _SEARCH:
            op.execute(statement)
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
