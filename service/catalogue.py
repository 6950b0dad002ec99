"""The model versions, over REST: which there are, how they were judged, and which one serves."""

from typing import Any

from flask import Flask, Response

from model import strict_json
from model.errors import VersionError
from service import models, serving
from service.access import must_write
from service.library import Working
from service.openapi import JSON
from service.problems import ProblemError
from service.serving import Serving
from service.settings import Settings


def register(app: Flask, settings: Settings, serves: Serving, working: Working) -> None:
    versions = serves.versions

    @app.get("/v1/models")
    def versions_() -> Response:
        current = _current(serves)
        with working():
            rows = [models.summary(versions, name, current) for name in versions.names()]
        return _json({"model": serving.version().name, "current": current, "versions": rows})

    @app.get("/v1/models/<name>")
    def version(name: str) -> Response:
        _must_be_there(serves, name)
        with working():
            try:
                about = models.description(versions, name, _current(serves))
            except VersionError as error:
                raise ProblemError(409, f"the version cannot be read: {error.problem}") from None
        return _json({"model": serving.version().name, **about})

    @app.post("/v1/models/<name>/promote")
    def promote(name: str) -> Response:
        must_write(settings)
        _must_be_there(serves, name)
        with working():
            try:
                versions.promote(name)
            except VersionError as error:
                raise ProblemError(409, f"it cannot serve: {error.problem}") from None
            return _promoted(serves, name, [])

    @app.post("/v1/models/rollback")
    def rollback() -> Response:
        must_write(settings)
        with working():
            try:
                name, passed = versions.rollback()
            except VersionError as error:
                raise ProblemError(409, error.problem) from None
            return _promoted(serves, name, [error.problem for error in passed])


def _promoted(serves: Serving, name: str, passed_over: list[str]) -> Response:
    """What a promotion is answered with, once it holds here; other workers follow by themselves."""
    before = serving.version().name
    serves.look()
    return _json({"model": name, "before": before, "passed_over": passed_over})


def _current(serves: Serving) -> str | None:
    try:
        return serves.versions.current()
    except VersionError:  # a damaged pointer: the log and the metrics say so, and promoting mends it
        return None


def _must_be_there(serves: Serving, name: str) -> None:
    if name not in serves.versions.names():
        raise ProblemError(404, f"there is no model version {name[:80]!r}; /v1/models lists those there are")


def _json(value: dict[str, Any]) -> Response:
    return Response(strict_json.dumps(value), content_type=JSON)
