"""Wires: stored posts, as readers have corrected them, as a feed of one topic.

What a wire says depends on what is stored and on nothing else, so that the same posts are the same bytes.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model.posts import TaggedPost, timestamp
from model.version import Topic
from service import formats

if TYPE_CHECKING:  # SQLAlchemy is not imported for this
    from service.store import StoredPost

ALL, NONE = "all", "none"  # the wires of all posts, and of those without a topic
# The end of a wire's address -> the format, and its media type.
FORMS = {
    "rss": ("rss", "application/rss+xml"),
    "atom": ("atom", "application/atom+xml"),
    "json": ("jsonfeed", "application/feed+json"),
}


def shown(stored: "StoredPost") -> TaggedPost:
    """A stored post as it is shown everywhere: the topics are those that hold, and what the store knows comes behind the
    model's answer.

    `updated` is a date that changes when the content does, and then only forwards: some feeds say "now" at every poll,
    others a day that is still to come.
    """
    tagged = stored.tagged
    post = tagged.post
    updated = stored.changed
    if stored.changed == stored.first_seen:
        updated = min(post.updated or post.published or stored.first_seen, stored.first_seen)
    held = stored.correction
    known: dict[str, Any] = {
        "key": stored.key,
        "sources": list(stored.sources),
        "first_seen": timestamp(stored.first_seen),
        "changed": timestamp(stored.changed),
        "correction": {"instead_of": tagged.topics, "who": held.who, "at": timestamp(held.at)} if held else None,
    }
    evidence = {topic: tagged.evidence[topic] for topic in stored.topics if topic in tagged.evidence}
    return replace(tagged, post=replace(post, updated=updated, extra=known), topics=stored.topics, evidence=evidence)


def modified(posts: Iterable["StoredPost"]) -> datetime | None:
    """When the latest of these posts came, changed or was corrected; None if there are none. That another has left the wire
    it does not tell: the store does, see `last_left`."""
    return max(map(_modified, posts), default=None)


def wire(
    form: str,
    posts: Callable[[], Iterable["StoredPost"]],
    *,
    title: str,
    link: str,
    self_link: str | None = None,
    identity: str = "",
) -> Iterator[bytes]:
    """A wire's document in one of the formats that are feeds. `posts` is asked twice, so that they need not be in memory.
    `identity` is what tells the wire from others, its own address if that is not given."""
    first, updated = _looked_over(posts())
    about = formats.About(
        title=title,
        link=link,
        description="Posts tagged by topicwire",
        self_link=self_link,
        identity=uuid.uuid5(uuid.NAMESPACE_URL, identity or self_link or link).urn,
        updated=updated,
    )
    return formats.FORMATS[form](_distinct(posts(), first), about)


def _looked_over(posts: Iterable["StoredPost"]) -> tuple[dict[str, int], datetime | None]:
    """For each id the number of the post that was stored first with it, and when the latest post was modified."""
    first: dict[str, int] = {}
    updated: datetime | None = None
    for stored in posts:
        identity = formats.identity(stored.tagged.post)
        first[identity] = min(stored.number, first.get(identity, stored.number))
        updated = max(updated or stored.changed, _modified(stored))
    return first, updated


def _modified(stored: "StoredPost") -> datetime:
    return max(stored.changed, stored.correction.at) if stored.correction else stored.changed


def _distinct(posts: Iterable["StoredPost"], first: Mapping[str, int]) -> Iterator[TaggedPost]:
    """Posts as they are shown. Where two sources gave the same id to different posts, the one that was stored first keeps
    it: a reader takes posts with one id for one post."""
    for stored in posts:
        tagged = shown(stored)
        identity = formats.identity(tagged.post)
        if first.get(identity, stored.number) != stored.number:
            tagged = replace(tagged, post=replace(tagged.post, id=f"{identity}#{stored.key}"))
        yield tagged


def titles(topics: Iterable[Topic]) -> dict[str, str]:
    """The wires there are, by topic, and what each is called."""
    return {topic.name: topic.title for topic in topics} | {ALL: "All posts", NONE: "Posts without a topic"}
