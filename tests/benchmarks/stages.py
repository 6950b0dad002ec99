"""The stages and the whole job, in one process: against the naive way, the floor, scikit-learn, fastText and sumy.

Each stage does its own work and no more: its input is made anew, untimed, before every run, so that nothing a `Text`
has kept from an earlier stage or round counts as free.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from xml.parsers import expat

import fasttext
import naive
import numpy as np
import same
from rows import Row, Way, in_turns
from selectolax.lexbor import LexborHTMLParser
from sklearn.pipeline import Pipeline

from model import feed, summarizer, text
from model.classifier import Classifier
from model.posts import Post
from model.tagger import Tagger
from model.version import Version
from training.examples import Example
from training.fit import Fitted

OFTEN = 100  # times that one post is classified in one measurement
FOUR_KILOBYTES = 4_000
BODIES = frozenset({"description", "content:encoded", "content", "summary"})


def measure(data: bytes, label: str, version: Version, pipeline: Pipeline, rounds: int) -> list[Row]:
    """The rows for one feed."""
    tagger, classifier, most = Tagger(version), Classifier(version), naive.SENTENCES
    read = feed.read(data).posts
    if not read or len(read) != len(naive.read(data)):
        raise SystemExit("Nothing to compare: both ways must find the same number of posts in the feed, and at least one.")

    def strings() -> list[tuple[str, str]]:
        return [(entry.get("title", ""), naive.html_to_text(naive.body(entry))) for entry in naive.read(data)]

    def texts() -> list[text.Text]:
        return [text.of_post(post) for post in feed.read(data).posts]

    def whole(given: bytes) -> object:
        return tagger.tag(feed.read(given).posts, sentences=most)

    def row(name: str, theirs: Way, ours: Way, wanted: str = "", repeats: int = rounds) -> Row:
        (slow, quick), (slow_wall, quick_wall) = in_turns(repeats, theirs, ours)
        wall = [one / other for one, other in zip(slow_wall, quick_wall, strict=True)]
        return Row(label, name, "ms", quick, theirs.name, slow, wall, wanted=wanted)

    (floor_ms, ours_ms), (floor_wall, ours_wall) = in_turns(
        max(rounds, 5), Way("the floor", lambda: data, floor), Way("topicwire", lambda: data, whole)
    )
    return [
        row(
            "the whole job", Way("naive", lambda: data, lambda it: naive.tag(pipeline, it)), Way("", lambda: data, whole), ">= 40"
        ),
        Row(
            label,
            "the whole job",
            "ms",
            ours_ms,
            "the floor",
            floor_ms,
            [one / other for one, other in zip(ours_wall, floor_wall, strict=True)],
            ours_over_theirs=True,
            wanted="<= 8",
        ),
        # Bytes -> entries or posts. feedparser also sanitizes the HTML; topicwire, which never shows it, does not.
        row("read the feed", Way("feedparser", lambda: data, naive.read), Way("", lambda: data, feed.read)),
        # HTML -> one string; for us, blocks and their kinds. No sentence or word is split yet.
        row(
            "HTML to text",
            Way("BeautifulSoup", lambda: naive.read(data), lambda it: [naive.html_to_text(naive.body(entry)) for entry in it]),
            Way("", lambda: feed.read(data).posts, lambda it: [text.of_post(post) for post in it]),
        ),
        # Text -> scores. Both sides split words here. Evidence is left out: the others have none.
        row(
            "classify",
            Way("scikit-learn, post by post", strings, lambda it: [naive.classify(pipeline, *one) for one in it]),
            Way("", texts, lambda it: [classifier.classify(parsed) for parsed in it]),
        ),
        # Text -> sentences of the summary. Both sides split sentences and words here.
        row(
            "summarize",
            Way("sumy's LexRank", strings, lambda it: [naive.summarize(body) for _, body in it]),
            Way("", texts, lambda it: [summarizer.summarize(parsed, sentences=most) for parsed in it]),
        ),
    ]


def classify(
    posts: list[Post], version: Version, fitted: Fitted, pipeline: Pipeline, examples: list[Example], rounds: int
) -> list[Row]:
    """One post and many: the same posts' blocks and title, as text, to all sides; each splits its words itself.

    fastText is quicker for one post: it is C++ from the text to the answer, where of our time a tenth goes by in making letters
    small, a quarter in looking words up, and the rest in some fifty calls of numpy. It names no terms, nor weighs passages.
    """
    classifier, predict = Classifier(version), _fasttext(examples)
    many = [text.of_post(post) for post in posts]
    np.testing.assert_allclose(
        same.scores(fitted, many), [classifier.classify(parsed).scores for parsed in many], rtol=0, atol=1e-9
    )
    one = min(many, key=lambda parsed: abs(len(_joined(parsed)) - FOUR_KILOBYTES))
    theirs: list[tuple[str, Callable[[list[text.Text]], object], tuple[str, str]]] = [
        ("scikit-learn, the same model", lambda given: same.scores(fitted, given), (">= 10", ">= 3")),
        ("scikit-learn's plain pipeline", lambda given: pipeline.predict_proba([_joined(parsed) for parsed in given]), ("", "")),
        ("fastText", lambda given: [predict(_joined(parsed)) for parsed in given], ("", "")),
    ]
    rows = []
    for alone, (name, given, times) in enumerate(
        [(f"a batch of {len(many)} posts", many, 1), ("one post of 4 kB", [one], OFTEN)]
    ):
        for other, work, wanted in theirs:
            (slow, quick), (slow_wall, quick_wall) = in_turns(
                rounds,
                _often(other, given, times, work),
                _often("", given, times, lambda it: [classifier.classify(parsed) for parsed in it]),
            )
            each = 1000 / times / len(given)
            rows.append(
                Row(
                    "classify, scores equal to 1e-9",
                    name,
                    "µs/post",
                    [each * value for value in quick],
                    other,
                    [each * value for value in slow],
                    [one / other for one, other in zip(slow_wall, quick_wall, strict=True)],
                    wanted=wanted[1 - alone],
                )
            )
    return rows


def _often(name: str, given: list[text.Text], times: int, work: Callable[[list[text.Text]], object]) -> Way:
    """The same texts so many times, their words not split yet."""
    return Way(
        name,
        lambda: [[text.Text(parsed.title, parsed.blocks) for parsed in given] for _ in range(times)],
        lambda batches: [work(batch) for batch in batches],
    )


def _joined(parsed: text.Text) -> str:
    return f"{parsed.title} {' '.join([block.text for block in parsed.blocks])}"


def floor(data: bytes) -> int:
    """Below this no Python program gets that does the same work: expat over the feed, a C parser's text of each post,
    `lower().split()`. Returns the number of words, so that nothing is left undone."""
    bodies: list[str] = []
    pieces: list[str] | None = None
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16

    def start(name: str, _: Any) -> None:
        nonlocal pieces
        if name in BODIES:
            pieces = []

    def end(name: str) -> None:
        nonlocal pieces
        if name in BODIES and pieces is not None:
            bodies.append("".join(pieces))
            pieces = None

    def characters(piece: str) -> None:
        if pieces is not None:
            pieces.append(piece)

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.Parse(data, True)
    return sum(len(LexborHTMLParser(body).text().lower().split()) for body in bodies)


def _fasttext(examples: list[Example]) -> Callable[[str], object]:
    """fastText's predict, learnt from the same examples: words and pairs, one against the rest."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "examples.txt"
        with path.open("w", encoding="utf-8") as stream:
            for example in examples:
                words = text.words(_joined(text.of_post(example.post)))
                stream.write(" ".join([f"__label__{topic}" for topic in example.topics] + words) + "\n")
        model = fasttext.train_supervised(str(path), loss="ova", wordNgrams=2, epoch=25, lr=0.5, thread=1, verbose=0)
    return lambda string: model.predict(string.lower().replace("\n", " "), k=-1)


def describe(data: bytes) -> str:
    posts = feed.read(data).posts
    sizes = [sum(len(block.text.split()) for block in text.of_post(post).blocks) for post in posts]
    return f"{len(posts)} posts, {len(data) / 1000:,.0f} kB, {min(sizes):,} to {max(sizes):,} words, median {median(sizes):,.0f}"
