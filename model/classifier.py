"""Words -> scores, topics and evidence: TF-IDF and one linear classifier per topic, in numpy.

The arithmetic is that of scikit-learn's TfidfVectorizer (raw counts, smoothed idf, rows of unit length) over words and
pairs of neighbouring words, with all that training put on top already multiplied into the coefficients; a test holds the
two equal.

A long post is scored as a whole and in passages, each with the title, and the logit is a weighted mean, in which the first
passage counts more: what it learnt from is short, one mention among many words should weigh as little there as here, and
authors begin with their subject. It stays a linear model: the vectors are averaged, so the contributions of the terms
still add up.

A text that knows too few of its words is in another language, or in none: it is not judged by the few it happens to
share with the examples.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.function_words import FUNCTION_WORDS
from model.text import Text
from model.versions import Floats, Version

# How many terms are given as evidence for a tag.
EVIDENCE_TERMS = 8
# What a word is that has no row.
_UNKNOWN, _FUNCTION = -1, -2
# Known words that every text is lent: two or three unknown ones in a title of five do not make it foreign.
_LENIENCY = 5


@dataclass(frozen=True, slots=True)
class Classification:
    """One text judged by one version."""

    terms: list[str]  # the known words and pairs of the text, distinct; none if it knows too few words to be judged
    contributions: Floats  # [terms, topics]: what each adds to the logit of each topic
    logits: Floats  # [topics]: the contributions' sum and the intercept
    scores: Floats  # [topics]: the logits' sigmoid


class Classifier:
    """Scores texts by one version. Holds no state between calls; safe to share between threads."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._intercepts = np.array([topic.intercept for topic in version.topics])
        self._terms = version.terms
        self._rows = dict.fromkeys(FUNCTION_WORDS, _FUNCTION) | dict(version.vocabulary)
        self._pairs = version.pairs[:, 0].astype(np.int64) * len(version.vocabulary) + version.pairs[:, 1]

    def classify(self, text: Text) -> Classification:
        """Judge one text. Deterministic: the same words give the same bits, alone or in a batch."""
        return self.classify_words(title=text.title_words, body=text.words())

    def classify_words(self, *, title: list[str], body: Iterable[str]) -> Classification:
        head, rest = self._look_up(title), self._look_up(body)
        if not self._is_judged(head, rest):
            return Classification([], np.empty((0, len(self._intercepts))), self._intercepts, _sigmoid(self._intercepts))
        terms, weights = self._vector(head, rest)
        contributions = self._version.coefficients[terms] * weights[:, np.newaxis]
        logits = contributions.sum(axis=0) + self._intercepts
        return Classification([self._terms[term] for term in terms], contributions, logits, _sigmoid(logits))

    def _look_up(self, words: Iterable[str]) -> NDArray[np.int64]:
        """The row of each word, or what it is instead."""
        row = self._rows.get
        return np.array([row(word, _UNKNOWN) for word in words], dtype=np.int64)

    def _is_judged(self, *parts: NDArray[np.int64]) -> bool:
        rows = np.concatenate(parts)
        known = int((rows != _UNKNOWN).sum())
        return bool((rows >= 0).any()) and known + _LENIENCY >= self._version.known_share * (len(rows) + _LENIENCY)

    def _occurrences(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each occurrence of a term: the term, and its place among the known words, a pair's being its first word's."""
        rows = rows[rows != _FUNCTION]
        known = rows >= 0
        places = np.cumsum(known) - 1
        first = np.flatnonzero(known[:-1] & known[1:])
        keys = rows[first] * len(self._version.vocabulary) + rows[first + 1]
        found = np.searchsorted(self._pairs, keys)
        hits = np.flatnonzero(found < len(self._pairs))
        hits = hits[self._pairs[found[hits]] == keys[hits]]
        return (
            np.concatenate([rows[known], found[hits] + len(self._version.vocabulary)]),
            np.concatenate([places[known], places[first[hits]]]),
        )

    def _vector(self, head: NDArray[np.int64], rest: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
        """The distinct terms of a post, ascending, and the weight of each in its mean vector.

        Every (part, term) is one number, part * terms + term, so that all parts are counted at once; part 0 is the whole
        post, the others are its passages.
        """
        version, size = self._version, len(self._terms)
        title, _ = self._occurrences(head)
        body, places = self._occurrences(rest)
        words = int((rest >= 0).sum())
        passages = words // version.passage_words
        parts = 1 + passages if passages > 1 else 1
        keys = [body, *(title + part * size for part in range(parts))]
        if parts > 1:
            # As even as can be: passage k of n ends at the word of number k * words // n.
            keys.append(body + (places * passages + passages - 1) // words * size + size)
        counted = [np.ones(len(body)), np.full(parts * len(title), float(version.title_weight))]
        found, inverse = np.unique(np.concatenate(keys), return_inverse=True)
        counts = np.bincount(inverse, weights=np.concatenate([*counted, np.ones(len(body) if parts > 1 else 0)]))
        part, term = found // size, found % size
        weights = counts * version.idf[term]
        lengths = np.sqrt(np.bincount(part, weights=weights * weights, minlength=parts))
        shares = np.ones(1)
        if parts > 1:
            shares = np.full(parts, (1 - version.whole_share - version.lead_share) / passages)
            shares[:2] += version.whole_share - shares[0], version.lead_share
        terms, inverse = np.unique(term, return_inverse=True)
        averaged: Floats = np.bincount(inverse, weights=weights * (shares / lengths)[part]).astype(np.float64, copy=False)
        return terms, averaged

    def scores(self, judged: Classification) -> dict[str, float]:
        """Topic -> score, rounded to what a score can mean."""
        return {topic.name: round(float(score), 6) for topic, score in zip(self._version.topics, judged.scores, strict=True)}

    def topics(self, judged: Classification) -> list[str]:
        """The topics given, highest score first. A text that was not judged gets none."""
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
