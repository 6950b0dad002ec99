"""What readers say of posts: the topics that hold, and that the next version learns from."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from model.errors import ExampleError, NotStoredError
from model.posts import Post, parse_timestamp, timestamp
from service.store import moments, tagging
from service.store.database import Database
from service.store.records import Correction, brief
from service.store.schema import AnyRow, corrections, posts, source_name, sources
from training.examples import MAX_WHO, is_topic_name

_BATCH = 500


class Corrections(Database):
    """The operations on corrections. Each is one transaction; an iterator takes one for each batch."""

    def correct(self, post: int, topics: Iterable[str], who: str, *, now: datetime | None = None) -> Correction:
        """Say which topics a post has, [] for none. It holds until it is withdrawn or somebody says otherwise; what was
        said before is kept. Raises NotStoredError, and ExampleError for a name that no topic can have."""
        listed = list(topics)
        for index, topic in enumerate(listed):
            if not is_topic_name(topic):
                raise ExampleError(
                    f"{str(topic)[:60]!r} is no name of a topic: 1 to 64 of a-z, 0-9, `-` and `_`", pointer=f"/topics/{index}"
                )
        said, now = sorted(set(listed)), now or datetime.now(UTC)
        with self._writing() as connection:
            row = _locked(connection, post)
            _end(connection, post, now)
            values = {"post_id": post, "post": _kept(row), "topics": said, "who": who[:MAX_WHO], "at": now}
            added = connection.execute(insert(corrections).values(values).returning(corrections)).one()
            tagging.replace(connection, {post: tagging.rows(post, row.placed, row.answer, said)})
            moments.left(connection, now)
            return correction(added)

    def withdraw(self, post: int, *, now: datetime | None = None) -> bool:
        """Let the model's answer hold again; says whether there was a correction. Raises NotStoredError."""
        with self._writing() as connection:
            row = _locked(connection, post)
            now = now or datetime.now(UTC)
            ended = _end(connection, post, now)
            if ended:
                tagging.replace(connection, {post: tagging.rows(post, row.placed, row.answer, None)})
                moments.left(connection, now)
            return ended

    def corrections(self, *, history: bool = False) -> Iterator[Correction]:
        """All corrections that hold, the earliest first, those of posts that are gone included; with `history` also those
        that were withdrawn or had another take their place."""
        last = 0
        while True:
            chosen = select(corrections).where(corrections.c.id > last).order_by(corrections.c.id).limit(_BATCH)
            if not history:
                chosen = chosen.where(corrections.c.until.is_(None))
            with self._reading() as connection:
                batch = [correction(row) for row in connection.execute(chosen)]
            yield from batch
            if len(batch) < _BATCH:
                return
            last = batch[-1].number


def correction(row: AnyRow) -> Correction:
    """A row of the table as what it stands for."""
    kept = row.post
    post = Post(
        id=kept["id"],
        title=kept["title"],
        html=kept["html"],
        text=kept["text"],
        link=kept["link"],
        published=parse_timestamp(kept["published"] or ""),
        source=kept["source"],
        categories=tuple(kept["categories"]),
    )
    return Correction(row.id, row.post_id, post, tuple(row.topics), row.who, row.at, row.until)


def _kept(row: AnyRow) -> dict[str, Any]:
    """The post as the reader sees it now."""
    return {
        "id": row.guid,
        "title": row.title,
        "html": row.html,
        "text": row.text,
        "link": row.link,
        "published": timestamp(row.published),
        "source": brief(row.source),
        "source_url": row.source_url,
        "categories": row.categories,
    }


def _locked(connection: Connection, post: int) -> AnyRow:
    names = source_name.label("source"), sources.c.url.label("source_url")
    chosen = select(posts, *names).join(sources).where(posts.c.id == post).with_for_update(of=posts)
    row = connection.execute(chosen).one_or_none()
    if row is None:
        raise NotStoredError("there is no such post", subject=f"post {post}")
    return row


def _end(connection: Connection, post: int, now: datetime) -> bool:
    held = corrections.c.post_id == post, corrections.c.until.is_(None)
    return connection.execute(update(corrections).where(*held).values(until=now)).rowcount > 0
