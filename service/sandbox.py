"""Work on bytes from strangers, in processes that can be ended: by the clock, or by how much memory they take.

The reading of feeds counts before it parses and is linear in what it is given; this is for what nobody has thought of yet.
A process that is ended takes nobody else's work with it.

Pebble, because of the standard library's and joblib's pools neither can end one task that takes too long.
"""

import multiprocessing
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as TookTooLongError
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from model import feed
from model.errors import FeedError, PostError
from model.posts import Post
from service import batch, discovery
from service.batch import Outcome

# What a single feed, page or post may take; the whole of a well-meant feed of 20,000 posts takes less.
SECONDS = 5.0
# Bytes of address space on top of what the process has when it starts.
MEMORY = 300_000_000

Answer = TypeVar("Answer")


class Sandbox:
    """A few processes, each with limits. Safe to share between threads; a context manager, which ends them. `version` is
    the directory of the version to tag by; without one there is no tagging."""

    def __init__(
        self, version: Path | None = None, *, processes: int = 1, seconds: float = SECONDS, memory: int = MEMORY
    ) -> None:
        self._version = version
        self._seconds = seconds
        self._pool = ProcessPool(
            max_workers=processes,
            context=multiprocessing.get_context("forkserver"),
            initializer=_limit_memory,
            initargs=(memory, version),
        )

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def read(self, data: bytes, base_url: str = "") -> feed.Feed:
        """A feed document, as `feed.read`. Raises FeedError, also where a limit ended it."""
        return self._run(_read, data, base_url)

    def feeds_of_page(self, page: bytes, base_url: str) -> list[discovery.FoundFeed]:
        """The feeds that a site's page names, as `discovery.feeds`. Raises FeedError where a limit ended it."""
        return self._run(discovery.feeds, page, base_url)

    def tag(self, posts: Sequence[Post], *, sentences: int, max_words: int) -> list[Outcome]:
        """Posts -> tagged posts; a post that cannot be tagged within the limits comes out as an error in its place."""
        outcomes: list[Outcome] = []
        assert self._version or not posts
        for start in range(0, len(posts), batch.CHUNK):
            chunk = list(posts[start : start + batch.CHUNK])
            try:
                outcomes += self._run(batch.tag_chunk, self._version, chunk, sentences, max_words)
            except FeedError:
                outcomes += [self._tag_alone(post, sentences, max_words) for post in chunk]
        return outcomes

    def _tag_alone(self, post: Post, sentences: int, max_words: int) -> Outcome:
        try:
            return self._run(batch.tag_chunk, self._version, [post], sentences, max_words)[0]
        except FeedError as error:
            return PostError(error.problem, subject=f"post {post.id!r}")

    def _run(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        future = self._pool.schedule(work, args=list(arguments), timeout=self._seconds)
        try:
            answer: Answer = future.result()
        except TookTooLongError:
            raise FeedError(f"reading it takes more than {self._seconds:g} seconds, so it was left") from None
        except MemoryError:
            raise FeedError("reading it takes too much memory, so it was left") from None
        except ProcessExpired:
            raise FeedError("reading it took too much memory, or ended the process that read it; it was left") from None
        return answer


def _read(data: bytes, base_url: str) -> feed.Feed:
    return feed.read(data, base_url=base_url)


def _limit_memory(memory: int, version: Path | None) -> None:
    # Everything that work needs is there before the limit counts.
    import bs4  # noqa: F401

    if version:
        batch.tag_chunk(version, [], 1, 1)
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return  # only Linux says, and only Linux heeds the limit
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
