"""An evaluation as one page of HTML that a person can judge a version by: `report.html` beside it, filled in.

The page holds all it shows, loads nothing and runs nothing. The same evaluation of the same version gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model.posts import plain
from model.version import Version
from training import _svg
from training.curve import Point
from training.evaluation import NONE, Evaluation, Figure, Mistake

TERMS = 12  # strongest terms of a topic, of either side
WORST = 20  # mistakes shown
CONFUSIONS = 3  # pairs of topics named as most often confused
TOO_WIDE = 0.2  # an interval of F1 from which on its topic is said to have too few posts
OFF = 0.03  # how far scores may be from the truth on average before it is said
HOTTEST = 60  # per cent: opacity of a cell of the confusion that has all posts of its row; its number must stay readable


class Term(NamedTuple):
    """A term with what it adds to a logit, and that as per cent of the strongest beside it."""

    term: str
    weight: float
    share: int


def write(judged: Evaluation, version: Version, sources: Sequence[str], curve: Sequence[Point] = ()) -> str:
    """The page. `sources` are the names of the files that the labelled posts came from; `curve` is theirs, if it was drawn."""
    titles = {topic.name: topic.title for topic in version.topics} | {NONE: "None"}
    thresholds = {topic.name: topic.threshold for topic in version.topics}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"two": lambda number: f"{number:.2f}", "plain": lambda value: plain(str(value))}
    return environment.get_template("report.html").render(
        judged=judged,
        sources=sources,
        learnt=version.manifest["provenance"]["examples"],
        titles=titles,
        NONE=NONE,
        weaknesses=_weaknesses(judged, titles),
        topics=[_topic(judged, version, column) for column in range(len(version.topics))],
        reliability=_svg.reliability(judged.reliability, "Share of posts that have the topic, by score"),
        confusion=[(expected, _cells(judged, expected)) for expected in judged.confusion],
        curve=curve,
        curve_plot=_svg.learning_curve(curve, "Macro F1 by labelled posts learnt from") if curve else "",
        mistakes=[_mistake(mistake, thresholds) for mistake in judged.mistakes[:WORST]],
    )


def _topic(judged: Evaluation, version: Version, column: int) -> dict[str, Any]:
    topic = version.topics[column]
    figures, points = judged.topics[topic.name], judged.curves[topic.name]
    precision, recall = figures["precision"].value, figures["recall"].value
    weights = version.idf * version.coefficients[:, column]
    terms, order = version.terms, np.argsort(weights, kind="stable")
    strongest = [*order[::-1][:TERMS], *order[:TERMS]] if len(order) > 2 * TERMS else order[::-1]
    shown = _terms([(terms[row], float(weights[row])) for row in strongest])
    label = f"Precision and recall of {topic.title}; average precision {figures['average_precision'].value:.2f}"
    return {
        "name": topic.name,
        "title": topic.title,
        "description": topic.description,
        "posts": judged.counts[topic.name],
        "figures": figures,
        "interval": _svg.interval(figures["f1"]),
        "curve": _svg.precision_recall(points, precision, recall, topic.threshold, label) if points else "",
        "terms": {"for": [term for term in shown if term.weight > 0], "against": [term for term in shown if term.weight < 0]},
    }


def _terms(weighed: Sequence[tuple[str, float]]) -> list[Term]:
    most = max((abs(weight) for _, weight in weighed), default=0.0) or 1.0
    return [Term(term, weight, round(100 * abs(weight) / most)) for term, weight in weighed]


def _cells(judged: Evaluation, expected: str) -> list[tuple[str, int, int]]:
    """(given, posts, opacity) of a row of the confusion. By roots of the shares, so that what is seldom can be seen."""
    posts = judged.counts[expected] or 1
    return [(given, count, round(HOTTEST * (count / posts) ** 0.5)) for given, count in judged.confusion[expected].items()]


def _mistake(mistake: Mistake, thresholds: dict[str, float]) -> dict[str, Any]:
    wrong = [topic for topic in (*mistake.given, *mistake.expected) if (topic in mistake.given) != (topic in mistake.expected)]
    return {
        "title": mistake.title,
        "id": mistake.id,
        "expected": mistake.expected,
        "given": mistake.given,
        "topics": [
            {
                "name": topic,
                "missed": topic in mistake.expected,
                "score": mistake.scores[topic],
                "threshold": thresholds[topic],
                "terms": _terms(mistake.evidence[topic]),
            }
            for topic in wrong
        ],
    }


def _weaknesses(judged: Evaluation, titles: dict[str, str]) -> list[str]:
    """What to know before trusting the version, in sentences."""
    found = []
    unseen = [titles[name] for name in judged.topics if not judged.counts[name]]
    if unseen:
        found.append(f"No post here has {' or '.join(unseen)}: such a topic counts as 0 above, and nothing is known of it.")
    seen = {name: row for name, row in judged.topics.items() if judged.counts[name]}
    if seen:
        name = min(seen, key=lambda name: seen[name]["f1"].value)
        row, posts = seen[name], judged.counts[name]
        missed = posts - judged.confusion[name][name]
        found.append(
            f"The weakest topic is {titles[name]}, F1 {row['f1'].value:.2f}: {missed} of the {posts} posts that have it are "
            f"missed, and of 100 posts given it {100 * (1 - row['precision'].value):.0f} don't have it."
        )
    wide = [titles[name] for name, row in seen.items() if _width(row["f1"]) >= TOO_WIDE]
    if wide:
        found.append(f"Too few posts to say much about {', '.join(wide)}: the intervals are wide.")
    pairs = sorted(
        (-count, expected, given)
        for expected, row in judged.confusion.items()
        for given, count in row.items()
        if expected != given and count > 1
    )
    if pairs:
        most = [f"{_confused(titles, expected, given)} ({-less} posts)" for less, expected, given in pairs[:CONFUSIONS]]
        found.append(f"The most frequent mistakes: {'; '.join(most)}.")
    scores = sum(one.scores for one in judged.reliability)
    off = sum(one.scores * (one.mean - one.share.value) for one in judged.reliability) / scores
    if abs(off) >= OFF:
        found.append(f"Scores are too {'high' if off > 0 else 'low'}, by {abs(off):.2f} on average.")
    return found


def _confused(titles: dict[str, str], expected: str, given: str) -> str:
    if given == NONE:
        return f"{titles[expected]} missed, with nothing in its place"
    if expected == NONE:
        return f"{titles[given]} given where there is no topic"
    return f"{titles[given]} given to posts about {titles[expected]}"


def _width(figure: Figure) -> float:
    return figure.high - figure.low
