"""What goes with a post that is deleted, and what must not."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from service.store import moments
from service.store.records import Removed
from service.store.schema import corrections, forgotten, posts, shingles, sources, tags


def delete_source(connection: Connection, source: int) -> Removed:
    """A source with its posts, tags and polls. Corrections stay: each holds the post it was made for."""
    of_source = posts.c.source_id == source
    count = connection.scalar(select(func.count()).select_from(posts).where(of_source))
    kept = connection.scalar(
        select(func.count())
        .select_from(corrections)
        .where(corrections.c.until.is_(None), corrections.c.post_id.in_(select(posts.c.id).where(of_source)))
    )
    _hand_over(connection, of_source)
    connection.execute(delete(sources).where(sources.c.id == source))
    moments.left(connection, datetime.now(UTC))
    return Removed(posts=count or 0, examples=kept or 0)


def delete_posts(connection: Connection, chosen: Select[int]) -> int:
    """Some posts. That they were there is kept, so that they don't come back as new."""
    numbers: Sequence[int] = connection.scalars(chosen).all()
    doomed = posts.c.id.in_(numbers)
    if numbers:
        kept = select(posts.c.key, posts.c.source_id, posts.c.hash).where(doomed)
        connection.execute(insert(forgotten).from_select(["key", "source_id", "hash"], kept))
        inherited = _hand_over(connection, doomed)
        connection.execute(delete(posts).where(doomed, posts.c.id.not_in(inherited)))
        moments.left(connection, datetime.now(UTC))
    return len(numbers)


def _hand_over(connection: Connection, doomed: ColumnElement[bool]) -> list[int]:
    """Where a story's first post goes and others tell it still, the next one moves into its row: it has the place in lists,
    and the others name it. Returns the numbers of these rows."""
    going, staying = posts.alias(), posts.alias()
    heirs = connection.execute(
        select(going.c.id, going.c.placed, func.min(staying.c.id))
        .join_from(going, staying, staying.c.original == going.c.id)
        .where(
            going.c.id.in_(select(posts.c.id).where(doomed)),
            staying.c.id.not_in(select(posts.c.id).where(doomed)),
        )
        .group_by(going.c.id, going.c.placed)
    ).all()
    for old, placed, heir in heirs:
        row = connection.execute(select(posts).where(posts.c.id == heir)).one()
        connection.execute(update(corrections).where(corrections.c.post_id == old).values(post_id=None))
        connection.execute(update(corrections).where(corrections.c.post_id == heir).values(post_id=old))
        connection.execute(delete(tags).where(tags.c.post_id == old))
        connection.execute(update(tags).where(tags.c.post_id == heir).values(post_id=old, placed=placed))
        connection.execute(delete(shingles).where(shingles.c.post_id == old))
        connection.execute(update(shingles).where(shingles.c.post_id == heir).values(post_id=old, placed=placed))
        connection.execute(delete(posts).where(posts.c.id == heir))
        values = dict(row._mapping) | {"id": old, "placed": placed, "original": None}
        connection.execute(update(posts).where(posts.c.id == old).values(values))
    return [old for old, _, _ in heirs]
