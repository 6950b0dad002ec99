"""The gate: whether a candidate may take the place of the version that serves, by posts that neither learnt from.

Both gave their topics to the same posts, so their figures are compared by a paired bootstrap over the posts (B. Efron and
R. Tibshirani, "An Introduction to the Bootstrap", 1993; T. Berg-Kirkpatrick et al., "An empirical investigation of
statistical significance in NLP", 2012): what is uncertain is the difference, not each alone. Where each of several topics
is asked whether it falls, the level is divided among them (Bonferroni), or one of twenty sound candidates would be refused.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from model.version import Floats
from training.evaluation import Figure
from training.labels import Bools

DRAWS = 2000
LEVEL = 0.05  # how often a candidate that is as good as current is refused, at most, by its topics
# How far F1 may fall on what was learnt before. Thresholds follow the posts that people label, at some cost to those of the
# corpus: 200 examples labelled well cost 0.01 of macro F1 there, and up to 0.05 of one topic's; 200 labelled by chance 0.06
# and 0.09, 200 all given one topic 0.16 and 0.20.
SLACK = 0.03
# Labels that are better predicted than shuffled ones by chance alone, in so many of all cases, are labels of nothing.
CHANCE = 0.001
FEWEST = 20  # posts that a candidate is judged by
TELLABLE = 0.1  # a difference of macro F1 that must show; else there are too few posts


@dataclass(frozen=True, slots=True)
class Row:
    """Candidate beside current: F1 of one topic, or of all on average."""

    posts: int  # that have the topic; for all topics, those held out
    candidate: Figure | None  # None where no post has it
    current: Figure | None  # None if there is none, or if it does not know the topic
    difference: Figure | None
    falls: bool  # beyond noise


@dataclass(frozen=True)
class Comparison:
    all: Row
    topics: dict[str, Row]

    @property
    def fallen(self) -> list[str]:
        return [name for name, row in self.topics.items() if row.falls]

    def to_dict(self) -> dict[str, Any]:
        """As a verdict keeps it: F1 as {"value", "low", "high"}."""

        def row(one: Row) -> dict[str, Any]:
            return {
                "posts": one.posts,
                "candidate": asdict(one.candidate) if one.candidate else None,
                "current": asdict(one.current) if one.current else None,
                "difference": asdict(one.difference) if one.difference else None,
            }

        return {
            "held_out": self.all.posts,
            "macro_f1": {name: figure for name, figure in row(self.all).items() if name in ("candidate", "current")},
            "difference": asdict(self.all.difference) if self.all.difference else None,
            "topics": {name: row(one) for name, one in self.topics.items()},
        }


def compare(
    names: Sequence[str], truth: Bools, candidate: Bools, current: Bools | None, known: Sequence[str], *, slack: float, seed: int
) -> Comparison:
    """Compare what both gave, [posts, topics], with what is true. `known` are the topics that current knows: those that
    both know are averaged. A difference falls if even the upper end of its interval is below -`slack`."""
    draw = np.random.default_rng(seed)
    # How often each post is in each sample: sums over a sample are then one product of matrices.
    posts = len(truth)
    times = np.array([np.bincount(draw.integers(0, posts, posts), minlength=posts) for _ in range(DRAWS)], dtype=np.float64)
    times = np.vstack([np.ones(posts), times])  # the posts themselves first
    new = _f1s(times, truth, candidate)
    old = _f1s(times, truth, current) if current is not None else None
    both = truth.any(axis=0) & np.array([current is None or name in known for name in names])
    level = LEVEL / max(int(both.sum()), 1)

    def row(count: int, news: Floats, olds: Floats | None, level: float) -> Row:
        if not count:
            return Row(0, None, None, None, False)
        if olds is None:
            return Row(count, _figure(news), None, None, False)
        difference = _figure(news - olds)
        falls = float(np.quantile(news[1:] - olds[1:], 1 - level)) < -slack
        return Row(count, _figure(news), _figure(olds), difference, falls)

    topics = {}
    for column, name in enumerate(names):
        shared = old[:, column] if old is not None and name in known else None
        topics[name] = row(int(truth[:, column].sum()), new[:, column], shared, level)
    if not both.any():
        return Comparison(Row(posts, None, None, None, False), topics)
    mean_old = old[:, both].mean(axis=1) if old is not None else None
    return Comparison(row(posts, new[:, both].mean(axis=1), mean_old, LEVEL / 2), topics)


def says_something(truth: Bools, scores: Floats, *, seed: int) -> bool:
    """Whether scores, of posts that were not learnt from, are higher where a label is true than they would be if the labels
    were dealt out to the posts anew (a permutation test). Of labels that are all alike it cannot be said, nor of few."""
    if len(truth) < FEWEST or (truth == truth[0]).all():
        return True
    draw = np.random.default_rng(seed)
    found = float((truth * scores).sum())
    shuffled = [float((truth[draw.permutation(len(truth))] * scores).sum()) for _ in range(DRAWS)]
    return (1 + sum(other >= found for other in shuffled)) / (1 + DRAWS) <= CHANCE


def missing(comparison: Comparison) -> int:
    """How many labelled posts more it takes to judge by; 0 if there are enough. The interval of a difference narrows with
    the root of the number of posts."""
    posts, difference = comparison.all.posts, comparison.all.difference
    reach = (difference.high - difference.low) / 2 if difference else 0.0
    enough = max(FEWEST, round(posts * (reach / TELLABLE) ** 2) if reach > TELLABLE else 0)
    return max(enough - posts, 0)


def objections(held_out: Comparison | None, before: Comparison | None) -> list[str]:
    """What speaks against the candidate, in sentences; nothing if it may pass."""
    found = []
    for comparison, where in ((held_out, "on the labelled posts held out"), (before, "on what was learnt before")):
        if comparison is None:
            continue
        rows = {"macro F1": comparison.all} | {f"F1 of {name}": row for name, row in comparison.topics.items()}
        found += [f"{what} falls from {_move(row)} {where}" for what, row in rows.items() if row.falls]
    return found


def _move(row: Row) -> str:
    candidate, current, difference = row.candidate, row.current, row.difference
    assert candidate and current and difference  # noqa: PT018 - what falls has them
    return f"{current.value:.3f} to {candidate.value:.3f} ({difference.low:+.3f} to {difference.high:+.3f})"


def _f1s(times: Floats, truth: Bools, given: Bools) -> Floats:
    """[samples, topics]: F1; 0 where a sample has neither a post with the topic nor one given it."""
    hits = times @ (truth & given)
    both = times @ (truth.astype(np.float64) + given)
    return np.asarray(np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0))


def _figure(values: Floats) -> Figure:
    """The first is that of the posts themselves, the others of the samples."""
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return Figure(*(round(float(number), 4) for number in (values[0], low, high)))
