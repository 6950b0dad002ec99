"""The REST interface as an OpenAPI 3.1 document, made from the types that check its requests, and as a page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service import problems, repeats, schemas, wires
from service.settings import Settings

JSON = "application/json"
JSONL = "application/jsonl"
JSONL_TYPES = (JSONL, "application/x-ndjson")  # one format, two names
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
    or_else: tuple[str, ...] = ()  # other media types of the answer, by Accept
    takes: tuple[str, ...] = ()  # media types of the body
    body: type[BaseModel] = schemas.PostsIn  # what a JSON body is
    query: type[BaseModel] | None = None
    repeatable: bool = False  # takes an Idempotency-Key
    statuses: tuple[int, ...] = (200,)
    errors: tuple[int, ...] = ()


_POSTED = (400, 408, 413, 415, 422, 503)
_WRITTEN = (401, 403)
_ANYWHERE = 421  # of any route, on loopback
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
        body=schemas.PostsToSummarizeIn,
        errors=_POSTED,
    ),
    Operation(
        "/v1/tag",
        "post",
        "Tagged posts, of posts or of a feed document",
        schemas.TagAnswer,
        takes=(JSON, *FEED_TYPES),
        query=schemas.Length,
        body=schemas.PostsToSummarizeIn,
        errors=_POSTED,
    ),
    Operation("/v1/topics", "get", "The topics of the version that serves", schemas.TopicsAnswer),
    Operation("/v1/model", "get", "The version that serves, and what it was made from", schemas.ModelAnswer),
    Operation("/v1/models", "get", "The model versions, and how they were judged", schemas.VersionsAnswer, errors=(503,)),
    Operation(
        "/v1/models/{version}", "get", "A model version, with the gate's verdict", schemas.VersionAnswer, errors=(404, 409, 503)
    ),
    Operation(
        "/v1/models/{version}/promote",
        "post",
        "Make a version the one that serves",
        schemas.Promoted,
        errors=(*_WRITTEN, 404, 409, 503),
    ),
    Operation(
        "/v1/models/rollback",
        "post",
        "Go back to the version that served before",
        schemas.Promoted,
        errors=(*_WRITTEN, 409, 503),
    ),
    Operation("/v1/posts", "get", "Stored posts, newest first", schemas.PostsAnswer, query=schemas.PostsQuery, errors=(422, 503)),
    Operation("/v1/posts/{id}", "get", "A stored post, by its key or its own id", schemas.Stored, errors=(404, 503)),
    Operation(
        "/v1/posts/{id}/topics",
        "put",
        "Correct a post's topics",
        schemas.Stored,
        takes=(JSON,),
        body=schemas.TopicsIn,
        repeatable=True,
        errors=(*_WRITTEN, 404, 409, *_POSTED),
    ),
    Operation("/v1/posts/{id}/topics", "delete", "Withdraw a correction", schemas.Stored, errors=(*_WRITTEN, 404, 503)),
    Operation(
        "/v1/examples",
        "get",
        "Labelled examples, the latest last",
        schemas.ExamplesAnswer,
        or_else=JSONL_TYPES[:1],
        query=schemas.ExamplesQuery,
        errors=(422, 503),
    ),
    Operation(
        "/v1/examples",
        "post",
        "Keep labelled examples, all or none of them",
        schemas.ExamplesAdded,
        takes=(JSON, *JSONL_TYPES),
        body=schemas.ExamplesIn,
        query=schemas.WhoQuery,
        repeatable=True,
        errors=(*_WRITTEN, 409, *_POSTED),
    ),
    Operation(
        "/v1/examples/{id}",
        "delete",
        "Forget what was said of a post, by its id",
        schemas.ExamplesRemoved,
        errors=(*_WRITTEN, 404, 503),
    ),
    Operation("/v1/sources", "get", "The sources, and how they are", schemas.SourcesAnswer, errors=(503,)),
    Operation(
        "/v1/sources",
        "post",
        "Subscribe to a feed",
        schemas.SourceAnswer,
        takes=(JSON,),
        body=schemas.SourceIn,
        repeatable=True,
        statuses=(200, 201),
        errors=(*_WRITTEN, 409, *_POSTED),
    ),
    Operation(
        "/v1/sources/{id}",
        "delete",
        "Unsubscribe; corrected posts stay as labelled examples",
        schemas.Removed,
        errors=(*_WRITTEN, 404, 503),
    ),
    Operation(
        "/v1/retrain",
        "post",
        "Make a new version of all examples in the background, and let the gate judge it",
        schemas.JobAnswer,
        takes=(JSON,),
        body=schemas.RetrainIn,
        repeatable=True,
        statuses=(202,),
        errors=(*_WRITTEN, 409, *_POSTED),
    ),
    Operation(
        "/v1/retag",
        "post",
        "Tag stored posts again by the current version, in the background",
        schemas.JobAnswer,
        takes=(JSON,),
        body=schemas.RetagIn,
        repeatable=True,
        statuses=(202,),
        errors=(*_WRITTEN, 409, *_POSTED),
    ),
    Operation("/v1/jobs", "get", "Work in the background, the newest first", schemas.JobsAnswer, errors=(503,)),
    Operation("/v1/jobs/{id}", "get", "How a job goes, or what came of it", schemas.JobAnswer, errors=(404, 503)),
    Operation(
        "/v1/jobs/{id}",
        "delete",
        "Stop a job; one that has ended stays as it is",
        schemas.JobAnswer,
        statuses=(200, 202),
        errors=(*_WRITTEN, 404, 503),
    ),
    *(
        Operation(
            f"/wires/{{topic}}.{end}",
            "get",
            f"A topic's posts as a feed ({end}); `all` and `none` are topics here",
            None,
            media_type=media_type,
            query=schemas.WireQuery,
            statuses=(200, 304),
            errors=(404, 422, 503),
        )
        for end, (_, media_type) in wires.FORMS.items()
    ),
    Operation("/wires", "get", "The wires there are, as a page", None, media_type="text/html"),
    Operation("/healthz", "get", "Whether the process answers", schemas.Health),
    Operation("/readyz", "get", "Whether it classifies a built-in post", schemas.Health, errors=(503,)),
    Operation("/metrics", "get", "Counts for Prometheus", None, media_type="text/plain"),
    Operation("/openapi.json", "get", "This document", None, media_type=JSON),
    Operation("/docs", "get", "This document for people", None, media_type="text/html"),
)

_MEANINGS = {
    200: "Done",
    201: "Done, and it is new",
    202: "It will be done; ask the job",
    304: "Nothing has changed since the ETag or time that was sent",
    400: "The body is no JSON, or the Idempotency-Key none",
    401: "A bearer token is missing, or is the wrong one",
    403: "Without a token in the settings this may not be written from here",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    409: "As things stand it cannot be done; the detail says why",
    413: "The body, or a post in it, is too large",
    415: "The body's media type is not taken here",
    421: "The service listens to its own machine alone, and was asked under another name",
    422: "Body or query is not of the documented form, has too many posts, or is no feed; or the key was another request's",
    503: "Busy, out of time, or without its store; try again later",
}


_EXAMPLES: dict[type[BaseModel], Any] = {
    schemas.PostsIn: {"posts": [{"title": "A new ingress controller", "text": "It routes traffic to pods."}]},
    schemas.PostsToSummarizeIn: {"posts": [{"title": "A new ingress controller", "text": "It routes traffic to pods."}]},
    schemas.TopicsIn: {"topics": ["networking"]},
    schemas.ExamplesIn: {"examples": [{"title": "A slow resolver", "text": "DNS.", "topics": ["networking"]}], "who": "ann"},
    schemas.SourceIn: {"url": "https://your.example/feed.xml"},
    schemas.RetrainIn: {"dry_run": True},
    schemas.RetagIn: {},
}
_ALWAYS = (wires.ALL, wires.NONE)  # what can be asked for beside the topics of a version
_PATH_FIELD = re.compile(r"\{(\w+)\}")


def document(settings: Settings, topics: Sequence[str] = ()) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with the limits of these settings and the topics of a version."""
    taken = {operation.body for operation in OPERATIONS if JSON in operation.takes}
    answers = {operation.answer for operation in OPERATIONS if operation.answer} | {schemas.Problem}
    models: list[tuple[type[BaseModel], Any]] = [(form, "validation") for form in sorted(taken, key=_name)]
    models += [(answer, "serialization") for answer in sorted(answers, key=_name)]
    references, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
    components = definitions["$defs"]
    for form in taken:
        if "posts" in components[form.__name__]["properties"]:
            components[form.__name__]["properties"]["posts"]["maxItems"] = settings.max_posts
    if topics:
        components["TopicsIn"]["properties"]["topics"]["items"]["enum"] = list(topics)
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        schema = references[operation.answer, "serialization"] if operation.answer else {}
        words = re.findall(r"\w+", operation.path)
        described: dict[str, Any] = {
            "summary": operation.summary,
            "operationId": "_".join([operation.method, *words]),
            "responses": {
                str(status): {"description": _MEANINGS[status]}
                | ({"content": _answers(operation, schema)} if status < 300 else {})
                for status in operation.statuses
            }
            | {
                str(status): {
                    "description": _MEANINGS[status],
                    "content": {problems.MEDIA_TYPE: {"schema": references[schemas.Problem, "serialization"]}},
                }
                for status in sorted({*operation.errors, _ANYWHERE})
            },
        }
        if operation.takes:
            described["requestBody"] = {
                "required": True,
                "content": {
                    media: {"schema": references[operation.body, "validation"] if media == JSON else {"type": "string"}}
                    for media in operation.takes
                },
            }
            described["requestBody"]["content"][JSON]["example"] = _EXAMPLES[operation.body]
        if parameters := [*_path(operation, topics), *_query(operation, topics), *_header(operation)]:
            described["parameters"] = parameters
        if set(operation.errors) & set(_WRITTEN):
            described["security"] = [{"token": []}, {}]
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
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _name(form: type[BaseModel]) -> str:
    return form.__name__


def _answers(operation: Operation, schema: dict[str, Any]) -> dict[str, Any]:
    return {operation.media_type: {"schema": schema}} | {media: {"schema": {"type": "string"}} for media in operation.or_else}


def _header(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.repeatable:
        yield {
            "name": repeats.HEADER,
            "in": "header",
            "description": "any key of your own, a UUID say: the same request with the same key is done once within a day",
            "schema": {"type": "string", "pattern": repeats.PATTERN},
        }


def _path(operation: Operation, topics: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name in _PATH_FIELD.findall(operation.path):
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if name == "topic" and topics:
            schema["enum"] = [*topics, *_ALWAYS]
        elif operation.path.startswith(("/v1/sources/", "/v1/jobs/")):
            schema = {"type": "integer", "minimum": 1, "maximum": schemas.MAX_NUMBER}
        elif name == "version":
            schema = {"type": "string", "pattern": "^[0-9a-f]{12}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(operation: Operation, topics: Sequence[str]) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    for name, field in operation.query.model_json_schema()["properties"].items():
        schema = {key: value for key, value in field.items() if key not in ("title", "description")}
        if schema.get("default", "") is None:  # left out; a query has no null
            schema = schema["anyOf"][0]
        if name == "topic" and topics:
            schema["enum"] = [*topics, *_ALWAYS]
        instead = "; a field of a JSON body goes before it" if operation.takes else ""
        yield {"name": name, "in": "query", "description": field["description"] + instead, "schema": schema}
