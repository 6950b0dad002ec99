"""What one version says otherwise than another."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from model.posts import Post
from model.versions import Versions
from service.settings import Settings
from service.store import Store
from tests import tiny
from tests.conftest import Run
from tests.store import made
from training import difference

BEFORE = tiny.content({"pods": "containers", "packets": "networking"})
AFTER = tiny.content(
    {"pods": "networking", "packets": "networking", "beets": "gardens"}, topics=tiny.TITLES | {"gardens": "Gardens"}
)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def post(number: int, text: str, days: int | None = None) -> tuple[Post, datetime | None]:
    published = None if days is None else NOW - timedelta(days=days)
    return Post(id=str(number), title="", text=text, published=published), published


def test_posts_with_other_topics_are_counted_and_shown_with_evidence_before_and_after() -> None:
    posts = [post(1, "pods", 3), post(2, "packets"), post(3, "beets", 1), post(4, "hours")]

    found = difference.compare(BEFORE.version(), AFTER.version(), posts, 10).to_dict()

    assert (found["before"], found["after"], found["posts"], found["changed"]) == (BEFORE.name, AFTER.name, 4, 2)
    assert found["topics"] == {
        "containers": {"before": 1, "after": 0, "gained": 0, "lost": 1},
        "networking": {"before": 1, "after": 2, "gained": 1, "lost": 0},
        "gardens": {"before": 0, "after": 1, "gained": 1, "lost": 0},
    }
    newest, other = found["changes"]
    assert (newest["id"], newest["gained"], newest["lost"]) == ("3", ["gardens"], [])
    assert newest["before"] == {"topics": [], "scores": {"containers": 0.017986, "networking": 0.017986}, "evidence": {}}
    assert newest["after"]["evidence"] == {"gardens": [("beets", 20.0)]}
    assert (other["id"], other["gained"], other["lost"]) == ("1", ["networking"], ["containers"])
    assert other["before"]["evidence"] == {"containers": [("pods", 20.0)], "networking": [("pods", 0.0)]}
    assert other["after"]["evidence"] == {"containers": [("pods", 0.0)], "networking": [("pods", 20.0)]}


@given(days=st.lists(st.none() | st.integers(0, 50), max_size=30), most=st.integers(1, 40))
def test_the_newest_are_shown_and_all_are_counted(days: list[int | None], most: int) -> None:
    found = difference.compare(BEFORE.version(), AFTER.version(), [post(at, "pods", day) for at, day in enumerate(days)], most)

    expected = sorted(range(len(days)), key=lambda at: 99 if days[at] is None else days[at] or 0)
    assert [int(str(change.post.id)) for change in found.changes] == expected[:most]
    assert (found.posts, found.changed) == (len(days), len(days))


def test_a_version_differs_from_itself_in_nothing() -> None:
    found = difference.compare(BEFORE.version(), BEFORE.version(), [post(1, "pods"), post(2, "beets")], 5)

    assert (found.posts, found.changed, found.changes) == (2, 0, [])


def test_the_command_compares_the_posts_of_files_and_of_the_store(run: Run, tmp_path: Path) -> None:
    home = {"TOPICWIRE_HOME": str(tmp_path)}
    versions = Versions(tmp_path / "models")
    versions.add(BEFORE)
    versions.promote(versions.add(AFTER))
    with Store.open(Settings(home=tmp_path)) as store:
        made.record(
            store, made.source(store), [made.tagged(made.post("urn:1", "pods")), made.tagged(made.post("urn:2", "packets"))]
        )
    file = tmp_path / "posts.jsonl"
    file.write_text('{"title": "Beets", "text": "beets", "id": 7}\nbroken\n')

    stored = run("models", "diff", BEFORE.name, "current", **home)
    given_ = run("models", "diff", BEFORE.name, AFTER.name, file, "--json", **home)

    assert stored.returncode == 0, stored.stderr
    assert stored.stdout.decode() == (
        f"1 of 2 posts have other topics by {AFTER.name} than by {BEFORE.name}\n\n"
        "topic                     before   after  gained    lost\n"
        "containers                     1       0       0       1\n"
        "networking                     1       2       1       0\n"
        "gardens                        0       0       0       0\n\n"
        "2026-06-01  Post urn:1  urn:1\n"
        "  + networking\n      before:  0.02  pods +0.00\n      after:   1.00  pods +20.00\n"
        "  - containers\n      before:  1.00  pods +20.00\n      after:   0.02  pods +0.00\n"
    )
    assert given_.returncode == 1, "one row was broken"
    assert [change["id"] for change in json.loads(given_.stdout)["changes"]] == [7]
    none = run("models", "diff", BEFORE.name, "current", "--since", "2026-06-02", **home)
    assert none.stdout.decode().startswith("0 of 0 posts")
    assert b"there is no such version" in run("models", "diff", BEFORE.name, "nothing", **home).stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "models").symlink_to(tmp_path / "models")
    assert b"nothing is stored here yet" in run("models", "diff", "current", "current", TOPICWIRE_HOME=str(elsewhere)).stderr
