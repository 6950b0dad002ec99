"""The model versions over REST."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from model.versions import Versions
from service.app import create_app
from service.settings import Settings
from tests import tiny

OLD, NEW = tiny.content({"pods": "containers"}), tiny.content({"pods": "networking"})
FIGURE = {"value": 0.8, "low": 0.7, "high": 0.9}
VERDICT = {"decision": "promoted", "why": "nothing falls beyond noise", "held_out": 40, "macro_f1": {"candidate": FIGURE}}


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    found = Versions(tmp_path / "models")
    found.promote(found.add(OLD))
    found.keep_verdict(found.add(NEW), VERDICT)
    return found


@pytest.fixture
def client(versions: Versions, tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app(Settings(home=tmp_path, keep_versions=1))
    yield app.test_client()
    app.extensions["storage"].close()


def test_versions_are_listed_and_shown(versions: Versions, client: FlaskClient) -> None:
    listed = client.get("/v1/models").get_json()

    assert (listed["model"], listed["current"]) == (OLD.name, OLD.name)
    rows = {row["version"]: row for row in listed["versions"]}
    assert rows.keys() == {OLD.name, NEW.name}
    assert {name: value for name, value in rows[NEW.name].items() if name != "made"} == {
        "version": NEW.name,
        "current": False,
        "examples": 10,
        "topics": ["containers", "networking"],
        "out_of_fold_macro_f1": 0.5,
        "held_out": FIGURE | {"posts": 40},
        "decision": "promoted",
        "why": "nothing falls beyond noise",
        "problem": None,
    }
    assert (rows[OLD.name]["current"], rows[OLD.name]["decision"], rows[OLD.name]["held_out"]) == (True, None, None)
    shown = client.get(f"/v1/models/{NEW.name}").get_json()
    assert shown == rows[NEW.name] | {
        "model": OLD.name,
        "metrics": {"out_of_fold_macro_f1": 0.5, "out_of_fold_mean_average_precision": 0.5},
        "provenance": {"examples": 10, "note": ""},
        "verdict": VERDICT,
    }


def test_what_is_promoted_over_rest_serves_here_at_once(versions: Versions, client: FlaskClient) -> None:
    promoted = client.post(f"/v1/models/{NEW.name}/promote")
    assert promoted.get_json() == {"model": NEW.name, "before": OLD.name, "passed_over": []}
    assert client.get("/healthz").get_json()["model"] == NEW.name
    assert versions.history() == [NEW.name, OLD.name]

    back = client.post("/v1/models/rollback")
    assert back.get_json() == {"model": OLD.name, "before": NEW.name, "passed_over": []}
    assert client.get("/healthz").get_json()["model"] == OLD.name
    none_left = client.post("/v1/models/rollback")
    assert (none_left.status_code, none_left.get_json(force=True)["detail"]) == (409, "no version served before the current one")


def test_what_cannot_be_promoted_changes_nothing(versions: Versions, client: FlaskClient) -> None:
    (versions.directory / NEW.name / "idf.npy").write_bytes(b"")

    damaged = client.post(f"/v1/models/{NEW.name}/promote")

    assert damaged.status_code == 409
    assert damaged.get_json(force=True)["detail"].startswith("it cannot serve: it is damaged")
    assert str(versions.directory) not in damaged.text, "where it lies concerns nobody"
    assert client.get(f"/v1/models/{NEW.name}").status_code == 409
    assert [row["problem"] is None for row in client.get("/v1/models").get_json()["versions"] if row["version"] == NEW.name] == [
        False
    ]
    for unknown in ("0" * 12, "rollback", "..", "current"):
        assert client.post(f"/v1/models/{unknown}/promote").status_code == 404
        assert client.get(f"/v1/models/{unknown}").status_code == 404
    assert client.get("/healthz").get_json()["model"] == versions.current() == OLD.name


def test_a_rollback_says_what_it_passed_over(versions: Versions, client: FlaskClient) -> None:
    third = versions.add(tiny.content({"pods": "containers"}, note="third"))
    for name in (NEW.name, third):
        versions.promote(name)
    shutil.rmtree(versions.directory / NEW.name)

    answer = client.post("/v1/models/rollback").get_json()

    assert answer["model"] == OLD.name
    assert answer["passed_over"] == ["there is no such version; `topicwire models` lists those there are"]


def test_a_damaged_pointer_is_mended_by_promoting(versions: Versions, client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    (versions.directory / "current").write_text("nonsense")

    assert client.get("/v1/models").get_json()["current"] is None
    assert client.post("/v1/models/rollback").status_code == 409
    assert client.post(f"/v1/models/{NEW.name}/promote").get_json()["model"] == NEW.name
    assert client.get("/v1/models").get_json()["current"] == NEW.name


def test_writing_needs_the_token(versions: Versions, tmp_path: Path) -> None:
    client = create_app(Settings(home=tmp_path, token="0123456789abcdef")).test_client()

    for path in (f"/v1/models/{NEW.name}/promote", "/v1/models/rollback"):
        assert client.post(path).status_code == 401
        assert client.post(path, headers={"Authorization": "Bearer 0123456789abcdeX"}).status_code == 401
    assert versions.current() == OLD.name
    assert client.get("/v1/models").status_code == 200
    done = client.post(f"/v1/models/{NEW.name}/promote", headers={"Authorization": "Bearer 0123456789abcdef"})
    assert (done.status_code, versions.current()) == (200, NEW.name)


def test_old_versions_go_as_the_setting_says(versions: Versions, client: FlaskClient) -> None:
    more = [versions.add(tiny.content({"pods": "containers"}, note=str(number))) for number in range(4)]

    assert client.post(f"/v1/models/{NEW.name}/promote").status_code == 200

    left = set(versions.names())
    assert {NEW.name, OLD.name} <= left, "the current one and the one before"
    assert len(left & {*more}) == 1, "and the newest of the others"
    assert client.post("/v1/models/rollback").get_json()["model"] == OLD.name
