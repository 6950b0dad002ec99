"""What is stored, over REST: posts and their corrections, sources, and wires."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Flask, Response, render_template, request
from werkzeug.routing import PathConverter

from model import strict_json
from model.errors import InputError, NotStoredError
from model.posts import timestamp
from service import bodies, schemas, wires
from service.access import may_write, must_write
from service.openapi import JSON
from service.problems import ProblemError, pointer
from service.repeats import once
from service.serving import Serving
from service.settings import Settings
from service.storage import Storage

if TYPE_CHECKING:
    from service.store import Source, StoredPost

Working = Callable[[], AbstractContextManager[Callable[[], None]]]
WHO = "REST"  # who corrects, as far as is known here


class _Address(PathConverter):
    """What a post is asked for by: its id may be a URL, or begin with a slash."""

    regex = ".+?"
    part_isolating = False


def register(app: Flask, settings: Settings, serving: Serving, storage: Storage, working: Working) -> None:
    """The routes that need the store."""
    app.url_map.converters["address"] = _Address
    app.url_map.merge_slashes = False
    _posts(app, settings, serving, storage, working)
    _sources(app, settings, serving, storage, working)
    _wires(app, serving, storage, working)


def _posts(app: Flask, settings: Settings, serving: Serving, storage: Storage, working: Working) -> None:
    def topics() -> list[str]:
        return [topic.name for topic in serving.now().version.topics]

    @app.get("/v1/posts")
    def posts() -> Response:
        asked = bodies.query(schemas.PostsQuery)
        known = topics()
        if asked.topic is not None and asked.topic not in (*known, wires.ALL, wires.NONE):
            raise ProblemError(422, f"there is no topic {asked.topic[:80]!r}; there are {', '.join(known)}")
        with working():
            try:
                page = storage.store().posts(**asked.model_dump())
            except InputError as error:
                raise ProblemError(422, f"`{error.subject}`: {error.problem}") from None
            answer = _json({"model": serving.now().version.name, "results": [wires.shown(post).to_dict() for post in page.posts]})
        return linked(answer, page.next)

    @app.get("/v1/posts/<address:address>")
    def post(address: str) -> Response:
        with working():
            return _shown(_stored(storage, address))

    @app.put("/v1/posts/<address:address>/topics")
    def correct(address: str) -> Response:
        must_write(settings)
        given = bodies.filled(schemas.TopicsIn, settings.max_bytes)
        known = topics()
        for index, topic in enumerate(given.topics):
            if topic not in known:
                detail = f"there is no topic {topic[:80]!r}; there are {', '.join(known)}"
                raise ProblemError(422, detail, errors=[{"detail": detail, "pointer": pointer("topics", index)}])
        with working():

            def say() -> Response:
                number = _stored(storage, address).number
                storage.store().correct(number, given.topics, WHO)
                return _shown(_stored(storage, number))

            return once(storage, say)

    @app.delete("/v1/posts/<address:address>/topics")
    def withdraw(address: str) -> Response:
        must_write(settings)
        with working():
            store, number = storage.store(), _stored(storage, address).number
            store.withdraw(number)
            return _shown(_stored(storage, number))


def _sources(app: Flask, settings: Settings, serving: Serving, storage: Storage, working: Working) -> None:
    @app.get("/v1/sources")
    def sources() -> Response:
        with working():
            # A feed's URL may hold a key to it: it is not for everyone who may read what it brings.
            listed = [_source(source) for source in storage.store().sources()]
            if not may_write(settings):
                listed = [source | {"url": None} for source in listed]
            return _json({"model": serving.now().version.name, "sources": listed})

    @app.post("/v1/sources")
    def subscribe() -> Response:
        must_write(settings)
        given = bodies.filled(schemas.SourceIn, settings.max_bytes)
        with working():
            from service.store import NewSource

            wanted = NewSource(given.url, title_override=given.title or None, folder=given.folder or "")

            def add() -> Response:
                source, is_new = storage.store().add_source(wanted)
                return _json({"model": serving.now().version.name, **_source(source)}, 201 if is_new else 200)

            try:
                return once(storage, add)
            except InputError as error:
                raise ProblemError.of_error(error, prefix=pointer("url")) from None

    @app.delete(f"/v1/sources/<int(max={schemas.MAX_NUMBER}):number>")
    def unsubscribe(number: int) -> Response:
        must_write(settings)
        with working():
            removed = storage.store().remove_source(number)
        return _json({"model": serving.now().version.name, "posts": removed.posts, "examples": removed.examples})


def _wires(app: Flask, serving: Serving, storage: Storage, working: Working) -> None:
    def answering(end: str) -> Callable[[str], Response]:
        form, media_type = wires.FORMS[end]

        def wire(topic: str) -> Response:
            titles = wires.titles(serving.now().version.topics)
            if topic not in titles:
                raise ProblemError(404, f"there is no wire {topic[:80]!r}; /wires lists what there is")
            asked = bodies.query(schemas.WireQuery)
            with working():
                left = storage.store().last_left()  # asked first: what leaves meanwhile counts the next time
                posts = storage.store().posts(topic=topic, **asked.model_dump()).posts
                link = f"{request.url_root}wires"
                body = b"".join(wires.wire(form, lambda: posts, title=titles[topic], link=link, self_link=request.url))
            answer = Response(body, content_type=f"{media_type}; charset=utf-8" if end != "json" else media_type)
            # Readers ask each time, and hear 304: what a reader corrects is on the wire at once.
            answer.cache_control.no_cache = True
            answer.last_modified = max(filter(None, (wires.modified(posts), left)), default=None)
            answer.add_etag()
            answer.make_conditional(request)
            return answer

        return wire

    for end in wires.FORMS:
        app.add_url_rule(f"/wires/<topic>.{end}", f"wire_{end}", answering(end))

    @app.get("/wires")
    def list_of_wires() -> Response:
        topics = serving.now().version.topics
        about = {one.name: one for one in topics}
        page = render_template("wires.html", titles=wires.titles(topics), forms=wires.FORMS, topics=about)
        return Response(page, content_type="text/html; charset=utf-8")


def linked(answer: Response, cursor: str | None) -> Response:
    """A page, with a link to the next one, if there is one."""
    if cursor:
        rest = {name: value for name, value in request.args.items() if name != "cursor"}
        answer.headers["Link"] = f'<{request.base_url}?{urlencode(rest | {"cursor": cursor})}>; rel="next"'
    return answer


def _stored(storage: Storage, address: str | int) -> "StoredPost":
    found = storage.store().post(address) if isinstance(address, int) or "\0" not in address else None
    if found is None:
        raise NotStoredError("there is no such post", subject=f"post {str(address)[:80]}")
    return found


def _shown(post: "StoredPost") -> Response:
    return _json(wires.shown(post).to_dict())


def _source(source: "Source") -> dict[str, Any]:
    return {
        "id": source.id,
        "url": source.url,
        "title": source.name,
        "folder": source.folder,
        "site": source.site,
        "state": source.state,
        "added": timestamp(source.added),
        "polled": timestamp(source.polled),
        "next_poll": timestamp(source.next_poll),
        "failures": source.failures,
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(strict_json.dumps(value), status, content_type=JSON)
