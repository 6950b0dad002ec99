"""The few sentences of a post that stand for it: extractive, verbatim, in reading order.

Sentences of prose paragraphs are ranked by where they stand, what they share with the title, and how central their
words are to the whole post (the centroid method: Radev et al., "Centroid-based summarization of multiple documents",
2004), and chosen one by one, each discounted by what the chosen ones have already said (maximal marginal relevance:
Carbonell and Goldstein, 1998).
"""

import math
import re
from collections import Counter
from dataclasses import dataclass

from model.function_words import FUNCTION_WORDS
from model.text import Sentence, Text

# Defaults of what callers may choose.
SENTENCES = 3
MAX_WORDS = 60


@dataclass(frozen=True, slots=True)
class Weights:
    """What makes a sentence worth quoting. Each weighs a figure between 0 and 1."""

    position: float = 1.0  # authors say what a post is about at its beginning
    decay: float = 5.0  # after how many candidate sentences that falls to a half
    title: float = 0.6  # share of the title's words that the sentence takes up
    centrality: float = 0.5  # cosine to all words of the post
    cue: float = 0.3  # it announces what the post does
    repetition: float = 0.6  # discount: cosine to the most similar sentence chosen before


WEIGHTS = Weights()

_MIN_WORDS, _MOST_WORDS = 6, 50
_TERMINAL = re.compile(r"""[.!?…。！？][)\]"'”’»」』]*+\Z""")
_CUE = re.compile(
    r"\b(?:in this (?:post|article|blog|guide|tutorial|document|section)|"
    r"this (?:post|article|guide|tutorial|document|page|release)|"
    r"we(?:'re| are|’re)? (?:announc|introduc|releas|launch|excited|happy|pleased|proud|thrilled)\w*|"
    r"(?:is|are) now (?:generally )?available|learn how|shows? (?:you )?how|explains? how|describes|tl;?dr)\b",
    re.IGNORECASE,
)


def summarize(text: Text, *, sentences: int = SENTENCES, max_words: int = MAX_WORDS, weights: Weights = WEIGHTS) -> list[str]:
    """Up to `sentences` sentences, about `max_words` words in all, in reading order; [] where there is no prose.

    A sentence that would go over `max_words` is passed over, unless it is the first chosen.
    """
    candidates = _candidates(text)
    if not candidates:
        return []
    everything = _Bag(Counter(word for word in text.words() if word not in FUNCTION_WORDS))
    title = {word for word in text.title_words if word not in FUNCTION_WORDS}
    bags = [_Bag(Counter(word for word in sentence.words if word not in FUNCTION_WORDS)) for sentence in candidates]
    worth = [
        weights.position / (1 + index / weights.decay)
        + weights.title * (len(title & bag.counts.keys()) / len(title) if title else 0)
        + weights.centrality * bag.cosine(everything)
        + weights.cue * bool(_CUE.search(sentence.text))
        for index, (sentence, bag) in enumerate(zip(candidates, bags, strict=True))
    ]
    sizes = [len(sentence.text.split()) for sentence in candidates]
    repeated = [0.0] * len(candidates)
    chosen: list[int] = []
    left = max_words
    remaining = list(range(len(candidates)))
    while remaining and len(chosen) < sentences:
        best = max(remaining, key=lambda index: worth[index] - weights.repetition * repeated[index])
        chosen.append(best)
        left -= sizes[best]
        # What no longer fits is never looked at again: the work stays linear in the length of the post.
        remaining = [index for index in remaining if index != best and sizes[index] <= left]
        for index in remaining:
            repeated[index] = max(repeated[index], bags[index].cosine(bags[best]))
    return [candidates[index].text for index in sorted(chosen)]


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


def _candidates(text: Text) -> list[Sentence]:
    """The sentences of prose that can be read alone; a sentence that is there twice counts once."""
    found: dict[str, Sentence] = {}
    for block, sentences in zip(text.blocks, text.sentences, strict=True):
        if block.kind == "paragraph":
            for sentence in sentences:
                if _MIN_WORDS <= sentence.text.count(" ") + 1 <= _MOST_WORDS and _TERMINAL.search(sentence.text):
                    found.setdefault(sentence.text, sentence)
    return list(found.values())
