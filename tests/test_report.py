"""The page shows the figures of the evaluation, nothing that it did not make itself, and needs nothing but itself."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from model.posts import Post
from model.tagger import Tagger
from model.version import Version
from tests.conftest import Run
from training import _svg, report, starter
from training.evaluation import NONE, Evaluation, Figure, Point, evaluate
from training.examples import Example

HOSTILE = "<script>alert(1)</script> & \"quotes\" '</style>'"
EXAMPLES = [
    *starter.examples()[::20],
    Example(Post(id="missed", title=HOSTILE, text="The kubelet evicts pods of a deployment."), ("networking",)),
    Example(Post(id='x" onload="alert(2)\x00', text="The resolver asks over IPv6; a firewall drops its packet."), ()),
    Example(Post(id="mute", title="Zzyzx", text="Qwrtzu."), ("containers",)),
]


@pytest.fixture(scope="module")
def judged(tagger: Tagger) -> Evaluation:
    return evaluate(tagger, EXAMPLES, draws=20)


@pytest.fixture(scope="module")
def page(judged: Evaluation, version: Version) -> str:
    return report.write(judged, version, ["held-out.jsonl", "<b>.csv"])


@pytest.fixture(scope="module")
def tree(page: str) -> etree._Element:
    """The page, read as XML: one tag left open or one attribute unquoted, and there is no tree."""
    return etree.fromstring(page.encode(), etree.XMLParser(recover=False, resolve_entities=False))


def text_of(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())


def section(tree: etree._Element, heading: str) -> etree._Element:
    return next(one for one in tree.iter("section") if one.findtext("h2") == heading)


def rows(part: etree._Element) -> Iterator[list[str]]:
    for row in part.iter("tr"):
        yield [text_of(cell) for cell in row]


def shown(figure: Figure) -> str:
    return f"{figure.value:.2f} {figure.low:.2f}–{figure.high:.2f}"


def test_it_shows_the_figures_of_the_evaluation(tree: etree._Element, judged: Evaluation, version: Version) -> None:
    whole = text_of(tree.find("body"))
    overall = judged.overall

    assert f"Model {judged.model}, judged on {judged.posts} posts" in whole
    assert "Labelled posts from held-out.jsonl, <b>.csv." in whole
    assert f"{overall['macro_f1'].value:.2f} Macro F1, 95 % interval {overall['macro_f1'].low:.2f} to" in whole
    assert [text_of(tile[1]) for tile in tree.iterfind(".//dl/div")] == [
        shown(overall[name]) for name in ("exact_set", "none_f1", "mean_average_precision", "ece")
    ]
    assert list(rows(section(tree, "Each topic")))[1:] == [
        [topic.title, str(judged.counts[topic.name]), ""]
        + [shown(judged.topics[topic.name][name]) for name in ("f1", "precision", "recall", "average_precision", "ece")]
        for topic in version.topics
    ]


def test_it_shows_what_is_taken_for_what(tree: etree._Element, judged: Evaluation, version: Version) -> None:
    titles = {topic.name: topic.title for topic in version.topics} | {NONE: "None"}

    assert list(rows(section(tree, "What is taken for what"))) == [["Expected", *titles.values(), "Posts"]] + [
        [titles[expected], *(str(count or "") for count in row.values()), str(judged.counts[expected])]
        for expected, row in judged.confusion.items()
    ]


def test_every_topic_has_its_curve_and_its_strongest_terms(tree: etree._Element, judged: Evaluation, version: Version) -> None:
    cards = tree.findall(".//article[@class='topic']")

    assert [card.findtext("h3") for card in cards] == [topic.title for topic in version.topics]
    for column, (card, topic) in enumerate(zip(cards, version.topics, strict=True)):
        figures = judged.topics[topic.name]
        served = f"precision {figures['precision'].value:.2f}, recall {figures['recall'].value:.2f}"
        assert card.findtext(".//svg/circle/title") == f"threshold {topic.threshold:.2f}: {served}"
        weights = dict(zip(version.terms, (version.idf * version.coefficients[:, column]).tolist(), strict=True))
        by_weight = sorted(weights, key=lambda term: weights[term])
        assert [item.text for item in card.iterfind(".//div[@class='for']/ol/li")] == by_weight[::-1][: report.TERMS]
        assert [item.text for item in card.iterfind(".//div[@class='against']/ol/li")] == by_weight[: report.TERMS]


def test_the_served_threshold_lies_on_the_curve(tree: etree._Element) -> None:
    for svg in tree.iterfind(".//article[@class='topic']//svg"):
        path = svg.find("path[@class='curve']").get("d")
        mark = svg.find("circle")
        x, y = float(mark.get("cx")), float(mark.get("cy"))
        place, corners = (0.0, 0.0), set()
        for command, first, second in re.findall(r"([MVH])([\d.]+)(?: ([\d.]+))?", path):
            start = place
            place = (float(first), float(second)) if command == "M" else place
            place = (float(first), place[1]) if command == "H" else (place[0], float(first)) if command == "V" else place
            corners.add((start, place))
        assert any(b == (x, y) for _, b in corners), (x, y)


def test_a_curve_is_drawn_where_its_points_are() -> None:
    points = [Point(0.9, 1.0, 0.5), Point(0.4, 0.5, 0.5), Point(0.3, 0.6667, 1.0)]
    left, right, top, bottom = _svg.LEFT, _svg.RIGHT, _svg.TOP, _svg.BOTTOM

    svg = etree.fromstring(_svg.precision_recall(points, 0.5, 0.5, 0.4, "<label>"))

    middle, half = (left + right) / 2, (top + bottom) / 2
    third = round(bottom - 0.6667 * (bottom - top), 1)
    assert svg.get("aria-label") == "<label>"
    assert svg.find("path[@class='curve']").get("d") == (
        f"M{left:.1f} {top:.1f}V{top:.1f}H{middle}V{half}H{middle}V{third}H{right:.1f}"
    )
    assert (svg.find("circle").get("cx"), svg.find("circle").get("cy")) == (f"{middle}", f"{half}")


def test_the_reliability_diagram_has_a_bar_for_each_bin(tree: etree._Element, judged: Evaluation) -> None:
    svg = section(tree, "Can the scores be believed?").find(".//svg")

    assert [bar.getnext().text for bar in svg.iterfind("rect")] == [str(one.scores) for one in judged.reliability]
    assert [dot.findtext("title") for dot in svg.iterfind("circle")] == [
        f"{one.scores} scores of {one.mean:.2f} on average: {one.share.value:.2f} have the topic"
        for one in judged.reliability
        if one.scores
    ]


def test_the_worst_mistakes_come_with_all_their_evidence(tree: etree._Element, judged: Evaluation, version: Version) -> None:
    articles = tree.findall(".//article[@class='mistake']")
    evidence = {article.findtext("h3"): [text_of(part) for part in article.iter("p", "ul")] for article in articles}
    pods = next(mistake for mistake in judged.mistakes if mistake.id == "missed")
    titles = {topic.name: topic.title for topic in version.topics}
    thresholds = {topic.name: topic.threshold for topic in version.topics}
    expected = []
    for topic in [*pods.given, "networking"]:
        what = "missed" if topic == "networking" else "given wrongly"
        expected += [
            f"{titles[topic]} {what}: score {pods.scores[topic]:.2f}, threshold {thresholds[topic]:.2f}",
            " ".join(f"{term} {weight:+.2f}" for term, weight in pods.evidence[topic]),
        ]

    assert len(articles) == min(len(judged.mistakes), report.WORST)
    assert evidence[HOSTILE] == [
        f"Expected Networking; given {', '.join(titles[topic] for topic in pods.given)}. missed",
        *expected,
    ]
    assert "pods +" in " ".join(expected)
    assert {weight > 0 for _, weight in pods.evidence["networking"]} == {True, False}
    assert evidence["Zzyzx"][-1] == "no word that it knows"


def test_nothing_hostile_runs_and_nothing_is_loaded(page: str, tree: etree._Element) -> None:
    elements = {str(element.tag) for element in tree.iter() if isinstance(element.tag, str)}
    attributes = {(name, value) for element in tree.iter() for name, value in element.attrib.items()}

    assert not elements & {"script", "link", "img", "iframe", "object", "embed", "base", "use", "image", "form", "a"}
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("src", "href", "srcset", "action")]
    assert not re.search(r"https?:|url\(|@import|//", page)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", page)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert tree.find(".//meta[@http-equiv]").get("content") == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_same_evaluation_gives_the_same_page(tagger: Tagger, version: Version, page: str) -> None:
    assert report.write(evaluate(tagger, EXAMPLES, draws=20), version, ["held-out.jsonl", "<b>.csv"]) == page


def test_where_it_is_weak(version: Version, tagger: Tagger) -> None:
    pods = [Example(Post(id=f"{n}", text="The kubelet evicts pods of a deployment."), ("networking",)) for n in range(2)]
    weak = report.write(evaluate(tagger, pods, draws=5), version, ["x"])

    sentences = [text_of(item) for item in section(etree.fromstring(weak), "Where it is weak").iter("li")]

    assert sentences[0] == (
        "No post here has AI agents or Containers or Observability or Integration: such a topic counts as 0 above, and "
        "nothing is known of it."
    )
    assert "The weakest topic is Networking, F1 0.00: 2 of the 2 posts that have it are missed" in sentences[1]
    assert sentences[2] == "The most frequent mistakes: Containers given to posts about Networking (2 posts)."
    assert weak.count("No post here has this topic, so there is no curve.") == 4


def test_a_model_without_mistakes_and_a_topic_of_hostile_name(version: Version, tagger: Tagger) -> None:
    named = replace(version, topics=(replace(version.topics[0], title=HOSTILE), *version.topics[1:]))
    right = [Example(Post(id="1", text="The kubelet evicts pods of a deployment."), ("containers",))]

    page = report.write(evaluate(tagger, right, draws=5), named, ["x"])

    tree = etree.fromstring(page)
    assert "None: every post was given just the topics that a person gave it." in text_of(section(tree, "The worst mistakes"))
    assert tree.findtext(".//article/h3") == HOSTILE


def test_evaluate_writes_the_page_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    target, gold = tmp_path / "report.html", tmp_path / "gold.jsonl"
    gold.write_text(json.dumps({"title": "A", "text": "The kubelet evicts pods.", "topics": ["containers"]}) + "\n")

    done = run("evaluate", gold, "--json", "--report", target)
    first = target.read_bytes()
    again = run("evaluate", gold, "--report", target)
    nowhere = run("evaluate", gold, "--report", tmp_path / "missing" / "report.html")
    unread = run("evaluate", tmp_path / "missing.jsonl", "--report", target)

    assert (done.returncode, again.returncode, nowhere.returncode, unread.returncode) == (0, 0, 1, 1)
    assert json.loads(done.stdout)["posts"] == 1
    assert b"from gold.jsonl." in first
    assert target.read_bytes() == first
    assert "cannot be written: No such file or directory" in nowhere.stderr.decode()
    assert b"macro f1" in nowhere.stdout  # a page that cannot be written costs no figures
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gold.jsonl", "report.html"]
    assert run("evaluate", gold, "--report", "-").returncode == 2
