"""Posts in the order of what their labels would teach."""

import base64
import json
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from model.errors import InputError
from model.posts import TaggedPost
from service.store import Store, listing, migrate
from tests.store.conftest import Target
from tests.store.made import HOUR, NOW, ids, post, record, source
from tests.store.test_database import url
from training.uncertainty import uncertainty


def scored(identity: str, *scores: float, hours: float = 0, model: str = "v1") -> TaggedPost:
    named = dict(zip(("containers", "networking"), scores, strict=False))
    topics = [name for name, score in named.items() if score >= 0.5]
    evidence = {name: [("word", 1.0)] for name in topics}
    return TaggedPost(post(identity, hours=hours), topics, named, evidence, [], model)


POSTS = [scored("sure", 0.01, 0.02), scored("torn", 0.5, 0.4), scored("half", 0.02, 0.6), scored("certain", 1.0, 0.0)]


def test_the_most_uncertain_first_and_none_that_is_corrected(store: Store) -> None:
    record(store, source(store), POSTS)

    assert ids(store.posts(order="uncertain").posts) == ["torn", "half", "sure", "certain"]
    assert ids(store.posts(order="uncertain", topic="networking").posts) == ["half"]
    assert ids(store.posts(order="uncertain", topic="none", limit=1).posts) == ["sure"]
    torn = store.post("torn")
    assert torn
    store.correct(torn.number, ["networking"], "reader")
    assert ids(store.posts(order="uncertain").posts) == ["half", "sure", "certain"]
    store.withdraw(torn.number)
    assert ids(store.posts(order="uncertain").posts) == ["torn", "half", "sure", "certain"]


def test_a_new_answer_has_a_new_place(store: Store) -> None:
    one = source(store)
    record(store, one, POSTS)
    half = store.post("half")
    assert half
    store.retag([(half, scored("half", 0.0, 1.0, model="v2"))])
    record(store, one, [scored("sure", 0.5, 0.5, hours=1)], at=NOW + HOUR)
    changed = TaggedPost(post("certain", "other words"), [], {"containers": 0.4}, {}, [], "v2")
    record(store, one, [changed], at=NOW + HOUR)

    assert ids(store.posts(order="uncertain").posts) == ["torn", "certain", "sure", "half"]


@given(scores=st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.123456, 0.9]), max_size=12), limit=st.integers(1, 5))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_have_each_post_once(store: Store, scores: list[float], limit: int) -> None:
    one = source(store, "property")
    store.remove_source(one.id)
    one = source(store, "property")
    record(store, one, [scored(str(number), score) for number, score in enumerate(scores)])

    met: list[str] = []
    cursor = None
    while True:
        page = store.posts(order="uncertain", limit=limit, cursor=cursor)
        met += ids(page.posts)
        cursor = page.next
        if cursor is None:
            break

    assert sorted(met) == sorted(map(str, range(len(scores))))
    bits = [uncertainty([scores[int(identity)]]) for identity in met]
    assert bits == sorted(bits, reverse=True)


def test_a_cursor_of_the_other_order_is_none(store: Store) -> None:
    record(store, source(store), POSTS)
    newest, uncertain = store.posts(limit=1).next, store.posts(order="uncertain", limit=1).next

    for cursor, order in ((newest, "uncertain"), (uncertain, "newest")):
        with pytest.raises(InputError, match="it is no cursor that a page of this order gave"):
            store.posts(order=order, cursor=cursor)  # type: ignore[arg-type]
    for made in ({"bits": 1, "after": 1}, {"bits": 0.5, "after": 1 << 63}, {"bits": 0.5}, [0.5, 1]):
        with pytest.raises(InputError, match="it is no cursor"):
            store.posts(order="uncertain", cursor=base64.urlsafe_b64encode(json.dumps(made).encode()).decode().rstrip("="))


def test_over_rest(store: Store, client: FlaskClient) -> None:
    record(store, source(store), POSTS)

    def answer(query: str) -> tuple[list[str], str | None]:
        got = client.get(f"/v1/posts?{query}")
        assert got.status_code == 200, got.text
        link = got.headers.get("Link")
        return [row["id"] for row in got.get_json()["results"]], link and link.partition("?")[2].partition(">")[0]

    first, following = answer("order=uncertain&limit=3")
    assert first == ["torn", "half", "sure"]
    assert following
    assert answer(following) == (["certain"], None)
    assert answer("order=newest")[0] == answer("")[0]
    client.put("/v1/posts/torn/topics", json={"topics": []})
    assert answer("order=uncertain")[0] == ["half", "sure", "certain"]
    wrong = client.get("/v1/posts?order=sideways")
    assert wrong.status_code == 422
    assert "order" in wrong.get_json()["detail"]
    assert client.get("/wires/networking.rss?order=uncertain").status_code == 422


def test_a_store_of_before_is_brought_up_to_date(empty: Target) -> None:
    """Posts that were tagged before the column was there have their place."""
    Store(empty).close()
    engine = create_engine(url(empty))
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with Store(empty) as store:
        record(store, source(store), POSTS)
        before = ids(store.posts(order="uncertain").posts)
    with engine.begin() as connection:
        for later in (
            "TABLE requests",
            "INDEX corrections_by_at",
            "TABLE examples",
            "TABLE jobs",
            "INDEX posts_by_model",
        ):  # what steps after it made
            connection.execute(text(f"DROP {later}"))
        connection.execute(text("DROP INDEX posts_by_uncertainty"))
        connection.execute(text("ALTER TABLE posts DROP COLUMN uncertainty"))
        script = command.ScriptDirectory.from_config(config)
        down = script.get_revision("0005").down_revision
        connection.execute(text("UPDATE alembic_version SET version_num = :down"), {"down": down})
    with Store(empty) as store:
        assert ids(store.posts(order="uncertain").posts) == before
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT answer, uncertainty FROM posts")).all()
    assert len(rows) == len(POSTS)
    assert all(bits == uncertainty(json.loads(answer)["scores"].values()) for answer, bits in rows)
    engine.dispose()


def test_the_order_comes_from_its_index(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        record(store, source(store), [scored(str(number), number / 1000) for number in range(1000)])
        wanted = dict.fromkeys(["topic", "source", "q", "since", "min_score"])
        query = listing.chosen("sqlite", **wanted, order="uncertain", after=(0.5, 1)).limit(20)  # type: ignore[arg-type]
        with store._writing() as connection:
            connection.execute(text("ANALYZE"))
            compiled = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    with sqlite3.connect(tmp_path / "db") as opened:
        plan = "\n".join(str(row) for row in opened.execute("EXPLAIN QUERY PLAN " + compiled))
    opened.close()
    assert "posts_by_uncertainty" in plan
    assert "TEMP B-TREE" not in plan


def test_the_week_in_figures(store: Store) -> None:
    record(store, source(store), [*POSTS, scored("old", 0.9, 0.9, hours=200)])

    week = store.week(NOW)

    assert (week.posts, week.without_topic) == (4, 1)
    assert week.scores == pytest.approx({"containers": (0.01 + 0.5 + 0.02 + 1) / 4, "networking": (0.02 + 0.4 + 0.6) / 4})
    assert store.week(NOW + 300 * HOUR).scores == {}
