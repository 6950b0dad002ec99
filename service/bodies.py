"""What comes with a request: a body of a media type that is taken, whole, and within the limit; and the query."""

from typing import Any, TypeVar

from flask import g, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from model import strict_json
from service.openapi import JSON
from service.problems import ProblemError

_Form = TypeVar("_Form", bound=BaseModel)


def must_be(*media_types: str) -> None:
    """Refuse a body of any other type."""
    if request.mimetype not in media_types:
        given = request.mimetype or "nothing"
        raise ProblemError(415, f"the Content-Type is {given[:80]!r}; taken here: {', '.join(media_types)}")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise ProblemError(415, "a compressed body is not taken here; send it as it is")


def whole(most: int) -> bytes:
    """The whole body, of so many bytes at most. Read before a slot is taken: a slow client must not keep others from being
    served."""
    # Flask cuts a body without a declared length off at the limit, so one byte more is asked for.
    request.max_content_length = most + 1
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise
    except (ClientDisconnected, OSError):
        raise ProblemError(408, "the body did not arrive in time") from None
    except Exception as error:  # chunks that are none; each server has its own words for them
        raise ProblemError(400, f"the body cannot be read: {error}") from None
    if len(data) > most:
        raise RequestEntityTooLarge
    g.body = data
    if len(data) < (request.content_length or 0):
        raise ProblemError(400, f"the body ended after {len(data)} of {request.content_length} bytes")
    return data


def parsed(data: bytes) -> Any:
    """A body that is JSON."""
    try:
        return strict_json.loads(data)
    except ValueError as error:
        raise ProblemError(400, f"the body is no JSON: {error}") from None


def query(form: type[_Form]) -> _Form:
    """The parameters of the query, each given once."""
    given = {name: values[0] if len(values) == 1 else values for name, values in request.args.lists()}
    try:
        return form.model_validate(given)
    except ValidationError as error:
        raise ProblemError.of_query(error) from None


def filled(form: type[_Form], most: int) -> _Form:
    """A body that is JSON of a form, of so many bytes at most."""
    must_be(JSON)
    try:
        return form.model_validate(parsed(whole(most)))
    except ValidationError as error:
        raise ProblemError.of_fields(error) from None
