"""What is stored as a file, without a server."""

import csv
import io
import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from model.errors import InputError
from model.posts import TaggedPost
from service import export as export_
from service.export import Chosen, export
from service.settings import Settings
from service.store import Store
from tests.conftest import Run
from tests.store import made
from tests.store.conftest import Target, settings_of
from tests.store.test_wires import READERS, filled

ENDS = {"rss": "rss", "atom": "atom", "jsonfeed": "json"}


def exported(target: Target, form: str, **chosen: object) -> bytes:
    return b"".join(export(form, Chosen(**chosen), settings_of(target)))  # type: ignore[arg-type, unused-ignore]


@pytest.mark.parametrize("form", ENDS)
@pytest.mark.parametrize("topic", ["networking", "all", "none", "observability"])
def test_a_feed_has_what_the_wire_has(
    store: Store, target: Target, client: FlaskClient, form: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_, "_PAGE", 3)
    filled(store)
    store.correct(1, ["observability"], "test")

    read = READERS[ENDS[form]][1][0]

    wire = read(client.get(f"/wires/{topic}.{ENDS[form]}").data)
    # The file has no address, so that its own link is missing.
    body = exported(target, form, topic=topic)
    if form == "jsonfeed":
        assert [item["id"] for item in json.loads(body)["items"]] == [row[0] for row in wire]
        assert json.loads(body)["items"] == client.get(f"/wires/{topic}.json").get_json(force=True)["items"]
    else:
        assert read(body) == wire
    assert exported(target, form, topic=topic) == body, "the same posts are the same bytes"


def test_rows_have_what_rest_has(store: Store, target: Target, client: FlaskClient) -> None:
    filled(store)
    store.correct(2, ["containers"], "test")
    listed = client.get("/v1/posts?limit=100").get_json()["results"]

    lines = [json.loads(line) for line in exported(target, "jsonl").splitlines()]
    rows = list(csv.DictReader(io.StringIO(exported(target, "csv").decode())))

    assert lines == listed
    assert [(row["id"], row["topics"]) for row in rows] == [(row["id"], ";".join(row["topics"])) for row in listed]


def test_versions_with_other_topics_share_a_table(store: Store, target: Target) -> None:
    def tagged(identity: str, hours: int, **scores: float) -> TaggedPost:
        return TaggedPost(made.post(identity, hours=hours), [*scores], scores, {}, ["One."], "v")

    made.record(store, made.source(store), [tagged("new", 1, fresh=0.9), tagged("old", 2, stale=0.8)])

    rows = list(csv.DictReader(io.StringIO(exported(target, "csv").decode())))

    assert [(row["id"], row["topics"], row["fresh"]) for row in rows] == [("new", "fresh", "0.9"), ("old", "stale", "")]
    assert len(json.loads(exported(target, "jsonfeed", topic="stale"))["items"]) == 1, "of an older version"


def test_posts_are_chosen(store: Store, target: Target) -> None:
    filled(store)

    def ids(**chosen: object) -> list[str]:
        return [json.loads(line)["id"] for line in exported(target, "jsonl", **chosen).splitlines()]

    assert ids(topic="networking") == ["hs-2", "urn:1", "hs-2"]
    assert ids(topic="networking", limit=2) == ["hs-2", "urn:1"]
    assert ids(topic="networking", source="1", min_score=0.7) == ["urn:1"]
    assert ids(source="https://two.example/feed.xml") == ["hs-2"]
    assert len(ids(limit=10_000)) == len(ids()) == 10
    for wrong in ({"topic": "knitting"}, {"source": "7"}, {"source": "9" * 40}, {"source": "https://no.example/"}):
        with pytest.raises(InputError, match="there is no such"):
            ids(**wrong)


def test_where_nothing_is_stored_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is stored here yet"):
        list(export("rss", Chosen(), Settings(home=tmp_path)))

    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_whole_files_or_none(run: Run, tmp_path: Path) -> None:
    with Store(tmp_path / "topicwire.db") as store:
        filled(store)
    out = tmp_path / "out.atom"
    home = {"TOPICWIRE_HOME": str(tmp_path)}

    done = run("export", "--topic", "networking", "--to", "atom", "--min-score", "0.5", "-o", out, **home)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert READERS["atom"][1][0](out.read_bytes())
    printed = run("export", "--limit", "2", **home)
    assert [json.loads(line)["title"] for line in printed.stdout.splitlines()] == ["Another", "Post urn:1"]
    before = out.read_bytes()
    wrong = run("export", "--topic", "knitting", "-o", out, **home)
    assert (wrong.returncode, wrong.stderr.count(b"\n")) == (1, 1)
    assert b"knitting: there is no such topic" in wrong.stderr
    assert out.read_bytes() == before
    for arguments in (["--to", "table"], ["--min-score", "2"], ["--min-score", "nan"], ["--limit", "0"], ["--limit", "x"]):
        assert run("export", *arguments, **home).returncode == 2
