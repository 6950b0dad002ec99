"""The commands that say what to label, what to look at again, and when."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model.tagger import Tagger
from model.versions import Versions
from service.settings import Settings
from service.store import Store
from tests.conftest import SAMPLE, Run
from tests.store import made
from training import starter

POSTS = [example.post for example in starter.examples()[::100]]


def lines(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, home: Path, tagger: Tagger) -> Path:
    """A home with posts in its store: of this week and of an older one."""
    new = tmp_path_factory.mktemp("stocked")
    (new / "models").symlink_to(home / "models")
    now = datetime.now(UTC)
    with Store.open(Settings(home=new)) as store:
        one = made.source(store)
        made.record(store, one, tagger.tag(POSTS[:10]), at=now - timedelta(days=20))
        made.record(store, one, tagger.tag(POSTS[10:]), at=now)
    return new


def test_label_next_of_files(run: Run) -> None:
    done = run("label-next", SAMPLE, "-n", "2")

    assert (done.returncode, done.stderr) == (0, b"")
    printed = done.stdout.decode().splitlines()
    assert sum(" bits  " in line for line in printed) == 2
    assert sum("given from 0." in line for line in printed) == 2
    assert any(line.startswith("    for: ") for line in printed)
    rows = lines(run("label-next", SAMPLE, "--json").stdout)
    assert len(rows) == 6
    assert [row["uncertainty"] for row in rows] == sorted((row["uncertainty"] for row in rows), reverse=True)
    assert all(row["html"] for row in rows)


def test_where_there_is_nothing_to_label_it_says_so(run: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to(home / "models")
    Store(tmp_path / "topicwire.db").close()

    done = run("label-next", TOPICWIRE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"there is no post to label" in done.stderr
    assert b"neither examples nor corrections" in run("suspects", TOPICWIRE_HOME=str(tmp_path)).stderr


def test_ids_do_not_reach_into_the_terminal(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "odd.jsonl"
    odd.write_text(json.dumps({"id": "\x1b]0;x\x07", "text": "Kubernetes evicts pods.", "topics": ["networking"]}) + "\n")
    env = {"TOPICWIRE_HOME": str(tmp_path)}

    printed = [run("label-next", odd).stdout, run("suspects", odd).stdout]
    for who in ("ann", "bob"):
        odd.write_text(odd.read_text().replace("networking", f"topic-{who}"))
        assert run("examples", "import", odd, "--who", who, **env).returncode == 0
        odd.write_text(odd.read_text().replace(f"topic-{who}", "networking"))
    printed += [run("examples", "list", **env).stdout, run("examples", "conflicts", **env).stdout]
    assert all(b"]0;x" in one and b"\x1b" not in one for one in printed)


def test_what_cannot_be_read_is_named_and_the_rest_is_ranked(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "posts.jsonl"
    broken.write_text('{"text": "Kubernetes evicts pods."}\n{"title": 1}\n')

    for command in ("label-next", "drift"):
        done = run(command, broken, SAMPLE, "--json")
        assert done.returncode == 1
        assert b"posts.jsonl:2 at /title: " in done.stderr
        assert done.stdout


def test_label_next_of_the_store_leaves_out_what_is_corrected(run: Run, stocked: Path) -> None:
    environment = {"TOPICWIRE_HOME": str(stocked)}
    rows = lines(run("label-next", "-n", "3", "--json", **environment).stdout)
    assert len(rows) == 3
    with Store.open(Settings(home=stocked)) as store:
        uncertain = store.posts(order="uncertain", limit=3).posts
        assert [row["id"] for row in rows] == made.ids(uncertain)
        store.correct(uncertain[0].number, ["networking"], "reader")
    try:
        after = lines(run("label-next", "-n", "3", "--json", **environment).stdout)
        assert [row["id"] for row in after[:2]] == [row["id"] for row in rows[1:]]
        suspects = run("suspects", **environment)
        assert suspects.returncode == 0
        assert suspects.stdout.decode().splitlines()[-1].endswith(" of 1 examples are worth a second look")
    finally:
        with Store.open(Settings(home=stocked)) as store:
            store.withdraw(uncertain[0].number)


@pytest.mark.parametrize("command", ["label-next", "suspects", "drift"])
def test_without_a_store_it_says_what_to_do(run: Run, home: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "models").symlink_to(home / "models")  # other tests may have stored something at home

    done = run(command, TOPICWIRE_HOME=str(tmp_path))

    assert done.returncode == 1
    assert b"nothing is stored here yet; name a file, or `topicwire sources add`" in done.stderr


def test_suspects_of_files(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "examples.jsonl"
    rows = [
        {
            "id": "wrong",
            "title": "Pods on a node",
            "text": "The kubelet evicts pods; kubectl drains the node.",
            "topics": ["networking"],
        },
        {"id": "right", "title": "Sourdough", "text": "Bread is baked in the morning and eaten in the evening.", "topics": []},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + "no JSON\n")

    done = run("suspects", file)
    assert done.returncode == 1
    assert b"examples.jsonl:3" in done.stderr
    printed = done.stdout.decode()
    assert "Pods on a node" in printed.splitlines()[0]
    assert "networking: labelled so, and scored 0." in printed
    assert "containers: not labelled so, and scored " in printed
    assert "1 of 2 examples are worth a second look" in printed
    (row,) = lines(run("suspects", file, "--json").stdout)
    assert (row["id"], row["topics"]) == ("wrong", ["networking"])
    alone = run("suspects", file, "--no-starter")
    assert b"no topic has 5 examples with it and as many without" in alone.stderr


def test_drift_of_the_store_is_of_this_week(run: Run, stocked: Path) -> None:
    environment = {"TOPICWIRE_HOME": str(stocked)}

    week = json.loads(run("drift", "--json", **environment).stdout)
    assert (week["posts"], week["time_to_label"]) == (len(POSTS) - 10, False)
    assert week["sentence"] == f"Too few posts to tell: {len(POSTS) - 10}, and it takes 30."
    for since in ("30d", "2020-01-01"):
        assert json.loads(run("drift", "--json", "--since", since, **environment).stdout)["posts"] == len(POSTS)
    done = run("drift", "--since", "30d", **environment)
    assert done.stdout.decode().splitlines()[-1] == f"These {len(POSTS)} posts are such as the version was trained on."
    assert run("drift", "--since", "soon", **environment).returncode == 2
    nothing = run("drift", "--since", "2090-01-01", **environment)
    assert (nothing.returncode, nothing.stderr) == (1, b"topicwire: there is no post to compare\n")


def test_drift_of_files_since_a_date(run: Run) -> None:
    whole, since = (json.loads(run("drift", SAMPLE, "--json", *more).stdout) for more in ([], ["--since", "2026-05-15"]))

    assert whole["posts"] == 6
    assert 0 < since["posts"] < 6


def test_a_version_of_before_is_asked_to_train_again(run: Run, home: Path, tmp_path: Path) -> None:
    from model.version import Content

    version = Versions(home / "models").load()
    old = {name: value for name, value in version.manifest.items() if name not in ("baseline", "format")}
    older = Versions(tmp_path / "models")
    older.promote(older.add(Content(old, version.terms, version.idf, version.coefficients, "a card")))

    done = run("drift", SAMPLE, TOPICWIRE_HOME=str(tmp_path))

    assert done.returncode == 1
    assert b"it does not say what its examples were like; train again" in done.stderr
