"""The few sentences of a post that stand for it: extractive, verbatim, in reading order.

Which sentences may be quoted is `_prose`'s business. They are ranked by where they stand, what they share with the
title, and how central their words are to the whole post (the centroid method: Radev et al., "Centroid-based
summarization of multiple documents", 2004), and chosen one by one, each discounted by what the chosen ones have already
said (maximal marginal relevance: Carbonell and Goldstein, 1998).
"""

import math
import re
from collections import Counter
from dataclasses import dataclass, replace

from model._prose import Candidate, candidates
from model.function_words import FUNCTION_WORDS
from model.text import Text

# Defaults of what callers may choose.
SENTENCES = 3
MAX_WORDS = 70
MOST_SENTENCES = 10  # more is no summary


@dataclass(frozen=True, slots=True)
class Weights:
    """What makes a sentence worth quoting. Each weighs a figure between 0 and 1.

    Round numbers, set by hand: halving or doubling any one of them moves the measured recall by two hundredths at most.
    """

    position: float = 1.0  # authors say what a post is about at its beginning
    decay: float = 5.0  # after how many candidate sentences that falls to a half: the length of an introduction
    title: float = 0.5  # share of the title's words that the sentence takes up: the title is the author's own summary
    centrality: float = 1.0  # cosine to all words of the post; it is seldom above a half, so in effect as much as the title
    opening: float = 0.2  # it is the first of its paragraph, which says what the rest is about
    cue: float = 0.3  # it announces what the post does; little, since such phrases are also idle
    abstract: float = 0.5  # the author calls it the short of it
    repetition: float = 0.5  # discount: cosine to the most similar sentence chosen before


WEIGHTS = Weights()
# The first sentence is often a hook for the second: where only one is wanted, the beginning counts for less.
WEIGHTS_ALONE = replace(WEIGHTS, position=0.5)

_CUE = re.compile(
    r"\b(?:in this (?:post|article|blog|guide|tutorial|document|section)|"
    r"this (?:post|article|guide|tutorial|document|page|release)|"
    r"we(?:'re| are|’re)? (?:announc|introduc|releas|launch|excited|happy|pleased|proud|thrilled)\w*|"
    r"(?:is|are) now (?:generally )?available|learn how|shows? (?:you )?how|explains? how|describes|tl;?dr)\b",
    re.IGNORECASE,
)


def summarize(text: Text, *, sentences: int = SENTENCES, max_words: int = MAX_WORDS, weights: Weights | None = None) -> list[str]:
    """At most `sentences` sentences of at most `max_words` words in all, in reading order; [] where there is no prose.

    A sentence that leans on the one before it ("However, ...") is taken together with that one or not at all.
    """
    weights = weights or (WEIGHTS if sentences > 1 else WEIGHTS_ALONE)
    found = candidates(text)
    everything = _Bag(Counter(word for word in text.words() if word not in FUNCTION_WORDS))
    title = {word for word in text.title_words if word not in FUNCTION_WORDS}
    bags = [_Bag(Counter(word for word in candidate.words if word not in FUNCTION_WORDS)) for candidate in found]
    worth = [
        weights.position / (1 + index / weights.decay)
        + weights.title * (len(title & bag.counts.keys()) / len(title) if title else 0)
        + weights.centrality * bag.cosine(everything)
        + weights.cue * bool(_CUE.search(candidate.text))
        + weights.abstract * candidate.abstract
        + weights.opening * candidate.opening
        for index, (candidate, bag) in enumerate(zip(found, bags, strict=True))
    ]
    repeated = [0.0] * len(found)
    chosen: set[int] = set()
    words_left = max_words
    waiting = [chain for chain in _chains(found, sentences) if sum(found[index].size for index in chain) <= words_left]
    while waiting and len(chosen) < sentences:
        best = max(waiting, key=lambda chain: sum(worth[at] - weights.repetition * repeated[at] for at in chain) / len(chain))
        chosen.update(best)
        words_left -= sum(found[index].size for index in best)
        # What no longer fits is never looked at again: the work stays linear in the length of the post.
        left = (tuple(index for index in chain if index not in chosen) for chain in waiting)
        waiting = [
            chain
            for chain in left
            if chain and len(chosen) + len(chain) <= sentences and sum(found[index].size for index in chain) <= words_left
        ]
        for index in {index for chain in waiting for index in chain}:
            repeated[index] = max(repeated[index], *(bags[index].cosine(bags[new]) for new in best))
    return [found[index].text for index in sorted(chosen)]


def _chains(found: list[Candidate], most: int) -> list[tuple[int, ...]]:
    """Each candidate with those that it needs before it, where that is not more than `most`."""
    chains: list[tuple[int, ...]] = []
    for index, candidate in enumerate(found):
        before = () if candidate.needs is None else chains[candidate.needs]
        # A chain that is too long stays too long whatever is added to it.
        chains.append((*before, index) if len(before) <= most else before)
    return [chain for chain in chains if len(chain) <= most]


class _Bag:
    """How often each word is there, and the length of that as a vector."""

    __slots__ = ("counts", "norm")

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self.norm = math.sqrt(sum(count * count for count in counts.values()))

    def cosine(self, other: "_Bag") -> float:
        if not self.norm or not other.norm:
            return 0.0
        counts = other.counts
        return sum(count * counts[word] for word, count in self.counts.items() if word in counts) / (self.norm * other.norm)
