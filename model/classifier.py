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

from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.function_words import FUNCTION_WORDS
from model.text import Text
from model.version import Floats, Version

# How many terms are given as evidence for a tag.
EVIDENCE_TERMS = 8
# What a word is that has no row.
_UNKNOWN, _FUNCTION = -1, -2
# Known words that every text is lent: two or three unknown ones in a title of five do not make it foreign.
_LENIENCY = 5


@dataclass(frozen=True, slots=True)
class Classification:
    """One text judged by one version."""

    terms: list[int]  # rows of its words and pairs, distinct, ascending; none if it knows too few words to be judged
    contributions: Floats  # [terms, topics]: what each adds to the logit of each topic
    logits: Floats  # [topics]: the contributions' sum and the intercept
    scores: Floats  # [topics]: the logits' sigmoid


class Classifier:
    """Scores texts by one version. Holds no state between calls; safe to share between threads."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._intercepts = np.array([topic.intercept for topic in version.topics])
        self._words = list(version.vocabulary)
        self._topics = [topic.name for topic in version.topics]
        self._rows = dict.fromkeys(FUNCTION_WORDS, _FUNCTION) | dict(version.vocabulary)
        # One number a pair, ascending; the last, which is none, is there so that what is sought always has a place before it.
        pairs = version.pairs[:, 0].astype(np.int64) * len(version.vocabulary) + version.pairs[:, 1]
        self._pairs = np.append(pairs, np.iinfo(np.int64).max)
        # By row, and false for what has none: _UNKNOWN and _FUNCTION are the last two.
        self._begins_pair = np.zeros(len(version.vocabulary) + 2, dtype=np.bool_)
        self._ends_pair = self._begins_pair.copy()
        self._begins_pair[version.pairs[:, 0]] = self._ends_pair[version.pairs[:, 1]] = True

    def classify(self, text: Text) -> Classification:
        """Judge one text. Deterministic: the same words give the same bits, alone or in a batch."""
        return self.classify_words(title=text.title_words, body=text.words())

    def classify_words(self, *, title: list[str], body: list[str]) -> Classification:
        head, rest = self._look_up(title), self._look_up(body)
        if not self._is_judged(head, rest):
            return Classification([], np.empty((0, len(self._intercepts))), self._intercepts, _sigmoid(self._intercepts))
        terms, weights = self._vector(head, rest)
        contributions = self._version.coefficients[terms] * weights[:, np.newaxis]
        logits = contributions.sum(axis=0) + self._intercepts
        return Classification(terms.tolist(), contributions, logits, _sigmoid(logits))

    def _look_up(self, words: list[str]) -> NDArray[np.int64]:
        """The row of each word, or what it is instead."""
        return np.fromiter(map(self._rows.get, words, repeat(_UNKNOWN)), np.int64, len(words))

    def _is_judged(self, *parts: NDArray[np.int64]) -> bool:
        rows = np.concatenate(parts)
        known = int((rows != _UNKNOWN).sum())
        return bool((rows >= 0).any()) and known + _LENIENCY >= self._version.known_share * (len(rows) + _LENIENCY)

    def _occurrences(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each occurrence of a term: the term, and its place among the known words, a pair's being its first word's."""
        rows = rows[rows != _FUNCTION]
        known = rows >= 0
        places = np.cumsum(known) - 1
        # Most neighbours are no pair, as can be seen from one of them alone.
        first = np.flatnonzero(self._begins_pair[rows[:-1]] & self._ends_pair[rows[1:]])
        keys = rows[first] * len(self._words) + rows[first + 1]
        found = np.searchsorted(self._pairs, keys)
        hits = np.flatnonzero(self._pairs[found] == keys)
        return (
            np.concatenate([rows[known], found[hits] + len(self._words)]),
            np.concatenate([places[known], places[first[hits]]]),
        )

    def _vector(self, head: NDArray[np.int64], rest: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
        """The distinct terms of a post, ascending, and the weight of each in its mean vector.

        Every (term, part) is one number, term * parts + part, so that all parts are counted by one sort; part 0 is the whole
        post, the others are its passages.
        """
        version = self._version
        title, _ = self._occurrences(head)
        body, places = self._occurrences(rest)
        words = int((rest >= 0).sum())
        passages = words // version.passage_words
        parts = 1 + passages if passages > 1 else 1
        titles = np.add.outer(title * parts, np.arange(parts)).ravel()
        keys = [body * parts, *[titles] * version.title_weight]
        if parts > 1:
            # As even as can be: passage k of n ends at the word of number k * words // n.
            ends = np.arange(parts) * words // passages
            passage = np.repeat(np.arange(1, parts), ends[1:] - ends[:-1])
            keys.append(body * parts + passage[places])
        size = np.int32 if len(version.idf) * parts < 1 << 31 else np.int64  # the smaller are sorted in half the time
        found, counts = _counted(np.sort(np.concatenate(keys).astype(size)))
        term, part = np.divmod(found, parts)
        weights = counts * version.idf[term]
        lengths = np.sqrt(np.bincount(part, weights=weights * weights, minlength=parts))
        shares = np.ones(1)
        if parts > 1:
            shares = np.full(parts, (1 - version.whole_share - version.lead_share) / passages)
            shares[:2] += version.whole_share - shares[0], version.lead_share
        terms, counts = _counted(term)
        averaged: Floats = np.add.reduceat(weights * (shares / lengths)[part], np.cumsum(counts) - counts)
        return terms, averaged

    def scores(self, judged: Classification) -> dict[str, float]:
        """Topic -> score, rounded to what a score can mean."""
        return {topic: round(score, 6) for topic, score in zip(self._topics, judged.scores.tolist(), strict=True)}

    def topics(self, judged: Classification) -> list[str]:
        """The topics given, highest score first. A text that was not judged gets none."""
        if not judged.terms:
            return []
        given = [
            (-score, topic.name)
            for topic, score in zip(self._version.topics, judged.scores.tolist(), strict=True)
            if score >= topic.threshold
        ]
        return [name for _, name in sorted(given)]

    def evidence(self, judged: Classification, topic: str, most: int = EVIDENCE_TERMS) -> list[tuple[str, float]]:
        """The terms that weighed most for or against a topic, strongest first, with their signed contributions."""
        contributions = judged.contributions[:, self._topics.index(topic)]
        strongest = np.argsort(-np.abs(contributions), kind="stable")[:most]
        return [(self._term(judged.terms[at]), round(float(contributions[at]), 4)) for at in strongest]

    def _term(self, row: int) -> str:
        """The word of a row, or the two words with a space between."""
        words = self._words
        return words[row] if row < len(words) else " ".join(words[word] for word in self._version.pairs[row - len(words)])


def _counted(ordered: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct numbers of an ordered array, and how often each is there: np.unique without its overhead."""
    lasts = np.empty(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=lasts[:-1])
    lasts[-1:] = True
    ends = np.flatnonzero(lasts)
    counts = ends + 1
    counts[1:] -= counts[:-1].copy()
    return ordered[ends], counts


def _sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^-x), from the side that cannot overflow."""
    positive = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + positive), positive / (1 + positive))
