"""What polling brings: posts with their tags, and how each poll went."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from model.errors import LeaseError, NotStoredError
from model.posts import Post
from service.store import tagging
from service.store.database import Database
from service.store.records import PastPoll, Poll, PolledPost, Recorded, content_hash, post_key
from service.store.schema import AnyRow, chunks, forgotten, polls, posts, sources
from service.store.search import indexed


class Polls(Database):
    """The operations of polling. Each is one transaction."""

    def known(self, source: int, ids: Iterable[str | int]) -> dict[str | int, str]:
        """Of these ids of a source's posts those that are known, each with its content's hash: a post whose
        `content_hash` is the same needs no tagging. Posts that retention has deleted are known still."""
        keys = {post_key(source, identity): identity for identity in ids}
        with self._reading() as connection:
            hashes = {key: row.hash for key, row in _stored(connection, list(keys)).items()}
            hashes |= _forgotten(connection, list(keys))
        return {keys[key]: found for key, found in hashes.items()}

    def same_story(self, canonical: Iterable[str]) -> dict[str, int]:
        """Canonical link -> number of the post that had it first, for those that there is one for."""
        found: dict[str, int] = {}
        wanted = list(dict.fromkeys(canonical))
        first = func.min(func.coalesce(posts.c.original, posts.c.id))
        with self._reading() as connection:
            for chunk in chunks(wanted):
                chosen = select(posts.c.canonical, first).where(posts.c.canonical.in_(chunk)).group_by(posts.c.canonical)
                found |= dict(connection.execute(chosen).all())
        return found

    def record_poll(self, poll: Poll) -> Recorded:
        """Store how a poll went, with the posts it brought and their tags: all of it or nothing. The source's lease ends.

        Posts that are stored with the same content are passed over. Raises NotStoredError if the source was removed
        meanwhile, LeaseError if another poller has claimed it since; then nothing is stored.
        """
        with self._writing() as connection:
            source = connection.execute(select(sources).where(sources.c.id == poll.source).with_for_update()).one_or_none()
            if source is None:
                raise NotStoredError("it was removed meanwhile, so its poll was not stored", subject=f"source {poll.source}")
            if source.lease != poll.lease:
                raise LeaseError("another poller has taken it over; give polls a longer lease", subject=f"source {poll.source}")
            recorded = _record_posts(connection, poll)
            values = _after(connection, source, poll)
            connection.execute(update(sources).where(sources.c.id == poll.source).values(values))
            history = {
                "source_id": poll.source,
                "at": poll.at,
                "outcome": "gone" if values["state"] == "gone" else poll.outcome,
                "status": poll.status,
                "seconds": poll.seconds,
                "new": recorded.new,
                "changed": recorded.changed,
                "error": poll.error,
            }
            connection.execute(insert(polls).values(history))
        return recorded

    def polls(self, source: int, *, limit: int = 20) -> list[PastPoll]:
        """A source's latest polls, newest first."""
        chosen = select(polls).where(polls.c.source_id == source).order_by(polls.c.id.desc()).limit(limit)
        with self._reading() as connection:
            return [
                PastPoll(row.source_id, row.at, row.outcome, row.status, row.seconds, row.new, row.changed, row.error)
                for row in connection.execute(chosen)
            ]

    def delete_polls_before(self, moment: datetime) -> int:
        """Forget how polls of old went; returns how many."""
        with self._writing() as connection:
            return connection.execute(delete(polls).where(polls.c.at < moment)).rowcount


def _after(connection: Connection, source: AnyRow, poll: Poll) -> dict[str, Any]:
    """What a source is after a poll."""
    values: dict[str, Any] = {
        "polled": poll.at,
        "next_poll": poll.next_poll,
        "failures": source.failures + 1 if poll.outcome == "failed" else 0,
        "state": "gone" if poll.outcome == "gone" else source.state,
        "lease": None,
        "lease_until": None,
    }
    if poll.validators is not None:
        values |= {"etag": poll.validators.etag, "last_modified": poll.validators.last_modified}
    if poll.title is not None:
        values["title"] = poll.title
    if poll.site is not None:
        values["site"] = poll.site
    if poll.moved is not None and poll.moved != source.url:
        if connection.scalar(select(sources.c.id).where(sources.c.url == poll.moved)) is None:
            values["url"] = poll.moved
        else:  # it has become one with a source that is there: to ask both would bring every post twice
            values["state"] = "gone"
    return values


def _record_posts(connection: Connection, poll: Poll) -> Recorded:
    brought: dict[str, PolledPost] = {}
    for post in poll.posts:
        brought.setdefault(post_key(poll.source, post.tagged.post.id), post)
    keys = list(brought)
    stored = _stored(connection, keys)
    deleted = _forgotten(connection, keys)
    originals = _originals(connection, [post.original for post in brought.values() if post.original is not None])
    fresh: list[dict[str, Any]] = []
    changed: list[tuple[int, dict[str, Any]]] = []
    # The feed's first becomes the last: of posts with the same time the later number is the newer one.
    for key, post in reversed(brought.items()):
        content = content_hash(post.tagged.post)
        if key in deleted or (key in stored and stored[key].hash == content):
            continue
        values = _values(post) | {"hash": content, "changed": poll.at, "canonical": post.canonical}
        if key in stored:
            changed.append((stored[key].id, values))
        else:
            published = post.tagged.post.published
            values |= {"source_id": poll.source, "key": key, "guid": str(post.tagged.post.id), "first_seen": poll.at}
            values["placed"] = poll.at if published is None else min(published, poll.at)
            values["original"] = originals.get(post.original) if post.original is not None else None
            fresh.append(values)
    _insert(connection, fresh)
    _change(connection, changed)
    return Recorded(new=len(fresh), changed=len(changed))


def _insert(connection: Connection, fresh: list[dict[str, Any]]) -> None:
    if not fresh:
        return
    numbers: dict[str, int] = dict(
        connection.execute(insert(posts).returning(posts.c.key, posts.c.id, sort_by_parameter_order=True), fresh).all()
    )
    indexed_ = [tagging.rows(numbers[row["key"]], row["placed"], row["answer"], None) for row in fresh]
    tagging.add(connection, [row for found in indexed_ for row in found])


def _change(connection: Connection, changed: Sequence[tuple[int, dict[str, Any]]]) -> None:
    placed: dict[int, datetime] = {}
    for number, values in sorted(changed, key=lambda pair: pair[0]):  # all who change several posts do so in this order
        chosen = update(posts).where(posts.c.id == number).values(values).returning(posts.c.placed)
        placed[number] = connection.execute(chosen).scalar_one()
    held = tagging.corrected(connection, list(placed))
    fresh = {number: tagging.rows(number, placed[number], values["answer"], held.get(number)) for number, values in changed}
    tagging.replace(connection, fresh)


def _values(post: PolledPost) -> dict[str, Any]:
    content: Post = post.tagged.post
    return {
        "title": content.title,
        "link": content.link,
        "html": content.html,
        "text": content.text,
        "authors": list(content.authors),
        "categories": list(content.categories),
        "published": content.published,
        "updated": content.updated,
        "words": indexed(content),
    } | tagging.answered(post.tagged)


def _stored(connection: Connection, keys: Sequence[str]) -> dict[str, AnyRow]:
    found = {}
    for chunk in chunks(keys):
        chosen = select(posts.c.key, posts.c.id, posts.c.hash).where(posts.c.key.in_(chunk))
        found.update({row.key: row for row in connection.execute(chosen)})
    return found


def _forgotten(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in chunks(keys):
        chosen = select(forgotten.c.key, forgotten.c.hash).where(forgotten.c.key.in_(chunk))
        found |= dict(connection.execute(chosen).all())
    return found


def _originals(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Number of a post -> of the one that its story is listed under. Posts that are no longer there are left out."""
    found: dict[int, int] = {}
    for chunk in chunks(numbers):
        chosen = select(posts.c.id, func.coalesce(posts.c.original, posts.c.id)).where(posts.c.id.in_(chunk))
        found |= dict(connection.execute(chosen.with_for_update(read=True, key_share=True)).all())
    return found
