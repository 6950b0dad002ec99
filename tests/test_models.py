"""The commands `models`."""

import json
import shutil
from pathlib import Path

import pytest

from model.versions import Versions
from tests import tiny
from tests.conftest import Run

OLD, NEW = tiny.content({"pods": "containers"}), tiny.content({"pods": "networking"})
FIGURE = {"value": 0.8, "low": 0.7, "high": 0.9}
VERDICT = {"decision": "refused", "why": "macro F1 falls", "held_out": 40, "macro_f1": {"candidate": FIGURE}}


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    found = Versions(tmp_path / "models")
    for content, made in ((OLD, "2026-06-01T10:00:00+00:00\n"), (NEW, "2026-06-02T10:00:00+00:00\n")):
        (found.directory / found.add(content) / "made").write_text(made)
    found.promote(OLD.name)
    found.keep_verdict(NEW.name, VERDICT)
    return found


@pytest.fixture
def where(versions: Versions) -> dict[str, str]:
    return {"TOPICWIRE_HOME": str(versions.directory.parent)}


def test_versions_are_listed_with_how_they_were_judged(run: Run, where: dict[str, str]) -> None:
    assert (
        run("models", "list", **where).stdout.decode()
        == run("models", **where).stdout.decode()
        == (
            "  version       made              examples  topics  out of fold   held out              gate\n"
            f"  {NEW.name}  2026-06-02 10:00        10       2        0.500   0.800 [0.70, 0.90]    refused\n"
            f"* {OLD.name}  2026-06-01 10:00        10       2        0.500   -                     -\n"
        )
    )
    listed = json.loads(run("models", "list", "--json", **where).stdout)
    assert listed["current"] == OLD.name
    assert [(row["version"], row["current"], row["decision"]) for row in listed["versions"]] == [
        (NEW.name, False, "refused"),
        (OLD.name, True, None),
    ]
    assert listed["versions"][0]["held_out"] == FIGURE | {"posts": 40}


def test_one_is_shown_with_what_the_gate_said(run: Run, where: dict[str, str]) -> None:
    shown = run("models", "show", NEW.name, **where).stdout.decode()

    assert shown.startswith(f"version {NEW.name}\n\n# Model card\n")
    assert "refused: macro F1 falls.\nMacro F1 0.800 [0.70, 0.90] on 40 labelled posts" in shown
    assert run("models", "show", **where).stdout.decode().startswith(f"version {OLD.name} (current)\n")
    assert json.loads(run("models", "show", NEW.name, "--json", **where).stdout)["verdict"] == VERDICT


def test_damaged_versions_and_pointers_are_named_and_the_others_listed(
    run: Run, where: dict[str, str], versions: Versions
) -> None:
    (versions.directory / NEW.name / "idf.npy").unlink()
    (versions.directory / NEW.name / "verdict.json").write_text("[]")
    (versions.directory / "current").write_text("nonsense\n")

    done = run("models", **where)

    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"topicwire: {versions.directory}/current: it names no version; run `topicwire models promote VERSION`\n"
    )
    assert f"{NEW.name}  it is missing" in done.stdout.decode()
    assert f"{OLD.name}  2026-06-01" in done.stdout.decode()
    assert run("models", "promote", OLD.name, **where).returncode == 0
    assert versions.current() == OLD.name


def test_a_rollback_says_what_it_passed_over(run: Run, where: dict[str, str], versions: Versions) -> None:
    third = versions.add(tiny.content({"pods": "networking"}, note="third"))
    for name in (NEW.name, third):
        versions.promote(name)
    shutil.rmtree(versions.directory / NEW.name)

    done = run("models", "rollback", **where)

    assert done.stdout.decode() == (
        f"passed over model version '{NEW.name}': there is no such version; `topicwire models` lists those there are\n"
        f"{OLD.name} serves again\n"
    )


def test_promoting_deletes_what_is_not_to_be_kept(run: Run, where: dict[str, str], versions: Versions) -> None:
    more = [versions.add(tiny.content({"pods": "networking"}, note=str(number))) for number in range(3)]

    assert run("models", "promote", NEW.name, TOPICWIRE_KEEP_VERSIONS="0", **where).returncode == 0
    assert set(versions.names()) == {OLD.name, NEW.name, *more}
    assert run("models", "promote", OLD.name, TOPICWIRE_KEEP_VERSIONS="1", **where).returncode == 0
    assert len(versions.names()) == 3
    assert {OLD.name, NEW.name} < set(versions.names())


@pytest.mark.parametrize("command", [["train", "--if-missing"], ["retrain", "--no-starter"]], ids=" ".join)
def test_commands_that_write_clean_up_after_those_that_were_killed(
    run: Run, where: dict[str, str], versions: Versions, command: list[str]
) -> None:
    left = [versions.directory / ".new-x", versions.directory / ".current-x"]
    left[0].mkdir()
    left[1].write_text("half")

    run(*command, **where)

    assert not [path for path in left if path.exists()]
