"""Lists of posts, newest first, a page at a time.

Every list is in the order of (placed, number). A post's place is fixed when it is stored, and a cursor says behind which
place to go on. So whoever walks from page to page meets each post that was there at the start exactly once, however many
arrive, change or go meanwhile; those that arrive before the cursor are not met, those behind it are.

The other order, "uncertain", is of (uncertainty, number), of posts that no reader has corrected. A post keeps its place in it
until it is tagged anew: whoever walks while that happens may meet it again, or miss it.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Double, Select, literal, select, tuple_

from model import strict_json
from model.errors import InputError
from model.posts import Post, TaggedPost
from service.store.corrections import correction
from service.store.records import Correction, StoredPost, brief
from service.store.schema import (
    AnyRow,
    Moment,
    Number,
    chunks,
    corrections,
    microseconds,
    moment,
    posts,
    source_name,
    sources,
    tags,
)
from service.store.search import matches

LARGEST = 2**63 - 1
_BODY = (posts.c.html, posts.c.text)
_REST = [column for column in posts.c if column.name not in ("html", "text", "words", "uncertainty")]

Order = Literal["newest", "uncertain"]
Place = tuple[datetime | float, int]  # a moment in the order "newest", bits in the order "uncertain"; and a post's number


def cursor(place: Place) -> str:
    """A place as text that fits into a URL and means nothing to anybody else."""
    first, number = place
    return encoded({"bits": first, "after": number} if isinstance(first, float) else [microseconds(first), number])


def place(cursor: str, order: Order = "newest") -> Place:
    """The way back. Raises InputError for anything that `cursor` did not make for this order."""
    with suppress(OverflowError):
        match order, decoded(cursor):
            case "newest", [int(time), int(number)] if abs(number) <= LARGEST:
                return moment(time), number
            case "uncertain", {"bits": float(bits), "after": int(number)} if abs(number) <= LARGEST:
                return bits, number
    raise InputError("it is no cursor that a page of this order gave; begin without one", subject="cursor")


def encoded(key: Any) -> str:
    """What a cursor knows, as text."""
    return base64.urlsafe_b64encode(strict_json.dumps(key)).decode().rstrip("=")


def decoded(cursor: str) -> Any:
    """The way back; None for what `encoded` cannot have made."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return strict_json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        return None


def chosen(
    dialect: str,
    *,
    topic: str | None,
    source: int | None,
    q: str | None,
    since: datetime | None,
    min_score: float | None,
    order: Order = "newest",
    after: Place | None,
) -> Select[Any, int]:
    """The places of the posts that a list has, in its order."""
    by_topic = topic is not None and topic not in ("all", "none")
    placed, number = (tags.c.placed, tags.c.post_id) if by_topic else (posts.c.placed, posts.c.id)
    first: ColumnElement[Any] = placed
    wanted: list[ColumnElement[bool]] = []
    if order == "uncertain":
        first, number = posts.c.uncertainty, posts.c.id
        held = select(corrections.c.id).where(corrections.c.post_id == posts.c.id, corrections.c.until.is_(None))
        wanted.append(~held.exists())
    query = select(first, number)
    if by_topic:
        query = query.join(posts, posts.c.id == tags.c.post_id)
        wanted += [tags.c.topic == topic, tags.c.given]
        if min_score is not None:
            wanted.append(tags.c.score >= min_score)
    elif topic == "none":
        wanted.append(~_has_tag(None))
    elif min_score is not None:
        wanted.append(_has_tag(min_score))
    # A story that several sources have is listed once; among one source's posts it is listed as that source's.
    wanted.append(posts.c.original.is_(None) if source is None else posts.c.source_id == source)
    if since is not None:
        wanted.append(placed >= since)
    if q is not None and (found := matches(q, dialect)) is not None:
        wanted.append(found)
    if after is not None:
        wanted.append(behind((first, number), after))
    return query.where(*wanted).order_by(first.desc(), number.desc())


def behind(columns: tuple[ColumnElement[Any], ColumnElement[int]], after: Place) -> ColumnElement[bool]:
    """What comes after a place in a list."""
    kind = Double if isinstance(after[0], float) else Moment
    return tuple_(*columns) < tuple_(literal(after[0], kind), literal(after[1], Number))


def _has_tag(min_score: float | None) -> ColumnElement[bool]:
    tag = select(tags.c.topic).where(tags.c.post_id == posts.c.id, tags.c.given)
    return (tag if min_score is None else tag.where(tags.c.score >= min_score)).exists()


def read(connection: Connection, numbers: Sequence[int], *, bodies: bool) -> list[StoredPost]:
    """Posts by their numbers, in their order; what is not there is left out. Without bodies, `html` and `text` are None."""
    columns = [*_REST, *(_BODY if bodies else ())]
    rows: dict[int, AnyRow] = {}
    held: dict[int, Correction] = {}
    told: dict[int, list[int]] = {}
    for chunk in chunks(numbers):
        found = connection.execute(select(*columns, source_name.label("source")).join(sources).where(posts.c.id.in_(chunk)))
        rows |= {row.id: row for row in found}
        words = select(corrections).where(corrections.c.post_id.in_(chunk), corrections.c.until.is_(None))
        held |= {row.post_id: correction(row) for row in connection.execute(words)}
        others = select(posts.c.original, posts.c.source_id).where(posts.c.original.in_(chunk)).order_by(posts.c.id)
        for original, source in connection.execute(others):
            told.setdefault(original, []).append(source)
    return [_post(rows[number], held.get(number), told.get(number, ()), bodies=bodies) for number in numbers if number in rows]


def _post(row: AnyRow, held: Correction | None, others: Iterable[int], *, bodies: bool) -> StoredPost:
    post = Post(
        id=row.guid,
        title=row.title,
        link=row.link,
        published=row.published,
        updated=row.updated,
        source=brief(row.source),
        authors=tuple(row.authors),
        categories=tuple(row.categories),
    )
    if bodies:
        post = replace(post, html=row.html, text=row.text)
    said = row.answer
    evidence = {topic: [(term, weight) for term, weight in terms] for topic, terms in said["evidence"].items()}
    return StoredPost(
        number=row.id,
        key=row.key,
        tagged=TaggedPost(post, said["topics"], said["scores"], evidence, said["summary"], row.model),
        source=row.source_id,
        sources=tuple(dict.fromkeys([row.source_id, *others])),
        hash=row.hash,
        canonical=row.canonical,
        original=row.original,
        first_seen=row.first_seen,
        changed=row.changed,
        placed=row.placed,
        correction=held,
    )
