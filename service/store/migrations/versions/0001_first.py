"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

# What full-text search looks in. FTS5's `ascii` tokenizer splits at blanks here and nowhere
# else; with detail=none it keeps which words are in a post, not where.
_SEARCH = {
    "sqlite": (
        "CREATE VIRTUAL TABLE posts_search"
        " USING fts5(words, content='posts', content_rowid='id', tokenize='ascii', detail='none')",
        "CREATE TRIGGER posts_search_new AFTER INSERT ON posts BEGIN"
        " INSERT INTO posts_search(rowid, words) VALUES (new.id, new.words); END",
        "CREATE TRIGGER posts_search_gone AFTER DELETE ON posts BEGIN"
        " INSERT INTO posts_search(posts_search, rowid, words) VALUES ('delete', old.id, old.words); END",
        "CREATE TRIGGER posts_search_changed AFTER UPDATE OF words ON posts BEGIN"
        " INSERT INTO posts_search(posts_search, rowid, words) VALUES ('delete', old.id, old.words);"
        " INSERT INTO posts_search(rowid, words) VALUES (new.id, new.words); END",
    ),
    "postgresql": ("CREATE INDEX posts_search ON posts USING gin (array_to_tsvector(string_to_array(words, ' ')))",),
}


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_override", sa.Text()),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("site", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("added", _MOMENT, nullable=False),
        sa.Column("polled", _MOMENT),
        sa.Column("next_poll", _MOMENT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="sources_key"),
        sa.UniqueConstraint("url", name="sources_by_url"),
        sqlite_autoincrement=True,
    )
    op.create_index("sources_by_next_poll", "sources", ["state", "next_poll"])

    op.create_table(
        "posts",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("source_id", _NUMBER, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("original", _NUMBER),
        sa.Column("canonical", sa.Text()),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("changed", _MOMENT, nullable=False),
        sa.Column("placed", _MOMENT, nullable=False),
        sa.Column("published", _MOMENT),
        sa.Column("updated", _MOMENT),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("link", sa.Text()),
        sa.Column("authors", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("html", sa.Text()),
        sa.Column("text", sa.Text()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="posts_key"),
        sa.UniqueConstraint("key", name="posts_by_key"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="posts_source_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["original"], ["posts.id"], name="posts_original", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index("posts_by_place", "posts", ["placed", "id"])
    op.create_index("posts_by_source", "posts", ["source_id", "placed", "id"])
    has_original = sa.text("original IS NOT NULL")
    op.create_index("posts_by_original", "posts", ["original"], sqlite_where=has_original, postgresql_where=has_original)
    op.create_index("posts_by_guid", "posts", ["guid"], postgresql_using="hash")
    op.create_index("posts_by_canonical", "posts", ["canonical"], postgresql_using="hash")
    for statement in _SEARCH[op.get_context().dialect.name]:
        op.execute(statement)

    op.create_table(
        "tags",
        sa.Column("post_id", _NUMBER, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("placed", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("post_id", "topic", name="tags_key"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="tags_post_id", ondelete="CASCADE"),
    )
    op.create_index(
        "tags_by_place",
        "tags",
        ["topic", "placed", "post_id"],
        sqlite_where=sa.text("given = 1"),
        postgresql_where=sa.text("given"),
    )

    op.create_table(
        "corrections",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("post_id", _NUMBER),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="corrections_key"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="corrections_post_id", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index("corrections_by_post", "corrections", ["post_id"])

    op.create_table(
        "polls",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("source_id", _NUMBER, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="polls_key"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="polls_source_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("polls_by_source", "polls", ["source_id", "id"])
    op.create_index("polls_by_time", "polls", ["at"])

    op.create_table(
        "forgotten",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("source_id", _NUMBER, nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("key", name="forgotten_key"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="forgotten_source_id", ondelete="CASCADE"),
    )
    op.create_index("forgotten_by_source", "forgotten", ["source_id"])
