"""Labelled examples: good rows are kept, every fault is named with its line."""

import io
from collections import Counter
from datetime import UTC, datetime
from itertools import combinations

import pytest

from model.posts import content_id
from training import starter
from training.examples import digest, distinct, is_topic_name, read

JSONL = b"""{"id": "1", "title": "A", "text": "a", "topics": ["networking"]}

{"title": "B", "html": "<p>b</p>", "topics": []}
{"title": "C", "text": "c"}
{"title": "D", "text": "d", "topics": ["Not A Name"]}
{"title": "E", "text": "e", "topics": "networking"}
not json
{"title": 3, "text": "f", "topics": []}
{"text": "", "topics": ["networking"]}
{"title": "G", "text": "g", "topics": ["b", "a", "b"]}
["list"]
{"title": "cut", "te"""

FAULTS = [
    'x.jsonl:4 at /topics: an example has "topics", a list of names ([] for none)',
    "x.jsonl:5 at /topics/0: 'Not A Name' is no name of a topic: 1 to 64 of a-z, 0-9, `-` and `_`",
    'x.jsonl:6 at /topics: an example has "topics", a list of names ([] for none)',
    "x.jsonl:7: it is no JSON: Expecting value (line 1, column 1)",
    "x.jsonl:8 at /title: `title` is a string, this is a number",
    "x.jsonl:9: it has neither title nor body, so there is nothing to learn from",
    "x.jsonl:11: a post is a JSON object, this is an array",
    "x.jsonl:12: it is no JSON: Unterminated string starting at (line 1, column 18)",
]


def test_jsonl_keeps_the_good_rows_and_names_the_faults() -> None:
    got = read(io.BytesIO(JSONL), "x.jsonl")

    assert [(example.post.title, example.topics) for example in got.good] == [
        ("A", ("networking",)),
        ("B", ()),
        ("G", ("a", "b")),
    ]
    assert [str(fault) for fault in got.faults] == FAULTS


def test_csv_reads_the_same() -> None:
    data = (
        b"\xef\xbb\xbfid,title,text,topics,note\r\n"
        b'1,A,"two\nlines, here",networking; containers,x\r\n'
        b"2,B,b,,\r\n3,C,c\r\n4,D,d,No Name,x\r\n"
    )

    got = read(io.BytesIO(data), "x.csv")

    assert [(example.post.id, example.post.text, example.topics) for example in got.good] == [
        ("1", "two\nlines, here", ("containers", "networking")),
        ("2", "b", ()),
    ]
    assert [str(fault) for fault in got.faults] == [
        "x.csv:5: it has not the 5 columns of the first line",
        "x.csv:6 at /topics/0: 'No Name' is no name of a topic: 1 to 64 of a-z, 0-9, `-` and `_`",
    ]


def test_who_said_it_and_when_comes_along() -> None:
    rows = (
        b'{"title": "A", "text": "a", "topics": [], "who": "ann", "at": "2026-06-09T21:00:00+02:00"}\n'
        b'{"title": "B", "text": "b", "topics": [], "who": "blog.example", "weak": true}\n'
        b'{"title": "C", "text": "c", "topics": [], "who": 3}\n'
        b'{"title": "D", "text": "d", "topics": [], "at": "soon"}\n'
        b'{"title": "E", "text": "e", "topics": [], "weak": "maybe"}\n'
    )

    got = read(io.BytesIO(rows), "x.jsonl")

    assert [(example.who, example.at, example.weak) for example in got.good] == [
        ("ann", datetime(2026, 6, 9, 19, tzinfo=UTC), False),
        ("blog.example", None, True),
    ]
    assert [str(fault) for fault in got.faults] == [
        "x.jsonl:3 at /who: it must be a name",
        "x.jsonl:4 at /at: 'soon' is no time such as 2026-06-09T19:00:00Z",
        "x.jsonl:5 at /weak: 'maybe' must be true or false",
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b" \n", "x: it is empty"),
        ("text,topics\n".encode("utf-16"), "x: it is UTF-16; save the file as UTF-8"),
        (b"text,topics\ncaf\xe9,\n", "x:2: it is not UTF-8; save the file as UTF-8"),
        (b'{"title": "caf\xe9"}', "x:1: it is no JSON: it is not UTF-8 (byte 15)"),
        (b"a,b\n1,2\n", "x:1: the first line must name the columns `topics` and `text` or `html`"),
        (b'text,topics\n"open,networking\n', "x:1: it is no CSV: unexpected end of data"),
    ],
)
def test_files_that_are_none(data: bytes, fault: str) -> None:
    got = read(io.BytesIO(data), "x")

    assert got.good == []
    assert [str(found) for found in got.faults] == [fault]


def test_the_same_post_counts_once_and_the_last_word_holds() -> None:
    rows = b"""{"id": "1", "title": "A", "text": "a", "topics": ["x"]}
{"id": "2", "title": "A", "text": "a", "topics": ["y"]}
{"id": "1", "title": "B", "text": "b", "topics": []}"""

    once = distinct(read(io.BytesIO(rows), "x").good)

    assert [(example.post.id, example.topics) for example in once] == [("2", ("y",)), ("1", ())]
    assert digest(once) != digest(once[::-1])


def test_the_starter_corpus_is_sound() -> None:
    examples = starter.examples()
    names = {topic.name for topic in starter.topics()}
    files = {path.stem: len(path.read_text().splitlines()) for path in starter.CORPUS.glob("*.jsonl")}

    assert files.keys() == names | {"none", "several"}
    assert len(examples) == sum(files.values()) >= 1_200
    assert len({example.content for example in examples}) == len({example.post.title for example in examples}) == len(examples)
    assert all(files[name] >= 150 for name in names)
    assert sum(len(example.topics) > 1 for example in examples) == files["several"] >= 250
    assert 0.3 < sum(not example.topics for example in examples) / len(examples) < 0.4
    for example in examples:
        assert set(example.topics) <= names
        assert example.post.title
        assert 50 <= len((example.post.text or "").split()) <= 200


def test_no_two_posts_of_the_starter_corpus_are_near_copies() -> None:
    """By shared runs of three words: of the shorter post, never a fifth stands in another one."""
    runs = []
    places: dict[tuple[str, ...], list[int]] = {}
    for index, example in enumerate(starter.examples()):
        words = f"{example.post.title} {example.post.text}".lower().split()
        runs.append({tuple(words[i : i + 3]) for i in range(len(words) - 2)})
        for run in runs[-1]:
            places.setdefault(run, []).append(index)
    shared = Counter(pair for found in places.values() if len(found) > 1 for pair in combinations(found, 2))

    assert shared
    assert all(count < 0.2 * min(len(runs[one]), len(runs[other])) for (one, other), count in shared.items())


def test_names_of_topics_fit_into_urls() -> None:
    assert all(map(is_topic_name, ["a", "ai-agents", "x_1", "0"]))
    assert not any(map(is_topic_name, ["", "none", "all", "A", "a b", "-a", "a-", "a/b", "é", "a" * 65, "a\n"]))
    assert content_id("a", "b") != content_id("ab", "")
