"""The learning curve: origins apart, and what is drawn is what was measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from model.errors import ExampleError
from model.tagger import Tagger
from tests.conftest import DATA, Run
from training import _svg, report, starter
from training.curve import JUDGES, Point, learning_curve, split
from training.evaluation import Figure, evaluate
from training.examples import Example, read
from training.starter import TopicInfo

TOPICS = [TopicInfo(name, name.title(), "") for name in ("astronomy", "cycling", "gardening")]
POINTS = [Point(0, Figure(0.8, 0.75, 0.85), None), Point(10, Figure(0.9, 0.85, 0.95), Figure(0.4, 0.3, 0.5))]


def hobbies() -> list[Example]:
    """As if of nine blogs that write of everything."""
    with (DATA / "hobbies.jsonl").open("rb") as stream:
        posts = read(stream, "hobbies").good
    return [example._replace(post=replace(example.post, source=f"{n // 6}")) for n, example in enumerate(posts)]


def test_no_origin_is_on_both_sides_and_each_topic_is() -> None:
    for seed in range(5):
        learnt, judges = split(hobbies(), [topic.name for topic in TOPICS], seed)

        assert not {one.origin for one in learnt} & {one.origin for one in judges}
        assert len(learnt) + len(judges) == 54
        assert JUDGES[0] <= len(judges) / 54 <= JUDGES[1] + 1 / 54
        for side in (learnt, judges):
            assert all(sum(topic.name in one.topics for one in side) > 4 for topic in TOPICS)


def test_more_posts_teach_more() -> None:
    points = learning_curve(hobbies(), TOPICS, sizes=(0, 30), seeds=(0, 1))

    assert [(point.posts, point.with_starter) for point in points] == [(0, None), (30, None)]
    assert points[0].without is None
    assert points[1].without
    assert points[1].without.low <= points[1].without.value <= points[1].without.high
    assert points[1].without.value > 0.4, "some of it must be learnt"


def test_posts_of_one_origin_cannot_be_split() -> None:
    one = [example._replace(post=replace(example.post, source="one")) for example in hobbies()]

    with pytest.raises(ExampleError, match="they are of 1 origins, which cannot be split"):
        learning_curve(one, TOPICS)


def test_the_plot_has_a_point_for_each_measurement(tagger: Tagger) -> None:
    tree = etree.fromstring(_svg.learning_curve(POINTS, "A label"))

    dots = {dot.get("class"): [] for dot in tree.iter("circle")}  # type: ignore[var-annotated]
    for dot in tree.iter("circle"):
        dots[dot.get("class")].append((dot.get("cx"), dot.get("cy")))
    assert dots == {"mark": [("44.0", "48.0"), ("312.0", "28.0")], "mark other": [("312.0", "128.0")]}
    assert [text.text for text in tree.iter("text") if text.text in ("0", "10")] == ["0", "0", "10"]
    examples = starter.examples()[::60]
    page = report.write(evaluate(tagger, examples, draws=2), tagger.version, ["x"], POINTS)
    assert "What would labelling bring?" in page
    assert "0.40 <small>0.30–0.50</small>" in page
    assert "What would labelling bring?" not in report.write(evaluate(tagger, examples, draws=2), tagger.version, ["x"])
    etree.fromstring(page.partition("<html")[1].encode() + page.partition("<html")[2].encode())


def test_another_field_can_say_whose_a_post_is(run: Run, tmp_path: Path) -> None:
    example = hobbies()[0]
    other = example._replace(post=replace(example.post, extra={"repo": "owner/name"}))

    assert other.by("repo").origin == "owner/name"
    done = run("evaluate", "-", "--curve", "--by", "repo", stdin=b'{"title": "Pods", "text": "A pod.", "topics": []}')
    assert done.stderr.decode() == "topicwire: no example has the field 'repo'\n"


def test_a_point_as_json(tmp_path: Path) -> None:
    assert json.loads(json.dumps(POINTS[0].to_dict())) == {
        "posts": 0,
        "with_starter": {"value": 0.8, "low": 0.75, "high": 0.85},
        "without": None,
    }
