"""The few sentences of a post that stand for it: extractive, verbatim, in reading order.

Which sentences may be quoted is `_prose`'s business. They are ranked by where they stand and by what they share with the
title (Edmundson, "New methods in automatic extracting", 1969), and chosen one by one, each for what it says that the title
and those chosen before have not. To weigh how central its words are in the post as well chooses no better.
"""

import math
from dataclasses import dataclass

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
    decay: float = 6.0  # after how many candidate sentences that falls to a half: the length of an introduction
    title: float = 1.0  # share of the title's words that the sentence takes up: the title is the author's own summary
    opening: float = 0.2  # of a paragraph: every other sentence inside one makes less sense without those before it
    abstract: float = 0.5  # the author calls it the short of it
    length: float = 0.3  # words, up to `FULL`: a short sentence says less, and three of them leave room unused


WEIGHTS = Weights()
FULL = 20  # words of a sentence that is not short
# Where a post goes on after so many sentences, or three for each that is wanted, it has said long ago what it is about.
_ENOUGH = 10


def summarize(text: Text, *, sentences: int = SENTENCES, max_words: int = MAX_WORDS, weights: Weights = WEIGHTS) -> list[str]:
    """At most `sentences` sentences of at most `max_words` words in all, in reading order; [] where there is no prose.

    A sentence that leans on the one before it ("However, ...") is taken together with that one or not at all.
    """
    for kinds in (PARAGRAPHS, ITEMS, CELLS):
        prose = Prose(text, kinds, most=max(_ENOUGH, 3 * sentences))
        chosen = _choose(prose, _worth(prose, weights), sentences, max_words)
        if chosen:
            return [prose.candidates[index].text for index in sorted(chosen)]
    return []


def _worth(prose: Prose, weights: Weights) -> list[float]:
    """What each candidate is worth by itself."""
    # A stem of the title counts where its letters stand, be it inside a word: to split every candidate's words chooses no
    # better, and takes as long as all else here.
    title = weights.title / max(1, len(prose.title))
    return [
        weights.position / (1 + index / weights.decay)
        + title * sum(map(candidate.lower.__contains__, prose.title))
        + weights.opening * candidate.opening
        + weights.abstract * candidate.abstract
        + weights.length * min(1.0, candidate.size / FULL)
        for index, candidate in enumerate(prose.candidates)
    ]


def _choose(prose: Prose, worth: list[float], sentences: int, words: int) -> set[int]:
    """Indexes of the candidates chosen, each the best of those left together with what it leans on, by the mean of these."""
    candidates = prose.candidates
    ranked = sorted(range(len(worth)), key=worth.__getitem__, reverse=True)
    chosen: set[int] = set()
    told: frozenset[str] = frozenset()  # what the chosen ones have said
    while len(chosen) < sentences:
        best: tuple[int, ...] = ()
        most = -math.inf
        for index in ranked:
            if worth[index] <= most:
                break
            if index in chosen or candidates[index].size > words:  # asking for its chain takes longest of all
                continue
            chain = prose.chain(index)
            if len(chain) > 1:
                chain = tuple(one for one in chain if one not in chosen)
            if not chain or len(chosen) + len(chain) > sentences or sum([candidates[one].size for one in chain]) > words:
                continue
            mean = sum([worth[one] for one in chain]) / len(chain)
            if mean > most and prose.has_news(chain, told):
                best, most = chain, mean
        if not best:
            break
        chosen.update(best)
        told = told.union(*map(prose.news, best))
        words -= sum(candidates[one].size for one in best)
    return chosen
