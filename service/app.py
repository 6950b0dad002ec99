"""The Flask application: an ordinary factory that any WSGI server can run."""

import contextlib
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from flask import Flask, Response, g, render_template, request
from pydantic import ValidationError

from model import feed, strict_json
from model.errors import TopicwireError
from model.posts import Post, post_from_dict, timestamp
from model.tagger import Tagger
from model.versions import Versions
from service import access, bodies, catalogue, examples, jobs, library, metrics, openapi, schemas
from service.library import Working
from service.openapi import FEED_TYPES, JSON
from service.problems import ProblemError, pointer, register
from service.serving import READY_POST, Serving
from service.settings import Settings, read
from service.storage import Storage

# A request's id may come from a proxy before us; anything odd is replaced, since it goes into logs and headers.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}\Z")
DRAIN_SECONDS = 2.0

_log = logging.getLogger("topicwire")


def create_app(settings: Settings | None = None, tagger: Tagger | None = None) -> Flask:
    """The application, serving what is the current version below the settings' home, or the given tagger's.

    Raises VersionError where there is no version that can be served.
    """
    settings = settings or read()
    serving = Serving(Versions(settings.models, keep=settings.keep_versions), tagger)
    app = Flask("service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_bytes
    app.config["BODY_SECONDS"] = settings.max_seconds
    app.url_map.strict_slashes = False
    register(app)
    _frame(app)
    app.before_request(lambda: access.must_read(settings))
    working, storage = _slots(settings), Storage(settings)
    app.extensions["storage"] = storage
    _posting(app, settings, serving, working)
    _reading(app, settings, serving, storage)
    library.register(app, settings, serving, storage, working)
    examples.register(app, settings, serving, storage, working)
    catalogue.register(app, settings, serving, working)
    jobs.register(app, settings, serving, storage, working)
    return app


def _frame(app: Flask) -> None:
    """What surrounds every request: an id, the time it took, a line in the log, a count."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
        g.began = time.perf_counter()
        # Where the server lends its socket (gunicorn does): a client that stops sending is not waited for for ever.
        connection = request.environ.get("gunicorn.socket")
        if connection is not None:
            connection.settimeout(app.config["BODY_SECONDS"])

    @app.after_request
    def end(response: Response) -> Response:
        if response.status_code >= 400:
            _drain(app.config["MAX_CONTENT_LENGTH"])
        seconds = time.perf_counter() - g.began
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.REQUESTS.labels(route, _method(), response.status_code).inc()
        metrics.SECONDS.labels(route).observe(seconds)
        response.headers["X-Request-ID"] = g.request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        line = {"request_id": g.request_id, "method": request.method, "path": request.path, "status": response.status_code}
        _log.info("request", extra=line | {"seconds": round(seconds, 6), "posts": g.get("posts", 0)})
        return response


def _drain(most: int) -> None:
    """Read what is left of a refused request's body, within reason: a client that is still sending when the connection
    closes sees a reset instead of the answer."""
    if "Expect" in request.headers:  # it waits for our word before it sends anything
        return
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(DRAIN_SECONDS)
    body = request.environ["wsgi.input"]
    left, deadline = 4 * most, time.monotonic() + DRAIN_SECONDS
    with contextlib.suppress(Exception):  # it hung up, sends no more, or sends nonsense
        while left > 0 and time.monotonic() < deadline and (chunk := body.read(min(left, 1 << 16))):
            left -= len(chunk)


def _method() -> str:
    """The method as a label: clients may send any word."""
    return request.method if request.method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS") else "other"


def _slots(settings: Settings) -> Working:
    """A way to take one of the slots to work in, with a check of the time that is left."""
    slots = threading.BoundedSemaphore(settings.concurrency)

    @contextmanager
    def working() -> Iterator[Callable[[], None]]:
        if not slots.acquire(blocking=False):
            metrics.BUSY.inc()
            raise ProblemError(503, "too many requests are being worked on; try again", headers={"Retry-After": "1"})
        deadline = time.monotonic() + settings.max_seconds

        def checkpoint() -> None:
            if time.monotonic() > deadline:
                detail = f"it took longer than {settings.max_seconds:g} s (TOPICWIRE_MAX_SECONDS); send fewer posts at once"
                raise ProblemError(503, detail, headers={"Retry-After": "1"})

        try:
            yield checkpoint
        finally:
            slots.release()

    return working


def _posting(app: Flask, settings: Settings, serving: Serving, working: Working) -> None:
    def posts_of_json(data: bytes, form: type[schemas.PostsIn] = schemas.PostsIn) -> tuple[list[Post], dict[str, int]]:
        """The posts, and what the body says of the length of their summaries."""
        body = bodies.parsed(data)
        try:
            request_ = form.model_validate(body)
        except ValidationError as error:
            raise ProblemError.of_fields(error) from None
        posts = []
        for index, row in enumerate(body["posts"]):
            try:
                posts.append(post_from_dict(row))
            except TopicwireError as error:
                raise ProblemError.of_error(error, prefix=pointer("posts", index)) from None
        return within_limit(posts), request_.model_dump(exclude={"posts"}, exclude_unset=True)

    def length_of_query() -> schemas.Length:
        try:
            return schemas.Length.model_validate(request.args.to_dict())
        except ValidationError as error:
            raise ProblemError.of_query(error) from None

    def within_limit(posts: list[Post]) -> list[Post]:
        if len(posts) > settings.max_posts:
            detail = f"{len(posts)} posts are more than {settings.max_posts} (TOPICWIRE_MAX_POSTS)"
            raise ProblemError(422, detail, errors=[{"detail": detail, "pointer": "#/posts"}])
        g.posts = len(posts)
        return posts

    def answer(results: list[dict[str, Any]], **more: Any) -> Response:
        return Response(strict_json.dumps({"model": serving.now().version.name, "results": results, **more}), content_type=JSON)

    @app.post("/v1/classify")
    def classify() -> Response:
        bodies.must_be(JSON)
        data = bodies.whole(settings.max_bytes)
        with working() as checkpoint:
            posts, _ = posts_of_json(data)
            results = serving.tag(posts, checkpoint, summarize=False)
            metrics.count_posts(results)
        return answer(
            [{"id": tag.post.id, "topics": tag.topics, "scores": tag.scores, "evidence": tag.evidence} for tag in results]
        )

    @app.post("/v1/summarize")
    def summarize() -> Response:
        bodies.must_be(JSON)
        data = bodies.whole(settings.max_bytes)
        with working() as checkpoint:
            posts, of_body = posts_of_json(data, schemas.PostsToSummarizeIn)
            length = schemas.Length.model_validate(of_body)
            results = serving.tag(posts, checkpoint, classify=False, sentences=length.sentences, max_words=length.max_words)
        return answer([{"id": tag.post.id, "summary": tag.summary} for tag in results])

    @app.post("/v1/tag")
    def tag() -> Response:
        bodies.must_be(JSON, *FEED_TYPES)
        data = bodies.whole(settings.max_bytes)
        warnings: list[str] = []
        length = length_of_query()
        with working() as checkpoint:
            if request.mimetype == JSON:
                posts, of_body = posts_of_json(data, schemas.PostsToSummarizeIn)
                length = length.model_copy(update=of_body)
            else:
                try:
                    document = feed.read(data)
                except TopicwireError as error:
                    raise ProblemError.of_error(error) from None
                posts = within_limit(document.posts)
                for warning in document.warnings:
                    metrics.WARNINGS.labels(warning.kind).inc()
                    warnings.append(warning.detail)
            results = serving.tag(posts, checkpoint, sentences=length.sentences, max_words=length.max_words)
            metrics.count_posts(results)
        return answer([tag.to_dict() for tag in results], warnings=warnings)


def _reading(app: Flask, settings: Settings, serving: Serving, storage: Storage) -> None:
    @lru_cache(maxsize=1)
    def document(topics: tuple[str, ...]) -> dict[str, Any]:
        return openapi.document(settings, topics)

    def api() -> dict[str, Any]:
        return document(tuple(topic.name for topic in serving.now().version.topics))

    def json(value: Any) -> Response:
        return Response(strict_json.dumps(value), content_type=JSON)

    @app.get("/v1/topics")
    def topics() -> Response:
        version = serving.now().version
        rows = [
            {"name": topic.name, "title": topic.title, "description": topic.description, "threshold": topic.threshold}
            for topic in version.topics
        ]
        return json({"model": version.name, "topics": rows})

    @app.get("/v1/model")
    def model() -> Response:
        version = serving.now().version
        manifest = version.manifest
        about = {"metrics": manifest.get("metrics", {}), "provenance": manifest.get("provenance", {})}
        return json({"model": version.name, "made": timestamp(version.made), **about})

    @app.get("/healthz")
    def healthz() -> Response:
        return json({"status": "ok", "model": serving.now().version.name})

    @app.get("/readyz")
    def readyz() -> Response:
        try:
            serving.now().tag([READY_POST])  # not in turn: whoever asks is impatient, and asks of one post
        except Exception as error:
            _log.exception("not ready", extra={"request_id": g.request_id})
            raise ProblemError(503, "the built-in post could not be classified; the log says why") from error
        return json({"status": "ready", "model": serving.now().version.name})

    @app.get("/metrics")
    def metrics_() -> Response:
        serving.now()  # a worker that was idle knows no newer version until it is asked
        body, content_type = metrics.exposition(storage.figures())
        return Response(body, content_type=content_type)

    @app.get("/openapi.json")
    def openapi_() -> Response:
        return json(api())

    @app.get("/docs")
    def docs() -> Response:
        return Response(
            render_template("docs.html", api=api(), root=request.host_url.rstrip("/")), content_type="text/html; charset=utf-8"
        )
