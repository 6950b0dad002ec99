"""A version on disk: whole or refused, in one sentence, and the one that serves stays."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model import version as versions
from model.errors import VersionError
from model.version import Content
from model.versions import Versions
from training import starter
from training.examples import Example
from training.fit import fit

FILES = ["SHA256SUMS", "card.md", "coefficients.npy", "idf.npy", "model.json", "pairs.npy", "vocabulary.npy"]
# What a version says of its text, sound but for the array of words that a test may change.
TEXT = {
    "tokenizer": "letters-1",
    "title_weight": 3,
    "passage_words": 60,
    "whole_share": 0.3,
    "lead_share": 0.2,
    "known_share": 0.7,
}


@pytest.fixture
def directory(home: Path, tmp_path: Path) -> Path:
    """A copy of the starter version that may be damaged."""
    name = Versions(home / "models").current()
    assert name
    return Path(shutil.copytree(home / "models" / name, tmp_path / "models" / name))


def refusal(directory: Path) -> str:
    with pytest.raises(VersionError) as error:
        versions.load(directory)
    message = str(error.value)
    assert "\n" not in message
    return message


def resign(directory: Path) -> Path:
    """Make the checksums and the name fit again, as whoever made a bad version would."""
    sums = "".join(
        f"{hashlib.sha256((directory / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES if name != "SHA256SUMS"
    )
    (directory / "SHA256SUMS").write_text(sums)
    return directory.rename(directory.parent / hashlib.sha256(sums.encode()).hexdigest()[: versions.NAME_LENGTH])


def small(seed: int = 0) -> Content:
    content, _ = fit(starter.examples()[::4] + starter.examples()[1::4], starter.topics(), seed=seed)
    return content


def test_the_same_training_gives_the_same_bytes_and_name(tmp_path: Path) -> None:
    first, second = small(), small()

    assert first.files() == second.files()
    assert Versions(tmp_path / "a").add(first) == Versions(tmp_path / "b").add(second)
    assert Versions(tmp_path / "a").add(small(seed=1)) != Versions(tmp_path / "a").add(first)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_flipped_byte_is_noticed(directory: Path, data: st.DataObject) -> None:
    path = directory / data.draw(st.sampled_from(FILES))
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    path.write_bytes(good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :])
    try:
        message = refusal(directory)
    finally:
        path.write_bytes(good)

    assert path.name in message
    assert "topicwire" in message
    assert versions.load(directory)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(directory: Path, name: str) -> None:
    (directory / name).unlink()

    assert refusal(directory) == f"{directory / name}: it is missing; train again, or `topicwire models rollback`"


@pytest.mark.parametrize("name", ["coefficients.npy", "idf.npy", "vocabulary.npy"])
@pytest.mark.parametrize("signed", [False, True], ids=["", "signed"])
def test_a_truncated_array_is_refused(directory: Path, name: str, signed: bool) -> None:
    data = (directory / name).read_bytes()
    (directory / name).write_bytes(data[: len(data) // 2])
    if signed:
        directory = resign(directory)

    message = refusal(directory)
    assert "it is no version that this topicwire can read" in message if signed else f"{name}: it is damaged" in message


@pytest.mark.parametrize(("number", "remedy"), [(versions.FORMAT - 1, "train again"), (versions.FORMAT + 1, "upgrade topicwire")])
def test_another_format_is_refused(directory: Path, number: int, remedy: str) -> None:
    manifest = json.loads((directory / "model.json").read_text())
    (directory / "model.json").write_text(json.dumps(manifest | {"format": number}))

    assert refusal(directory) == (
        f"{directory / 'model.json'}: it has format {number}, this topicwire reads format {versions.FORMAT}; {remedy}"
    )


def test_a_pickle_is_not_opened(directory: Path) -> None:
    np.save(directory / "idf.npy", np.array([print], dtype=object), allow_pickle=True)
    directory = resign(directory)

    assert "it is no version that this topicwire can read: Array can't be memory-mapped: Python objects" in refusal(directory)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"topics": []}, "do not fit arrays"),
        ({"topics": None}, "it is no version"),
        ({"text": {}}, "`title_weight` is missing"),
        (
            {"text": TEXT | {"tokenizer": "other"}},
            "its words were split by 'other'",
        ),
        ({"metrics": {}}, "`out_of_fold_macro_f1` is missing"),
        ({"text": TEXT | {"passage_words": 0}}, "its text settings are out of range"),
        ({"text": TEXT | {"lead_share": 0.8}}, "its text settings are out of range"),
        ({"format": "1"}, "it does not say its format"),
    ],
)
def test_a_foreign_version_is_refused(directory: Path, change: dict[str, object], reason: str) -> None:
    manifest = json.loads((directory / "model.json").read_text())
    (directory / "model.json").write_text(json.dumps(manifest | change))
    directory = resign(directory)

    assert reason in refusal(directory)


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (lambda pairs: pairs[::-1], "not of its words, or not in order"),
        (lambda pairs: pairs + 1_000_000, "not of its words, or not in order"),
        (lambda pairs: pairs[:, :1], "must be int32 in two columns"),
        (lambda pairs: pairs.astype(np.int64), "must be int32 in two columns"),
        (lambda pairs: pairs[:-1], "do not fit arrays"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(
    directory: Path, pairs: Callable[[NDArray[np.int32]], NDArray[Any]], reason: str
) -> None:
    np.save(directory / "pairs.npy", pairs(np.load(directory / "pairs.npy")))

    assert reason in refusal(resign(directory))


def test_numbers_that_are_none_are_refused(directory: Path) -> None:
    idf = np.load(directory / "idf.npy")
    idf[3] = np.nan
    np.save(directory / "idf.npy", idf)
    directory = resign(directory)

    assert "coefficients that are no finite numbers" in refusal(directory)


def test_a_damaged_version_is_not_promoted_and_the_good_one_goes_on(directory: Path) -> None:
    store = Versions(directory.parent)
    store.promote(directory.name)
    other = store.add(small())
    (store.directory / other / "idf.npy").write_bytes(b"")

    with pytest.raises(VersionError):
        store.promote(other)

    assert store.load().name == directory.name
    assert store.add(small()) == other, "adding the same again mends it"
    store.promote(other)
    assert store.load().name == other


def test_promote_and_rollback_point_to_versions(directory: Path) -> None:
    store = Versions(directory.parent)
    other = store.add(small())
    assert store.current() is None
    with pytest.raises(VersionError, match="run `topicwire train`"):
        store.load()

    store.promote(directory.name)
    store.promote(other)
    store.promote(other)

    assert store.history() == [other, directory.name]
    assert store.rollback() == (directory.name, [])
    with pytest.raises(VersionError, match="no version served before"):
        store.rollback()
    assert store.load().name == directory.name
    assert store.names()[0] == other, "the newest first"


def test_a_verdict_is_kept_beside_the_content(directory: Path) -> None:
    store = Versions(directory.parent)
    assert store.verdict(directory.name) is None

    store.keep_verdict(directory.name, {"decision": "refused"})
    store.keep_verdict(directory.name, {"decision": "forced", "why": "the old one knew no Rust"})

    assert store.verdict(directory.name) == {"decision": "forced", "why": "the old one knew no Rust"}
    assert store.load(directory.name).name == directory.name
    (directory / "verdict.json").write_text("[cut")
    assert store.verdict(directory.name) is None


@pytest.mark.parametrize("name", ["", "..", "../x", "zzzzzzzzzzzz", "0" * 12])
def test_a_name_is_no_path(directory: Path, name: str) -> None:
    with pytest.raises(VersionError):
        Versions(directory.parent).load(name or "nothing")


def test_a_pointer_to_nowhere_is_refused_and_promoting_mends_it(directory: Path) -> None:
    store = Versions(directory.parent)
    (store.directory / "current").write_text("../../etc\n")
    with pytest.raises(VersionError, match="it names no version"):
        store.load()

    store.promote(directory.name)

    assert store.load().name == directory.name


def test_order_and_repetition_of_examples() -> None:
    """What is there twice counts once; what was said last holds."""
    examples = starter.examples()[::3]
    twice, _ = fit([Example(examples[0].post, ("networking",)), *examples], starter.topics())
    once, _ = fit(examples, starter.topics())

    assert twice.files() == once.files()


def test_what_a_killed_process_left_is_cleaned_by_the_next_that_writes(tmp_path: Path) -> None:
    found = Versions(tmp_path)
    name = found.add(small())
    leftovers = [tmp_path / ".new-abc", tmp_path / ".current-abc", tmp_path / name / ".verdict.json-abc"]
    leftovers[0].mkdir()
    for file in (leftovers[0] / "model.json", *leftovers[1:]):
        file.write_bytes(b"half of it")

    found.promote(name)

    assert not any(leftover.exists() for leftover in leftovers)
    assert found.load().name == name


def test_promotions_of_several_processes_are_all_remembered(tmp_path: Path) -> None:
    found = Versions(tmp_path)
    names = [found.add(small(seed)) for seed in range(4)]
    program = "import sys, pathlib; from model.versions import Versions; Versions(pathlib.Path(sys.argv[1])).promote(sys.argv[2])"

    started = [subprocess.Popen([sys.executable, "-c", program, tmp_path, name]) for name in names]
    assert [process.wait(60) for process in started] == [0] * 4

    assert sorted(found.history()) == sorted(names)
