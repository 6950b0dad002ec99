"""Every error of the REST interface as application/problem+json (RFC 9457), in the words that a terminal would show."""

import http
import logging
from typing import Any

from flask import Flask, Response, g
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from model import strict_json
from model.errors import NotStoredError, StoreError, TopicwireError

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger("topicwire")


class ProblemError(Exception):
    """An answer that is an error."""

    def __init__(
        self, status: int, detail: str, *, errors: list[dict[str, str]] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}

    @classmethod
    def of_fields(cls, error: ValidationError) -> "ProblemError":
        """A request that is not of the documented form."""
        faults = [
            {"detail": _sentence(fault["msg"]), "pointer": pointer(*_field(fault["loc"]))}
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        distinct = list({(fault["pointer"], fault["detail"]): fault for fault in faults}.values())[:50]
        where = ", ".join(dict.fromkeys(fault["pointer"] for fault in distinct[:5]))
        return cls(422, f"the request does not have the documented form, at {where}", errors=distinct)

    @classmethod
    def of_query(cls, error: ValidationError) -> "ProblemError":
        """A query that is not of the documented form."""
        details = [
            f"`{'.'.join(map(str, fault['loc']))[:80]}`: {_sentence(fault['msg'])}"
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        return cls(422, f"the query does not have the documented form, at {'; '.join(details[:5])}")

    @classmethod
    def of_error(cls, error: TopicwireError, status: int = 422, prefix: str = "#") -> "ProblemError":
        """One of our own errors; `prefix` is where its pointer begins."""
        where = prefix + (error.pointer or "")
        return cls(status, error.problem, errors=[{"detail": error.problem, "pointer": where}])

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": http.HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": g.get("request_id", ""),
        }
        if self.errors:
            body["errors"] = self.errors
        return Response(strict_json.dumps(body) + b"\n", self.status, self.headers, content_type=MEDIA_TYPE)


def pointer(*parts: str | int) -> str:
    """A JSON Pointer as a URI fragment."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def register(app: Flask) -> None:
    """Answer every error of the application as a problem."""

    @app.errorhandler(ProblemError)
    def problem(error: ProblemError) -> Response:
        return error.response()

    @app.errorhandler(StoreError)
    def store_error(error: StoreError) -> Response:
        if isinstance(error, NotStoredError):
            return ProblemError(404, error.problem).response()
        # Where the store is concerns whoever runs it, and nobody else.
        _log.error("the store failed: %s", error, extra={"request_id": g.get("request_id", "")})
        return ProblemError(503, f"the store: {error.problem}", headers={"Retry-After": "10"}).response()

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:  # a redirect is an exception to werkzeug, but no error
            return Response(error.get_body(), status, error.get_headers())
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
        details = {
            404: "there is nothing at this address; /docs lists what there is",
            405: f"this address answers {headers.get('Allow', 'other methods')} only",
            413: f"the request is larger than {app.config['MAX_CONTENT_LENGTH']:,} bytes (TOPICWIRE_MAX_BYTES)",
        }
        return ProblemError(status, details.get(status) or _sentence(error.description or error.name), headers=headers).response()

    @app.errorhandler(Exception)
    def mistake(error: Exception) -> Response:
        _log.error("unexpected error", exc_info=error, extra={"request_id": g.get("request_id", "")})
        return ProblemError(500, "something went wrong here; the log has it under this request_id").response()


def _field(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A field's place without the branch of a union that pydantic names after it: `id` is a string or an integer."""
    return location[:-1] if location[-2:] in (("id", "str"), ("id", "int")) else location


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
