"""Posts, sources and polls for tests, in few words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from model.posts import Post, TaggedPost
from service.store import NewSource, Poll, PolledPost, Recorded, Source, Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def post(identity: str, text: str = "", *, hours: float | None = 0, **fields: Any) -> Post:
    """Published so many hours before now; None: without a date."""
    published = None if hours is None else NOW - hours * HOUR
    values = {"title": f"Post {identity}", "html": f"<p>{text or identity}</p>", "published": published}
    return Post(id=identity, **(values | fields))


def tagged(given: Post, *topics: str, model: str = "v1") -> TaggedPost:
    """Of the topics a, b and c those named are given, the first with the highest score."""
    scores = {name: 0.9 - topics.index(name) / 10 if name in topics else 0.05 for name in ("a", "b", "c")}
    evidence = {name: [(f"word-{name}", 1.25)] for name in topics}
    return TaggedPost(given, list(topics), scores, evidence, [f"A sentence of {given.id}."], model)


def source(store: Store, name: str = "one") -> Source:
    return store.add_source(NewSource(f"https://{name}.example/feed.xml"), now=NOW)[0]


def record(store: Store, of: Source, posts: Sequence[TaggedPost | PolledPost], *, at: datetime = NOW, **fields: Any) -> Recorded:
    polled = [one if isinstance(one, PolledPost) else PolledPost(one) for one in posts]
    values: dict[str, Any] = {"outcome": "fetched", "seconds": 0.5, "next_poll": at + HOUR, "status": 200, "posts": polled}
    return store.record_poll(Poll(of.id, of.lease, at, **(values | fields)))


def ids(posts: Sequence[Any]) -> list[str]:
    return [stored.tagged.post.id for stored in posts]
