"""The model versions, over REST: which there are, how they were judged, and which one serves."""

from typing import Any

from flask import Flask, Response

from model import strict_json
from model.errors import VersionError
from service import models
from service.access import must_write
from service.library import Working
from service.openapi import JSON
from service.problems import ProblemError
from service.serving import Serving
from service.settings import Settings


def register(app: Flask, settings: Settings, serving: Serving, working: Working) -> None:
    """The routes of model versions."""
    versions = serving.versions

    @app.get("/v1/models")
    def versions_() -> Response:
        current = _current(serving)
        with working():
            rows = [models.summary(versions, name, current) for name in versions.names()]
        return _json({"model": serving.now().version.name, "current": current, "versions": rows})

    @app.get("/v1/models/<name>")
    def version(name: str) -> Response:
        _must_be_there(serving, name)
        with working():
            try:
                about = models.description(versions, versions.load(name), _current(serving))
            except VersionError as error:
                raise ProblemError(409, f"the version cannot be read: {error.problem}") from None
        return _json({"model": serving.now().version.name, **about})

    @app.post("/v1/models/<name>/promote")
    def promote(name: str) -> Response:
        must_write(settings)
        _must_be_there(serving, name)
        with working():
            before = serving.now().version.name
            try:
                versions.promote(name)
            except VersionError as error:
                raise ProblemError(409, f"it cannot serve: {error.problem}") from None
            return _promoted(name, before, [])

    @app.post("/v1/models/rollback")
    def rollback() -> Response:
        must_write(settings)
        with working():
            before = serving.now().version.name
            try:
                name, passed = versions.rollback()
            except VersionError as error:
                raise ProblemError(409, error.problem) from None
            return _promoted(name, before, [error.problem for error in passed])


def _promoted(name: str, before: str, passed_over: list[str]) -> Response:
    """What a promotion is answered with. Whatever is asked after it, of any worker, is answered by the new version."""
    return _json({"model": name, "before": before, "passed_over": passed_over})


def _current(serving: Serving) -> str | None:
    try:
        return serving.versions.current()
    except VersionError:  # a damaged pointer: the log and the metrics say so, and promoting mends it
        return None


def _must_be_there(serving: Serving, name: str) -> None:
    if name not in serving.versions.names():
        raise ProblemError(404, f"there is no model version {name[:80]!r}; /v1/models lists those there are")


def _json(value: dict[str, Any]) -> Response:
    return Response(strict_json.dumps(value), content_type=JSON)
