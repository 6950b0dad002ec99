"""A drift rings where posts have become others, and not where chance has drawn them."""

import random
from dataclasses import replace

import numpy as np
import pytest

from model.errors import ExampleError, VersionError
from model.posts import Post
from model.version import Version
from training import drift, starter

GERMAN = "Der Bäcker steht jeden Morgen um drei auf, heizt den Ofen und knetet den Teig, den er am Abend angesetzt hat."


def test_a_version_says_what_its_examples_were_like(version: Version) -> None:
    kept = version.manifest["baseline"]
    examples = starter.examples()

    assert kept["examples"] == len(examples)
    assert 0.9 < kept["known_words"]["mean"] < 1
    # Platt's calibration keeps the mean: the scores' is the share of the examples that have the topic.
    for topic in version.topics:
        share = np.mean([topic.name in example.topics for example in examples])
        assert kept["scores"][topic.name]["mean"] == pytest.approx(share, abs=0.002)
    none = np.mean([not example.topics for example in examples])
    assert kept["without_topic"]["mean"] == pytest.approx(none, abs=0.05)


@pytest.mark.parametrize("posts", [20, 60, 300])
def test_posts_of_the_same_kind_ring_no_alarm(version: Version, posts: int) -> None:
    found = drift.compare(version, [example.post for example in random.Random(posts).sample(starter.examples(), posts)])

    assert not found.time_to_label
    assert found.sentence == (
        "Too few posts to tell: 20, and it takes 30."
        if posts == 20
        else f"These {posts} posts are such as the version was trained on."
    )
    assert [one.name for one in found.comparisons] == [
        "known words",
        "posts without topic",
        *(topic.name for topic in version.topics),
    ]


def test_chance_rings_rarely() -> None:
    """Weeks drawn from the baseline itself, with no margin to help."""
    chance = np.random.default_rng(0)
    reach = 2.69  # of seven figures together
    for posts in (30, 300):
        alarms = sum(
            drift._compared("a", {"mean": 0.2, "deviation": 0.4}, 3_000, chance.binomial(1, 0.2, posts), 0, reach).drifted
            for _ in range(2_000)
        )
        assert alarms / 2_000 < 0.05 / 7 * 2


def test_unknown_words_ring(version: Version) -> None:
    found = drift.compare(version, [Post(id=str(number), text=GERMAN) for number in range(40)])

    words = found.comparisons[0]
    assert (words.name, words.drifted) == ("known words", True)
    assert words.low <= words.now - words.then <= words.high < 0
    assert found.time_to_label
    assert found.sentence.startswith("It is time to label: of 40 posts, known words ")
    assert found.to_dict()["comparisons"][0]["drifted"]
    assert not drift.compare(version, [Post(id="1", text=GERMAN)] * 29).time_to_label


def test_another_mixture_rings_by_topic(version: Version) -> None:
    posts = [example.post for example in starter.examples() if example.topics == ("networking",)][:60]

    found = drift.compare(version, posts)

    assert {one.name for one in found.comparisons if one.drifted} >= {"networking", "posts without topic"}
    assert "the mean score of networking" in found.sentence


def test_knowing_more_words_is_no_drift(version: Version) -> None:
    word = next(iter(version.vocabulary))
    found = drift.compare(version, [Post(id=str(number), text=word) for number in range(5_000)])

    assert (found.comparisons[0].now, found.comparisons[0].drifted) == (1, False)


def test_what_cannot_be_compared(version: Version) -> None:
    with pytest.raises(ExampleError, match="there is no post to compare"):
        drift.compare(version, [])
    old = replace(version, manifest={name: value for name, value in version.manifest.items() if name != "baseline"})
    with pytest.raises(VersionError, match="it does not say what its examples were like; train again"):
        drift.compare(old, [Post(id="1", text="a word")])
    empty = drift.compare(version, [Post(id="1", text="")] * 40)
    assert [one.name for one in empty.comparisons][:1] == ["posts without topic"]
