"""Labelled examples over REST: exported, brought in, forgotten. What is exported can be brought in, here and by the command
`examples`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.datastructures import MIMEAccept

from model import strict_json
from model.errors import ExampleError, InputError, NotStoredError, TopicwireError
from model.posts import plain
from service import bodies, schemas
from service.access import must_write
from service.library import WHO, Working, linked
from service.openapi import JSON, JSONL, JSONL_TYPES
from service.problems import ProblemError, pointer
from service.repeats import once
from service.serving import Serving
from service.settings import Settings
from service.storage import Storage

if TYPE_CHECKING:
    from training.examples import Example

_PAGE, _PAGE_OF_LINES = 50, 200
_MOST_FAULTS = 50  # that an answer lists


def register(app: Flask, settings: Settings, serving: Serving, storage: Storage, working: Working) -> None:
    """The routes of labelled examples."""

    @app.get("/v1/examples")
    def examples() -> Response:
        asked = bodies.query(schemas.ExamplesQuery)
        as_lines = _wants_lines(request.accept_mimetypes)
        with working():
            store = storage.store()
            try:
                limit = asked.limit or (_PAGE_OF_LINES if as_lines else _PAGE)
                page = store.examples_page(limit=limit, cursor=asked.cursor)
            except InputError as error:
                raise ProblemError(422, f"`{error.subject}`: {error.problem}") from None
        if not as_lines:
            answer = _json({"model": serving.now().version.name, "examples": [example.to_dict() for example in page.examples]})
        elif asked.limit is not None:
            answer = Response(b"".join(_lines(page.examples)), content_type=JSONL)
        else:
            # All of them; whoever takes long to read them takes no slot from others.
            rest = store.all_examples(page.next) if page.next else iter(())
            answer, page = Response(_lines(chain(page.examples, rest)), content_type=JSONL), replace(page, next=None)
        answer.headers["Vary"] = "Accept"
        return linked(answer, page.next)

    @app.post("/v1/examples")
    def bring() -> Response:
        must_write(settings)
        bodies.must_be(JSON, *JSONL_TYPES)
        asked = bodies.query(schemas.WhoQuery)
        data = bodies.whole(settings.max_bytes)
        with working() as checkpoint:
            if request.mimetype == JSON:
                given, who = _of_json(data)
            else:
                given, who = _of_lines(data), None

            def add() -> Response:
                added = storage.store().add_examples(given, plain(who or asked.who or "") or WHO, checkpoint=checkpoint)
                counts = {"new": added.new, "changed": added.changed, "same": added.same}
                return _json({"model": serving.now().version.name, **counts})

            try:
                return once(storage, add)
            except ExampleError as error:
                raise ProblemError.of_error(error, prefix=pointer("who")) from None

    @app.delete("/v1/examples/<address:address>")
    def forget(address: str) -> Response:
        must_write(settings)
        with working():
            gone = storage.store().remove_examples(post=address)
        if not gone:
            raise NotStoredError("no example is of such a post; a correction is withdrawn at its post", subject=address[:80])
        return _json({"model": serving.now().version.name, "examples": gone})


def _wants_lines(accept: MIMEAccept) -> bool:
    return accept.best_match([JSON, *JSONL_TYPES], default=JSON) in JSONL_TYPES


def _lines(examples: "Iterable[Example]") -> Iterator[bytes]:
    for example in examples:
        yield strict_json.dumps(example.to_dict()) + b"\n"


def _of_json(data: bytes) -> "tuple[list[Example], str | None]":
    """The examples of a body, and who labelled them."""
    from training.examples import judged

    body = bodies.parsed(data)
    try:
        form = schemas.ExamplesIn.model_validate(body)
    except ValidationError as error:
        raise ProblemError.of_fields(error) from None
    return _good(judged(enumerate(body["examples"])), lambda number: ("", pointer("examples", number))), form.who


def _of_lines(data: bytes) -> "list[Example]":
    """The examples of JSONL, which a pointer takes for an array of its lines."""
    from training.examples import judged, lines

    if not data.strip():
        raise ProblemError(422, "the body has no examples", errors=[{"detail": "it is empty", "pointer": pointer()}])
    return _good(judged(lines(data)), lambda number: (f"line {number}: ", pointer(number - 1)))


def _good(rows: "Iterable[tuple[int, Example | TopicwireError]]", where: Callable[[int], tuple[str, str]]) -> "list[Example]":
    """The examples, where all rows are such; `where` says of a row's number where it stands, and its pointer."""
    good: list[Example] = []
    faults: list[dict[str, str]] = []
    for number, one in rows:
        if not isinstance(one, TopicwireError):
            good.append(one)
        elif len(faults) < _MOST_FAULTS:
            place, prefix = where(number)
            faults.append({"detail": f"{place}{one.problem}", "pointer": prefix + (one.pointer or "")})
    if faults:
        first = f"{faults[0]['detail']} (at {faults[0]['pointer']})"
        raise ProblemError(422, f"no example was kept, since some cannot be used; the first: {first}", errors=faults)
    return good


def _json(value: dict[str, Any]) -> Response:
    return Response(strict_json.dumps(value), content_type=JSON)
