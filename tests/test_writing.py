"""Versions that several processes write at once, and what is left of those that are killed."""

import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import VersionError
from model.versions import Versions
from tests import tiny
from tests.benchmarks import kills

SPAWN = multiprocessing.get_context("spawn")
LEFTOVERS = (".new-abc/idf.npy", ".gone-0123456789ab/model.json", ".current-x1", "{name}/.verdict.json-x2")


def made(directory: Path, count: int) -> tuple[Versions, list[str]]:
    versions = Versions(directory)
    return versions, [versions.add(tiny.content({"pods": "containers"}, note=str(number))) for number in range(count)]


def leave(directory: Path, name: str) -> list[Path]:
    """What processes that were killed would have left."""
    paths = [directory / left.format(name=name) for left in LEFTOVERS]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    return paths


def promote_all(directory: Path, names: Sequence[str]) -> None:
    for name in names:
        Versions(directory).promote(name)


def test_promotions_of_several_processes_are_all_in_the_history(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 18)
    processes = [SPAWN.Process(target=promote_all, args=(tmp_path, names[start::3])) for start in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sorted(versions.history()) == sorted(names)
    for start in range(3):  # each one's in its order
        mine = names[start::3]
        assert [name for name in reversed(versions.history()) if name in mine] == mine


def test_promotions_of_several_threads_are_all_in_the_history(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 16)
    threads = [threading.Thread(target=promote_all, args=(tmp_path, names[start::4])) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(versions.history()) == sorted(names)


def test_leftovers_go_with_the_next_write_and_at_the_next_start(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 2)
    for step in (lambda: versions.promote(names[0]), versions.clean, lambda: versions.keep_verdict(names[0], {})):
        left = leave(tmp_path, names[0])
        step()
        assert not [path for path in left if path.exists()]

    assert set(versions.names()) == set(names)
    assert versions.load(names[0])


def test_what_another_process_is_writing_is_no_leftover(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 1)
    left = leave(tmp_path, names[0])
    code = (
        "import sys, time; from pathlib import Path; from model.versions import Versions\n"
        "versions = Versions(Path(sys.argv[1])); versions._clean = lambda: None\n"
        "with versions.writing(): print('writing', flush=True); time.sleep(600)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        versions.clean()
        with pytest.raises(VersionError, match="another process has held it"), versions.writing(patience=0.1):
            pass
        assert all(path.exists() for path in left)
    finally:
        writer.kill()
        writer.communicate()

    versions.clean()  # the system has taken the lock from it
    assert not [path for path in left if path.exists()]


def test_where_nothing_can_be_written_nothing_is_cleaned(tmp_path: Path) -> None:
    Versions(tmp_path / "none").clean()

    assert not (tmp_path / "none").exists()


@given(
    keep=st.integers(0, 5),
    steps=st.lists(st.tuples(st.sampled_from(["promote", "rollback", "add", "refuse"]), st.integers(0, 5)), max_size=12),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_retention_never_takes_what_is_needed(
    tmp_path_factory: pytest.TempPathFactory, keep: int, steps: list[tuple[str, int]]
) -> None:
    versions, names = made(tmp_path_factory.mktemp("models"), 2)
    promote_all(versions.directory, names)
    versions.keep = keep
    for step, number in steps:
        there = versions.names()
        if step == "promote":
            versions.promote(there[number % len(there)])
        elif step == "rollback":
            try:
                assert versions.rollback()[0] in there
            except VersionError:
                assert not set(versions.history()[1:]) & set(there) - {versions.current()}
        else:
            name = versions.add(tiny.content({"pods": "networking"}, note=f"{step} {number}"))
            if step == "refuse":
                assert name not in versions.prune(name)
        assert versions.load().name == versions.current()
        if step in ("promote", "refuse") and keep:
            assert len(versions.names()) <= keep + 3  # the current one, the one before, and one that was refused just now
    if not keep:
        assert set(names) <= set(versions.names())


def test_promoting_deletes_all_but_the_newest_the_current_and_the_one_before(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 6)
    for at, name in enumerate(names):
        (tmp_path / name / "made").write_text(f"2026-06-0{at + 1}T00:00:00+00:00\n")
    versions.promote(names[1])
    versions.keep = 2

    versions.promote(names[0])

    assert versions.names() == [names[5], names[4], names[1], names[0]]
    assert versions.rollback() == (names[1], [])
    assert sorted(versions.names()) == sorted([names[5], names[4], names[1], names[0]]), "a rollback deletes nothing"


def test_a_rollback_passes_over_what_is_gone_or_damaged_and_says_so(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 4)
    for name in (names[0], names[1], names[3], names[2], names[3]):
        versions.promote(name)
    (tmp_path / names[2]).rename(tmp_path / "elsewhere")
    (tmp_path / names[1] / "idf.npy").write_bytes(b"")

    name, passed = versions.rollback()

    assert name == names[0], "not the current one again, which served before as well"
    assert [error.problem.partition(":")[0].partition(";")[0] for error in passed] == [
        "there is no such version",
        "it is damaged",
    ]
    assert versions.history() == [names[0]]


def test_a_rollback_to_nothing_says_what_is_missing(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 2)
    for name in names:
        versions.promote(name)
    (tmp_path / names[0]).rename(tmp_path / "elsewhere")

    with pytest.raises(VersionError, match=f"is left; model version '{names[0]}': there is no such version"):
        versions.rollback()

    assert versions.load().name == names[1]


def test_current_is_one_whole_version_whenever_training_is_killed(tmp_path: Path) -> None:
    """`tests/benchmarks/kills.py` does the same a hundred times."""
    done = kills.run(tmp_path, count=5, seed=1)

    assert done.killed == 5
    assert done.faults == []


def test_a_damaged_version_is_mended_as_a_whole(tmp_path: Path) -> None:
    versions, names = made(tmp_path, 1)
    versions.promote(names[0])
    (tmp_path / names[0] / "idf.npy").write_bytes(b"")

    assert made(tmp_path, 1)[1] == names

    assert versions.load().name == names[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".lock", "current", *names])
