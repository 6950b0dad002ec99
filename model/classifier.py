"""Words -> scores, topics and evidence: TF-IDF and one logistic regression per topic, in numpy.

The arithmetic is that of scikit-learn's TfidfVectorizer (raw counts, smoothed idf, rows of unit length) and
LogisticRegression, with Platt's calibration already multiplied into the coefficients; a test holds the two equal.
"""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from model.text import Text
from model.versions import Floats, Version

# How many terms are given as evidence for a tag.
EVIDENCE_TERMS = 8


@dataclass(frozen=True, slots=True)
class Classification:
    """One text judged by one version."""

    terms: list[str]  # the known words of the text, distinct
    contributions: Floats  # [terms, topics]: what each adds to the logit of each topic
    logits: Floats  # [topics]: the contributions' sum and the intercept
    scores: Floats  # [topics]: the logits' sigmoid


class Classifier:
    """Scores texts by one version. Holds no state between calls; safe to share between threads."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._intercepts = np.array([topic.intercept for topic in version.topics])

    def classify(self, text: Text) -> Classification:
        """Judge one text. Deterministic: the same words give the same bits, alone or in a batch."""
        return self.classify_words(title=text.title_words, body=text.words())

    def classify_words(self, *, title: list[str], body: Iterable[str]) -> Classification:
        version = self._version
        counts = Counter(body)
        for word in title:
            counts[word] += version.title_weight
        row = version.vocabulary.get
        known = [(word, index, count) for word, count in counts.items() if (index := row(word)) is not None]
        if not known:
            return Classification([], np.empty((0, len(version.topics))), self._intercepts, _sigmoid(self._intercepts))
        terms, indices, frequencies = zip(*known, strict=True)
        rows = np.array(indices)
        weights = np.array(frequencies, dtype=np.float64) * version.idf[rows]
        weights /= np.sqrt((weights * weights).sum())
        contributions = version.coefficients[rows] * weights[:, np.newaxis]
        logits = contributions.sum(axis=0) + self._intercepts
        return Classification(list(terms), contributions, logits, _sigmoid(logits))

    def scores(self, judged: Classification) -> dict[str, float]:
        """Topic -> score, rounded to what a score can mean."""
        return {topic.name: round(float(score), 4) for topic, score in zip(self._version.topics, judged.scores, strict=True)}

    def topics(self, judged: Classification) -> list[str]:
        """The topics given, highest score first. A text without a single known word gets none."""
        if not judged.terms:
            return []
        given = [
            (-score, topic.name)
            for topic, score in zip(self._version.topics, judged.scores, strict=True)
            if score >= topic.threshold
        ]
        return [name for _, name in sorted(given)]

    def evidence(self, judged: Classification, topic: str, most: int = EVIDENCE_TERMS) -> list[tuple[str, float]]:
        """The terms that weighed most for or against a topic, strongest first, with their signed contributions."""
        column = [known.name for known in self._version.topics].index(topic)
        rows = zip(judged.contributions[:, column].tolist(), judged.terms, strict=True)
        strongest = heapq.nsmallest(most, rows, key=lambda row: (-abs(row[0]), row[1]))
        return [(term, round(contribution, 4)) for contribution, term in strongest]


def _sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^-x), from the side that cannot overflow."""
    positive = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + positive), positive / (1 + positive))
