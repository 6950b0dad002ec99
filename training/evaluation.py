"""How good a version is on labelled posts: figures for each topic, with bootstrap intervals, and what it got wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ExampleError
from model.posts import TaggedPost
from model.tagger import Tagger
from model.versions import Floats
from training.examples import Example

DRAWS = 500  # of the bootstrap
BINS = 10  # of the calibration error, of equal width
NONE = "none"

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval over the posts."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Mistake:
    """A post whose topics are not those that a person gave it."""

    title: str
    id: str | int
    expected: list[str]
    given: list[str]
    loss: float  # sum over topics of how far the score is on the wrong side of the threshold
    evidence: dict[str, list[tuple[str, float]]]


@dataclass(frozen=True)
class Evaluation:
    model: str
    posts: int
    overall: dict[str, Figure]  # macro_f1, micro_f1, mean_average_precision, brier, ece, none_f1, exact_set
    topics: dict[str, dict[str, Figure]]  # precision, recall, f1, average_precision, brier, ece; and posts as a number
    counts: dict[str, int]  # topic -> posts that have it
    confusion: dict[str, dict[str, int]]  # expected topic or none -> given topic or none -> posts
    mistakes: list[Mistake]  # the worst first

    def to_dict(self) -> dict[str, Any]:
        """As JSON: every figure as {"value", "low", "high"}."""

        def figures(row: dict[str, Figure]) -> dict[str, Any]:
            return {name: {"value": figure.value, "low": figure.low, "high": figure.high} for name, figure in row.items()}

        return {
            "model": self.model,
            "posts": self.posts,
            **figures(self.overall),
            "topics": {name: {"posts": self.counts[name], **figures(row)} for name, row in self.topics.items()},
            "confusion": self.confusion,
            "mistakes": [
                {
                    "id": mistake.id,
                    "title": mistake.title,
                    "expected": mistake.expected,
                    "given": mistake.given,
                    "loss": mistake.loss,
                    "evidence": mistake.evidence,
                }
                for mistake in self.mistakes
            ],
        }


def evaluate(tagger: Tagger, examples: Sequence[Example], *, seed: int = 0, draws: int = DRAWS) -> Evaluation:
    """Judge a version by labelled posts. A label that the version does not know is an error of the caller's."""
    names = [topic.name for topic in tagger.version.topics]
    strange = sorted({topic for example in examples for topic in example.topics} - set(names))
    if strange:
        raise ExampleError(f"the model {tagger.version.name} has no topic {strange[0]!r}; it has {', '.join(names)}")
    if not examples:
        raise ExampleError("there is no labelled post to judge by")
    tagged = tagger.tag((example.post for example in examples), summarize=False)
    truth = np.array([[name in example.topics for name in names] for example in examples], dtype=bool)
    given = np.array([[name in tag.topics for name in names] for tag in tagged], dtype=bool)
    scores = np.array([[tag.scores[name] for name in names] for tag in tagged], dtype=np.float64)
    draw = np.random.default_rng(seed)
    samples = [draw.integers(0, len(examples), len(examples)) for _ in range(draws)]

    def figure(measure: Callable[[Bools, Bools, Floats], float]) -> Figure:
        drawn = [measure(truth[rows], given[rows], scores[rows]) for rows in samples]
        low, high = np.percentile(drawn, [2.5, 97.5]) if drawn else (np.nan, np.nan)
        return Figure(*(round(float(number), 4) for number in (measure(truth, given, scores), low, high)))

    def of_topic(column: int, measure: Callable[[Bools, Bools, Floats], float]) -> Figure:
        return figure(lambda t, g, s: measure(t[:, column], g[:, column], s[:, column]))

    return Evaluation(
        model=tagger.version.name,
        posts=len(examples),
        overall={name: figure(measure) for name, measure in _OVERALL.items()},
        topics={
            name: {what: of_topic(column, measure) for what, measure in _PER_TOPIC.items()} for column, name in enumerate(names)
        },
        counts={name: int(truth[:, column].sum()) for column, name in enumerate(names)},
        confusion=_confusion(examples, tagged, names),
        mistakes=_mistakes(tagger, examples, tagged),
    )


def _ece(truth: Bools, score: Floats) -> float:
    """Expected calibration error: how far the share of right answers is from the scores, bin by bin."""
    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    off = np.bincount(bins, weights=truth - score, minlength=BINS)
    return float(np.abs(off).sum() / len(score))


def _average_precision(truth: Bools, score: Floats) -> float:
    """Mean precision over the posts that have the topic, posts of equal score taken together."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_equals = np.append(np.diff(score[order]) != 0, True)
    precision = (hits / np.arange(1, len(hits) + 1))[last_of_equals]
    recalled = hits[last_of_equals]
    return float((np.diff(recalled, prepend=0) * precision).sum() / hits[-1]) if hits[-1] else 0.0


def _f1(truth: Bools, given: Bools) -> float:
    return _share(2 * (truth & given).sum(), truth.sum() + given.sum())


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0


# scikit-learn has all of these, but checks its arguments anew for each of some twenty thousand bootstrap samples;
# a test holds them equal to scikit-learn's.
_PER_TOPIC: dict[str, Callable[[Bools, Bools, Floats], float]] = {
    "precision": lambda t, g, s: _share((t & g).sum(), g.sum()),
    "recall": lambda t, g, s: _share((t & g).sum(), t.sum()),
    "f1": lambda t, g, s: _f1(t, g),
    "average_precision": lambda t, g, s: _average_precision(t, s),
    "brier": lambda t, g, s: float(((s - t) ** 2).mean()),
    "ece": lambda t, g, s: _ece(t, s),
}


def _mean(what: str) -> Callable[[Bools, Bools, Floats], float]:
    measure = _PER_TOPIC[what]
    return lambda t, g, s: float(np.mean([measure(t[:, i], g[:, i], s[:, i]) for i in range(t.shape[1])]))


_OVERALL: dict[str, Callable[[Bools, Bools, Floats], float]] = {
    "macro_f1": _mean("f1"),
    "micro_f1": lambda t, g, s: _f1(t, g),
    "mean_average_precision": _mean("average_precision"),
    "brier": _mean("brier"),
    "ece": _mean("ece"),
    "none_f1": lambda t, g, s: _f1(np.logical_not(t.any(axis=1)), np.logical_not(g.any(axis=1))),
    "exact_set": lambda t, g, s: float((t == g).all(axis=1).mean()),
}


def _confusion(examples: Sequence[Example], tagged: Sequence[TaggedPost], names: list[str]) -> dict[str, dict[str, int]]:
    """Of the posts with a topic, how many were given each; a post with several counts in several cells."""
    table = {row: dict.fromkeys([*names, NONE], 0) for row in [*names, NONE]}
    for example, tag in zip(examples, tagged, strict=True):
        for row in example.topics or (NONE,):
            for column in tag.topics or [NONE]:
                table[row][column] += 1
    return table


def _mistakes(tagger: Tagger, examples: Sequence[Example], tagged: Sequence[TaggedPost]) -> list[Mistake]:
    thresholds = {topic.name: topic.threshold for topic in tagger.version.topics}
    wrong = []
    for example, tag in zip(examples, tagged, strict=True):
        different = set(example.topics) ^ set(tag.topics)
        if different:
            loss = round(sum(abs(tag.scores[topic] - thresholds[topic]) for topic in different), 4)
            wrong.append(Mistake(example.post.title, example.post.id, list(example.topics), tag.topics, loss, tag.evidence))
    return sorted(wrong, key=lambda mistake: -mistake.loss)
