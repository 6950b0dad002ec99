"""Posts, or pieces of inputs -> tagged posts, in order and in constant memory, on one core or several."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from model.errors import PostError, TopicwireError
from model.posts import Post, TaggedPost
from model.tagger import Tagger
from model.version import load
from service import formats
from service.pieces import Piece, named, pieces, read
from service.processes import in_order
from service.settings import Settings

# Posts that are tagged at once: enough to make handing them to another process cheap, few enough to be no memory.
CHUNK = 64
WINDOW = 8  # chunks a process is given at a time

Outcome = TaggedPost | PostError


class Warned(NamedTuple):
    """What was wrong with an input that could be read all the same."""

    error: TopicwireError


Finding = TaggedPost | TopicwireError | Warned


@dataclass(frozen=True)
class Order:
    """How inputs are to be tagged; goes to other processes, without what is secret in settings."""

    version: Path  # its directory
    sentences: int
    max_words: int
    settings: Settings  # limits of reading

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", replace(self.settings, token="", database_url=""))


def tag(posts: Iterable[Post], version: Path, *, jobs: int = 1, sentences: int, max_words: int) -> Iterator[Outcome]:
    """Tag posts by the version in a directory. A post that cannot be tagged comes out as an error in its place."""
    work = partial(_tag_chunk, version, sentences, max_words)
    return in_order(work, _chunks(posts), jobs, patience=0)


def tag_inputs(names: Iterable[str], order: Order, *, jobs: int = 1) -> Iterator[Finding]:
    """Tag the posts of inputs. What cannot be read or tagged comes out as an error in its place. The posts come without
    their bodies."""
    return in_order(partial(_tag_part, order), _parts(names, order.settings), jobs)


def tag_to_jsonl(names: Iterable[str], order: Order, *, jobs: int = 1) -> Iterator[bytes | TopicwireError | Warned]:
    """The same, each post as its line of JSONL already: of several processes none is busy with writing for the others."""
    return in_order(partial(_line_part, order), _parts(names, order.settings), jobs)


def tag_piece(order: Order, piece: Piece) -> Iterator[Finding]:
    """The posts of one piece. Raises TopicwireError or OSError when the input cannot be read, or not any further."""
    aside: list[Finding] = []
    posts = read(piece, order.settings, failed=aside.append, warned=lambda error: aside.append(Warned(error)))
    try:
        for chunk in _chunks(posts):
            yield from aside
            aside.clear()
            for outcome in tag_chunk(order.version, chunk, order.sentences, order.max_words):
                # The body has done its work; to another process it would be most of what there is to carry.
                yield outcome if isinstance(outcome, PostError) else replace(outcome, post=_bodiless(outcome.post))
    except (TopicwireError, OSError):
        yield from aside
        raise
    yield from aside


def tag_chunk(version: Path, posts: list[Post], sentences: int, max_words: int) -> list[Outcome]:
    """The unit of work on one core, on several and on several machines; the version is loaded once in each process."""
    tagger = _tagger(version)
    try:
        return [*tagger.tag(posts, sentences=sentences, max_words=max_words)]
    except Exception as error:  # a mistake of ours, but it must not cost the posts beside the one it happens with
        if len(posts) > 1:
            return [outcome for post in posts for outcome in tag_chunk(version, [post], sentences, max_words)]
        return [PostError(f"it cannot be tagged ({type(error).__name__}: {error})", subject=f"post {posts[0].id!r}")]


def _tag_chunk(version: Path, sentences: int, max_words: int, posts: list[Post]) -> list[Outcome]:
    return tag_chunk(version, posts, sentences, max_words)


def _parts(names: Iterable[str], settings: Settings) -> Iterator[tuple[str, Piece | TopicwireError]]:
    for name in names:
        try:
            with named(name):
                for piece in pieces(name, settings):
                    yield name, piece
        except TopicwireError as error:
            yield name, error


def _tag_part(order: Order, part: tuple[str, Piece | TopicwireError]) -> Iterator[Finding]:
    name, piece = part
    try:
        if isinstance(piece, TopicwireError):
            raise piece
        with named(name):
            yield from tag_piece(order, piece)
    except TopicwireError as error:
        yield error


def _line_part(order: Order, part: tuple[str, Piece | TopicwireError]) -> Iterator[bytes | TopicwireError | Warned]:
    for finding in _tag_part(order, part):
        if isinstance(finding, TaggedPost):
            yield from formats.jsonl([finding])
        else:
            yield finding


def _bodiless(post: Post) -> Post:
    return replace(post, html=None, text=None)


@lru_cache(maxsize=2)
def _tagger(version: Path) -> Tagger:
    return Tagger(load(version))


def _chunks(posts: Iterable[Post]) -> Iterator[list[Post]]:
    waiting = iter(posts)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk
