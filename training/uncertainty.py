"""Which posts to label next: those that a version is least sure about, and no two that say the same.

Uncertainty sampling (D. Lewis and W. Gale, "A sequential algorithm for training text classifiers", 1994) for several topics
at once: how unsure a version is of a post is the entropy of its calibrated scores, summed over the topics. Nothing but
scores goes into it, so it needs no label, and the store can keep it. Keeping the posts of a batch far from each other, or
sharing them out among the topics, was tried and taught no more: tests/benchmarks/labelling.py. There it beats random order by
far where a version is made of few labels alone; beside the starter corpus, which 120 labels of other blogs hardly better, it
does not.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model import text
from model.classifier import EVIDENCE_TERMS, Classification, Classifier
from model.posts import Post, uncertainty
from model.version import Version

# Share of their terms that two posts have in common, from which one label would do for both.
ALIKE = 0.8
# Posts among which those unlike each other are looked for, for each one wanted, and at least.
_CANDIDATES, _FEWEST_CANDIDATES = 10, 500


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A post worth a label, and why."""

    post: Post
    uncertainty: float  # bits, 0 to the number of topics
    topic: str  # that it is least sure of
    score: float
    threshold: float
    evidence_for: list[tuple[str, float]]  # terms with what they add to the logit, strongest first
    evidence_against: list[tuple[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """With the post's body, so that it is an example once it has `topics`."""
        post = self.post
        return {
            **post.about(),
            "uncertainty": self.uncertainty,
            "topic": self.topic,
            "score": self.score,
            "threshold": self.threshold,
            "evidence_for": self.evidence_for,
            "evidence_against": self.evidence_against,
            "html" if post.html is not None else "text": post.html if post.html is not None else post.text or "",
        }


def label_next(version: Version, posts: Iterable[Post], count: int) -> list[Uncertain]:
    """The posts, so many at most, whose labels would teach most, best first; memory does not grow with the posts. Those with
    too few known words to be judged are left out: no label would teach the version to read them."""
    classifier = Classifier(version)
    judged = ((post, classifier.classify(text.of_post(post))) for post in posts)
    most = max(_CANDIDATES * count, _FEWEST_CANDIDATES)
    found = heapq.nlargest(
        most, (pair for pair in judged if pair[1].terms), key=lambda pair: uncertainty(pair[1].scores.tolist())
    )
    return [_explained(version, classifier, *found[row]) for row in choose([one for _, one in found], count)]


def choose(judged: Sequence[Classification], count: int) -> list[int]:
    """Rows of the most uncertain, best first; one that is like another comes after all that are not."""
    worth = [uncertainty(one.scores.tolist()) for one in judged]
    terms = [frozenset(one.terms) for one in judged]
    chosen: list[int] = []
    alike: list[int] = []
    for row in sorted(range(len(judged)), key=lambda row: -worth[row]):
        if len(chosen) == count:
            return chosen
        same = any(len(terms[row] & terms[other]) >= ALIKE * len(terms[row] | terms[other]) for other in chosen)
        (alike if same else chosen).append(row)
    return (chosen + alike)[:count]


def _explained(version: Version, classifier: Classifier, post: Post, judged: Classification) -> Uncertain:
    topic = version.topics[int(np.abs(judged.scores - 0.5).argmin())]
    terms = classifier.evidence(judged, topic.name, most=len(judged.terms))
    scores = classifier.scores(judged)
    return Uncertain(
        post=post,
        uncertainty=uncertainty(scores.values()),
        topic=topic.name,
        score=scores[topic.name],
        threshold=topic.threshold,
        evidence_for=[term for term in terms if term[1] > 0][:EVIDENCE_TERMS],
        evidence_against=[term for term in terms if term[1] < 0][:EVIDENCE_TERMS],
    )
