"""Words looked up all at once: as a dict of strings would answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import text
from model._vocabulary import UNKNOWN, Vocabulary

# Beyond eight letters and beyond sixteen; alike at both ends; beyond ASCII.
WORDS = """
    ab abc abcd k8s kubernetes container containers abcdefgh abcdefghi zbcdefghijklmnop abcdefghijklmnop abcdefghijklmnoq
    internationalization internationalisation abcdefghXabcdefgh abcdefghYabcdefgh größe œuvre 数据 данные
    """.lower().split()
ROWS = {word: row for row, word in enumerate(WORDS)}


def looked_up(line: str) -> list[int]:
    rows: list[int] = Vocabulary(WORDS, range(len(WORDS))).rows(text.spaced(line))[0].tolist()
    return rows


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Kubernetes on K8s", [4, UNKNOWN, 3]),
        ("a 7 42 3scale k8s", [3]),
        ("", []),
        ("Internationalisation, not internationalization", [13, UNKNOWN, 12]),
        ("Größe! 数据? a数据", [16, 18, UNKNOWN]),
    ],
)
def test_rows(line: str, expected: list[int]) -> None:
    assert looked_up(line) == expected


def test_words_that_repeat_themselves_are_not_taken_for_one_another() -> None:
    words = [letters * times for letters in ("ab", "abc", "abcdefgh") for times in range(2, 12)]
    alike = [word[:8] + word[-8:] for word in WORDS if word.isascii() and len(word) > 8]
    words = list(dict.fromkeys([*words, *["a" * length for length in range(2, 40)], *WORDS, *alike]))

    assert Vocabulary(words, range(len(words))).rows(text.spaced(" ".join(words)))[0].tolist() == list(range(len(words)))


@given(st.lists(st.sampled_from(WORDS) | st.text("abcdefgh", max_size=18) | st.text(max_size=4)).map(" ".join))
def test_rows_are_those_of_the_words(line: str) -> None:
    assert looked_up(line) == [ROWS.get(word, UNKNOWN) for word in text.words(line)]


def test_every_word_of_a_large_vocabulary_is_found_where_it_stands() -> None:
    words = [f"w{number:x}" + "x" * (number % 23) for number in range(20_000)]
    data = text.spaced(" ".join(words))

    rows, places = Vocabulary(words, range(len(words))).rows(data)

    assert rows.tolist() == list(range(len(words)))
    assert [data[place:].split(maxsplit=1)[0] for place in places[:1000].tolist()] == [word.encode() for word in words[:1000]]


def test_an_empty_vocabulary_knows_nothing() -> None:
    assert np.array_equal(Vocabulary([], []).rows(b"some words")[0], [UNKNOWN, UNKNOWN])
