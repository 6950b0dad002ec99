"""Stored posts -> a file, without a server: a wire, or rows with all that is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from model.errors import InputError, VersionError
from model.versions import Versions
from service import formats, wires
from service.settings import Settings
from service.store import Store, StoredPost

_PAGE = 500  # posts that are in memory at a time


@dataclass(frozen=True)
class Chosen:
    """Which posts."""

    topic: str = wires.ALL
    source: str | None = None  # its number or URL
    min_score: float | None = None
    limit: int | None = None  # the newest so many


def export(form: str, chosen: Chosen, settings: Settings) -> Iterator[bytes]:
    """The pieces of a document in one of the formats, newest post first. Raises InputError for a topic or source that is
    none, and where nothing is stored."""
    if not settings.has_store:
        raise InputError(
            "nothing is stored here yet; `topicwire sources add`, then `topicwire poll`", subject=str(settings.database)
        )
    with Store.open(settings) as store:
        source = None if chosen.source is None else store.find_source(chosen.source).id

        def posts() -> Iterator[StoredPost]:
            return islice(_all(store, chosen, source), chosen.limit)

        titles = _titles(settings)
        # A topic of an older version is one as long as there are posts with it.
        if chosen.topic not in titles and not store.posts(topic=chosen.topic, limit=1).posts:
            raise InputError(f"there is no such topic, but {', '.join(titles)}", subject=chosen.topic[:80])
        if form in ("jsonl", "csv", "parquet"):
            yield from formats.FORMATS[form](map(wires.shown, posts()))
        else:
            title, identity = titles.get(chosen.topic, chosen.topic), f"topicwire:export:{chosen}"
            yield from wires.wire(form, posts, title=title, link="http://localhost/", identity=identity)


def _titles(settings: Settings) -> dict[str, str]:
    """What wires are called; no version is needed for what has been tagged already."""
    try:
        return wires.titles(Versions(settings.models).load().topics)
    except VersionError:
        return wires.titles(())


def _all(store: Store, chosen: Chosen, source: int | None) -> Iterator[StoredPost]:
    cursor: str | None = None
    while True:
        page = store.posts(topic=chosen.topic, source=source, min_score=chosen.min_score, limit=_PAGE, cursor=cursor)
        yield from page.posts
        cursor = page.next
        if cursor is None:
            return
