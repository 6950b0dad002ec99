"""Wrong labels come to the top, with reasons."""

import random

import pytest

from model.errors import ExampleError
from model.posts import Post
from training import starter, suspects
from training.examples import Example

TOPICS = [topic.name for topic in starter.topics()]


def flipped(example: Example, topic: str) -> Example:
    """With a topic more, or less."""
    return example._replace(topics=tuple(sorted({topic} ^ set(example.topics))))


@pytest.mark.parametrize("seed", [0, 1])
def test_of_5_percent_wrong_labels_at_least_half_are_in_the_first_tenth(seed: int) -> None:
    chance = random.Random(seed)
    examples = chance.sample(starter.examples(), 800)
    wrong = {row: flipped(examples[row], chance.choice(TOPICS)) for row in chance.sample(range(800), 40)}

    found = suspects.suspects([wrong.get(row, example) for row, example in enumerate(examples)])

    assert len(found) == 800
    first = [one.example for one in found[:80]]
    assert sum(example in first for example in wrong.values()) >= 20


def test_a_suspect_says_why() -> None:
    examples = starter.examples()[::5]
    row = next(index for index, example in enumerate(examples) if example.topics == ("containers",))
    examples[row] = wrong = examples[row]._replace(topics=("networking",))

    found = suspects.suspects(examples)

    suspect = next(one for one in found if one.example == wrong)
    doubts = {doubt.topic: doubt for doubt in suspect.doubts}
    assert not doubts["containers"].labelled
    assert doubts["networking"].labelled
    assert doubts["containers"].score > 0.5 > doubts["containers"].usual
    assert doubts["networking"].score < 0.5 < doubts["networking"].usual
    for doubt in suspect.doubts:
        assert all(weight > 0 for _, weight in doubt.evidence_for)
        assert all(weight < 0 for _, weight in doubt.evidence_against)
        strengths = [abs(weight) for _, weight in doubt.evidence_for]
        assert strengths == sorted(strengths, reverse=True)
    assert suspect.to_dict()["doubts"][0]["topic"] == suspect.doubts[0].topic
    assert suspects.suspects(examples)[:20] == found[:20]


def test_examples_beside_are_learnt_from_and_not_judged() -> None:
    beside = starter.examples()[::5]
    own = [
        Example(
            Post(id="1", title="Pods", text="The kubelet evicts pods, and kubectl shows each container of a node."),
            ("networking",),
        ),
        Example(Post(id="2", title="Pods", text="A deployment of kubernetes pods, each container on its node."), ("containers",)),
        Example(beside[0].post, ("networking", "observability")),  # a later word on one of them
    ]

    found = suspects.suspects(own, beside)

    assert sorted(one.example.post.id for one in found) == sorted(example.post.id for example in own)
    assert {doubt.topic for one in found if one.example == own[0] for doubt in one.doubts} == {"containers", "networking"}


def test_a_topic_with_too_few_examples_is_passed_over() -> None:
    rare = [Example(Post(id=str(number), text=f"Knitting wool number {number}."), ("knitting",)) for number in range(2)]

    found = suspects.suspects([*starter.examples()[::10], *rare])

    assert "knitting" not in {doubt.topic for one in found for doubt in one.doubts}
    with pytest.raises(ExampleError, match="no topic has 5 examples with it and as many without"):
        suspects.suspects(rare)
    with pytest.raises(ExampleError, match="no topic has 5 examples"):
        suspects.suspects([])
