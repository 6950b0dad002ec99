"""Wires: stored posts, as readers have corrected them, as a feed of one topic.

What a wire says depends on what is stored and on nothing else, so that the same posts are the same bytes.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model.posts import TaggedPost, timestamp
from model.versions import Version
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
    """When the latest of these posts came, changed or was corrected; None if there are none."""
    moments = [max(post.changed, post.correction.at) if post.correction else post.changed for post in posts]
    return max(moments, default=None)


def wire(
    form: str,
    posts: Sequence["StoredPost"],
    *,
    title: str,
    link: str,
    self_link: str | None = None,
    identity: str = "",
) -> Iterator[bytes]:
    """A wire's document in one of the formats that are feeds. `identity` is what tells it from other wires, its own
    address if that is not given."""
    about = formats.About(
        title=title,
        link=link,
        description="Posts tagged by topicwire",
        self_link=self_link,
        identity=uuid.uuid5(uuid.NAMESPACE_URL, identity or self_link or link).urn,
        updated=modified(posts),
    )
    return formats.FORMATS[form](_distinct(posts), about)


def _distinct(posts: Sequence["StoredPost"]) -> Iterator[TaggedPost]:
    """Posts as they are shown. Where two sources gave the same id to different posts, the one that was stored first keeps
    it: a reader takes posts with one id for one post."""
    first: dict[str, int] = {}
    for stored in posts:
        identity = formats.identity(stored.tagged.post)
        first[identity] = min(stored.number, first.get(identity, stored.number))
    for stored in posts:
        tagged = shown(stored)
        identity = formats.identity(tagged.post)
        if first[identity] != stored.number:
            tagged = replace(tagged, post=replace(tagged.post, id=f"{identity}#{stored.key}"))
        yield tagged


def titles(version: Version) -> dict[str, str]:
    """The wires there are, by topic, and what each is called."""
    return {topic.name: topic.title for topic in version.topics} | {ALL: "All posts", NONE: "Posts without a topic"}
