"""The OpenAPI document, fuzzed: schemathesis sends what it allows and what it forbids, and checks the answers by it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from jsonschema_rs import Draft202012Validator
from schemathesis.specs.openapi.checks import positive_data_acceptance

from model.tagger import Tagger
from service import openapi, schemas
from service.app import create_app
from service.settings import Settings
from service.store import Store
from tests.store import made

TOKEN = "0123456789abcdef"
POSTS = [made.tagged(made.post("urn:one"), "a"), made.tagged(made.post("https://a.example//two/topics"), "b", "c")]


@pytest.fixture
def app(tmp_path: Path, tagger: Tagger) -> Iterator[Flask]:
    settings = Settings(home=tmp_path, token=TOKEN)
    with Store.open(settings) as store:
        made.record(store, made.source(store), POSTS)
    made_app = create_app(settings, tagger)
    yield made_app
    made_app.extensions["storage"].close()


@pytest.mark.parametrize("operation", openapi.OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
@pytest.mark.parametrize(
    "mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
def test_the_interface_keeps_its_own_word(app: Flask, operation: openapi.Operation, mode: schemathesis.GenerationMode) -> None:
    api = schemathesis.openapi.from_wsgi("/openapi.json", app)
    described = api[operation.path][operation.method.upper()]
    if mode is schemathesis.GenerationMode.NEGATIVE and not (operation.takes or operation.query):
        return  # without body and query there is nothing to get wrong: any path that is not found is not there

    @given(case=described.as_strategy(generation_mode=mode))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def keeps(case: schemathesis.Case) -> None:
        # What JSON Schema cannot say: that a document is a feed, a string a URL that can be fetched or a topic of the starter
        # corpus, or a cursor one of ours.
        checked = operation.body in (schemas.SourceIn, schemas.RetrainIn, schemas.ExamplesIn)
        keyed = operation.repeatable and bool(case.headers)  # a key of another request before
        free = keyed or case.media_type in openapi.FEED_TYPES or checked or "cursor" in (case.query or {})
        case.call_and_validate(
            headers={"Authorization": f"Bearer {TOKEN}"}, excluded_checks=[positive_data_acceptance] if free else []
        )

    keeps()


def test_every_route_is_described_and_every_description_is_a_route(app: Flask) -> None:
    routes = {
        (re.sub("<[^>]+>", "{}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert routes == {(re.sub("{[^}]+}", "{}", operation.path), operation.method) for operation in openapi.OPERATIONS}


def test_the_schema_takes_what_the_types_take() -> None:
    document = openapi.document(Settings())
    validator = Draft202012Validator({**document["components"]["schemas"]["PostIn"]})
    for row, good in [
        ({"text": "a"}, True),
        ({"html": "a", "text": None, "id": 3, "other": []}, True),
        ({"html": "a", "text": "b"}, False),
        ({"title": "a"}, False),
        ({"text": 1}, False),
    ]:
        assert validator.is_valid(row) == good, row
    assert document["openapi"] == "3.1.0"
    assert document["components"]["schemas"]["PostsIn"]["properties"]["posts"]["maxItems"] == Settings().max_posts
    assert schemas.PostIn.model_config["strict"]
