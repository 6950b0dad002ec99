"""Files, standard input and URLs -> posts, whatever they are named. And the posts of the store, for commands that take these
where no input is named."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from model.errors import InputError, TopicwireError
from model.posts import Post
from service.pieces import Report, named, pieces, read
from service.settings import Settings
from service.streams import STDIN as STDIN
from service.streams import open_bytes as open_bytes
from service.streams import shown as shown
from service.streams import whole as whole

if TYPE_CHECKING:
    from service.store import StoredPost
    from service.store.listing import Order

_PAGE = 200  # stored posts that are in memory at a time


def posts(name: str, settings: Settings, *, failed: Report, warned: Report) -> Iterator[Post]:
    """The posts of one input, read as they are asked for.

    What cannot be read is handed to `failed`, naming the input and, in JSONL, the line; the rest comes all the same.
    """
    try:
        with named(name):
            for piece in pieces(name, settings):
                yield from read(piece, settings, failed=failed, warned=warned)
    except TopicwireError as error:
        failed(error)


class Reading:
    """Inputs as posts; what cannot be read is said, and remembered."""

    def __init__(self, settings: Settings, say: Report) -> None:
        self.failed = False
        self._settings, self._say = settings, say

    def posts(self, names: Iterable[str]) -> Iterator[Post]:
        for name in names:
            yield from posts(name, self._settings, failed=self._fail, warned=self._say)

    def _fail(self, error: TopicwireError) -> None:
        self.failed = True
        self._say(error)


def stored(
    settings: Settings, *, source: str | None = None, since: datetime | None = None, order: "Order" = "newest"
) -> "Iterator[StoredPost]":
    """Stored posts with their bodies, a page in memory at a time; of one source by its number or URL. Raises InputError where
    nothing is stored, NotStoredError where there is no such source."""
    must_have_store(settings)
    from service.store import Store

    with Store.open(settings) as store:
        number = None if source is None else store.find_source(source).id
        cursor: str | None = None
        while True:
            page = store.posts(source=number, limit=_PAGE, cursor=cursor, bodies=True, since=since, order=order)
            yield from page.posts
            cursor = page.next
            if cursor is None:
                return


def must_have_store(settings: Settings) -> None:
    """Raises InputError, which says what to name instead."""
    if not settings.has_store:
        raise InputError("nothing is stored here yet; name a file, or `topicwire sources add`", subject=str(settings.database))
