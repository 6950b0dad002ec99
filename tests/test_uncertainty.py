"""Which posts to label next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from model.classifier import Classification
from model.posts import Post
from model.version import Version
from training import starter
from training.examples import read
from training.uncertainty import ALIKE, choose, label_next, uncertainty

scores = st.lists(st.floats(0, 1), max_size=6)


@given(scores=scores)
def test_uncertainty_is_the_sum_of_the_entropies(scores: list[float]) -> None:
    expected = sum(float(entropy([score, 1 - score], base=2)) for score in scores)

    assert uncertainty(scores) == pytest.approx(expected, abs=1e-6)
    assert uncertainty(scores) == uncertainty([1 - score for score in scores]) == pytest.approx(uncertainty(scores[::-1]))


def judged(words: str, *scores: float) -> Classification:
    rows = np.array([ord(letter) for letter in words.split()], dtype=np.int64)
    nothing = np.zeros((len(rows), len(scores)))
    return Classification(rows, nothing[:, 0], nothing, np.zeros(len(scores)), np.array(scores))


def test_the_most_uncertain_first_and_likenesses_last() -> None:
    rows = [
        judged("a b c", 0.1),
        judged("d e f g h i j k l", 0.5),
        judged("d e f g h i j k", 0.49),  # eight of nine terms in common with the one before
        judged("d e f m n o p q", 0.4),
        judged("r", 1.0),
    ]

    assert choose(rows, 3) == [1, 3, 0]
    assert choose(rows, 9) == [1, 3, 0, 4, 2]
    assert choose(rows, 1) == [1]
    assert choose([], 1) == []


@given(
    posts=st.lists(st.tuples(st.sets(st.sampled_from("abcd"), min_size=1), scores.filter(len)), max_size=8),
    count=st.integers(1, 9),
)
def test_as_many_as_were_asked_for_and_none_twice(posts: list[tuple[set[str], list[float]]], count: int) -> None:
    rows = [judged(" ".join(words), *scores) for words, scores in posts]

    chosen = choose(rows, count)

    assert len(chosen) == len(set(chosen)) == min(count, len(posts))
    apart = [row for row in chosen if all(not _alike(posts[row][0], posts[other][0]) for other in chosen[: chosen.index(row)])]
    assert chosen[: len(apart)] == apart
    bits = [uncertainty(posts[row][1]) for row in apart]
    assert bits == sorted(bits, reverse=True)


def _alike(first: set[str], second: set[str]) -> bool:
    return len(first & second) >= ALIKE * len(first | second)


def test_a_post_says_what_it_is_torn_between(version: Version) -> None:
    posts = [example.post for example in starter.examples()[::10]]
    foreign = Post(id="de", text="Der Bäcker steht jeden Morgen um drei auf, heizt den Ofen und knetet den Teig.")

    found = label_next(version, [*posts, foreign, *posts], 5)

    assert len({one.post.id for one in found}) == 5
    assert [one.uncertainty for one in found] == sorted((one.uncertainty for one in found), reverse=True)
    for one in found:
        topic = next(topic for topic in version.topics if topic.name == one.topic)
        assert one.threshold == topic.threshold
        assert one.evidence_for or one.evidence_against
        assert all(weight > 0 for _, weight in one.evidence_for)
        assert all(weight < 0 for _, weight in one.evidence_against)
    assert label_next(version, [foreign], 5) == []


def test_what_is_written_is_an_example_once_it_has_topics(version: Version) -> None:
    import io

    from model import strict_json

    post = Post(id=7, title="Pods", text="The kubelet evicts pods.", link="https://a.example/")
    (row,) = [one.to_dict() for one in label_next(version, [post], 1)]

    got = read(io.BytesIO(strict_json.dumps(row | {"topics": ["containers"]}) + b"\n"), "labels")

    assert not got.faults
    (example,) = got.good
    assert (example.post.id, example.post.title, example.post.text, example.topics) == (7, post.title, post.text, ("containers",))
