"""The OpenAPI document, fuzzed: schemathesis sends what it allows and what it forbids, and checks the answers by it."""

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


@pytest.fixture
def app(home: Path, tagger: Tagger) -> Flask:
    return create_app(Settings(home=home), tagger)


@pytest.mark.parametrize("operation", openapi.OPERATIONS, ids=lambda operation: operation.path)
@pytest.mark.parametrize(
    "mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
def test_the_interface_keeps_its_own_word(app: Flask, operation: openapi.Operation, mode: schemathesis.GenerationMode) -> None:
    api = schemathesis.openapi.from_wsgi("/openapi.json", app)
    described = api[operation.path][operation.method.upper()]
    if mode is schemathesis.GenerationMode.NEGATIVE and not operation.takes:
        return  # a GET without parameters leaves nothing to get wrong

    @given(case=described.as_strategy(generation_mode=mode))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def keeps(case: schemathesis.Case) -> None:
        # What JSON Schema cannot say of a feed document: that it is a feed.
        case.call_and_validate(excluded_checks=[positive_data_acceptance] if case.media_type in openapi.FEED_TYPES else [])

    keeps()


def test_every_route_is_described_and_every_description_is_a_route(app: Flask) -> None:
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert routes == {(operation.path, operation.method) for operation in openapi.OPERATIONS}


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
