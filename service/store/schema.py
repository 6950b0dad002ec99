"""The tables, the same on SQLite and PostgreSQL. How they came about is in migrations/; a test holds that both agree.

Full-text search has an index of its own on each database: see search.py.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

from model import strict_json
from model.pace import Pace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AnyRow = Row[*tuple[Any, ...]]

_MICROSECOND = timedelta(microseconds=1)
_Item = TypeVar("_Item")
_CHUNK = 500
# NUL and unpaired surrogates: what PostgreSQL, SQLite or UTF-8 cannot hold.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def microseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The way back. Raises OverflowError beyond the years 1 to 9999."""
    return _EPOCH + microseconds * _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC, to the microsecond: timestamptz, or whole microseconds where there is no such type."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return microseconds(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return moment(value) if value is not None and dialect.name == "sqlite" else value


class Words(TypeDecorator[str]):
    """Text from outside. The few characters that no database holds become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None else _UNSTORABLE.sub("\ufffd", value)


class Json(TypeDecorator[Any]):
    """JSON as text: exact to the order of keys and the last digit of numbers, which jsonb is not."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return strict_json.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else strict_json.loads(value)


class PaceAsked(TypeDecorator[Pace]):
    """How often a feed asks to be read, as JSON; NULL: it asks for nothing."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Pace | None, dialect: Dialect) -> str | None:
        if value is None or value == Pace():
            return None
        ttl = None if value.ttl is None else value.ttl.total_seconds()
        return strict_json.dumps([ttl, sorted(value.skip_hours), sorted(value.skip_days)]).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Pace:
        if value is None:
            return Pace()
        ttl, hours, days = strict_json.loads(value)
        return Pace(None if ttl is None else timedelta(seconds=ttl), frozenset(hours), frozenset(days))


# SQLite counts rows by a column that is spelled INTEGER, and by no other.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_key",
        "uq": "%(table_name)s_by_%(column_0_N_name)s",
        "fk": "%(table_name)s_%(column_0_name)s",
    }
)

sources = Table(
    "sources",
    metadata,
    Column("id", Number, primary_key=True),
    Column("url", Words, nullable=False),
    Column("title", Words, nullable=False),  # the feed's own
    Column("title_override", Words),
    Column("folder", Words, nullable=False),
    Column("site", Words),  # the page that the feed belongs to
    Column("etag", Words),
    Column("last_modified", Words),
    Column("added", Moment, nullable=False),
    Column("polled", Moment),  # when it was last asked, whatever came of it
    Column("next_poll", Moment, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row
    Column("state", String(16), nullable=False),  # active, gone
    Column("lease", String(32)),  # of the poller that has it
    Column("lease_until", Moment),
    Column("pace", PaceAsked),
    UniqueConstraint("url"),
    Index("sources_by_next_poll", "state", "next_poll"),
    sqlite_autoincrement=True,  # a number is never given twice
)

# What to call a source.
source_name = func.coalesce(func.nullif(sources.c.title_override, ""), func.nullif(sources.c.title, ""), sources.c.url)

_HAS_ORIGINAL = "original IS NOT NULL"

posts = Table(
    "posts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source_id", Number, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(32), nullable=False),  # of the source and the id, see records.post_key
    Column("guid", Words, nullable=False),  # the post's own id
    Column("hash", String(32), nullable=False),  # of the content, see records.content_hash
    Column("original", Number, ForeignKey("posts.id", ondelete="SET NULL")),  # the same story, from the source that had it first
    Column("canonical", Words),  # the link that the same story has everywhere
    Column("first_seen", Moment, nullable=False),
    Column("changed", Moment, nullable=False),  # when the content last changed
    Column("placed", Moment, nullable=False),  # where it stands in every list; never changes
    Column("published", Moment),
    Column("updated", Moment),
    Column("title", Words, nullable=False),
    Column("link", Words),
    Column("authors", Json, nullable=False),
    Column("categories", Json, nullable=False),
    Column("model", String(64), nullable=False),  # the version that tagged it
    Column("answer", Json, nullable=False),  # its answer: topics, scores, evidence, summary
    # The long ones come last: SQLite reads a row from its beginning as far as it must.
    Column("html", Words),
    Column("text", Words),
    Column("words", Words, nullable=False),  # what it can be found by, see search.indexed
    # Bits, of the answer: see training.uncertainty. Read from its index.
    Column("uncertainty", Double, nullable=False, server_default=text("0")),
    UniqueConstraint("key"),
    Index("posts_by_place", "placed", "id"),
    Index("posts_by_source", "source_id", "placed", "id"),
    Index("posts_by_uncertainty", "uncertainty", "id"),
    Index("posts_by_first_seen", "first_seen", "id"),
    Index("posts_by_model", "model", "placed", "id"),
    # Most posts have none; an index of these would only mislead whoever plans a query.
    Index("posts_by_original", "original", sqlite_where=text(_HAS_ORIGINAL), postgresql_where=text(_HAS_ORIGINAL)),
    # Longer than a tree's page can hold, some of them.
    Index("posts_by_guid", "guid", postgresql_using="hash"),
    Index("posts_by_canonical", "canonical", postgresql_using="hash"),
    sqlite_autoincrement=True,
)

# What posts are found by that begin alike, see service/stories.py.
shingles = Table(
    "shingles",
    metadata,
    Column("post_id", Number, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("shingle", BigInteger, primary_key=True),
    Column("placed", Moment, nullable=False),
    Index("shingles_by_shingle", "shingle", "placed", "post_id"),
)

# What lists and wires select by: the topics that hold for a post, which are a reader's where one corrected it.
tags = Table(
    "tags",
    metadata,
    Column("post_id", Number, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("score", Double, nullable=False),  # the model's; 1 or 0 where a reader said so
    Column("given", Boolean, nullable=False),
    Column("placed", Moment, nullable=False),  # as of the post
    Index("tags_by_place", "topic", "placed", "post_id", sqlite_where=text("given = 1"), postgresql_where=text("given")),
)

# A correction holds the post as the reader saw it, so that it is an example whatever becomes of the post.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Number, primary_key=True),
    Column("post_id", Number, ForeignKey("posts.id", ondelete="SET NULL")),
    Column("post", Json, nullable=False),
    Column("topics", Json, nullable=False),
    Column("who", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("until", Moment),  # when it was withdrawn, or another took its place
    Index("corrections_by_post", "post_id"),
    Index("corrections_by_at", "at", "id"),
    sqlite_autoincrement=True,
)

# Of a post one row for each who labelled it, and one for each feed's categories: what others said is a conflict to look at.
examples = Table(
    "examples",
    metadata,
    Column("id", Number, primary_key=True),
    Column("content", String(64), nullable=False),  # see Example.content
    Column("who", Words, nullable=False),
    Column("weak", Boolean, nullable=False),  # given by categories
    Column("post", Json, nullable=False),
    Column("topics", Json, nullable=False),
    Column("at", Moment, nullable=False),
    Column("guid", Words, nullable=False, server_default=text("''")),  # the post's own id
    UniqueConstraint("content", "who", "weak"),
    Index("examples_by_at", "at", "id"),
    Index("examples_by_guid", "guid", postgresql_using="hash"),
    sqlite_autoincrement=True,
)

polls = Table(
    "polls",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source_id", Number, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("status", Integer),  # of HTTP; none where no answer came
    Column("seconds", Double, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("error", Words),
    Index("polls_by_source", "source_id", "id"),
    Index("polls_by_time", "at"),
    sqlite_autoincrement=True,
)

# What polling counted since the first poll, whatever of it is stored still: see Sources.add_counts.
counts = Table(
    "counts",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("label", String(64), primary_key=True),
    Column("value", Double, nullable=False),
)

# When something last happened; each has one row.
moments = Table(
    "moments",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("at", Moment, nullable=False),
)

# Posts that retention deleted. Their feeds may carry them for years; they must not come back as new.
forgotten = Table(
    "forgotten",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("source_id", Number, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("hash", String(32), nullable=False),
    Index("forgotten_by_source", "source_id"),
)

_ACTIVE = "state IN ('waiting', 'running')"

jobs = Table(
    "jobs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String(16), nullable=False),  # retrain, retag
    Column("state", String(16), nullable=False),  # waiting, running; done, failed, stopped
    Column("options", Json, nullable=False),
    Column("done", Integer, nullable=False),  # of so many steps
    Column("steps", Integer, nullable=False),
    Column("what", Words, nullable=False),  # what is being done
    Column("result", Json, nullable=False),  # null before it is done
    Column("error", Words),
    Column("log", Json, nullable=False),  # the last lines, each a time and what there was to say
    Column("stopping", Boolean, nullable=False),  # somebody wishes it to end
    Column("asked_by", Words, nullable=False),
    Column("asked", Moment, nullable=False),
    Column("began", Moment),
    Column("ended", Moment),
    Column("tries", Integer, nullable=False),  # how often it was begun since it last got on
    Column("lease", String(32)),  # of the process that has it
    Column("lease_until", Moment),  # of one that waits: when it may be begun
    Index("jobs_active", "kind", unique=True, sqlite_where=text(_ACTIVE), postgresql_where=text(_ACTIVE)),  # one at a time
    sqlite_autoincrement=True,
)

# Requests that name an Idempotency-Key, so that one which is sent twice is done once.
requests = Table(
    "requests",
    metadata,
    Column("key", String(64), primary_key=True),  # SHA-256 of the key
    Column("digest", String(64), nullable=False),  # of the request that had the key first
    Column("at", Moment, nullable=False),
    Column("lease", String(32)),  # of who works on it
    Column("lease_until", Moment),
    Column("answer", Json, nullable=False),  # null before there is one
    Index("requests_by_time", "at"),
)


def insert_new(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that passes over a row whose key is there already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Few enough at a time to stand in one query; SQLite takes 32,766."""
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
