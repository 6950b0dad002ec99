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

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model._vocabulary import Vocabulary
from model.function_words import FUNCTION_WORDS
from model.text import Text, spaced
from model.version import Floats, Version

# How many terms are given as evidence for a tag.
EVIDENCE_TERMS = 8
# Instead of a row, of a word that only holds a sentence together.
_FUNCTION = -2
# Between title and body stands what is no word, nor part of any text in UTF-8: no pair reaches across.
_BETWEEN = b" \xff\xff "
# Known words that every text is lent: two or three unknown ones in a title of five do not make it foreign.
_LENIENCY = 5


@dataclass(frozen=True)
class Classification:
    """One text judged by one version."""

    rows: NDArray[np.int64]  # of its words and pairs, distinct, ascending; none if it knows too few words to be judged
    weights: Floats  # [rows]: of each in the text's vector
    coefficients: Floats  # [rows, topics]
    logits: Floats  # [topics]: the contributions' sum and the intercept
    scores: Floats  # [topics]: the logits' sigmoid

    @cached_property
    def terms(self) -> list[int]:
        """The rows as a list."""
        rows: list[int] = self.rows.tolist()
        return rows

    @property
    def contributions(self) -> Floats:
        """[rows, topics]: what each adds to the logit of each topic."""
        return self.coefficients * self.weights[:, np.newaxis]


class Classifier:
    """Scores texts by one version. Holds no state between calls; safe to share between threads."""

    def __init__(self, version: Version) -> None:
        self._version = version
        # Not as maps of files, which take several times as long to look into; the memory is the same.
        self._idf, self._coefficients = np.asarray(version.idf), np.asarray(version.coefficients)
        self._words_of_pairs = np.asarray(version.pairs)
        self._intercepts = np.array([topic.intercept for topic in version.topics])
        self._words = list(version.vocabulary)
        self._topics = [topic.name for topic in version.topics]
        function_words = sorted(FUNCTION_WORDS.difference(self._words))
        rows = [*range(len(self._words)), *[_FUNCTION] * len(function_words)]
        self._vocabulary = Vocabulary([*self._words, *function_words], rows)
        # One number a pair, ascending; the last, which is none, is there so that what is sought always has a place before it.
        pairs = version.pairs[:, 0].astype(np.int64) * len(version.vocabulary) + version.pairs[:, 1]
        self._pairs = np.append(pairs, np.iinfo(np.int64).max)
        # By row, the words that may follow: the set of their last digits in base 64. None follow what has no row, UNKNOWN.
        self._followers = np.zeros(len(version.vocabulary) + 1, dtype=np.int64)
        np.bitwise_or.at(self._followers, version.pairs[:, 0], 1 << (version.pairs[:, 1].astype(np.int64) & 63))

    def classify(self, text: Text) -> Classification:
        """Judge one text. Deterministic: the same words give the same bits, alone or in a batch."""
        title = spaced(text.title)
        looked_up, places = self._vocabulary.rows(b"".join((title, _BETWEEN, text.spaced)))
        of_title = looked_up[: places.searchsorted(len(title))]
        content = looked_up.compress(looked_up != _FUNCTION)
        known = content >= 0
        unknown = len(content) - int(np.count_nonzero(known))
        # One of the words, and of the unknown ones, is what stands between.
        if unknown == len(content) or not self._is_judged(len(looked_up) - 1, unknown - 1):
            rows, weights = np.empty(0, dtype=np.int64), np.empty(0)
        else:
            rows, weights = self._vector(content, known, int(np.count_nonzero(of_title >= 0)))
        coefficients = self._coefficients.take(rows, axis=0)
        logits: Floats = np.einsum("t,tk->k", weights, coefficients) + self._intercepts
        return Classification(rows, weights, coefficients, logits, _sigmoid(logits))

    def _is_judged(self, words: int, unknown: int) -> bool:
        return words - unknown + _LENIENCY >= self._version.known_share * (words + _LENIENCY)

    def _vector(self, content: NDArray[np.int64], known: NDArray[np.bool_], title: int) -> tuple[NDArray[np.int64], Floats]:
        """The distinct terms of a post, ascending, and the weight of each in its mean vector.

        `content` are the rows of its words, those of the title first, and which of them are `known`; `title` is how many
        known words the title has. Part 0 of a post is its title, which is in every passage; the others are the passages of
        its body. Every (term, part) is one number, so that all parts are counted by one sort.
        """
        version = self._version
        pairs, firsts = self._pairs_of(content, known)
        terms = np.concatenate((content.compress(known), pairs))
        # Of each term, counted in known words from 1 on; a pair's place is that of its first word.
        places = np.concatenate((np.arange(1, len(terms) - len(pairs) + 1), known.cumsum().take(firsts)))
        words = max(1, len(terms) - len(pairs) - title)
        passages = max(1, words // version.passage_words)
        # As even as can be: passage k of n ends with the body's word of number k * words // n.
        part = (places * passages - (title * passages + 1)) // words + 1
        np.maximum(part, 0, out=part)
        bits = passages.bit_length()
        keys = terms << bits | part
        keys.sort()
        starts = _starts(keys)
        found = keys.take(starts)
        term, part = found >> bits, found & (1 << bits) - 1
        in_title = part == 0
        weights = _lengths(starts, len(keys)) * self._idf.take(term)
        np.multiply(weights, version.title_weight, out=weights, where=in_title)
        starts = _starts(term)
        whole: Floats = np.add.reduceat(weights, starts)
        share = 1 / (math.sqrt((whole * whole).sum()) or 1.0)  # a version may weigh titles with 0
        if passages == 1:
            return term.take(starts), whole * share
        # What the title adds to the same term in a passage: (a + b)² = a (a + 2b) + b².
        added = weights * in_title
        beside = added.take(starts).repeat(_lengths(starts, len(term))) - added
        of_title, *squares = np.bincount(part, weights * (weights + 2 * beside), passages + 1).tolist()
        masses = [(1 - version.whole_share - version.lead_share) / passages] * passages
        masses[0] += version.lead_share
        shares = [mass / math.sqrt(square + of_title) for mass, square in zip(masses, squares, strict=True)]
        by_part = np.array([sum(shares), *shares]) + version.whole_share * share
        return term.take(starts), np.add.reduceat(weights * by_part.take(part), starts)

    def _pairs_of(self, content: NDArray[np.int64], known: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pairs of neighbours that have rows: their rows, and the places of their first words."""
        seconds = content[1:]
        # Most neighbours are no pair, as can be seen from this, and need not be sought.
        firsts = (self._followers.take(content[:-1]) >> (seconds & 63) & known[1:]).nonzero()[0]
        keys = content.take(firsts) * len(self._words) + seconds.take(firsts)
        found = self._pairs.searchsorted(keys)
        hits = self._pairs.take(found) == keys
        return found.compress(hits) + len(self._words), firsts.compress(hits)

    def scores(self, judged: Classification) -> dict[str, float]:
        """Topic -> score, rounded to what a score can mean."""
        return {topic: round(score, 6) for topic, score in zip(self._topics, judged.scores.tolist(), strict=True)}

    def topics(self, judged: Classification) -> list[str]:
        """The topics given, highest score first. A text that was not judged gets none."""
        if not judged.rows.size:
            return []
        given = [
            (-score, topic.name)
            for topic, score in zip(self._version.topics, judged.scores.tolist(), strict=True)
            if score >= topic.threshold
        ]
        return [name for _, name in sorted(given)]

    def evidence(self, judged: Classification, topic: str, most: int = EVIDENCE_TERMS) -> list[tuple[str, float]]:
        """The terms that weighed most for or against a topic, strongest first, with their signed contributions."""
        contributions = judged.coefficients[:, self._topics.index(topic)] * judged.weights
        strengths = np.abs(contributions)
        # Only those that may be among the strongest are sorted; of equals the first in the order of rows comes first.
        likely = np.arange(len(strengths))
        if len(strengths) > most:
            likely = (strengths >= np.partition(strengths, -most)[-most]).nonzero()[0]
        strongest = likely.take(np.argsort(-strengths.take(likely), kind="stable")[:most]).tolist()
        return [(self._term(int(judged.rows[at])), round(float(contributions[at]), 4)) for at in strongest]

    def _term(self, row: int) -> str:
        """The word of a row, or the two words with a space between."""
        words = self._words
        if row < len(words):
            return words[row]
        first, second = self._words_of_pairs[row - len(words)].tolist()
        return f"{words[first]} {words[second]}"


def _starts(ordered: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run of equal numbers begins, in an array with at least one: np.unique without its overhead."""
    begins = np.empty(len(ordered), dtype=np.bool_)
    begins[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    return begins.nonzero()[0]


def _lengths(starts: NDArray[np.int64], end: int) -> NDArray[np.int64]:
    """How long each run is."""
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = end - starts[-1]
    return lengths


def _sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^-x), in a form that cannot overflow."""
    scores: Floats = np.exp(-np.logaddexp(0, -logits))
    return scores
