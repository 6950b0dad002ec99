"""Posts that are the same on every machine: the starter corpus's sentences in a vendor blog's lengths and markup.

The figures are those of a public feed of 20 posts by many authors (370 kB; a table, a listing or a pasted page of a word
processor in some), as measured; none of its text is here.
"""

import html
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice

import numpy as np

from model import strict_json, text
from training import starter
from training.examples import Example

# Words of a post: the fewest, the quartiles, the most.
QUARTILES = (80, 530, 950, 1_870, 7_600)
# How many of a post's blocks are of which kind, and how many words each has in the mean.
BLOCKS = {"p": (669, 27), "li": (541, 12), "h2": (290, 5), "td": (282, 5), "blockquote": (40, 22), "pre": (16, 26)}
PROSE, HALF_A_SENTENCE = frozenset({"p", "blockquote"}), 8
# Inline elements in a thousand words, with the attributes that editors leave.
INLINE = {
    "strong": (15.7, "<strong>{}</strong>"),
    "span": (13.1, '<span class="lia-text-color-21" data-contrast="auto">{}</span>'),
    "a": (6.9, '<a href="https://www.example.com/docs/topics/{}/" target="_blank" rel="noopener">{}</a>'),
    "code": (4.4, "<code>{}</code>"),
    "em": (1.4, "<em>{}</em>"),
}


def feed(count: int, seed: int = 0) -> bytes:
    """An RSS feed of so many posts."""
    rng = random.Random(seed)
    places = np.linspace(0, 1, count) if count > 1 else np.array([0.5])
    lengths = np.exp(np.interp(places, np.linspace(0, 1, len(QUARTILES)), np.log(QUARTILES))).tolist()
    rng.shuffle(lengths)
    examples = starter.examples()
    items = []
    for number, length in enumerate(lengths):
        title, body = _post(rng, examples, length)
        link = f"https://www.example.com/blog/{number}"
        items.append(
            f"<item><title>{html.escape(title)}</title><link>{link}</link><description>{html.escape(body)}</description>"
            f"<pubDate>Mon, 01 Jun 2026 12:00:00 GMT</pubDate><dc:creator>An author</dc:creator><guid>{link}</guid></item>\n"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>'
        f"<title>Blog</title><link>https://www.example.com/</link>\n{''.join(items)}</channel></rss>\n"
    ).encode()


def lines(count: int, words: int, seed: int = 0) -> Iterator[bytes]:
    """JSONL of so many posts of about as many words; after 1,000 the bodies come again, with other ids."""
    rng = random.Random(seed)
    examples = starter.examples()
    kept = [_post(rng, examples, words) for _ in range(min(count, 1_000))]
    for number in range(count):
        title, body = kept[number % len(kept)]
        yield strict_json.dumps({"id": number, "title": title, "html": body}) + b"\n"


def examples(count: int, seed: int = 0) -> list[Example]:
    """So many labelled examples: each an example of the starter corpus with its sentences drawn anew from its topics."""
    rng = random.Random(seed)
    known = rng.sample(starter.examples(), len(starter.examples()))  # in the corpus they stand topic by topic
    pools: dict[tuple[str, ...], list[str]] = {}
    for example in known:
        pools.setdefault(tuple(example.topics), []).extend(_sentences(example))
    made = []
    for number in range(count):
        example = known[number % len(known)]
        body = " ".join(rng.sample(pools[tuple(example.topics)], 4))
        made.append(Example(replace(example.post, id=number, text=body, html=None), example.topics))
    return made


def _sentences(example: Example) -> list[str]:
    return [sentence for block in text.of_post(example.post).blocks for sentence in text.sentences(block)]


def _post(rng: random.Random, examples: list[Example], length: float) -> tuple[str, str]:
    """Title and HTML: sentences of its own topics first, then the others'."""
    subject = rng.choice(examples)
    pool = sorted(rng.sample(examples, len(examples)), key=lambda example: example.topics != subject.topics)
    prose, other = (
        (word for example in cycle(pool) for sentence in _sentences(example) for word in sentence.split()) for _ in range(2)
    )
    pieces, shares = [], [share for share, _ in BLOCKS.values()]
    while length > 0:
        (kind,) = rng.choices(list(BLOCKS), shares)
        mean = BLOCKS[kind][1] - (HALF_A_SENTENCE if kind in PROSE else 0)
        size = max(2, round(rng.expovariate(1 / mean)))
        words = list(islice(prose if kind in PROSE else other, size))
        while kind in PROSE and not words[-1].endswith((".", "!", "?")):  # authors finish their sentences
            words.append(next(prose))
        pieces.append(_block(kind, [_inline(rng, html.escape(word, quote=False)) for word in words]))
        length -= len(words)
    return subject.post.title, "\n".join(pieces).replace("'", "’")


def _block(kind: str, words: list[str]) -> str:
    wrapped = {"li": "<ul><li>{}</li></ul>", "td": "<table><tbody><tr><td>{}</td></tr></tbody></table>"}
    return wrapped.get(kind, f"<{kind}>{{}}</{kind}>").format(" ".join(words))


def _inline(rng: random.Random, word: str) -> str:
    at = rng.random() * 1000
    for name, (share, form) in INLINE.items():
        at -= share
        if at < 0:
            return form.format(rng.randrange(9999), word) if name == "a" else form.format(word)
    return word
