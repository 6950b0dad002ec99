"""Stored posts are tagged again: newest first, in small steps, by the version that serves, and nothing newer is undone."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select, text

from model.errors import LeaseError, PostError, VersionError
from model.posts import TaggedPost
from model.tagger import Tagger
from model.versions import Version, Versions
from service import background, batch, cli
from service.retag import retag
from service.settings import Settings
from service.store import Store
from service.store.posts import _tagged_by
from service.store.schema import posts
from tests.conftest import Run
from tests.store.conftest import Target, settings_of
from tests.store.made import HOUR, NOW, ids, post, record, source, tagged
from training import starter
from training.recipe import Choice, make

PODS = "The kubelet evicts pods from a node of the Kubernetes cluster, and the deployment starts others."
DNS = "The resolver asks DNS over IPv6, and the firewall drops the packet on its way to the router."


@pytest.fixture
def versions(home: Path, tmp_path: Path) -> Versions:
    shutil.copytree(home / "models", tmp_path / "models")
    return Versions(tmp_path / "models")


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a version that knows less."""
    made = Versions(tmp_path_factory.mktemp("other"))
    return made.directory / made.add(make(starter.examples()[::10], Choice(with_starter=False)).fit())


def fill(store: Store, many: int = 200) -> None:
    record(store, source(store), [tagged(post(str(hours), PODS, hours=hours), "a") for hours in range(many)])


def promote_other(versions: Versions, other: Path) -> str:
    shutil.copytree(other, versions.directory / other.name)
    versions.promote(other.name)
    return other.name


def answers(store: Store) -> dict[str, str]:
    """Id -> version of the answer."""
    return {str(stored.tagged.post.id): stored.tagged.model for stored in store.posts(limit=1000).posts}


def test_all_are_tagged_as_the_version_would_tag_them_now(store: Store, versions: Versions, tagger: Tagger) -> None:
    fill(store)
    steps: list[tuple[int, int, str]] = []

    done = retag(store, versions, progress=lambda *step: steps.append(step))

    name = tagger.version.name
    assert (done.posts, done.version, done.failed) == (200, name, [])
    assert steps == [(number, 200, name) for number in (0, 64, 128, 192, 200)]
    for stored in store.posts(limit=1000, bodies=True).posts:
        [expected] = tagger.tag([stored.tagged.post])
        assert stored.tagged == expected
    assert len(store.posts(topic="containers", limit=1000).posts) == 200
    assert store.posts(topic="a").posts == []
    assert retag(store, versions).posts == 0


def test_who_is_ended_goes_on_from_the_newest_that_is_left(store: Store, versions: Versions) -> None:
    fill(store)

    def end(done: int, steps: int, version: str) -> None:
        if done == 128:
            raise LeaseError("another has it")

    with pytest.raises(LeaseError):
        retag(store, versions, progress=end)

    name = versions.current()
    assert {identity for identity, model in answers(store).items() if model == name} == {str(n) for n in range(128)}
    assert store.count_outdated(str(name)) == 72
    record(store, source(store), [tagged(post("news", PODS, hours=-1), "a")])
    assert retag(store, versions).posts == 73
    assert set(answers(store).values()) == {name}


def test_a_second_promotion_takes_over_from_the_newest_post_on(store: Store, versions: Versions, other: Path) -> None:
    fill(store)
    steps: list[tuple[int, int, str]] = []

    def promote(done: int, steps_: int, version: str) -> None:
        steps.append((done, steps_, version))
        if len(steps) == 2:
            promote_other(versions, other)

    first = versions.current()
    done = retag(store, versions, progress=promote)

    assert steps[:4] == [(0, 200, first), (64, 200, first), (0, 200, other.name), (64, 200, other.name)]
    assert (done.version, done.posts) == (other.name, 264)
    assert set(answers(store).values()) == {other.name}


def test_what_readers_and_pollers_say_meanwhile_holds(store: Store, versions: Versions) -> None:
    fill(store, 3)
    corrected = store.post("1")
    assert corrected
    store.correct(corrected.number, ["b"], "ann")
    old = {str(stored.tagged.post.id): stored for stored in store.outdated("v9")}

    record(store, source(store), [tagged(post("0", "changed", hours=0), "c", model="v1")])
    store.retag([(old["2"], tagged(old["2"].tagged.post, "c", model="v3"))])
    late = [(stored, tagged(stored.tagged.post, "b", model="v2")) for stored in old.values()]

    assert store.retag(late) == 1, "one has changed, one has a newer answer"
    assert answers(store) == {"0": "v1", "1": "v2", "2": "v3"}
    stored = store.post("1")
    assert stored
    assert (stored.topics, stored.tagged.topics) == (["b"], ["b"])
    assert ids(store.posts(topic="b").posts) == ["1"]
    done = retag(store, versions)
    assert done.posts == 3
    assert ids(store.posts(topic="b").posts) == ["1"]


def test_wires_tell_that_posts_have_moved(store: Store, versions: Versions) -> None:
    fill(store, 2)
    before = store.last_left()

    retag(store, versions)

    after = store.last_left()
    assert after is not None
    assert before is None or before < after
    retag(store, versions)
    assert store.last_left() == after, "nothing has moved"


def test_of_a_source_and_since(store: Store, versions: Versions) -> None:
    fill(store, 10)
    two = source(store, "two")
    record(store, two, [tagged(post(f"two-{hours}", DNS, hours=hours), "a") for hours in range(5)])

    assert retag(store, versions, source=two.id, since=NOW - HOUR).posts == 2
    assert retag(store, versions, since=NOW - 2 * HOUR).posts == 4
    assert retag(store, versions, source=two.id).posts == 2
    assert retag(store, versions, jobs=2).posts == 7


def test_a_post_that_cannot_be_tagged_keeps_its_answer_and_does_not_make_it_go_on_for_ever(
    store: Store, target: Target, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 3)
    tag = batch.tag_chunk

    def tag_but_one(version: Path, chunk: list[object], *rest: int) -> list[object]:
        outcomes = tag(version, chunk, *rest)  # type: ignore[arg-type]
        return [PostError("no") if isinstance(one, TaggedPost) and one.post.id == "1" else one for one in outcomes]

    monkeypatch.setattr(batch, "tag_chunk", tag_but_one)
    said: list[str] = []

    done = retag(store, versions, say=lambda error: said.append(str(error)))

    assert (done.posts, len(done.failed), said) == (2, 1, ["no"])
    assert store.has_outdated(done.version)
    assert not store.has_outdated(done.version, besides=done.failed)
    settings = settings_of(target, home=versions.directory.parent)
    wanted = background.target(settings)
    assert wanted
    finished(store, wanted, failed=done.failed)
    background.notice(store, settings)
    assert store.jobs(active=True) == []
    record(store, source(store), [tagged(post("4", PODS), "a")])
    background.notice(store, settings)
    assert [job.kind for job in store.jobs(active=True)] == ["retag"]


def finished(store: Store, wanted: dict[str, str], *, state: str = "done", failed: list[int] | None = None) -> None:
    store.add_job("retag", wanted, "topicwire")
    job = store.claim_job(["retag"], NOW, HOUR)
    assert job
    result = {"version": wanted["version"], "posts": 0, "failed": failed or []} if state == "done" else None
    store.finish_job(job, state, result=result)  # type: ignore[arg-type]


def test_that_there_is_something_to_tag_again_is_noticed(store: Store, target: Target, versions: Versions, other: Path) -> None:
    settings = settings_of(target, home=versions.directory.parent)
    background.notice(store, settings)
    assert store.jobs() == []
    fill(store, 3)
    background.notice(store, settings)
    background.notice(store, settings)
    [job] = store.jobs()
    assert (job.kind, job.options, job.asked_by) == ("retag", background.target(settings), "topicwire")

    store.stop_job(job.id, NOW)
    background.notice(store, settings)
    assert store.jobs(active=True) == [], "it was stopped, and stays so"
    promote_other(versions, other)
    background.notice(store, settings)
    assert [job.options["version"] for job in store.jobs(active=True)] == [other.name]


def test_a_machine_with_versions_of_its_own_does_not_undo_what_another_promoted_since(
    store: Store, target: Target, versions: Versions, other: Path, tmp_path: Path
) -> None:
    fill(store, 3)
    elsewhere = Versions(tmp_path / "elsewhere" / "models")
    elsewhere.directory.mkdir(parents=True)
    shutil.copytree(other, elsewhere.directory / other.name)
    elsewhere.promote(other.name)
    hour = timedelta(hours=1).total_seconds()
    later = (elsewhere.directory / "current").stat().st_mtime + hour
    os.utime(elsewhere.directory / "current", (later, later))
    here, there = (settings_of(target, home=one.directory.parent) for one in (versions, elsewhere))
    background.notice(store, there)
    [job] = store.jobs(active=True)

    assert background._is_ours(job, there)
    assert not background._is_ours(job, here)
    wanted = background.target(there)
    assert wanted
    store.stop_job(job.id, NOW)
    finished(store, wanted)
    retag(store, elsewhere)
    background.notice(store, here)
    assert store.jobs(active=True) == []
    os.utime(versions.directory / "current", (later + hour, later + hour))
    background.notice(store, here)
    assert [job.options["version"] for job in store.jobs(active=True)] == [versions.current()]


def test_without_a_version_there_is_nothing_to_tag_by(store: Store, target: Target, tmp_path: Path) -> None:
    fill(store, 1)

    assert background.target(settings_of(target, home=tmp_path / "none")) is None
    with pytest.raises(VersionError):
        retag(store, Versions(tmp_path / "none"))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "current").write_text("nonsense")
    assert background.target(settings_of(target, home=tmp_path)) is None


def test_they_are_found_by_an_index(store: Store) -> None:
    one = source(store)
    record(store, one, [tagged(post(str(number), hours=number), "a", model="v1") for number in range(5)])
    record(store, one, [tagged(post(f"new-{number}", hours=number), "a", model="v2") for number in range(500)])
    wanted = select(posts.c.placed, posts.c.id).where(*_tagged_by("v1", None, None))
    wanted = wanted.order_by(posts.c.placed.desc(), posts.c.id.desc()).limit(200)
    with store._writing() as connection:
        connection.execute(text("ANALYZE"))
        explain = "EXPLAIN QUERY PLAN " if store.dialect == "sqlite" else "EXPLAIN "
        query = str(wanted.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = str(connection.execute(text(explain + query)).all())

    assert "posts_by_model" in plan
    assert "TEMP B-TREE" not in plan


def test_the_command(run: Run, home: Path, tmp_path: Path, version: Version) -> None:
    shutil.copytree(home / "models", tmp_path / "models")
    none = run("retag", TOPICWIRE_HOME=str(tmp_path))
    with Store.open(Settings(home=tmp_path)) as store:
        fill(store, 3)
        two = source(store, "two")
        record(store, two, [tagged(post("two", DNS), "a")])

    of_two = run("retag", "--source", two.url, "--jobs", "2", TOPICWIRE_HOME=str(tmp_path))
    rest = run("retag", TOPICWIRE_HOME=str(tmp_path))
    wrong = run("retag", "--source", "77", TOPICWIRE_HOME=str(tmp_path))

    assert none.returncode == 1
    assert b"nothing is stored here yet" in none.stderr
    assert (of_two.returncode, of_two.stdout.decode()) == (0, f"1 post tagged again by {version.name}\n")
    assert (rest.returncode, rest.stdout.decode(), rest.stderr) == (0, f"3 posts tagged again by {version.name}\n", b"")
    assert (wrong.returncode, b"there is no such source" in wrong.stderr) == (1, True)


def test_the_command_is_safe_to_interrupt(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(home / "models", tmp_path / "models")
    monkeypatch.setenv("TOPICWIRE_HOME", str(tmp_path))
    with Store.open(Settings(home=tmp_path)) as store:
        fill(store, 200)
    calls = count()
    whole = Store.retag

    def interrupted(self: Store, pairs: list[object]) -> int:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return whole(self, pairs)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "retag", interrupted)

    assert cli.main(["retag"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == "stopped; 128 posts tagged again; run again, it goes on with the others\n"
    with Store.open(Settings(home=tmp_path)) as store:
        assert len([model for model in answers(store).values() if model != "v1"]) == 128


@pytest.fixture(autouse=True)
def _no_tagger_is_kept() -> Iterator[None]:
    yield
    batch._tagger.cache_clear()
