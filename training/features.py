"""The posts of labelled examples -> the features that a classifier learns from: as the model itself will see them.

TF-IDF over words and pairs of neighbouring words. A long post is the weighted mean of the whole and of its passages, as
`model.classifier` has it: learnt from as it is scored, one long post of many subjects teaches what one short one does.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from model import text
from model.function_words import FUNCTION_WORDS
from model.posts import Post
from model.text import Text

# How often the words of a title count. Once loses about two points of F1, five times gains nothing more.
TITLE_WEIGHT = 3
# A pair of words is learnt if so many examples have it. All pairs gain nothing more, and are six times as many.
PAIR_EXAMPLES = 2
# Of a long post: known words in a passage, about as many as a post of the starter corpus has, and the shares of the
# whole post and of its first passage in the mean.
PASSAGE_WORDS = 60
WHOLE_SHARE = 0.3
LEAD_SHARE = 0.2
# A text that knows fewer of its words than nearly all examples do of theirs, by this factor, is in another language.
KNOWN_SLACK = 0.9
KNOWN_QUANTILE = 0.01

Parse = Callable[[Post], Text]


def once(parse: Parse = text.of_post) -> Parse:
    """The same, but each post is parsed once: for whoever fits many times on nearly the same posts."""
    parsed: dict[int, tuple[Post, Text]] = {}  # the post is kept, so that its number stays its own

    def remembered(post: Post) -> Text:
        if id(post) not in parsed:
            parsed[id(post)] = post, parse(post)
        return parsed[id(post)][1]

    return remembered


def terms(parsed: Text) -> list[str]:
    """The terms of a text as they are counted: its words but for function words, and each two that then are neighbours;
    the title's several times."""
    return with_pairs(parsed.title_words) * TITLE_WEIGHT + with_pairs(parsed.words())


def with_pairs(words: Iterable[str]) -> list[str]:
    """Words but for function words, and then the pairs of neighbours that are left."""
    content = [word for word in words if word not in FUNCTION_WORDS]
    return content + [f"{first} {second}" for first, second in pairwise(content)]


def vocabulary(documents: Iterable[Sequence[str]]) -> list[str]:
    """All words, sorted, then the pairs that are frequent enough, sorted by their words."""
    examples = Counter(term for document in documents for term in set(document))
    words = sorted(term for term in examples if " " not in term)
    pairs = sorted(tuple(term.split(" ")) for term, count in examples.items() if " " in term and count >= PAIR_EXAMPLES)
    return words + [" ".join(pair) for pair in pairs]


def vectorizer(vocabulary: Sequence[str]) -> TfidfVectorizer:
    """To be fitted to the terms of texts."""
    return TfidfVectorizer(analyzer=_identity, vocabulary=vocabulary)


def _identity(terms: list[str]) -> list[str]:
    return terms


def vectors(fitted: TfidfVectorizer, texts: Sequence[Text]) -> Any:
    """Sparse [texts, terms]: the vector of each text, the mean of its parts where it is long."""
    parts: list[list[str]] = []
    places: list[int] = []  # of each part, the text that it is of
    shares: list[float] = []
    for place, parsed in enumerate(texts):
        of_text = _passages(parsed, fitted.vocabulary_)
        parts += [terms(parsed), *of_text]
        places += [place] * (1 + len(of_text))
        shares += _shares(len(of_text))
    averaging = csr_matrix((shares, (places, np.arange(len(parts)))), shape=(len(texts), len(parts)))
    return (averaging @ fitted.transform(parts)).tocsr()


def _passages(parsed: Text, known: Container[str]) -> list[list[str]]:
    """The terms of each passage of a text of many known words, with the title's; every word goes with the pair that it
    begins."""
    words = [word for word in parsed.words() if word not in FUNCTION_WORDS]
    begun = [[word, f"{word} {after}"] for word, after in pairwise([*words, ""]) if word in known]
    count = len(begun) // PASSAGE_WORDS
    if count < 2:
        return []
    title = with_pairs(parsed.title_words) * TITLE_WEIGHT
    ends = [len(begun) * number // count for number in range(count + 1)]
    return [title + list(chain.from_iterable(begun[start:end])) for start, end in pairwise(ends)]


def _shares(passages: int) -> list[float]:
    """Of the whole, and of each passage."""
    if not passages:
        return [1.0]
    rest = (1 - WHOLE_SHARE - LEAD_SHARE) / passages
    return [WHOLE_SHARE, LEAD_SHARE + rest] + [rest] * (passages - 1)


def known_shares(texts: Sequence[Text]) -> list[float]:
    """Of the words of each example that has any, the share that it would know if it had not been learnt from: those that
    another example has, and the function words."""
    words = [[*parsed.title_words, *parsed.words()] for parsed in texts]
    examples = Counter(word for row in words for word in set(row))
    return [float(np.mean([examples[word] > 1 or word in FUNCTION_WORDS for word in row])) for row in words if row]


def known_share(shares: Sequence[float]) -> float:
    """The share of its words that a text must know to be judged, by the shares that the examples know."""
    return round(KNOWN_SLACK * float(np.quantile(shares, KNOWN_QUANTILE)), 4)
