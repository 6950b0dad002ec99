"""Words -> scores, topics and evidence: TF-IDF and one logistic regression per topic, in numpy.

The arithmetic is that of scikit-learn's TfidfVectorizer (raw counts, smoothed idf, rows of unit length) and
LogisticRegression, with all that training put on top (log-count ratios, Platt's calibration) already multiplied into the
coefficients; a test holds the two equal.

A long post is scored as a whole and in passages, each with the title, and the logit is a weighted mean: what it learnt
from is short, and one mention among many words should weigh as little there as here. It stays a linear model: the
vectors are averaged, so the contributions of the terms still add up.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        self._terms = version.terms

    def classify(self, text: Text) -> Classification:
        """Judge one text. Deterministic: the same words give the same bits, alone or in a batch."""
        return self.classify_words(title=text.title_words, body=text.words())

    def classify_words(self, *, title: list[str], body: Iterable[str]) -> Classification:
        version = self._version
        row = version.vocabulary.get
        known_title = [index for word in title if (index := row(word)) is not None]
        known = [index for word in body if (index := row(word)) is not None]
        if not known and not known_title:
            return Classification([], np.empty((0, len(version.topics))), self._intercepts, _sigmoid(self._intercepts))
        terms, weights = self._vector(np.array(known_title, dtype=np.int64), np.array(known, dtype=np.int64))
        contributions = version.coefficients[terms] * weights[:, np.newaxis]
        logits = contributions.sum(axis=0) + self._intercepts
        return Classification([self._terms[term] for term in terms], contributions, logits, _sigmoid(logits))

    def _vector(self, title: NDArray[np.int64], body: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
        """The distinct terms of a post, ascending, and the weight of each in its mean vector.

        Every (part, term) is one number, part * vocabulary + term, so that all parts are counted at once; part 0 is the
        whole post, the others are its passages.
        """
        version, size = self._version, len(self._terms)
        passages = len(body) // version.passage_words
        parts = 1 + passages if passages > 1 else 1
        keys = [body, *(title + part * size for part in range(parts))]
        if parts > 1:
            # As even as can be: passage k of n ends at the word of number k * words // n.
            keys.append(body + (np.arange(len(body)) * passages + passages - 1) // len(body) * size + size)
        counted = [np.ones(len(body)), np.full(parts * len(title), float(version.title_weight))]
        found, inverse = np.unique(np.concatenate(keys), return_inverse=True)
        counts = np.bincount(inverse, weights=np.concatenate([*counted, np.ones(len(body) if parts > 1 else 0)]))
        part, term = found // size, found % size
        weights = counts * version.idf[term]
        lengths = np.sqrt(np.bincount(part, weights=weights * weights, minlength=parts))
        shares = np.full(parts, (1 - version.whole_share) / passages if parts > 1 else 1.0)
        if parts > 1:
            shares[0] = version.whole_share
        terms, inverse = np.unique(term, return_inverse=True)
        averaged: Floats = np.bincount(inverse, weights=weights * (shares / lengths)[part]).astype(np.float64, copy=False)
        return terms, averaged

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
