"""What is stored already of the story that a new post tells: by its canonical link, or by its text."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text

from service import stories
from service.store.schema import chunks, posts, shingles

_LOCK = 0x73746F72  # of PostgreSQL's advisory locks, the one for this: "stor"
# Posts that begin most like a new one, of which the texts are compared.
_CANDIDATES = 5
# Before this there is no time to go back to.
_FIRST = datetime.min.replace(tzinfo=UTC) + stories.WITHIN


def find(connection: Connection, source: int, fresh: Iterable[dict[str, Any]]) -> None:
    """Fill in the `original` of new posts of a source: the post that their story is listed under. Until the transaction
    ends nobody else stores what might be the same story."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    rows = list(fresh)
    linked = _of_links(connection, [row["canonical"] for row in rows if row["canonical"]])
    for row in rows:
        row["original"] = linked.get(row["canonical"]) or _of_text(connection, source, row)
    held = _kept(connection, [row["original"] for row in rows if row["original"] is not None])
    for row in rows:
        row["original"] = held.get(row["original"])


def _of_links(connection: Connection, canonical: Iterable[str]) -> dict[str, int]:
    """Canonical link -> number of the post that had it first, for those that there is one for."""
    found: dict[str, int] = {}
    first = func.min(func.coalesce(posts.c.original, posts.c.id))
    for chunk in chunks(list(dict.fromkeys(canonical))):
        chosen = select(posts.c.canonical, first).where(posts.c.canonical.in_(chunk)).group_by(posts.c.canonical)
        found |= dict(connection.execute(chosen).all())
    return found


def _of_text(connection: Connection, source: int, row: Mapping[str, Any]) -> int | None:
    """The post of another source, of the same days, that has most of this one's text, or that this one has most of."""
    words = row["words"].split()
    begins = stories.sketch(words)
    if not begins:
        return None
    near = (max(row["placed"], _FIRST) - stories.WITHIN, row["placed"] + stories.WITHIN)
    number = func.coalesce(posts.c.original, posts.c.id).label("number")  # what their stories are listed under
    common = (
        select(shingles.c.post_id)
        .join(posts)
        .where(shingles.c.shingle.in_(begins), shingles.c.placed.between(*near), posts.c.source_id != source)
        .group_by(shingles.c.post_id)
        .order_by(func.count().desc(), shingles.c.post_id)
        .limit(_CANDIDATES)
    )
    candidates = connection.execute(select(posts.c.title, posts.c.words, number).where(posts.c.id.in_(common)))
    alike = [
        (stories.likeness(words, candidate.words.split()), -candidate.number)  # of equals the one that was first
        for candidate in candidates
        if not stories.are_numbered_apart(row["title"], candidate.title)
    ]
    most, first = max(alike, default=(0.0, 0))
    return -first if most >= stories.ALIKE else None


def _kept(connection: Connection, numbers: Sequence[int]) -> dict[int | None, int]:
    """Number of a post -> of the one that its story is listed under. Posts that are no longer there are left out."""
    found: dict[int | None, int] = {}
    for chunk in chunks(numbers):
        chosen = select(posts.c.id, func.coalesce(posts.c.original, posts.c.id)).where(posts.c.id.in_(chunk))
        found |= dict(connection.execute(chosen.with_for_update(read=True, key_share=True)).all())
    return found


def replace(connection: Connection, fresh: Mapping[int, tuple[datetime, str]]) -> None:
    """Posts' numbers -> where each is placed, and the words it is found by: put its sketch in the place of what it had."""
    rows = [
        {"post_id": number, "shingle": shingle, "placed": placed}
        for number, (placed, words) in fresh.items()
        for shingle in stories.sketch(words.split())
    ]
    for chunk in chunks(list(fresh)):
        connection.execute(delete(shingles).where(shingles.c.post_id.in_(chunk)))
    if rows:
        connection.execute(insert(shingles), rows)
