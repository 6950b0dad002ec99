"""Folds: what is held out together, and that each topic is everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.posts import Post
from training.examples import STARTER, Example
from training.folds import FOLDS, folds


def example(number: int, topics: tuple[str, ...] = (), source: str | None = None, who: str = "") -> Example:
    return Example(Post(id=f"{number}", title=f"Post {number}", text="", source=source), topics, who)


@pytest.mark.parametrize(
    ("post", "origin"),
    [
        (Post(id="1", source="A blog", link="https://x.example/1"), "A blog"),
        (Post(id="1", link="https://X.example:8080/1?a"), "x.example:8080"),
        (Post(id="http://user@x.example/1"), "x.example"),
        (Post(id="owner/name/posts/1.md"), "owner/name"),
        (Post(id="owner/name"), "owner/name"),
        (Post(id="tag:x.example,2026:1"), "tag:x.example,2026:1"),
        (Post(id=7), "7"),
    ],
)
def test_the_origin_of_a_post(post: Post, origin: str) -> None:
    assert Example(post, ()).origin == origin


@given(
    st.lists(
        st.tuples(st.sampled_from([(), ("a",), ("b",), ("a", "b")]), st.integers(0, 9), st.booleans()), min_size=1, max_size=60
    ),
    st.integers(0, 5),
)
@settings(deadline=None)
def test_every_example_is_held_out_once_and_always_in_the_same_fold(
    rows: list[tuple[tuple[str, ...], int, bool]], seed: int
) -> None:
    examples = [
        example(number, topics, None if starter else f"blog {blog}", STARTER if starter else "")
        for number, (topics, blog, starter) in enumerate(rows)
    ]
    labels = np.array([[name in one.topics for name in "ab"] for one in examples])

    found = folds(examples, labels, seed)

    assert found.shape == (len(examples),)
    assert set(found) <= set(range(FOLDS))
    assert found.tolist() == folds(examples, labels, seed).tolist()


def test_posts_of_one_origin_are_held_out_together() -> None:
    examples = [example(number, ("a",) if number % 3 else (), f"blog {number % 10}") for number in range(100)]
    labels = np.array([["a" in one.topics] for one in examples])

    found = folds(examples, labels, 0)

    assert all(len({found[row] for row in range(blog, 100, 10)}) == 1 for blog in range(10))
    assert set(found) == set(range(FOLDS))


def test_where_one_blog_has_the_topic_alone_its_posts_are_spread() -> None:
    examples = [example(number, ("a",) if number < 20 else (), f"blog {number // 20}") for number in range(200)]
    labels = np.array([["a" in one.topics] for one in examples])

    found = folds(examples, labels, 0)

    assert sorted(np.bincount(found[:20])) == [4] * 5
