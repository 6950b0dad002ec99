"""How good a version is on labelled posts: figures for each topic, with bootstrap intervals, and what it got wrong."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model import text
from model.classifier import EVIDENCE_TERMS, Classification, Classifier
from model.errors import ExampleError
from model.posts import TaggedPost
from model.tagger import Tagger
from model.version import Floats
from training.examples import Example
from training.labels import Bools, labels_of

DRAWS = 500  # of the bootstrap
BINS = 10  # of the calibration error, of equal width
Z = 1.96  # standard deviations to either side that hold 95 % of a normal distribution
NONE = "none"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval over the posts."""

    value: float
    low: float
    high: float


class Point(NamedTuple):
    """What a topic's threshold at one score would have given."""

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The scores between two tenths, those of all posts and topics together."""

    low: float
    high: float  # not in it, except 1
    scores: int
    mean: float  # of these scores; 0 if there are none
    share: Figure  # of them where the post has the topic; each score taken as a draw of its own


@dataclass(frozen=True)
class Mistake:
    """A post whose topics are not those that a person gave it."""

    title: str
    id: str | int
    expected: list[str]
    given: list[str]
    loss: float  # sum over topics of how far the score is on the wrong side of the threshold
    scores: dict[str, float]  # every topic
    # For each topic given, the terms that weighed most; for each topic missed, what spoke for and what against it.
    evidence: dict[str, list[tuple[str, float]]]


@dataclass(frozen=True)
class Evaluation:
    model: str
    posts: int
    overall: dict[str, Figure]  # macro_f1, micro_f1, mean_average_precision, brier, ece, none_f1, exact_set
    topics: dict[str, dict[str, Figure]]  # precision, recall, f1, average_precision, brier, ece; and posts as a number
    counts: dict[str, int]  # topic or none -> posts that have it
    curves: dict[str, list[Point]]  # topic -> a point for each score there is, the highest first; [] if no post has it
    reliability: list[Bin]  # from 0 to 1
    # Expected topic or none -> given topic or none -> posts: what was given rightly is on the diagonal, and beside it
    # what was given wrongly, or none where nothing stands in the place of what is missing.
    confusion: dict[str, dict[str, int]]
    mistakes: list[Mistake]  # the worst first

    def to_dict(self) -> dict[str, Any]:
        """As JSON: every figure as {"value", "low", "high"}, every point of a curve as [threshold, precision, recall]."""

        def figures(row: dict[str, Figure]) -> dict[str, Any]:
            return {name: asdict(figure) for name, figure in row.items()}

        return {
            "model": self.model,
            "posts": self.posts,
            **figures(self.overall),
            "topics": {
                name: {"posts": self.counts[name], **figures(row), "curve": self.curves[name]}
                for name, row in self.topics.items()
            },
            "reliability": [asdict(one) for one in self.reliability],
            "confusion": self.confusion,
            "mistakes": [asdict(mistake) for mistake in self.mistakes],
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
    truth = labels_of(examples, names)
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
        overall={name: figure(measure) for name, measure in OVERALL.items()},
        topics={
            name: {what: of_topic(column, measure) for what, measure in _PER_TOPIC.items()} for column, name in enumerate(names)
        },
        counts={name: int(truth[:, column].sum()) for column, name in enumerate(names)}
        | {NONE: int(np.logical_not(truth.any(axis=1)).sum())},
        curves={name: _curve(truth[:, column], scores[:, column]) for column, name in enumerate(names)},
        reliability=_reliability(truth.ravel(), scores.ravel()),
        confusion=_confusion(examples, tagged, names),
        mistakes=_mistakes(tagger, examples, tagged),
    )


def _bins(score: Floats) -> NDArray[np.int64]:
    return np.minimum((score * BINS).astype(np.int64), BINS - 1)


def _ece(truth: Bools, score: Floats) -> float:
    """Expected calibration error: how far the share of right answers is from the scores, bin by bin."""
    off = np.bincount(_bins(score), weights=truth - score, minlength=BINS)
    return float(np.abs(off).sum() / len(score))


def _reliability(truth: Bools, score: Floats) -> list[Bin]:
    bins = _bins(score)
    sizes, hits, sums = (np.bincount(bins, weights=weights, minlength=BINS).tolist() for weights in (None, truth, score))
    return [
        Bin(index / BINS, (index + 1) / BINS, size, round(total / size, 4) if size else 0.0, _wilson(int(hit), size))
        for index, (size, hit, total) in enumerate(zip(sizes, hits, sums, strict=True))
    ]


def _wilson(hits: int, draws: int) -> Figure:
    """A share with its 95 % interval, which unlike the bootstrap's stays wide where there are few draws (E. B. Wilson,
    "Probable inference, the law of succession, and statistical inference", 1927). Of no draws: anything."""
    if not draws:
        return Figure(0.0, 0.0, 1.0)
    share, weight = hits / draws, Z**2 / draws
    middle = (share + weight / 2) / (1 + weight)
    reach = Z * (share * (1 - share) / draws + weight / (4 * draws)) ** 0.5 / (1 + weight)
    return Figure(round(share, 4), round(max(middle - reach, 0.0), 4), round(min(middle + reach, 1.0), 4))


def _at_each_score(truth: Bools, score: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """The distinct scores from the highest down; with the topic given from each on: the precision, and how many of the
    posts that have it are among those given."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_equals = np.append(np.diff(score[order]) != 0, True)
    precision = (hits / np.arange(1, len(hits) + 1))[last_of_equals]
    return score[order][last_of_equals], precision, hits[last_of_equals]


def _curve(truth: Bools, score: Floats) -> list[Point]:
    thresholds, precision, hits = _at_each_score(truth, score)
    if not hits[-1]:
        return []
    rows = zip(thresholds, precision, hits / hits[-1], strict=True)
    return [Point(*(round(float(number), 4) for number in row)) for row in rows]


def _average_precision(truth: Bools, score: Floats) -> float:
    """Mean precision over the posts that have the topic, posts of equal score taken together."""
    _, precision, hits = _at_each_score(truth, score)
    return float((np.diff(hits, prepend=0) * precision).sum() / hits[-1]) if hits[-1] else 0.0


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


OVERALL: dict[str, Callable[[Bools, Bools, Floats], float]] = {
    "macro_f1": _mean("f1"),
    "micro_f1": lambda t, g, s: _f1(t, g),
    "mean_average_precision": _mean("average_precision"),
    "brier": _mean("brier"),
    "ece": _mean("ece"),
    "none_f1": lambda t, g, s: _f1(np.logical_not(t.any(axis=1)), np.logical_not(g.any(axis=1))),
    "exact_set": lambda t, g, s: float((t == g).all(axis=1).mean()),
}


def _confusion(examples: Sequence[Example], tagged: Sequence[TaggedPost], names: list[str]) -> dict[str, dict[str, int]]:
    """A post with several topics counts in several rows, and one given several in several cells."""
    table = {row: dict.fromkeys([*names, NONE], 0) for row in [*names, NONE]}
    for example, tag in zip(examples, tagged, strict=True):
        wrong = [topic for topic in tag.topics if topic not in example.topics]
        for row in example.topics or (NONE,):
            right = [row] if row in tag.topics else []
            for column in right + wrong or [NONE]:
                table[row][column] += 1
    return table


def _mistakes(tagger: Tagger, examples: Sequence[Example], tagged: Sequence[TaggedPost]) -> list[Mistake]:
    thresholds = {topic.name: topic.threshold for topic in tagger.version.topics}
    classifier = Classifier(tagger.version)
    wrong = []
    for example, tag in zip(examples, tagged, strict=True):
        different = set(example.topics) ^ set(tag.topics)
        if different:
            post = example.post
            loss = round(sum(abs(tag.scores[topic] - thresholds[topic]) for topic in different), 4)
            missed = [topic for topic in example.topics if topic not in tag.topics]
            judged = classifier.classify(text.of_post(post))
            evidence = tag.evidence | {topic: _for_and_against(classifier, judged, topic) for topic in missed}
            wrong.append(Mistake(post.title, post.id, list(example.topics), tag.topics, loss, tag.scores, evidence))
    return sorted(wrong, key=lambda mistake: -mistake.loss)


def _for_and_against(classifier: Classifier, judged: Classification, topic: str) -> list[tuple[str, float]]:
    """The strongest terms of either side, as many in all as are evidence for a tag."""
    terms = classifier.evidence(judged, topic, most=len(judged.terms))
    sides = ([term for term in terms if term[1] > 0], [term for term in terms if term[1] < 0])
    chosen = {term for side in sides for term, _ in side[: EVIDENCE_TERMS // 2]}
    return [term for term in terms if term[0] in chosen]
