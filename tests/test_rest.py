"""The REST interface: answers, and every error as problem+json with the pointer of the field at fault."""

import json
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from model import feed
from model.errors import TopicwireError
from model.posts import post_from_dict
from model.tagger import Tagger
from service import logs
from service.app import create_app
from service.settings import Settings
from tests.conftest import DATA, SAMPLE

ENDPOINTS = ["/v1/classify", "/v1/summarize", "/v1/tag"]
POST = {"id": 1, "title": "Pods", "text": "Kubernetes evicts pods from nodes that run out of memory.", "mine": {"a": [None]}}


def fault(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json(force=True)
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert "Traceback" not in answer.text
    return dict(problem)


def test_classify_summarize_and_tag_agree(client: FlaskClient, tagger: Tagger) -> None:
    classified, summarized, tagged = (client.post(path, json={"posts": [POST]}).get_json() for path in ENDPOINTS)

    whole = tagged["results"][0]
    assert classified == {
        "model": tagger.version.name,
        "results": [{name: whole[name] for name in ("id", "topics", "scores", "evidence")}],
    }
    assert summarized == {"model": tagger.version.name, "results": [{"id": 1, "summary": [POST["text"]]}]}
    assert whole["topics"] == ["containers"]
    assert whole["mine"] == {"a": [None]}
    assert "text" not in whole


def test_a_feed_document_is_tagged_as_offline(client: FlaskClient, tagger: Tagger) -> None:
    offline = [tag.to_dict() for tag in tagger.tag(feed.read(SAMPLE.read_bytes()).posts)]
    json_feed = (DATA / "feeds" / "jsonfeed11.json").read_bytes()
    damaged = (DATA / "feeds" / "bare-ampersand.xml").read_bytes()

    xml = client.post("/v1/tag", data=SAMPLE.read_bytes(), content_type="application/rss+xml; charset=utf-8")

    assert xml.get_json()["results"] == json.loads(json.dumps(offline))
    assert xml.get_json()["warnings"] == []
    assert len(client.post("/v1/tag", data=json_feed, content_type="application/feed+json").get_json()["results"]) == 2
    warned = client.post("/v1/tag", data=damaged, content_type="text/xml").get_json()
    assert warned["warnings"][0].startswith("it is not well-formed XML")


def test_callers_say_how_long_summaries_may_be(client: FlaskClient) -> None:
    teams = {"north": "Oslo", "south": "Rome", "east": "Riga", "west": "Cork"}
    text = " ".join(f"The {name} scheduler places many pods of {city}." for name, city in teams.items())
    posts = [{"id": 1, "text": text}]

    def lengths(path: str, **body: Any) -> list[int]:
        return [len(row["summary"]) for row in client.post(path, json={"posts": posts, **body}).get_json()["results"]]

    for path in ("/v1/summarize", "/v1/tag"):
        assert lengths(path) == [3]
        assert lengths(path, sentences=1) == lengths(path, max_words=15) == [1]
        assert lengths(path, sentences=10.0) == [4]
        for wrong in ({"sentences": 0}, {"sentences": 11}, {"sentences": "2"}, {"sentences": True}, {"max_words": 0}):
            problem = fault(client.post(path, json={"posts": posts, **wrong}), 422)
            assert [error["pointer"] for error in problem["errors"]] == [f"#/{next(iter(wrong))}"]
    assert lengths("/v1/tag?sentences=2") == [2]
    assert lengths("/v1/tag?sentences=2", sentences=1) == [1]
    feed_document = client.post("/v1/tag?sentences=1&max_words=40", data=SAMPLE.read_bytes(), content_type="text/xml")
    assert {len(row["summary"]) for row in feed_document.get_json()["results"]} == {1}
    for query in ("sentences=11", "sentences=x", "max_words=0", "sentence=1"):
        wrong_query = client.post(f"/v1/tag?{query}", data=SAMPLE.read_bytes(), content_type="text/xml")
        assert query.partition("=")[0] in fault(wrong_query, 422)["detail"]
    assert fault(client.post("/v1/classify", json={"posts": posts, "sentences": 1}), 422)


def test_reading_routes(client: FlaskClient, tagger: Tagger) -> None:
    name = tagger.version.name
    topics = client.get("/v1/topics").get_json()
    about = client.get("/v1/model").get_json()

    assert [topic["name"] for topic in topics["topics"]] == [topic.name for topic in tagger.version.topics]
    assert topics["model"] == about["model"] == name
    assert about["provenance"]["examples"] >= 240
    assert client.get("/healthz").get_json() == {"status": "ok", "model": name}
    assert client.get("/readyz").get_json() == {"status": "ready", "model": name}
    assert client.head("/healthz").status_code == 200
    page = client.get("/docs")
    assert page.content_type.startswith("text/html")
    assert all(path in page.text for path in client.get("/openapi.json").get_json()["paths"])


def test_metrics_count_requests_and_posts(client: FlaskClient, tagger: Tagger) -> None:
    def value(line: str) -> float:
        found = [row for row in client.get("/metrics").text.splitlines() if row.startswith(line + " ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    tagged, answered = (
        'topicwire_posts_total{topic="containers"}',
        'topicwire_requests_total{method="POST",route="/v1/tag",status="200"}',
    )
    before = value(tagged), value(answered)
    client.post("/v1/tag", json={"posts": [POST]})
    client.open("/no/such/<route>?title=x", method="BREW")

    assert (value(tagged), value(answered)) == (before[0] + 1, before[1] + 1)
    assert value(f'topicwire_model{{version="{tagger.version.name}"}}') == 1
    assert "no/such" not in client.get("/metrics").text
    assert 'method="other",route="none"' in client.get("/metrics").text


BAD_BODIES = [
    (b"", 400, None),
    (b"{", 400, None),
    (b"\xff\xfe", 400, None),
    (b'{"posts": [{"text": NaN}]}', 400, None),
    (b'{"posts": [{"text": "a", "n": 1e999}]}', 400, None),
    (b"[" * 100_000, 400, None),
    (b'{"posts": ' + b"[" * 500 + b"]" * 500 + b"}", 422, "#/posts/0"),
    (b"[]", 422, "#"),
    (b"{}", 422, "#/posts"),
    (b'{"posts": {}}', 422, "#/posts"),
    (b'{"posts": [], "post": 1}', 422, "#/post"),
    (b'{"posts": [{"text": "a"}, 3]}', 422, "#/posts/1"),
    (b'{"posts": [{"text": "a"}, {"title": "b"}]}', 422, "#/posts/1"),
    (b'{"posts": [{"text": "a", "html": "b"}]}', 422, "#/posts/0/text"),
    (b'{"posts": [{"text": "a", "title": 7}]}', 422, "#/posts/0/title"),
    (b'{"posts": [{"text": "a", "id": 1.5}]}', 422, "#/posts/0/id"),
    (b'{"posts": [{"text": "a", "id": true}]}', 422, "#/posts/0/id"),
    (b'{"posts": [' + b",".join([b'{"text": ""}'] * 21) + b"]}", 422, "#/posts"),
]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(("body", "status", "pointer"), BAD_BODIES, ids=[str(body[:60]) for body, _, _ in BAD_BODIES])
def test_bad_bodies(client: FlaskClient, path: str, body: bytes, status: int, pointer: str | None) -> None:
    problem = fault(client.post(path, data=body, content_type="application/json"), status)

    assert problem["detail"]
    assert [error["pointer"] for error in problem.get("errors", [])][:1] == ([pointer] if pointer else [])


def test_the_rest_interface_and_jsonl_take_the_same_posts(client: FlaskClient) -> None:
    rows: list[Any] = [
        {"text": "a", "id": None},
        {"html": "a", "text": None},
        {"text": 1},
        {"html": "a", "link": []},
        {"id": 1.0, "text": ""},
    ]
    rows += [
        {"text": "", "published": "x", "source": None},
        {"title": "t"},
        {"text": "a", "html": ""},
        "x",
        None,
        {"text": "a", "topics": 3},
    ]
    for row in rows:
        try:
            post_from_dict(row)
            expected = 200
        except TopicwireError:
            expected = 422
        assert client.post("/v1/tag", json={"posts": [row]}).status_code == expected, row


@pytest.mark.parametrize("path", ENDPOINTS)
def test_wrong_media_types_sizes_and_methods(client: FlaskClient, path: str) -> None:
    assert "text/plain" in fault(client.post(path, data=b"{}", content_type="text/plain"), 415)["detail"]
    assert "nothing" in fault(client.post(path, data=b"{}"), 415)["detail"]
    packed = client.post(path, data=b"{}", content_type="application/json", headers={"Content-Encoding": "gzip"})
    assert "compressed" in fault(packed, 415)["detail"]
    large = b'{"posts": [{"text": "' + b"a" * 200_000 + b'"}]}'
    assert "TOPICWIRE_MAX_BYTES" in fault(client.post(path, data=large, content_type="application/json"), 413)["detail"]
    wrong = client.get(path)
    assert "POST" in fault(wrong, 405)["detail"]
    assert "POST" in wrong.headers["Allow"]


def test_what_is_no_feed_or_has_too_many_posts_is_422(client: FlaskClient) -> None:
    refused = DATA / "feeds" / "refused"
    for name in ("web-page.html", "billion-laughs.xml", "external-entity.xml", "empty.xml"):
        problem = fault(client.post("/v1/tag", data=(refused / name).read_bytes(), content_type="application/xml"), 422)
        assert problem["errors"][0]["pointer"] == "#"
    many = b"<rss><channel><title>x</title>" + b"<item><title>a</title></item>" * 21 + b"</channel></rss>"
    assert "TOPICWIRE_MAX_POSTS" in fault(client.post("/v1/tag", data=many, content_type="text/xml"), 422)["detail"]


def test_too_long_is_503(settings: Settings, tagger: Tagger) -> None:
    hasty = create_app(Settings(home=settings.home, max_seconds=1e-9), tagger).test_client()

    answer = hasty.post("/v1/tag", json={"posts": [POST]})

    assert "TOPICWIRE_MAX_SECONDS" in fault(answer, 503)["detail"]
    assert answer.headers["Retry-After"] == "1"


def test_a_mistake_of_ours_is_logged_and_not_shown(
    settings: Settings, tagger: Tagger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_app(settings, tagger).test_client()
    monkeypatch.setattr(Tagger, "tag", lambda *_, **__: 1 / 0)

    answer = client.post("/v1/tag", json={"posts": [POST]})

    assert "division" not in json.dumps(fault(answer, 500))
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert client.post("/v1/tag", json={"posts": [POST]}).status_code == 200, "its slot was given back"


def test_unknown_addresses_are_404(client: FlaskClient) -> None:
    assert "/docs" in fault(client.get("/nothing/../here"), 404)["detail"]


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("bad\x7fid", False), ("x" * 65, False), ("a b", False)])
def test_a_request_id_is_kept_if_it_is_harmless(client: FlaskClient, given: str, kept: bool) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})

    assert (answer.headers["X-Request-ID"] == given) == kept


def test_log_lines_are_json_and_cannot_be_forged() -> None:
    record = logging.makeLogRecord({"msg": "request", "levelname": "INFO", "path": '/a\n{"level": "error"}\x1b[31m'})

    line = logs.JsonFormatter().format(record)

    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line)["path"] == '/a\n{"level": "error"}\x1b[31m'
