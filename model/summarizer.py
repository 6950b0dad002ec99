"""The few sentences of a post that stand for it: extractive, verbatim, in reading order.

Which sentences may be quoted is `_prose`'s business. They are ranked by where they stand, what they share with the
title, and how central their words are among those of the others (the centroid method: Radev et al., "Centroid-based
summarization of multiple documents", 2004), and chosen one by one, each discounted by what the chosen ones have already
said (maximal marginal relevance: Carbonell and Goldstein, 1998).
"""

import math
from collections import Counter
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import chain

from model._prose import CELLS, ITEMS, PARAGRAPHS, Prose
from model.text import Text

# Defaults of what callers may choose.
SENTENCES = 3
MAX_WORDS = 70
MOST_SENTENCES = 10  # more is no summary


@dataclass(frozen=True, slots=True)
class Weights:
    """What makes a sentence worth quoting. Each weighs a figure between 0 and 1.

    Round numbers, set by hand. Changed one at a time by a third, they move the recall of authors' own descriptions, in
    the summary's first 60 words, by one hundredth.
    """

    position: float = 1.0  # authors say what a post is about at its beginning
    decay: float = 5.0  # after how many candidate sentences that falls to a half: the length of an introduction
    title: float = 0.5  # share of the title's words that the sentence takes up: the title is the author's own summary
    centrality: float = 1.0  # cosine to all candidates' words; it is seldom above a half, so in effect as much as the title
    opening: float = 0.2  # of a paragraph: every other sentence inside one makes less sense without those before it
    abstract: float = 0.5  # the author calls it the short of it
    length: float = 0.3  # words, up to `FULL`: a short sentence says less, and three of them leave room unused
    repetition: float = 0.5  # discount: cosine to the most similar sentence chosen before


WEIGHTS = Weights()
FULL = 20  # words of a sentence that is not short
# Where a post goes on after so many sentences, and two for each that is wanted, it has said long ago what it is about.
_ENOUGH = 6


def summarize(text: Text, *, sentences: int = SENTENCES, max_words: int = MAX_WORDS, weights: Weights = WEIGHTS) -> list[str]:
    """At most `sentences` sentences of at most `max_words` words in all, in reading order; [] where there is no prose.

    A sentence that leans on the one before it ("However, ...") is taken together with that one or not at all.
    """
    for kinds in (PARAGRAPHS, ITEMS, CELLS):
        prose = Prose(text, kinds, most=_ENOUGH + 2 * sentences)
        chosen = _choose(prose, _worth(prose, weights), sentences, max_words, weights.repetition)
        if chosen:
            return [prose.candidates[index].text for index in sorted(chosen)]
    return []


def _worth(prose: Prose, weights: Weights) -> list[float]:
    """What each candidate is worth by itself."""
    counts = Counter(chain.from_iterable(candidate.content for candidate in prose.candidates))
    title = prose.title
    length = math.hypot(*counts.values())
    return [
        weights.position / (1 + index / weights.decay)
        + weights.title * len(title & candidate.content) / max(1, len(title))
        + weights.centrality
        * sum(map(counts.__getitem__, candidate.content))
        / max(1.0, length * math.sqrt(len(candidate.content)))
        + weights.opening * candidate.opening
        + weights.abstract * candidate.abstract
        + weights.length * min(1.0, candidate.size / FULL)
        for index, candidate in enumerate(prose.candidates)
    ]


def _choose(prose: Prose, worth: list[float], sentences: int, words: int, repetition: float) -> set[int]:
    """Indexes of the candidates chosen, each the best of those left together with what it leans on."""
    candidates = prose.candidates
    chosen: set[int] = set()
    net = worth.copy()  # less what it repeats
    left = set(range(len(candidates)))
    queue = _ranked(net, left)  # by that net worth, or, once its chain is known, by the mean over the chain
    known: dict[int, tuple[int, ...]] = {}  # chains without what is chosen already
    told: frozenset[str] = frozenset()  # what the chosen ones have said
    while queue and len(chosen) < sentences:
        _, best = heappop(queue)
        if best not in known:
            known[best] = tuple(index for index in prose.chain(best, chosen) if index not in chosen)
            size = sum(candidates[index].size for index in known[best])
            if not known[best] and prose.is_quotable(best):
                continue  # not now: what it leans on may be chosen yet
            if (
                not known[best]
                or len(chosen) + len(known[best]) > sentences
                or size > words
                or not prose.has_news(known[best], told)
            ):
                left.discard(best)
            else:
                heappush(queue, (-sum(net[index] for index in known[best]) / len(known[best]), best))
            continue
        taken = known[best]
        chosen.update(taken)
        told = told.union(*map(prose.news, taken))
        left.difference_update(taken)
        words -= sum(candidates[index].size for index in taken)
        for other in taken if len(chosen) < sentences else ():
            said = candidates[other].content
            for index in left:
                net[index] = min(net[index], worth[index] - repetition * _likeness(candidates[index].content, said))
        queue = _ranked(net, left)
        known.clear()
    return chosen


def _ranked(net: list[float], left: set[int]) -> list[tuple[float, int]]:
    """A queue of candidates, the best first; of equals the one that stands first."""
    queue = [(-net[index], index) for index in left]
    heapify(queue)
    return queue


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The cosine of two sets of words."""
    return len(one & other) / math.sqrt(len(one) * len(other)) if one and other else 0.0
