"""The REST interface as an OpenAPI 3.1 document, made from the types that check its requests, and as a page."""

from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service import problems, schemas
from service.settings import Settings

JSON = "application/json"
FEED_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/xml",
    "text/xml",
    "application/feed+json",
)


@dataclass(frozen=True)
class Operation:
    """One route as the document describes it."""

    path: str
    method: str
    summary: str
    answer: type[BaseModel] | None  # None = not JSON
    media_type: str = JSON
    takes: tuple[str, ...] = ()  # media types of the body
    posts: type[BaseModel] = schemas.PostsIn  # what a JSON body is
    errors: tuple[int, ...] = ()


_POSTED = (400, 408, 413, 415, 422, 503)
OPERATIONS = (
    Operation(
        "/v1/classify", "post", "Scores, topics and evidence of posts", schemas.ClassifyAnswer, takes=(JSON,), errors=_POSTED
    ),
    Operation(
        "/v1/summarize",
        "post",
        "Summaries of posts",
        schemas.SummarizeAnswer,
        takes=(JSON,),
        posts=schemas.PostsToSummarizeIn,
        errors=_POSTED,
    ),
    Operation(
        "/v1/tag",
        "post",
        "Tagged posts, of posts or of a feed document",
        schemas.TagAnswer,
        takes=(JSON, *FEED_TYPES),
        posts=schemas.PostsToSummarizeIn,
        errors=_POSTED,
    ),
    Operation("/v1/topics", "get", "The topics of the version that serves", schemas.TopicsAnswer),
    Operation("/v1/model", "get", "The version that serves, and what it was made from", schemas.ModelAnswer),
    Operation("/healthz", "get", "Whether the process answers", schemas.Health),
    Operation("/readyz", "get", "Whether it classifies a built-in post", schemas.Health, errors=(503,)),
    Operation("/metrics", "get", "Counts for Prometheus", None, media_type="text/plain"),
    Operation("/openapi.json", "get", "This document", None, media_type=JSON),
    Operation("/docs", "get", "This document for people", None, media_type="text/html"),
)

_MEANINGS = {
    200: "Done",
    400: "The body is no JSON",
    408: "The body did not arrive in time",
    413: "The body, or a post in it, is too large",
    415: "The body's media type is not taken here",
    422: "The body is not of the documented form, has too many posts, or is no feed",
    503: "Busy, or out of time; try again later",
}


_POSTS = (schemas.PostsIn, schemas.PostsToSummarizeIn)


def document(settings: Settings) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with the limits of these settings."""
    answers = {operation.answer for operation in OPERATIONS if operation.answer}
    models: list[tuple[type[BaseModel], Any]] = [(form, "validation") for form in _POSTS] + [(schemas.Problem, "serialization")]
    models += [(answer, "serialization") for answer in sorted(answers, key=lambda model: model.__name__)]
    references, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
    components = definitions["$defs"]
    for form in _POSTS:
        components[form.__name__]["properties"]["posts"]["maxItems"] = settings.max_posts
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        schema = references[operation.answer, "serialization"] if operation.answer else {}
        described: dict[str, Any] = {
            "summary": operation.summary,
            "operationId": operation.path.strip("/").replace("/", "_").replace(".", "_"),
            "responses": {"200": {"description": _MEANINGS[200], "content": {operation.media_type: {"schema": schema}}}}
            | {
                str(status): {
                    "description": _MEANINGS[status],
                    "content": {problems.MEDIA_TYPE: {"schema": references[schemas.Problem, "serialization"]}},
                }
                for status in operation.errors
            },
        }
        if operation.takes:
            described["requestBody"] = {
                "required": True,
                "content": {
                    media: {"schema": references[operation.posts, "validation"] if media == JSON else {"type": "string"}}
                    for media in operation.takes
                },
            }
        if set(FEED_TYPES) & set(operation.takes):
            described["parameters"] = [
                {
                    "name": name,
                    "in": "query",
                    "description": f"{schema['description']}; a field of a JSON body goes before it",
                    "schema": {key: value for key, value in schema.items() if key not in ("title", "description")},
                }
                for name, schema in schemas.Length.model_json_schema()["properties"].items()
            ]
        paths.setdefault(operation.path, {})[operation.method] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "topicwire",
            "version": installed("topicwire"),
            "description": "Tags posts with their topics, says why, and summarizes them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": components},
    }
