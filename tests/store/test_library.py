"""Posts, corrections and sources over REST, and who may write."""

import multiprocessing
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.http import parse_list_header
from werkzeug.test import TestResponse

from model.errors import SettingError
from model.posts import Post, TaggedPost
from model.tagger import Tagger
from service import access, schemas, settings
from service import storage as storage_
from service.settings import Settings
from service.storage import Storage
from service.store import NewSource, Store, posts
from tests.store import made
from tests.store.conftest import Target, serving, settings_of

TOKEN = "a-token-of-24-characters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def tagged(identity: str, *topics: str, hours: float = 0, **fields: Any) -> TaggedPost:
    scores = {"networking": 0.1, "containers": 0.2} | dict.fromkeys(topics, 0.9)
    post: Post = made.post(identity, hours=hours, **fields)
    return TaggedPost(post, list(topics), scores, {name: [("word", 1.5)] for name in topics}, ["A sentence."], "v1")


def results(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.get_json()["results"]]


def next_page(answer: TestResponse) -> str | None:
    """The address that `Link: rel="next"` names."""
    for link in parse_list_header(answer.headers.get("Link", "")):
        address, _, relation = link.partition(">")
        assert relation.replace('"', "") == "; rel=next"
        return address.removeprefix("<")
    return None


def test_a_stored_post_in_full(store: Store, client: FlaskClient, tagger: Tagger) -> None:
    made.record(store, made.source(store), [tagged("urn:1", "networking", link="https://a.example/1")], title="One")
    stored = store.post("urn:1")
    assert stored is not None

    listed = client.get("/v1/posts").get_json()

    assert listed == {
        "model": tagger.version.name,
        "results": [
            {
                "id": "urn:1",
                "title": "Post urn:1",
                "link": "https://a.example/1",
                "published": "2026-06-01T12:00:00Z",
                "source": "One",
                "topics": ["networking"],
                "scores": {"networking": 0.9, "containers": 0.2},
                "evidence": {"networking": [["word", 1.5]]},
                "summary": ["A sentence."],
                "model": "v1",
                "key": stored.key,
                "sources": [1],
                "first_seen": "2026-06-01T12:00:00Z",
                "changed": "2026-06-01T12:00:00Z",
                "correction": None,
            }
        ],
    }
    assert client.get(f"/v1/posts/{stored.key}").get_json() == client.get("/v1/posts/urn:1").get_json() == listed["results"][0]
    assert client.get("/v1/posts/urn:2").status_code == client.get("/v1/posts/a%00b").status_code == 404


@pytest.mark.parametrize(
    "identity", ["https://a.example//1/?p=2#x", "a/topics", "topics", "..", "a b", "%2F", "é", "9" * 300, "?", "/a", "/", "a//"]
)
def test_any_id_is_an_address(store: Store, client: FlaskClient, identity: str) -> None:
    made.record(store, made.source(store), [tagged(identity, "networking")])
    address = f"/v1/posts/{quote(identity, safe='')}"

    assert client.get(address).get_json()["id"] == identity
    assert client.put(f"{address}/topics", json={"topics": []}).get_json()["topics"] == []
    assert client.delete(f"{address}/topics").get_json()["topics"] == ["networking"]


def test_posts_are_filtered(store: Store, client: FlaskClient) -> None:
    one, two = made.source(store, "one"), made.source(store, "two")
    made.record(store, one, [tagged("1", "networking", hours=1), tagged("2", "containers", hours=2, text="pods")])
    made.record(store, two, [tagged("3", "networking", "containers", hours=3), tagged("4", hours=4)])

    for query, expected in [
        ("", "1234"),
        ("?topic=networking", "13"),
        ("?topic=all", "1234"),
        ("?topic=none", "4"),
        ("?source=2", "34"),
        ("?source=9", ""),
        ("?q=POD*", "2"),
        ("?q=", "1234"),
        ("?since=2026-06-01T10:00:00Z", "12"),
        ("?since=2026-06-01T12:00:00%2B02:00", "12"),
        ("?min_score=0.9&topic=containers", "23"),
        ("?min_score=0.95", ""),
        ("?topic=networking&source=2", "3"),
    ]:
        assert "".join(results(client.get(f"/v1/posts{query}"))) == expected, query


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("topic=knitting", "knitting"),
        ("limit=0", "`limit`"),
        ("limit=1001", "`limit`"),
        ("source=one", "`source`"),
        ("since=yesterday", "RFC 3339"),
        ("min_score=2", "`min_score`"),
        ("cursor=x", "`cursor`"),
        ("cursor=", "`cursor`"),
        ("topics=networking", "`topics`"),
        ("q=a&q=b", "`q`"),
    ],
)
def test_queries_that_are_wrong(client: FlaskClient, query: str, said: str) -> None:
    answer = client.get(f"/v1/posts?{query}")

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert said in answer.get_json(force=True)["detail"]


def test_the_limits_of_queries_are_those_of_the_store() -> None:
    limit = schemas.WireQuery.model_json_schema()["properties"]["limit"]

    assert limit["maximum"] == posts.MAX_LIMIT


def test_pages_neither_skip_nor_repeat_while_posts_arrive(store: Store, client: FlaskClient) -> None:
    source = made.source(store)
    made.record(store, source, [tagged(str(number), "networking", hours=number // 2) for number in range(23)])
    met, address, visits = [], "/v1/posts?topic=networking&limit=5&q=post", 0

    while address:
        answer = client.get(address)
        met += results(answer)
        visits += 1
        # A newer one, one as old as those on this page, and one that is on no page of this topic.
        made.record(
            store,
            source,
            [
                tagged(f"new-{visits}", "networking", hours=-visits),
                tagged(f"late-{visits}", "networking", hours=visits),
                tagged(f"other-{visits}", hours=30),
            ],
            at=made.NOW + 20 * made.HOUR,
        )
        address = next_page(answer) or ""
        assert not address or address.startswith("http://localhost/v1/posts?topic=networking&limit=5&q=post&cursor=")

    assert len(met) == len(set(met))
    assert sorted((name for name in met if name.isdigit()), key=int) == [str(number) for number in range(23)]
    assert not [name for name in met if name.startswith(("new", "other"))]
    assert visits >= 5


def test_a_correction_holds_until_it_is_withdrawn(store: Store, client: FlaskClient) -> None:
    made.record(store, made.source(store), [tagged("urn:1", "networking")])

    corrected = client.put("/v1/posts/urn:1/topics", json={"topics": ["observability", "containers", "containers"]}).get_json()

    assert corrected["topics"] == ["containers", "observability"]
    assert corrected["evidence"] == {}
    assert corrected["scores"] == {"networking": 0.9, "containers": 0.2}, "the model's, as they were"
    assert corrected["correction"]["instead_of"] == ["networking"]
    assert corrected["correction"]["who"] == "REST"
    assert results(client.get("/v1/posts?topic=observability&min_score=1")) == ["urn:1"]
    assert results(client.get("/v1/posts?topic=networking")) == []
    assert [tuple(example.topics) for example in store.examples()] == [("containers", "observability")]
    for _ in range(2):
        withdrawn = client.delete("/v1/posts/urn:1/topics").get_json()
        assert (withdrawn["topics"], withdrawn["correction"]) == (["networking"], None)
    assert list(store.examples()) == []


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, None),
        (b"[]", 422, "#"),
        (b"{}", 422, "#/topics"),
        (b'{"topics": "networking"}', 422, "#/topics"),
        (b'{"topics": ["networking", 3]}', 422, "#/topics/1"),
        (b'{"topics": ["networking", "knitting"]}', 422, "#/topics/1"),
        (b'{"topics": ["none"]}', 422, "#/topics/0"),
        (b'{"topics": [], "why": "x"}', 422, "#/why"),
    ],
)
def test_corrections_that_are_none(store: Store, client: FlaskClient, body: bytes, status: int, pointer: str | None) -> None:
    made.record(store, made.source(store), [tagged("1", "networking")])

    answer = client.put("/v1/posts/1/topics", data=body, content_type="application/json")

    assert answer.status_code == status
    assert [error["pointer"] for error in answer.get_json(force=True).get("errors", [])][:1] == ([pointer] if pointer else [])
    assert list(store.corrections()) == []
    assert client.put("/v1/posts/1/topics", data=b"{}", content_type="text/plain").status_code == 415
    assert client.put("/v1/posts/2/topics", json={"topics": []}).status_code == 404
    assert client.delete("/v1/posts/2/topics").status_code == 404


def test_sources_are_added_listed_and_removed(store: Store, client: FlaskClient, tagger: Tagger) -> None:
    wanted = {"url": "https://a.example/feed.xml", "title": "A", "folder": "x/y"}

    added = client.post("/v1/sources", json=wanted)
    again = client.post("/v1/sources", json={"url": wanted["url"], "title": None})

    assert (added.status_code, again.status_code) == (201, 200)
    assert added.get_json() == again.get_json()
    row = added.get_json()
    assert row.pop("model") == tagger.version.name
    assert client.get("/v1/sources").get_json() == {"model": tagger.version.name, "sources": [row]}
    assert {name: row[name] for name in wanted} == wanted
    assert (row["state"], row["polled"], row["failures"]) == ("active", None, 0)
    made.record(store, store.source(row["id"]), [tagged("1"), tagged("2")])
    client.put("/v1/posts/1/topics", json={"topics": ["networking"]})
    removed = client.delete(f"/v1/sources/{row['id']}").get_json()
    assert removed == {"model": tagger.version.name, "posts": 2, "examples": 1}
    assert client.get("/v1/sources").get_json()["sources"] == []
    assert len(list(store.examples())) == 1
    for missing in (str(row["id"]), "0", "-1", "x", str(2**63), str(2**63 - 1)):
        assert client.delete(f"/v1/sources/{missing}").status_code == 404, missing
    for url in ("ftp://a.example/", "javascript:alert(1)", "", "https://a.example/" + "a" * 3000):
        problem = client.post("/v1/sources", json={"url": url})
        assert (problem.status_code, problem.get_json(force=True)["errors"][0]["pointer"]) == (422, "#/url"), url


# host that `serve` listens on, token set, what the request says, the answer
HERE, FAR = {"REMOTE_ADDR": "127.0.0.1"}, {"REMOTE_ADDR": "203.0.113.9"}
WHO_MAY: list[tuple[str, str, dict[str, str], dict[str, str], int]] = [
    # On loopback without a token: this machine, and no page of another site.
    ("127.0.0.1", "", {}, HERE, 200),
    ("localhost", "", {}, HERE, 200),
    ("::1", "", {"Host": "[::1]:8000"}, {"REMOTE_ADDR": "::1"}, 200),
    ("127.0.0.1", "", {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}, HERE, 200),
    ("127.0.0.1", "", {"Host": "localhost:8000", "Sec-Fetch-Site": "same-origin"}, HERE, 200),
    ("127.0.0.1", "", {"Sec-Fetch-Site": "none"}, HERE, 200),
    ("127.0.0.1", "", {"Sec-Fetch-Site": "cross-site"}, HERE, 403),
    ("127.0.0.1", "", {"Sec-Fetch-Site": "same-site"}, HERE, 403),
    ("127.0.0.1", "", {"Origin": "https://evil.example"}, HERE, 403),
    ("127.0.0.1", "", {"Origin": "null"}, HERE, 403),
    ("127.0.0.1", "", {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:9000"}, HERE, 403),
    # Others than this machine, whatever the settings believe.
    ("127.0.0.1", "", {}, FAR, 403),
    ("127.0.0.1", "", {"X-Forwarded-For": "203.0.113.9"}, HERE, 403),
    ("127.0.0.1", "", {"Forwarded": "for=203.0.113.9"}, HERE, 403),
    # Beyond loopback without a token: nobody.
    ("0.0.0.0", "", {}, HERE, 403),
    ("::", "", {}, HERE, 403),
    ("192.0.2.1", "", BEARER, FAR, 403),
    # With a token: whoever has it.
    ("0.0.0.0", TOKEN, BEARER, FAR, 200),
    ("0.0.0.0", TOKEN, {"Authorization": f"bearer  {TOKEN}"}, FAR, 200),
    ("0.0.0.0", TOKEN, {**BEARER, "Host": "wires.example", "X-Forwarded-For": "203.0.113.9"}, HERE, 200),
    ("0.0.0.0", TOKEN, {}, FAR, 401),
    ("127.0.0.1", TOKEN, {}, HERE, 401),
    ("127.0.0.1", TOKEN, BEARER, HERE, 200),
    ("0.0.0.0", TOKEN, {"Authorization": "Bearer"}, FAR, 401),
    ("0.0.0.0", TOKEN, {"Authorization": f"Bearer {TOKEN[:-1]}"}, FAR, 401),
    ("0.0.0.0", TOKEN, {"Authorization": f"Bearer {TOKEN}x"}, FAR, 401),
    ("0.0.0.0", TOKEN, {"Authorization": f"Basic {TOKEN}"}, FAR, 401),
    ("0.0.0.0", TOKEN, {"Authorization": "Bearer é"}, FAR, 401),
]


@pytest.mark.parametrize(("host", "token", "headers", "environment", "status"), WHO_MAY)
def test_who_may_write(
    tmp_path: Path, tagger: Tagger, host: str, token: str, headers: dict[str, str], environment: dict[str, str], status: int
) -> None:
    with serving(Settings(home=tmp_path, host=host, token=token), tagger) as client:

        def ask(method: str, address: str, **body: Any) -> TestResponse:
            return client.open(address, method=method, headers=headers, environ_overrides=environment, **body)

        answer = ask("POST", "/v1/sources", json={"url": "https://a.example/feed"})

        assert answer.status_code == (201 if status == 200 else status), answer.text
        # Whoever may not write is not told whether there is such a post.
        expected = 404 if status == 200 else status
        assert ask("PUT", "/v1/posts/1/topics", json={"topics": []}).status_code == expected
        assert ask("DELETE", "/v1/posts/1/topics").status_code == expected
        assert ask("DELETE", "/v1/sources/9").status_code == expected
        with Store(tmp_path / "topicwire.db") as store:
            store.add_source(NewSource("https://a.example/feed?key=secret"))
        listed = ask("GET", "/v1/sources").get_json()["sources"]
        assert [row["title"] for row in listed[-1:]] == ["a.example"], "anyone may read"
        assert ("secret" in str(listed)) == (status == 200), "but a feed's URL may hold a key"
        assert ask("POST", "/v1/tag", json={"posts": []}).status_code == 200, "nothing is written there"
        if status != 200:
            assert answer.content_type == "application/problem+json"
            assert "TOPICWIRE_TOKEN" in answer.get_json(force=True)["detail"]
            assert TOKEN not in answer.text
            assert answer.headers.get("WWW-Authenticate", "").startswith("Bearer realm=") == (status == 401)


# host that `serve` listens on, other names allowed, what the request is sent to, the answer
NAMES: list[tuple[str, str, str, int]] = [
    *(("127.0.0.1", "", name, 200) for name in ("localhost", "LOCALHOST:8000", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000")),
    ("::1", "", "a.localhost", 200),
    # DNS that has been pointed to this machine, and names that look like it.
    ("127.0.0.1", "", "rebound.example:8000", 421),
    ("localhost", "", "rebound.example", 421),
    ("::1", "", "rebound.example", 421),
    *(
        ("127.0.0.1", "", name, 421)
        for name in (
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "127.0.0.1@evil.example",
            "evil.example#127.0.0.1",
            "[::1",
            "[x]:1",
            "0x7f.1",
            "192.168.1.2",
        )
    ),
    ("127.0.0.1", "wires.example, news.example", "wires.example:8000", 200),
    ("127.0.0.1", "wires.example, news.example", "News.Example", 200),
    ("127.0.0.1", "wires.example", "a.wires.example", 421),
    # Beyond loopback it goes by whatever name.
    ("0.0.0.0", "", "wires.example", 200),
    ("192.0.2.1", "", "wires.example", 200),
]


@pytest.mark.parametrize(("host", "others", "name", "status"), NAMES)
@pytest.mark.parametrize("token", ["", TOKEN], ids=["open", "token"])
def test_under_which_names_it_may_be_read(
    tmp_path: Path, tagger: Tagger, host: str, others: str, name: str, status: int, token: str
) -> None:
    allowed = settings.parse("allow_hosts", others) if others else ()
    with serving(Settings(home=tmp_path, host=host, allow_hosts=allowed, token=token), tagger) as client:
        addresses = ["/v1/posts", "/v1/sources", "/wires/all.atom", "/wires", "/metrics", "/healthz", "/docs", "/nothing"]
        answers = [client.get(address, headers={"Host": name}) for address in addresses]
        answers.append(client.post("/v1/tag", headers={"Host": name}, json={"posts": []}))

    assert [answer.status_code for answer in answers] == [status] * 7 + ([404, 200] if status == 200 else [421, 421])
    for answer in answers if status == 421 else []:
        assert answer.content_type == "application/problem+json"
        assert "TOPICWIRE_ALLOW_HOSTS" in answer.get_json(force=True)["detail"]


@pytest.mark.parametrize("wrong", ["wires.example:8000", "http://wires.example", "*", "a b", "-x"])
def test_names_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(SettingError, match="TOPICWIRE_ALLOW_HOSTS: it must be names without port"):
        settings.read({"TOPICWIRE_ALLOW_HOSTS": f"wires.example,{wrong}"})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        *((name, True) for name in ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]")),
        *((name, False) for name in ("0.0.0.0", "::", "", "10.0.0.1", "localhost.example", "127.0.0.1.example", "0x7f.1")),
    ],
)
def test_what_is_loopback(name: str, near: bool) -> None:
    assert access.is_loopback(name) == near


@pytest.mark.parametrize("token", ["short", "with a blank in between", "é" * 20, "a" * 15, "line\nfeed-and-some-more"])
def test_a_token_that_is_none_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(SettingError) as refused:
        settings.read({"TOPICWIRE_TOKEN": token})

    assert str(refused.value).startswith("TOPICWIRE_TOKEN: it must be 16 or more")
    assert token not in str(refused.value)
    assert TOKEN not in repr(settings.read({"TOPICWIRE_TOKEN": TOKEN}))


def test_a_store_that_cannot_be_opened_is_503_until_it_can(tmp_path: Path, tagger: Tagger) -> None:
    (tmp_path / "topicwire.db").write_bytes(b"no database " * 100)
    with serving(Settings(home=tmp_path), tagger) as client:
        for address in ("/v1/posts", "/v1/posts/1", "/v1/sources", "/wires/all.rss"):
            answer = client.get(address)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
            assert "no database of topicwire" in answer.get_json(force=True)["detail"]
            assert str(tmp_path) not in answer.text
        assert client.post("/v1/tag", json={"posts": []}).status_code == 200
        (tmp_path / "topicwire.db").unlink()
        assert client.get("/v1/posts").status_code == 200


def _sources_seen(storage: Storage, inherited: Store, answers: Any) -> None:
    answers.put((storage.store() is inherited, [source.url for source in storage.store().sources()]))
    storage.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_no_connection_crosses_a_fork(target: Target) -> None:
    storage = Storage(settings_of(target))
    made.source(storage.store())
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()

    processes = [fork.Process(target=_sources_seen, args=(storage, storage.store(), answers)) for _ in range(3)]
    for process in processes:
        process.start()
    seen = [answers.get(timeout=30) for _ in processes]
    for process in processes:
        process.join(30)

    assert seen == [(False, ["https://one.example/feed.xml"])] * 3
    made.source(storage.store(), "two")
    assert len(storage.store().sources()) == 2, "the parent's connection is as it was"
    storage.close()


def test_metrics_tell_of_the_store(store: Store, client: FlaskClient) -> None:
    made.record(store, made.source(store), [tagged("1")])
    gone = store.add_source(NewSource("https://gone.example/secret-title"))[0]
    store.update_source(gone.id, state="gone")
    store.correct(1, ["networking"], "test")

    text = client.get("/metrics").text

    for line in [
        "topicwire_store_up 1.0",
        'topicwire_sources{state="active"} 1.0',
        'topicwire_sources{state="gone"} 1.0',
        "topicwire_sources_due 1.0",
        "topicwire_corrections 1.0",
    ]:
        assert f"{line}\n" in text
    asked_ago = (datetime.now(UTC) - made.NOW).total_seconds()
    assert float(text.partition("\ntopicwire_oldest_unpolled_seconds ")[2].split()[0]) == pytest.approx(asked_ago, abs=60)
    assert "one.example" not in text
    assert "secret" not in text
    families = [family.name for family in text_string_to_metric_families(text)]
    assert len(families) == len(set(families))


def test_metrics_count_the_week_now_and_then(
    store: Store, target: Target, tagger: Tagger, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home / "models", tmp_path / "models")
    one, now = made.source(store), datetime.now(UTC)
    with serving(settings_of(target, home=tmp_path), tagger) as client:
        found = []
        for number in range(3):
            made.record(store, one, [made.tagged(made.post(str(number), published=now), "networking")], at=now)
            if number == 2:
                monkeypatch.setattr(storage_, "COUNTED_EVERY", timedelta(0))
            found.append(client.get("/metrics").text)

    for text, week, outdated in zip(found, (1, 1, 3), (1, 2, 3), strict=True):
        assert f"topicwire_week_posts {week}.0\n" in text
        assert f"topicwire_posts_to_retag {outdated}.0\n" in text


def test_metrics_make_no_store_and_outlive_one(tmp_path: Path, tagger: Tagger) -> None:
    with serving(Settings(home=tmp_path), tagger) as client:
        assert "topicwire_store_up" not in client.get("/metrics").text
        assert not (tmp_path / "topicwire.db").exists()
        (tmp_path / "topicwire.db").write_bytes(b"no database " * 100)
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "topicwire_store_up 0.0\n" in answer.text
    assert "topicwire_requests_total" in answer.text
    assert "\ntopicwire_sources_due " not in answer.text
