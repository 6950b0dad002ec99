"""The loop: good examples pass, bad teachers do not, and what serves is whole at every moment."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from model import text
from model.classifier import Classifier
from model.errors import ExampleError, VersionError
from model.posts import Post
from model.versions import Versions
from service.app import create_app
from service.retrain import retrain as retrain_with_store
from service.settings import Settings
from service.store import NewSource, Poll, PolledPost, Store
from tests.conftest import DATA, Run
from tests.store import made
from training import starter
from training.examples import Example, distinct, read
from training.recipe import Choice, make
from training.retraining import FIRST, FORCED, PROMOTED, REFUSED, SAME, Outcome, retrain

HOBBIES = DATA / "hobbies.jsonl"
# A part of the starter corpus as itself, and other parts as posts that people labelled.
BASE = starter.examples()[::15]
PEOPLE = [example._replace(who="ann") for example in starter.examples()[1::15]][:200]
ALONE = Choice(with_starter=False)  # what is given, a part of the starter corpus included


def hobbies() -> list[Example]:
    with HOBBIES.open("rb") as stream:
        return read(stream, "hobbies").good


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions of which one serves that learnt from the base."""
    versions = Versions(tmp_path_factory.mktemp("learnt"))
    versions.promote(versions.add(make(BASE, ALONE).fit()))
    return versions.directory


@pytest.fixture
def versions(learnt: Path, tmp_path: Path) -> Versions:
    directory = tmp_path / "models"
    for path in learnt.rglob("*"):
        if path.is_file():
            target = directory / path.relative_to(learnt)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return Versions(directory)


def serving(versions: Versions) -> dict[str, bytes]:
    """The pointer, and all bytes of the version that serves."""
    current = versions.current()
    assert current
    files = [versions.directory / "current", *sorted((versions.directory / current).iterdir())]
    return {str(path): path.read_bytes() for path in files}


def labelled(topics: Sequence[tuple[str, ...]]) -> list[Example]:
    return [example._replace(topics=names) for example, names in zip(PEOPLE, topics, strict=True)]


def shuffled(examples: Sequence[Example]) -> list[tuple[str, ...]]:
    return [examples[row].topics for row in np.random.default_rng(3).permutation(len(examples))]


def test_good_examples_are_promoted_with_the_numbers(versions: Versions) -> None:
    before = versions.current()
    steps: list[tuple[int, int, str]] = []

    outcome = retrain([*BASE, *PEOPLE], versions, ALONE, progress=lambda *step: steps.append(step))

    verdict = versions.verdict(outcome.name)
    assert verdict == json.loads(json.dumps(outcome.verdict))
    assert outcome.decision == PROMOTED
    assert versions.history() == [outcome.name, before]
    assert verdict["held_out"] == 200
    assert verdict["learnt_before"]["held_out"] == len(BASE)
    assert datetime.fromisoformat(verdict["at"])
    assert verdict["macro_f1"]["candidate"]["value"] > verdict["macro_f1"]["current"]["value"]
    assert verdict["difference"]["low"] <= verdict["difference"]["value"] <= verdict["difference"]["high"]
    assert verdict["topics"].keys() == {topic.name for topic in starter.topics()}
    assert steps == sorted(steps, key=lambda step: step[0])
    assert steps[-1][0] < steps[-1][1] == len(steps)

    assert make([*BASE, *PEOPLE], ALONE).fit().name == outcome.name, "the same examples and seed, the same bytes"
    again = retrain([*BASE, *PEOPLE], versions, ALONE)
    assert (again.decision, again.name) == (SAME, outcome.name)


@pytest.mark.parametrize(
    ("teacher", "why"),
    [
        (labelled(shuffled(PEOPLE)), "no better than shuffled ones would"),
        (labelled([("networking",)] * 200), "on what was learnt before"),
        (labelled([()] * 200), "falls"),
        (
            [PEOPLE[0]._replace(topics=("observability",))] * 200,
            "1 labelled posts are too few to judge by: it takes about 19 more",
        ),
    ],
    ids=["shuffled", "all of one topic", "none has a topic", "one post, 200 times"],
)
def test_bad_teachers_are_refused_and_what_serves_is_untouched(versions: Versions, teacher: list[Example], why: str) -> None:
    before = serving(versions)

    outcome = retrain([*BASE, *teacher], versions, ALONE)

    assert outcome.decision == REFUSED
    assert why in outcome.verdict["why"]
    assert serving(versions) == before
    assert versions.verdict(outcome.name) == json.loads(json.dumps(outcome.verdict))
    assert versions.load(outcome.name).name == outcome.name, "the candidate is kept for a look"


def test_posts_that_current_learnt_from_given_other_labels_are_refused(versions: Versions) -> None:
    """Both would learn the wrong labels, and agree on them, if the gate took today's labels for what was learnt."""
    wrong = [example._replace(topics=topics, who="bob") for example, topics in zip(BASE, shuffled(BASE), strict=True)][:200]
    before = serving(versions)

    outcome = retrain([*BASE, *wrong], versions, ALONE)

    assert outcome.decision == REFUSED
    assert "have other topics now" in outcome.verdict["notes"][0]
    assert serving(versions) == before


def test_force_promotes_and_the_reason_is_kept(versions: Versions) -> None:
    outcome = retrain([*BASE, *labelled([("networking",)] * 200)], versions, ALONE, force="all of them are about networks")

    assert versions.current() == outcome.name
    verdict = versions.verdict(outcome.name)
    assert verdict
    assert (verdict["decision"], verdict["why"]) == (FORCED, "all of them are about networks")
    assert "falls" in verdict["gate"]


def test_topics_that_would_be_lost_are_named(versions: Versions) -> None:
    kept = [example for example in BASE if "networking" not in example.topics]

    outcome = retrain([*kept, *PEOPLE[:0]], versions, ALONE)

    assert outcome.decision == REFUSED
    assert "it no longer knows the topics networking" in outcome.verdict["why"]


def test_a_frozen_file_judges_and_is_not_learnt_from(versions: Versions) -> None:
    frozen, given = PEOPLE[:100], PEOPLE

    outcome = retrain([*BASE, *given], versions, ALONE, frozen=frozen)

    assert outcome.verdict["held_out"] == 100
    assert outcome.verdict["examples"] == len(BASE) + 100
    assert "100 examples are in it" in outcome.verdict["notes"][-1]
    assert not {example.said for example in frozen} & versions.learnt(outcome.name)
    assert {example.said for example in [*BASE, *PEOPLE[100:]]} == versions.learnt(outcome.name)
    with pytest.raises(ExampleError, match="no example has the topic 'knitting'"):
        retrain(BASE, versions, ALONE, frozen=[PEOPLE[0]._replace(topics=("knitting",))])


def test_what_ends_it_leaves_nothing(versions: Versions) -> None:
    before, names = serving(versions), versions.names()

    def stop(done: int, steps: int, what: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrain([*BASE, *PEOPLE], versions, ALONE, progress=stop)

    assert serving(versions) == before
    assert versions.names() == names
    assert sorted(path.name for path in versions.directory.iterdir()) == sorted([*names, ".lock", "current"])


def test_another_promotion_meanwhile_is_not_undone(versions: Versions) -> None:
    other = versions.add(make(BASE[::2], ALONE).fit())

    def promote(done: int, steps: int, what: str) -> None:
        versions.promote(other)

    with pytest.raises(VersionError, match="another version was promoted meanwhile; run it again"):
        retrain([*BASE, *PEOPLE], versions, ALONE, progress=promote)

    assert versions.current() == other


def test_a_version_that_does_not_say_what_it_learnt_from_is_judged_as_it_stands(versions: Versions) -> None:
    content = make(BASE, ALONE).fit()
    older = versions.add(type(content)(content.manifest, content.vocabulary, content.idf, content.coefficients, content.card))
    versions.promote(older)

    outcome = retrain([*BASE, *PEOPLE], versions, ALONE)

    assert versions.learnt(older) == set()
    assert outcome.verdict["learnt_before"] is None
    assert outcome.verdict["held_out"] == 200
    assert any("judged as it stands" in note for note in outcome.verdict["notes"])


def test_labels_by_categories_are_learnt_from_and_never_judged_by(versions: Versions) -> None:
    weak = [example._replace(who="a feed", weak=True) for example in PEOPLE[:100]]

    outcome = retrain([*BASE, *weak, *PEOPLE[100:]], versions, ALONE, keep=False)

    assert outcome.verdict["held_out"] == 100
    assert outcome.verdict["examples"] == len(BASE) + 200
    assert not (versions.directory / outcome.name).exists(), "nothing was to be kept"


def test_a_person_is_believed_before_categories_whoever_came_later() -> None:
    person = PEOPLE[0]
    weak = person._replace(topics=("integration",), weak=True)

    assert distinct([person, weak]) == [person]
    assert distinct([weak, person]) == [person]
    assert distinct([weak, weak._replace(topics=())]) == [weak._replace(topics=())]


def test_people_weigh_more_than_categories() -> None:
    def score(of: Example) -> float:
        version = make([*BASE, *(of._replace(post=Post(id=n, title=f"{n}", text="zyzzyva zyzzyva")) for n in range(5))], ALONE)
        judged = Classifier(version.fit().version()).classify(text.of_post(Post(id="x", title="", text="zyzzyva")))
        return float(judged.scores[0])

    person = Example(Post(id="x"), ("ai-agents",), "ann")
    assert score(person) > score(person._replace(weak=True))


def test_unknown_topics_are_named(versions: Versions) -> None:
    slip = [example._replace(topics=("netwroking",)) for example in PEOPLE[:12]]
    before = serving(versions)

    with pytest.raises(ExampleError) as error:
        retrain([*BASE, *slip], versions, ALONE)
    named = make([*BASE, *slip], Choice(with_starter=False, new_topics=["netwroking"]), versions.load())

    assert str(error.value) == (
        "topic 'netwroking': no version and no corpus here knows it; correct the 12 examples that have it, "
        "or pass --new-topic netwroking if it is one"
    )
    assert serving(versions) == before
    assert "netwroking" in [topic.name for topic in named.topics]


def test_the_starter_corpus_under_other_names() -> None:
    recipe = make([], Choice(mapping={"containers": "platform", "networking": "platform", "integration": "integration"}))

    assert [topic.name for topic in recipe.topics] == ["platform", "integration"]
    assert {name for example in recipe.examples for name in example.topics} == {"platform", "integration"}
    kept = {example.content for example in recipe.examples}
    for example in starter.examples():
        assert (example.content in kept) == (not {"ai-agents", "observability"} & set(example.topics))
    with pytest.raises(ExampleError, match="--map containers=No Name: the starter corpus"):
        make([], Choice(mapping={"containers": "No Name"}))
    with pytest.raises(ExampleError, match="its topics are ai-agents, networking"):
        make([], Choice(mapping={"nonsense": "platform"}))


def test_a_topics_file_says_which_there_are_and_what_they_are_called(tmp_path: Path) -> None:
    file = tmp_path / "topics.json"
    file.write_text(json.dumps([{"name": name, "title": name.title()} for name in ("gardening", "astronomy")]))

    with pytest.raises(ExampleError, match=r"topic 'cycling': .*topics.json does not list it; correct the 14 examples"):
        make(hobbies(), Choice(with_starter=False, topics_file=file))
    known = [example for example in hobbies() if "cycling" not in example.topics]
    recipe = make(known, Choice(with_starter=False, topics_file=file))

    assert [(topic.name, topic.title) for topic in recipe.topics] == [("gardening", "Gardening"), ("astronomy", "Astronomy")]


def test_own_topics_go_from_examples_to_answers(run: Run, tmp_path: Path) -> None:
    home = {"TOPICWIRE_HOME": str(tmp_path)}

    first = run("retrain", HOBBIES, "--no-starter", **home)
    again = run("retrain", HOBBIES, "--no-starter", **home)

    assert (first.returncode, first.stderr) == (0, b"")
    assert "first: there was no current version" in first.stdout.decode()
    assert again.returncode == 0
    assert "serves already" in again.stdout.decode()
    posts = [
        {"title": "Jupiter at its best", "text": "Point the telescope at the planet before midnight and count its moons."},
        {
            "title": "Rhubarb",
            "text": "Compost over the bed in winter, and water the plant in its first summer; the soil must drain.",
        },
        {"title": "A squeak in the saddle", "text": "Ride a climb, then oil the chain and tighten the bolt of the saddle."},
        {"title": "Soup", "text": "Onions, butter, flour and an hour of patience make the soup that my aunt served on Sundays."},
    ]
    with create_app(Settings(home=tmp_path)).test_client() as client:
        answer = client.post("/v1/tag", json={"posts": posts}).json
        topics = client.get("/v1/topics").json
    assert answer
    assert [result["topics"] for result in answer["results"]] == [["astronomy"], ["gardening"], ["cycling"], []]
    assert topics
    assert [topic["name"] for topic in topics["topics"]] == ["astronomy", "cycling", "gardening"]


def test_files_that_cannot_be_used_are_refused_by_line(run: Run, tmp_path: Path) -> None:
    whole = HOBBIES.read_bytes()
    cut, empty = tmp_path / "cut.jsonl", tmp_path / "empty.jsonl"
    cut.write_bytes(whole[: len(whole) // 2])
    empty.write_bytes(b'{"title": "", "text": " ", "topics": ["gardening"]}\n' * 200)

    done = {path: run("retrain", path, "--no-starter", TOPICWIRE_HOME=str(tmp_path)) for path in (cut, empty)}

    assert [one.returncode for one in done.values()] == [1, 1]
    lines = whole[: len(whole) // 2].count(b"\n") + 1
    assert done[cut].stderr.decode().startswith(f"topicwire: {cut}:{lines}: it is no JSON: ")
    assert "rows that cannot be used: 1, so nothing was done" in done[cut].stderr.decode()
    assert "rows that cannot be used: 200, so nothing was done" in done[empty].stderr.decode()
    assert not (tmp_path / "models").exists()


def test_a_refusal_is_exit_code_3_with_a_table_or_as_json(run: Run, tmp_path: Path) -> None:
    home = {"TOPICWIRE_HOME": str(tmp_path)}
    posts = hobbies()
    turned = {"astronomy": "cycling", "cycling": "gardening", "gardening": "astronomy"}
    wrong = tmp_path / "wrong.jsonl"
    rows = [
        {"title": f"{one.post.title}!", "text": one.post.text, "topics": [turned[name] for name in one.topics]} for one in posts
    ]
    wrong.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run("retrain", HOBBIES, "--no-starter", **home).returncode == 0
    versions = Versions(tmp_path / "models")
    before = serving(versions)

    table = run("retrain", HOBBIES, wrong, "--no-starter", **home)
    verdict = run("retrain", HOBBIES, wrong, "--no-starter", "--json", **home)

    assert (table.returncode, verdict.returncode) == (3, 3)
    assert serving(versions) == before
    printed = table.stdout.decode()
    assert "54 posts that current learnt from, held out from both" in printed
    assert "\nrefused: " in printed
    assert "and " in printed.splitlines()[-1]
    answer = json.loads(verdict.stdout)
    assert answer["decision"] == REFUSED
    assert answer.pop("version") in printed


@pytest.mark.parametrize(
    "arguments", [["--force", " "], ["--map", "containers"], ["--map", "=x"], ["--seed", "-1"]], ids=" ".join
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    assert run("retrain", *arguments).returncode == 2


def test_corrections_in_the_store_are_learnt_from(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    posts = [Post(id=f"{n}", title=one.post.title, html=one.post.text) for n, one in enumerate(hobbies())]
    with Store.open(settings) as store:
        source, _ = store.add_source(NewSource("https://one.example/feed.xml"), now=made.NOW)
        polled = [PolledPost(made.tagged(post)) for post in posts]
        store.record_poll(Poll(source.id, source.lease, made.NOW, "fetched", 0.5, made.NOW, status=200, posts=polled))
        topics = {one.post.title: one.topics for one in hobbies()}
        for stored in store.posts(limit=100).posts:
            store.correct(stored.number, topics[stored.tagged.post.title], "ann")

    outcome: Outcome = retrain_with_store(settings, [], Choice(with_starter=False))

    assert outcome.decision == FIRST
    assert outcome.verdict["held_out"] == len(posts)
    with pytest.raises(ExampleError, match="no example to learn from"):
        retrain_with_store(Settings(home=tmp_path / "other"), [], Choice(with_starter=False))
