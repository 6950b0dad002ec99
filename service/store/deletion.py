"""What goes with a post that is deleted, and what must not."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from service.store.records import Removed
from service.store.schema import corrections, forgotten, posts, sources, tags


def delete_source(connection: Connection, source: int) -> Removed:
    """A source with its posts, tags and polls. Corrections stay: each holds the post it was made for."""
    of_source = posts.c.source_id == source
    _hand_over(connection, of_source)
    count = connection.scalar(select(func.count()).select_from(posts).where(of_source))
    kept = connection.scalar(
        select(func.count())
        .select_from(corrections)
        .where(corrections.c.until.is_(None), corrections.c.post_id.in_(select(posts.c.id).where(of_source)))
    )
    connection.execute(delete(sources).where(sources.c.id == source))
    return Removed(posts=count or 0, examples=kept or 0)


def delete_posts(connection: Connection, chosen: Select[int]) -> int:
    """Some posts. That they were there is kept, so that they don't come back as new."""
    numbers: Sequence[int] = connection.scalars(chosen).all()
    doomed = posts.c.id.in_(numbers)
    if numbers:
        _hand_over(connection, doomed)
        kept = select(posts.c.key, posts.c.source_id, posts.c.hash).where(doomed)
        connection.execute(insert(forgotten).from_select(["key", "source_id", "hash"], kept))
        connection.execute(delete(posts).where(doomed))
    return len(numbers)


def _hand_over(connection: Connection, doomed: ColumnElement[bool]) -> None:
    """Where a story's first post goes and others tell it still, the next one takes its place, in lists as well."""
    going = select(posts.c.id, posts.c.placed).where(doomed).subquery()
    staying = posts.c.id.not_in(select(going.c.id))
    heirs = connection.execute(
        select(going.c.id, going.c.placed, func.min(posts.c.id))
        .select_from(posts)
        .join(going, posts.c.original == going.c.id)
        .where(staying)
        .group_by(going.c.id, going.c.placed)
    )
    for old, placed, heir in heirs.all():
        connection.execute(update(posts).where(posts.c.original == old, posts.c.id != heir).values(original=heir))
        connection.execute(update(posts).where(posts.c.id == heir).values(original=None, placed=placed))
        connection.execute(update(tags).where(tags.c.post_id == heir).values(placed=placed))
