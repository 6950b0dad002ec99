"""The learning curve: what labelling so many posts more would bring, with the starter corpus and without it.

A part of the origins is learnt from and judged on the others, several times, each time another part: what counts is how a
model does on blogs that it never met.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from model.classifier import Classifier
from model.errors import ExampleError
from training import features, starter
from training.evaluation import OVERALL, Figure
from training.examples import Example
from training.fit import MIN_EXAMPLES, fit
from training.labels import labels_of
from training.starter import TopicInfo

SIZES = (0, 10, 25, 50, 100, 200)
SEEDS = (0, 1, 2, 3, 4)
JUDGES = (0.25, 0.38)  # of the posts, from and to
FEWEST = 5  # posts of each topic on either side
TRIES = 200


class Point(NamedTuple):
    """Macro F1 after learning from so many labelled posts: mean over the seeds, and one standard deviation to either side."""

    posts: int
    with_starter: Figure | None  # None where the corpus knows not all topics
    without: Figure | None  # None where there is nothing to learn from

    def to_dict(self) -> dict[str, Any]:
        figures = {"with_starter": self.with_starter, "without": self.without}
        return {"posts": self.posts, **{name: asdict(figure) if figure else None for name, figure in figures.items()}}


def learning_curve(
    examples: Sequence[Example],
    topics: Sequence[TopicInfo],
    *,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
) -> list[Point]:
    """The curve of these examples. Raises ExampleError where they are too few, or of too
    few origins, to be split."""
    names = {topic.name for topic in topics}
    corpus = starter.examples() if names <= {topic.name for topic in starter.topics()} else None
    if corpus is not None:
        corpus = [example._replace(topics=tuple(name for name in example.topics if name in names)) for example in corpus]
    splits = [split(examples, [topic.name for topic in topics], seed) for seed in seeds]
    parse = features.once()
    points = []
    for size in (size for size in sizes if size <= min(len(learnt) for learnt, _ in splits)):
        values: dict[bool, list[float]] = {True: [], False: []}
        for learnt, judges in splits:
            for with_starter in (True, False):
                if corpus if with_starter else size:
                    base = corpus if with_starter and corpus else []
                    values[with_starter].append(macro_f1([*base, *learnt[:size]], judges, topics, parse))
        points.append(Point(size, _spread(values[True]), _spread(values[False])))
    return points


def split(examples: Sequence[Example], names: Sequence[str], seed: int) -> tuple[list[Example], list[Example]]:
    """What is learnt from, in an order drawn at random, and what judges it: origins apart, every topic on both sides."""
    origins = np.array([example.origin for example in examples])
    truth = labels_of(examples, names)
    draw = np.random.default_rng(seed)
    for _ in range(TRIES):
        order = draw.permutation(np.unique(origins))
        shares = np.cumsum([(origins == name).mean() for name in order])
        judging = np.isin(origins, order[: int(np.searchsorted(shares, JUDGES[1], side="right"))])
        enough = min(truth[judging].sum(axis=0).min(), truth[~judging].sum(axis=0).min()) >= FEWEST
        if judging.mean() >= JUDGES[0] and enough:
            learnt = draw.permutation(np.flatnonzero(~judging))
            return [examples[row] for row in learnt.tolist()], [examples[row] for row in np.flatnonzero(judging).tolist()]
    raise ExampleError(
        f"they are of {len(set(origins))} origins, which cannot be split so that both sides have {FEWEST} posts of each topic"
    )


def macro_f1(learnt: Sequence[Example], judges: Sequence[Example], topics: Sequence[TopicInfo], parse: features.Parse) -> float:
    """Of a model of these examples. A topic that has too few to be learnt is never given."""
    names = [topic.name for topic in topics]
    counts = labels_of(learnt, names).sum(axis=0).tolist()
    known = [topic for topic, count in zip(topics, counts, strict=True) if MIN_EXAMPLES <= count <= len(learnt) - MIN_EXAMPLES]
    given = np.zeros((len(judges), len(topics)), dtype=bool)
    if known:
        classifier = Classifier(fit(learnt, known, parse=parse)[0].version())
        for row, example in enumerate(judges):
            found = classifier.topics(classifier.classify(parse(example.post)))
            given[row] = [name in found for name in names]
    return OVERALL["macro_f1"](labels_of(judges, names), given, given.astype(np.float64))


def _spread(values: Sequence[float]) -> Figure | None:
    if not values:
        return None
    mean, deviation = float(np.mean(values)), float(np.std(values))
    return Figure(round(mean, 4), round(mean - deviation, 4), round(mean + deviation, 4))
