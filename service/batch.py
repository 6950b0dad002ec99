"""Posts -> tagged posts, in order and in constant memory, on one core or several."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from model.errors import PostError
from model.posts import Post, TaggedPost
from model.tagger import Tagger
from model.version import load

# Posts that are tagged at once: enough to make handing them to another process cheap, few enough to be no memory.
CHUNK = 64
WINDOW = 8  # chunks a process is given at a time

Outcome = TaggedPost | PostError


def tag(posts: Iterable[Post], version: Path, *, jobs: int = 1, sentences: int, max_words: int) -> Iterator[Outcome]:
    """Tag posts by the version in a directory. A post that cannot be tagged comes out as an error in its place."""
    chunks = _chunks(posts)
    if jobs == 1:
        done: Iterable[list[Outcome]] = (tag_chunk(version, chunk, sentences, max_words) for chunk in chunks)
    else:
        done = _in_parallel(chunks, version, jobs, sentences, max_words)
    for chunk in done:
        yield from chunk


def _in_parallel(
    chunks: Iterator[list[Post]], version: Path, jobs: int, sentences: int, max_words: int
) -> Iterator[list[Outcome]]:
    """The same by several processes. joblib would go on tagging however slowly the outcomes are taken, so it is handed
    a window of chunks at a time: what waits in memory is one window."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=jobs) as parallel:
        while window := list(islice(chunks, WINDOW * jobs)):
            yield from parallel(delayed(tag_chunk)(version, chunk, sentences, max_words) for chunk in window)


def tag_chunk(version: Path, posts: list[Post], sentences: int, max_words: int) -> list[Outcome]:
    """The unit of work that is handed to a process; the version is loaded once in each."""
    tagger = _tagger(version)
    outcomes: list[Outcome] = []
    for post in posts:
        try:
            outcomes += tagger.tag([post], sentences=sentences, max_words=max_words)
        except Exception as error:  # a mistake of ours, but it must not cost the posts beside it
            outcomes.append(PostError(f"it cannot be tagged ({type(error).__name__}: {error})", subject=f"post {post.id!r}"))
    return outcomes


@lru_cache(maxsize=2)
def _tagger(version: Path) -> Tagger:
    return Tagger(load(version))


def _chunks(posts: Iterable[Post]) -> Iterator[list[Post]]:
    waiting = iter(posts)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk
