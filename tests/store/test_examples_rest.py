"""Labelled examples over REST: exported, kept all or none of them, forgotten."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from model.posts import Post
from model.tagger import Tagger
from service import schemas
from service.store import Store
from tests.store.conftest import Target, serving, settings_of
from tests.store.made import HOUR, NOW, post, record, source, tagged
from tests.store.test_library import next_page
from training.examples import MAX_WHO, RESERVED, Example

JSONL = "application/jsonl"
DNS = {"id": "dns", "title": "DNS", "text": "A resolver.", "topics": ["networking"], "team": {"of": ["two"]}}
PODS = {"title": "Pods", "html": "<p>A pod.</p>", "topics": [], "who": "bob", "at": "2026-06-01T12:00:00Z", "weak": True}


def as_lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def fill(store: Store, count: int) -> None:
    many = [Example(Post(id=f"e{n}", text=f"{n}"), ("a",), "ann", NOW + timedelta(seconds=n)) for n in range(count)]
    store.add_examples(many, "")


def test_what_is_exported_is_kept_again(store: Store, client: FlaskClient, tagger: Tagger) -> None:
    record(store, source(store), [tagged(post("1", "corrected"), "a")])
    store.correct(store.posts().posts[0].number, ["networking"], "cid", now=NOW + HOUR)

    answer = client.post("/v1/examples", json={"examples": [DNS, PODS], "who": "ann"})
    assert answer.get_json() == {"model": tagger.version.name, "new": 2, "changed": 0, "same": 0}
    listed = client.get("/v1/examples").get_json()
    assert listed["model"] == tagger.version.name
    pods, corrected, dns = listed["examples"]
    assert pods | PODS == pods
    assert dns | DNS | {"who": "ann", "weak": False} == dns
    assert (corrected["id"], corrected["topics"], corrected["who"]) == ("1", ["networking"], "cid")

    lines = client.get("/v1/examples", headers={"Accept": JSONL})
    assert (lines.content_type, lines.headers["Vary"]) == (JSONL, "Accept")
    assert [json.loads(line) for line in lines.data.splitlines()] == listed["examples"]
    for content_type in (JSONL, "application/x-ndjson"):
        again = client.post("/v1/examples", data=lines.data, content_type=content_type).get_json()
        assert (again["new"] + again["same"], again["changed"]) == (3, 0)
    assert len(store.examples()) == 4, "of the one that was corrected somebody has said so elsewhere, too"


def test_who_labelled_them(store: Store, client: FlaskClient) -> None:
    assert client.post("/v1/examples?who=dan", data=as_lines(DNS, PODS), content_type=JSONL).status_code == 200
    assert client.post("/v1/examples?who=dan", json={"examples": [DNS], "who": "eve"}).status_code == 200
    assert client.post("/v1/examples", json={"examples": [DNS]}).status_code == 200

    assert client.post("/v1/examples?who=%20%00", json={"examples": [DNS], "who": " \n"}).get_json()["same"] == 1
    assert [one.who for one in store.examples()] == ["bob", "dan", "eve", "REST"]
    refused = client.post("/v1/examples", json={"examples": [DNS], "who": "starter"})
    assert (refused.status_code, refused.get_json(force=True)["errors"][0]["pointer"]) == (422, "#/who")
    assert schemas.MAX_WHO == MAX_WHO
    assert schemas._LABEL["not"]["enum"] == list(RESERVED)


def test_pages_link_to_the_next(store: Store, client: FlaskClient) -> None:
    fill(store, 1_203)
    everything = [f"e{n}" for n in range(1_203)]

    whole = client.get("/v1/examples", headers={"Accept": JSONL})
    assert [json.loads(line)["id"] for line in whole.data.splitlines()] == everything
    assert next_page(whole) is None
    assert len(client.get("/v1/examples").get_json()["examples"]) == 50
    for accept in ("application/json", JSONL):
        found: list[str] = []
        address: str | None = "/v1/examples?limit=401"
        while address:
            answer = client.get(address, headers={"Accept": accept})
            if accept == JSONL:
                found += [json.loads(line)["id"] for line in answer.data.splitlines()]
            else:
                found += [row["id"] for row in answer.get_json()["examples"]]
            address = next_page(answer)
        assert found == everything
    for wrong in ("limit=0", "limit=1001", "cursor=x", "topic=a"):
        assert client.get(f"/v1/examples?{wrong}").status_code == 422


@pytest.mark.parametrize(
    ("rows", "pointers"),
    [
        ([], ["#/examples"]),
        ([DNS, {"title": "x", "text": "y"}], ["#/examples/1/topics"]),
        ([DNS, DNS | {"topics": ["a", "No"]}, DNS | {"topics": ["none"]}], ["#/examples/1/topics/1", "#/examples/2/topics/0"]),
        ([DNS, DNS | {"html": "x"}], ["#/examples/1/text"]),
        ([DNS | {"at": "yesterday"}], ["#/examples/0/at"]),
        ([DNS | {"weak": "yes"}], ["#/examples/0/weak"]),
        ([DNS | {"who": 3}], ["#/examples/0/who"]),
        ([DNS | {"who": "x" * 201}], ["#/examples/0/who"]),
        ([{"title": "", "text": " ", "topics": []}], ["#/examples/0"]),
        (["x"], ["#/examples/0"]),
    ],
)
def test_nothing_is_kept_where_one_cannot_be(
    store: Store, client: FlaskClient, rows: list[dict[str, Any]], pointers: list[str]
) -> None:
    answer = client.post("/v1/examples", json={"examples": rows})

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert [fault["pointer"] for fault in answer.get_json(force=True)["errors"]] == pointers
    assert store.examples() == []


def test_a_fault_of_jsonl_is_told_with_its_line(store: Store, client: FlaskClient) -> None:
    data = (
        as_lines(DNS) + b"\n" + b'{"title": "cut in the mid\n' + b"[]\n" + as_lines(DNS | {"topics": [1]}) + b'{"title": "\xff"}'
    )

    answer = client.post("/v1/examples", data=data, content_type=JSONL)

    assert answer.status_code == 422
    problem = answer.get_json(force=True)
    assert [fault["pointer"] for fault in problem["errors"]] == ["#/2", "#/3", "#/4/topics/0", "#/5"]
    assert problem["errors"][0]["detail"].startswith("line 3: it is no JSON")
    assert "line 3: it is no JSON" in problem["detail"]
    assert problem["errors"][3]["detail"] == "line 6: it is no JSON: it is not UTF-8 (byte 12)"
    assert store.examples() == []
    for empty in (b"", b" \n\n"):
        assert client.post("/v1/examples", data=empty, content_type=JSONL).status_code == 422
    assert client.post("/v1/examples", data=as_lines(DNS), content_type="text/csv").status_code == 415


def test_what_was_said_of_a_post_is_forgotten(store: Store, client: FlaskClient, tagger: Tagger) -> None:
    client.post("/v1/examples", json={"examples": [DNS, DNS | {"who": "bob"}, DNS | {"id": "https://a.example//x", "text": "z"}]})

    assert client.delete("/v1/examples/dns").get_json() == {"model": tagger.version.name, "examples": 2}
    assert client.delete("/v1/examples/dns").status_code == 404
    assert client.delete("/v1/examples/https%3A%2F%2Fa.example%2F%2Fx").status_code == 200
    assert client.delete("/v1/examples/a%00b").status_code == 404
    assert store.examples() == []


def test_writing_needs_the_token_and_reading_does_not(target: Target, tagger: Tagger) -> None:
    with serving(settings_of(target, host="0.0.0.0", token="0123456789abcdef"), tagger) as client:
        assert client.get("/v1/examples").status_code == 200
        assert client.post("/v1/examples", json={"examples": [DNS]}).status_code == 401
        assert client.delete("/v1/examples/dns").status_code == 401
        token = {"Authorization": "Bearer 0123456789abcdef"}
        assert client.post("/v1/examples", json={"examples": [DNS]}, headers=token).status_code == 200


def test_what_is_nested_too_deeply_to_be_read_back_is_not_kept(store: Store, client: FlaskClient) -> None:
    for depth in (101, 500, 900, 2_000, 100_000):
        row = json.dumps(DNS)[:-1] + ', "deep": ' + "[" * depth + "]" * depth + "}"
        for data, content_type in ((f'{{"examples": [{row}]}}', "application/json"), (row, JSONL)):
            answer = client.post("/v1/examples", data=data, content_type=content_type)
            assert answer.status_code in (400, 422), (depth, answer.text[:300])
            assert "deep" in answer.text
    assert store.examples() == []


def test_too_many_for_the_time_there_is(target: Target, store: Store, tagger: Tagger) -> None:
    rows = [{"title": f"{number}", "text": "", "topics": []} for number in range(2_000)]
    with serving(settings_of(target, max_seconds=0.001), tagger) as client:
        answer = client.post("/v1/examples", json={"examples": rows})

    assert answer.status_code == 503
    assert "TOPICWIRE_MAX_SECONDS" in answer.get_json(force=True)["detail"]
    assert store.examples() == []
