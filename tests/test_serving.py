"""The version that serves is the one that `current` names, from the next request on; what cannot be loaded changes nothing."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from model.errors import VersionError
from model.posts import Post
from model.versions import Versions
from service import serving
from service.app import create_app
from service.settings import Settings
from training.examples import Example
from training.fit import fit
from training.starter import TopicInfo

BODY = {"posts": [{"id": 1, "text": "The sourdough rose in the oven while the dough of the bagels rested in the cold."}]}


def of_one_topic(versions: Versions, topic: str) -> str:
    """A small version which knows one topic, and sees it wherever something is baked."""
    baked = [Example(Post(id=f"a{n}", text=f"dough and oven and crust {n}"), (topic,)) for n in range(8)]
    sown = [Example(Post(id=f"b{n}", text=f"seeds and soil and compost {n}"), ()) for n in range(8)]
    return versions.add(fit(baked + sown, [TopicInfo(topic, topic.title(), "")])[0])


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "models")


@pytest.fixture
def names(versions: Versions) -> tuple[str, str]:
    """Two versions, `bread` and `pastry` by the topic that they know; the first one serves."""
    names = of_one_topic(versions, "bread"), of_one_topic(versions, "pastry")
    versions.promote(names[0])
    return names


@pytest.fixture
def app(tmp_path: Path, names: tuple[str, str]) -> Iterator[Flask]:
    app = create_app(Settings(home=tmp_path))
    yield app
    app.extensions["storage"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def model_of_everything(client: FlaskClient) -> set[str]:
    """What every answer that names its version, or shows its topics, says: version or topic."""
    scores = client.post("/v1/classify", json=BODY).get_json()["results"][0]["scores"]
    answers = [client.get(path).get_json()["model"] for path in ("/v1/topics", "/v1/model", "/healthz", "/readyz", "/v1/posts")]
    answers.append(client.post("/v1/tag", json=BODY).get_json()["model"])
    wires = client.get("/wires").text
    document = client.get("/openapi.json").get_json()
    topics = document["components"]["schemas"]["TopicsIn"]["properties"]["topics"]["items"]["enum"]
    shown = {topic for topic in ("bread", "pastry") if f"/wires/{topic}." in wires}
    statuses = {topic for topic in ("bread", "pastry") if client.get(f"/wires/{topic}.json").status_code == 200}
    return {*answers, *scores, *topics, *shown, *statuses}


def test_a_promotion_is_served_from_the_next_request_on(client: FlaskClient, versions: Versions, names: tuple[str, str]) -> None:
    bread, pastry = names

    assert model_of_everything(client) == {bread, "bread"}
    versions.promote(pastry)
    assert model_of_everything(client) == {pastry, "pastry"}
    versions.rollback()
    assert model_of_everything(client) == {bread, "bread"}
    metrics = client.get("/metrics").text
    assert f'topicwire_model{{version="{bread}"}} 1.0' in metrics
    assert f'topicwire_model{{version="{pastry}"}} 0.0' in metrics


def test_one_request_is_answered_by_one_version(app: Flask, versions: Versions, names: tuple[str, str]) -> None:
    bread, pastry = names
    follower = serving.Serving(versions)

    with app.test_request_context():
        before = follower.now()
        versions.promote(pastry)
        assert follower.now() is before
    with app.test_request_context():
        assert follower.now().version.name == pastry
    assert before.version.name == bread


def test_a_version_that_is_removed_while_it_serves_serves_on(
    client: FlaskClient, versions: Versions, names: tuple[str, str]
) -> None:
    shutil.rmtree(versions.directory / names[0])

    assert model_of_everything(client) == {names[0], "bread"}


@pytest.mark.parametrize("broken", ["checksum", "gone", "pointer", "no pointer"])
def test_what_cannot_be_loaded_leaves_the_one_before_serving(
    client: FlaskClient,
    versions: Versions,
    names: tuple[str, str],
    broken: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bread, pastry = names
    monkeypatch.setattr(serving, "RETRY_SECONDS", 0.0)
    pointer, arrays = versions.directory / "current", versions.directory / pastry / "idf.npy"
    kept = arrays.read_bytes()

    with caplog.at_level(logging.ERROR):
        if broken == "pointer":
            pointer.write_text("no name\n")
        elif broken == "no pointer":
            pointer.unlink()
        else:
            pointer.write_text(f"{pastry}\n")
            arrays.write_bytes(b"x") if broken == "checksum" else shutil.move(
                versions.directory / pastry, versions.directory / "x"
            )
        assert [client.post("/v1/tag", json=BODY).get_json()["model"] for _ in range(3)] == [bread] * 3

    said = [record.message for record in caplog.records]
    assert len(said) == 1, "each fault once, however often it is met"
    assert said[0].endswith(f"; {bread} serves on")
    assert 'topicwire_reloads_total{outcome="failed"}' in client.get("/metrics").text
    if broken == "checksum":  # mended without a word from the pointer
        arrays.write_bytes(kept)
        assert client.get("/healthz").get_json()["model"] == pastry
    else:
        if broken == "gone":
            shutil.move(versions.directory / "x", versions.directory / pastry)
        versions.promote(pastry)
        assert client.get("/healthz").get_json()["model"] == pastry


def test_it_begins_with_a_version_that_can_be_loaded_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="no model version here yet; run `topicwire train`"):
        serving.Serving(Versions(tmp_path))
