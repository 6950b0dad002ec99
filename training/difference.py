"""What one version says otherwise than another: the posts to which they give other topics, and the words that decided."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from model import text
from model.classifier import Classification, Classifier
from model.posts import Post, timestamp
from model.version import Version

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one version says of a post."""

    topics: list[str]  # highest score first
    scores: dict[str, float]
    evidence: dict[str, list[tuple[str, float]]]  # for each topic that either version gives, if this one knows it


@dataclass(frozen=True, slots=True)
class Change:
    """A post that has other topics."""

    post: Post
    before: Answer
    after: Answer

    @property
    def gained(self) -> list[str]:
        return [topic for topic in self.after.topics if topic not in self.before.topics]

    @property
    def lost(self) -> list[str]:
        return [topic for topic in self.before.topics if topic not in self.after.topics]

    def to_dict(self) -> dict[str, Any]:
        post = self.post
        about = {"id": post.id, "title": post.title, "link": post.link, "published": timestamp(post.published)}
        return about | {"gained": self.gained, "lost": self.lost, "before": asdict(self.before), "after": asdict(self.after)}


@dataclass
class Count:
    """How many posts have a topic."""

    before: int = 0
    after: int = 0
    gained: int = 0
    lost: int = 0


@dataclass
class Difference:
    before: str  # the one version
    after: str  # the other
    posts: int = 0
    changed: int = 0  # that have other topics
    topics: dict[str, Count] = field(default_factory=dict)  # that either version knows
    changes: list[Change] = field(default_factory=list)  # the newest, newest first

    def to_dict(self) -> dict[str, Any]:
        counts = {name: asdict(count) for name, count in self.topics.items()}
        figures = {"before": self.before, "after": self.after, "posts": self.posts, "changed": self.changed, "topics": counts}
        return figures | {"changes": [change.to_dict() for change in self.changes]}


def compare(before: Version, after: Version, posts: Iterable[tuple[Post, datetime | None]], most: int) -> Difference:
    """Let both versions tag posts, each with its date, and keep the `most` newest of those that have other topics. The posts
    are walked through once, and need not be in memory."""
    found = Difference(before.name, after.name)
    found.topics = {topic.name: Count() for version in (before, after) for topic in version.topics}
    dated = heapq.nlargest(most, _changes(before, after, posts, found), key=lambda one: one[0])
    found.changes = [change for _, change in dated]
    return found


def _changes(
    before: Version, after: Version, posts: Iterable[tuple[Post, datetime | None]], found: Difference
) -> Iterator[tuple[datetime, Change]]:
    one, other = Classifier(before), Classifier(after)
    for post, at in posts:
        found.posts += 1
        parsed = text.of_post(post)
        old, new = one.classify(parsed), other.classify(parsed)
        old_topics, new_topics = one.topics(old), other.topics(new)
        for topic in old_topics:
            found.topics[topic].before += 1
            found.topics[topic].lost += topic not in new_topics
        for topic in new_topics:
            found.topics[topic].after += 1
            found.topics[topic].gained += topic not in old_topics
        if set(old_topics) != set(new_topics):
            found.changed += 1
            given = list(dict.fromkeys([*old_topics, *new_topics]))
            yield at or _NEVER, Change(post, _answer(one, old, given), _answer(other, new, given))


def _answer(classifier: Classifier, judged: Classification, given: list[str]) -> Answer:
    scores = classifier.scores(judged)
    evidence = {topic: classifier.evidence(judged, topic) for topic in given if topic in scores}
    return Answer(classifier.topics(judged), scores, evidence)
