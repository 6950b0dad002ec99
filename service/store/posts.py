"""Stored posts: listed, found, tagged again by another version, and deleted when they are old."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, text, update

from model.errors import InputError
from model.posts import TaggedPost
from service.store import listing, moments, tagging
from service.store.database import Database
from service.store.deletion import delete_posts
from service.store.records import Page, StoredPost
from service.store.schema import corrections, posts

MAX_LIMIT = 1_000  # posts of one page
_BATCH = 200


class Posts(Database):
    """The operations on posts. Each is one transaction; an iterator takes one for each batch."""

    def posts(
        self,
        *,
        topic: str | None = None,
        source: int | None = None,
        q: str | None = None,
        since: datetime | None = None,
        min_score: float | None = None,
        order: listing.Order = "newest",
        limit: int = 50,
        cursor: str | None = None,
        bodies: bool = False,
    ) -> Page:
        """A page of posts, newest first: those of a topic ("none": those without any; "all" or None: all), of a source,
        with all words of `q`, placed since a moment, and with a tag that has a score of at least `min_score` (a reader's
        word counts as 1). In the order "uncertain" those that no reader has corrected come, the most uncertain first. The
        cursor of a page leads to the next one. Without `bodies` the posts come without theirs. Raises InputError for a
        limit or cursor that is none."""
        if not 1 <= limit <= MAX_LIMIT:
            raise InputError(f"it must be within 1 and {MAX_LIMIT:,}", subject="limit")
        after = None if cursor is None else listing.place(cursor, order)
        wanted = listing.chosen(
            self.dialect, topic=topic, source=source, q=q, since=since, min_score=min_score, order=order, after=after
        )
        with self._reading() as connection:
            places = connection.execute(wanted.limit(limit + 1)).all()
            found = listing.read(connection, [number for _, number in places[:limit]], bodies=bodies)
        return Page(found, listing.cursor(places[limit - 1]) if len(places) > limit else None)

    def post(self, address: str | int) -> StoredPost | None:
        """A post with its body: by its key, or by the id that its feed gave it; of several sources' posts with that id the
        newest. An integer is its number."""
        chosen = select(posts.c.id).order_by(posts.c.placed.desc(), posts.c.id.desc()).limit(1)
        with self._reading() as connection:
            if isinstance(address, int):
                number: int | None = address if abs(address) < 1 << 63 else None
            else:
                number = connection.scalar(chosen.where(posts.c.key == address[:40]))
                if number is None:
                    number = connection.scalar(chosen.where(posts.c.guid == address))
            found = [] if number is None else listing.read(connection, [number], bodies=True)
        return found[0] if found else None

    def outdated(self, version: str, *, source: int | None = None, since: datetime | None = None) -> Iterator[StoredPost]:
        """Posts that another version has tagged, newest first, with their bodies; of a source only, or placed since a moment.
        Posts that are tagged meanwhile, or arrive, don't disturb it; who stops and begins again goes on where there is
        something left."""
        after: listing.Place | None = None
        while True:
            with self._reading() as connection:
                places: list[listing.Place] = []
                for old in _others(connection, version):
                    wanted = select(posts.c.placed, posts.c.id).where(*_tagged_by(old, source, since))
                    if after is not None:
                        wanted = wanted.where(listing.behind((posts.c.placed, posts.c.id), after))
                    wanted = wanted.order_by(posts.c.placed.desc(), posts.c.id.desc()).limit(_BATCH)
                    places += [(placed, number) for placed, number in connection.execute(wanted)]
                places = sorted(places, reverse=True)[:_BATCH]
                batch = listing.read(connection, [number for _, number in places], bodies=True)
            yield from batch
            if len(places) < _BATCH:
                return
            after = places[-1]

    def count_outdated(self, version: str, *, source: int | None = None, since: datetime | None = None) -> int:
        """How many posts another version has tagged."""
        with self._reading() as connection:
            counts = [
                connection.scalar(select(func.count()).select_from(posts).where(*_tagged_by(old, source, since)))
                for old in _others(connection, version)
            ]
        return sum(count or 0 for count in counts)

    def has_outdated(self, version: str, *, besides: Collection[int] = ()) -> bool:
        """Whether another version has tagged any post, besides some by their numbers."""
        with self._reading() as connection:
            for old in _others(connection, version):
                found = connection.scalars(select(posts.c.id).where(posts.c.model == old).limit(len(besides) + 1))
                if not set(found) <= set(besides):
                    return True
        return False

    def retag(self, answers: Iterable[tuple[StoredPost, TaggedPost]]) -> int:
        """Put new answers in the place of those of another version; returns how many. A post whose content has changed since
        it was read, that has been tagged anew meanwhile, or that is gone, is passed over: it has a newer answer, or needs
        none."""
        fresh = {old.number: (old, tagged) for old, tagged in answers}
        with self._writing() as connection:
            wanted = (
                select(posts.c.id, posts.c.hash, posts.c.model, posts.c.placed)
                .where(posts.c.id.in_(list(fresh)))
                .order_by(posts.c.id)
                .with_for_update()
            )
            rows = [
                row
                for row in connection.execute(wanted)
                if (row.hash, row.model) == (fresh[row.id][0].hash, fresh[row.id][0].tagged.model)
            ]
            if not rows:
                return 0
            held = tagging.corrected(connection, [row.id for row in rows])
            answered = {row.id: tagging.answered(fresh[row.id][1]) for row in rows}
            connection.execute(_ANSWER, [{"number": number, **values} for number, values in answered.items()])
            tagging.replace(
                connection,
                {row.id: tagging.rows(row.id, row.placed, answered[row.id]["answer"], held.get(row.id)) for row in rows},
            )
            moments.left(connection, datetime.now(UTC))
        return len(rows)

    def analyze(self) -> None:
        """After many new posts: let PostgreSQL find out what it holds, so that it finds its way to the newest with a word or
        a topic at once. It does so itself, but only after a minute or two; SQLite needs it for nothing here."""
        if self.dialect == "postgresql":
            with self._writing() as connection:
                connection.execute(text("ANALYZE posts, tags"))

    def delete_posts_before(self, moment: datetime) -> int:
        """Delete posts that were first seen before a moment, except those that a reader corrected; returns how many. They
        don't come back, though their feeds may carry them still. Takes a transaction for every few, so that pollers need
        not wait; nothing calls this unless the user has asked for it."""
        held = select(corrections.c.id).where(corrections.c.post_id == posts.c.id, corrections.c.until.is_(None))
        chosen = select(posts.c.id).where(posts.c.first_seen < moment, ~held.exists())
        chosen = chosen.order_by(posts.c.first_seen, posts.c.id).limit(_BATCH)
        total = 0
        while True:
            with self._writing() as connection:
                count = delete_posts(connection, chosen)
            total += count
            if count < _BATCH:
                return total


# The columns of an answer are bound by their names.
_ANSWER = (
    update(posts)
    .where(posts.c.id == bindparam("number"))
    .values(model=bindparam("model"), answer=bindparam("answer"), uncertainty=bindparam("uncertainty"))
)


def _others(connection: Connection, version: str) -> list[str]:
    """The other versions that have tagged posts: a step through the index for each, however many posts they have."""
    found: list[str] = []
    last = connection.scalar(select(func.min(posts.c.model)))
    while last is not None:
        found.append(last)
        last = connection.scalar(select(func.min(posts.c.model)).where(posts.c.model > last))
    return [name for name in found if name != version]


def _tagged_by(version: str, source: int | None, since: datetime | None) -> list[ColumnElement[bool]]:
    wanted = [posts.c.model == version]
    if source is not None:
        wanted.append(posts.c.source_id == source)
    if since is not None:
        wanted.append(posts.c.placed >= since)
    return wanted
