"""What polling brings: posts with their tags, and how each poll went."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from model.errors import LeaseError, NotStoredError
from model.posts import Post
from service.store import moments, stories, tagging
from service.store.database import Database
from service.store.records import PastPoll, Poll, PolledPost, Recorded, content_hash, post_key
from service.store.schema import AnyRow, chunks, forgotten, polls, posts, sources
from service.store.search import indexed

_BATCH = 5_000


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

    def record_poll(self, poll: Poll) -> Recorded:
        """Store how a poll went, with the posts it brought and their tags: all of it or nothing. The source's lease ends.

        Posts that are stored with the same content are passed over. Raises NotStoredError if the source was removed
        meanwhile, LeaseError if another poller has claimed it since; then nothing is stored.
        """
        brought: dict[str, dict[str, Any]] = {}
        for post in poll.posts:
            brought.setdefault(post_key(poll.source, post.tagged.post.id), _values(post, poll.at))
        with self._writing() as connection:
            source = connection.execute(select(sources).where(sources.c.id == poll.source).with_for_update()).one_or_none()
            if source is None:
                raise NotStoredError("it was removed meanwhile, so its poll was not stored", subject=f"source {poll.source}")
            if source.lease != poll.lease:
                raise LeaseError("another poller has taken it over; give polls a longer lease", subject=f"source {poll.source}")
            recorded = _record_posts(connection, poll, brought)
            values = _after(connection, source, poll)
            connection.execute(update(sources).where(sources.c.id == poll.source).values(values))
            counted = {"new": recorded.new, "changed": recorded.changed}
            history = _history(poll) | counted | ({"outcome": "gone"} if values["state"] == "gone" else {})
            connection.execute(insert(polls), [history])
            if recorded.changed or values.get("title", source.title) != source.title:
                moments.left(connection, poll.at)
        return recorded

    def record_unchanged(self, unchanged: Sequence[Poll]) -> list[Poll]:
        """Store polls that brought nothing at all, neither posts nor anything new of their sources, all of them or none: most
        polls are such, and for each a transaction of its own would cost more than asking. Returns those of which nothing was
        stored, because the source was removed or another poller has claimed it since."""
        by_source = {poll.source: poll for poll in unchanged}
        lost: list[Poll] = []
        with self._writing() as connection:
            for chunk in chunks(sorted(by_source)):
                chosen = select(sources.c.id, sources.c.lease).where(sources.c.id.in_(chunk))
                rows = connection.execute(chosen.order_by(sources.c.id).with_for_update())
                leases: dict[int, str | None] = dict(rows.all())
                held = [number for number, lease in leases.items() if lease == by_source[number].lease]
                if held:
                    after = [{"number": n, "at": by_source[n].at, "next": by_source[n].next_poll} for n in held]
                    connection.execute(_UNCHANGED, after)
                    connection.execute(insert(polls), [_history(by_source[number]) for number in held])
                lost += [by_source[number] for number in chunk if number not in held]
        return lost

    def polls(self, source: int, *, limit: int = 20) -> list[PastPoll]:
        """A source's latest polls, newest first."""
        chosen = select(polls).where(polls.c.source_id == source).order_by(polls.c.id.desc()).limit(limit)
        with self._reading() as connection:
            return [
                PastPoll(row.source_id, row.at, row.outcome, row.status, row.seconds, row.new, row.changed, row.error)
                for row in connection.execute(chosen)
            ]

    def delete_polls_before(self, moment: datetime) -> int:
        """Forget how polls of old went; returns how many. Takes a transaction for every few, as nobody need wait for it."""
        chosen = select(polls.c.id).where(polls.c.at < moment).order_by(polls.c.at).limit(_BATCH)
        total = 0
        while True:
            with self._writing() as connection:
                count = connection.execute(delete(polls).where(polls.c.id.in_(chosen))).rowcount
            total += count
            if count < _BATCH:
                return total


# What a source is after a poll that brought nothing.
_UNCHANGED = (
    update(sources)
    .where(sources.c.id == bindparam("number"))
    .values(polled=bindparam("at"), next_poll=bindparam("next"), failures=0, lease=None, lease_until=None)
)


def _history(poll: Poll) -> dict[str, Any]:
    return {
        "source_id": poll.source,
        "at": poll.at,
        "outcome": poll.outcome,
        "status": poll.status,
        "seconds": poll.seconds,
        "new": 0,
        "changed": 0,
        "error": poll.error,
    }


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
    if poll.pace is not None:
        values["pace"] = poll.pace
    if poll.moved is not None and poll.moved != source.url:
        if connection.scalar(select(sources.c.id).where(sources.c.url == poll.moved)) is None:
            values["url"] = poll.moved
        else:  # it has become one with a source that is there: to ask both would bring every post twice
            values["state"] = "gone"
    return values


def _record_posts(connection: Connection, poll: Poll, brought: dict[str, dict[str, Any]]) -> Recorded:
    keys = list(brought)
    stored = _stored(connection, keys)
    deleted = _forgotten(connection, keys)
    fresh: list[dict[str, Any]] = []
    changed: list[tuple[int, dict[str, Any]]] = []
    # The feed's first becomes the last: of posts with the same time the later number is the newer one.
    for key, values in reversed(brought.items()):
        if key in deleted or (key in stored and stored[key].hash == values["hash"]):
            continue
        if key in stored:
            changed.append((stored[key].id, values))
        else:
            published = values["published"]
            placed = poll.at if published is None else min(published, poll.at)
            fresh.append(values | {"source_id": poll.source, "key": key, "first_seen": poll.at, "placed": placed})
    if fresh:
        stories.find(connection, poll.source, fresh)
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
    stories.replace(connection, {numbers[row["key"]]: (row["placed"], row["words"]) for row in fresh})


def _change(connection: Connection, changed: Sequence[tuple[int, dict[str, Any]]]) -> None:
    placed: dict[int, datetime] = {}
    for number, values in sorted(changed, key=lambda pair: pair[0]):  # all who change several posts do so in this order
        chosen = update(posts).where(posts.c.id == number).values(values).returning(posts.c.placed)
        placed[number] = connection.execute(chosen).scalar_one()
    held = tagging.corrected(connection, list(placed))
    fresh = {number: tagging.rows(number, placed[number], values["answer"], held.get(number)) for number, values in changed}
    tagging.replace(connection, fresh)
    stories.replace(connection, {number: (placed[number], values["words"]) for number, values in changed})


def _values(post: PolledPost, at: datetime) -> dict[str, Any]:
    """The columns that a post fills, whether it is new or has changed."""
    content: Post = post.tagged.post
    return {
        "guid": str(content.id),
        "hash": content_hash(content),
        "canonical": post.canonical,
        "changed": at,
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
