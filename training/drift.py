"""Whether the posts of late are still such as a version learnt from: words it knows, posts without topic, mean scores.

The side of the examples is computed when a version is fitted and kept in its manifest, each example scored by a
classifier that had not seen it. Two means are called different if their difference is beyond what chance explains, all
figures taken together (a normal interval with Bonferroni's correction), and beyond what does not matter anyway: what a
subscriber reads is never quite the mixture that a version learnt from. Chance is that of posts drawn one by one; many
posts of one source on one day are less than that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from model import text
from model.classifier import Classifier
from model.errors import ExampleError, VersionError
from model.function_words import FUNCTION_WORDS
from model.posts import Post
from model.version import Floats, Version

FALSE_ALARMS = 0.05  # how often chance alone may ring, over all figures
FEWEST = 30  # posts below which nothing is said: what a normal interval takes
# Differences that are none of our business. The share of known words of English technical posts, of sixteen blogs of
# subjects far and near, lies within .93 and .97; what share of a blog's posts has a topic differs much more.
WORDS_MARGIN = 0.02
MARGIN = 0.15
_KNOWN, _NONE = "known words", "posts without topic"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure, of the examples and of the posts; a mean over either."""

    name: str
    then: float
    now: float
    low: float  # interval of the difference, now less then
    high: float
    drifted: bool


@dataclass(frozen=True, slots=True)
class Drift:
    model: str
    posts: int
    comparisons: list[Comparison]  # known words, posts without topic, then the mean score of each topic
    time_to_label: bool
    sentence: str  # the same in words

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def baseline(known: Sequence[float], topics: Sequence[str], scores: Floats, thresholds: Sequence[float]) -> dict[str, Any]:
    """What a manifest keeps of its examples: mean and standard deviation of each figure. `known` are `features.known_shares`;
    `scores` [examples, topics] are calibrated and out of fold."""
    without = ~(scores >= np.array(thresholds)).any(axis=1)
    return {
        "examples": len(scores),
        "known_words": _moments(known),
        "without_topic": _moments(without),
        "scores": {topic: _moments(column) for topic, column in zip(topics, scores.T, strict=True)},
    }


def compare(version: Version, posts: Iterable[Post]) -> Drift:
    """Compare posts with what a version was trained on. Raises VersionError for a version that does not say, ExampleError
    where there is no post."""
    kept = version.manifest.get("baseline")
    if not kept:
        raise VersionError("it does not say what its examples were like; train again", subject=f"model version {version.name!r}")
    classifier = Classifier(version)
    known: list[float] = []
    without: list[float] = []
    scores: list[Floats] = []
    for post in posts:
        parsed = text.of_post(post)
        if words := [*parsed.title_words, *parsed.words()]:
            known.append(float(np.mean([word in FUNCTION_WORDS or word in version.vocabulary for word in words])))
        judged = classifier.classify(parsed)
        without.append(not classifier.topics(judged))
        scores.append(judged.scores)
    if not without:
        raise ExampleError("there is no post to compare")
    figures = [(_KNOWN, kept["known_words"], known, WORDS_MARGIN), (_NONE, kept["without_topic"], without, MARGIN)]
    for topic, column in zip(version.topics, np.array(scores).T, strict=True):
        figures.append((topic.name, kept["scores"][topic.name], column.tolist(), MARGIN))
    reach = NormalDist().inv_cdf(1 - FALSE_ALARMS / 2 / len(figures))
    found = [_compared(name, then, kept["examples"], now, margin, reach) for name, then, now, margin in figures if now]
    enough = len(without) >= FEWEST
    drifted = [one for one in found if one.drifted] if enough else []
    return Drift(version.name, len(without), found, bool(drifted), _sentence(len(without), drifted))


def _compared(name: str, then: dict[str, float], examples: int, now: Sequence[float], margin: float, reach: float) -> Comparison:
    mean, spread = _moments(now).values()
    # As spread as the wider of both, so that posts which happen to be alike are not taken for certain.
    error = max(spread, then["deviation"]) * (1 / examples + 1 / len(now)) ** 0.5
    difference = mean - then["mean"]
    low, high = difference - reach * error, difference + reach * error
    # To know more words than the examples did of each other is no fault.
    drifted = len(now) >= FEWEST and (high < -margin or (low > margin and name != _KNOWN))
    return Comparison(name, then["mean"], mean, round(low, 4), round(high, 4), drifted)


def _sentence(posts: int, drifted: Sequence[Comparison]) -> str:
    if posts < FEWEST:
        return f"Too few posts to tell: {posts}, and it takes {FEWEST}."
    if not drifted:
        return f"These {posts} posts are such as the version was trained on."
    told = ", ".join(
        f"{one.name if one.name in (_KNOWN, _NONE) else f'the mean score of {one.name}'} {one.now:.0%} instead of {one.then:.0%}"
        for one in drifted
    )
    return f"It is time to label: of {posts} posts, {told}. `topicwire label-next` says which would teach most."


def _moments(values: Any) -> dict[str, float]:
    numbers = np.asarray(values, dtype=np.float64)
    mean, deviation = (float(numbers.mean()), float(numbers.std())) if numbers.size else (0.0, 0.0)
    return {"mean": round(mean, 4), "deviation": round(deviation, 4)}
