"""Subscribed feeds: added, changed, removed, and shared among pollers."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack

from sqlalchemy import Connection, and_, func, or_, select, update

from model.errors import InputError, NotStoredError
from model.posts import safe_link
from service.store import moments
from service.store.database import Database
from service.store.deletion import delete_source
from service.store.records import CountOf, Figures, NewSource, Removed, Source, SourceChanges, State, Week
from service.store.schema import AnyRow, Moment, chunks, corrections, counts, insert_new, jobs, posts, sources, tags

MAX_URL = 2_000  # bytes; a tree's page holds no longer ones
_WEEK = timedelta(days=7)  # of metrics
_COLUMNS = [sources.c[field.name] for field in fields(Source)]


class Sources(Database):
    """The operations on sources. Each is one transaction."""

    def add_source(self, source: NewSource, *, now: datetime | None = None) -> tuple[Source, bool]:
        """Subscribe to a feed; says whether it is new. One that is there stays as it is, and wakes up if it was gone."""
        return self.add_sources([source], now=now)[0]

    def add_sources(self, new: Iterable[NewSource], *, now: datetime | None = None) -> list[tuple[Source, bool]]:
        """The same for many, all or none. Raises InputError for a URL that is none."""
        now = now or datetime.now(UTC)
        wanted = [(source, _url(source.url)) for source in new]
        with self._writing() as connection:
            return [_add(connection, source, url, now) for source, url in wanted]

    def sources(self, *, folder: str | None = None, state: State | None = None) -> list[Source]:
        """All sources, or those of a folder or state, in the order they were added."""
        chosen = select(*_COLUMNS).order_by(sources.c.id)
        if folder is not None:
            chosen = chosen.where(sources.c.folder == folder)
        if state is not None:
            chosen = chosen.where(sources.c.state == state)
        with self._reading() as connection:
            return [_source(row) for row in connection.execute(chosen)]

    def source(self, source: int) -> Source:
        """Raises NotStoredError."""
        with self._reading() as connection:
            return _get(connection, source)

    def source_at(self, url: str) -> Source | None:
        """The source of a feed's URL, if there is one."""
        with self._reading() as connection:
            row = connection.execute(select(*_COLUMNS).where(sources.c.url == url)).one_or_none()
            return None if row is None else _source(row)

    def find_source(self, given: str) -> Source:
        """A source as a person names it: by its number or URL. Raises InputError."""
        try:
            found = self.source(int(given)) if given.isdecimal() else self.source_at(given)
        except NotStoredError:
            found = None
        if found is None:
            raise InputError("there is no such source; `topicwire sources list` shows all", subject=given[:200])
        return found

    def update_source(self, source: int, **changes: Unpack[SourceChanges]) -> Source:
        """Change what a user can change. Raises NotStoredError, and InputError for a URL that is none or is taken."""
        values: dict[str, Any] = dict(changes)
        if "url" in changes:
            values["url"] = _url(changes["url"])
        if values.get("state") == "active":
            values["failures"] = 0
        with self._writing() as connection:
            _get(connection, source, lock=True)
            if "url" in changes:
                other = connection.scalar(select(sources.c.id).where(sources.c.url == values["url"], sources.c.id != source))
                if other is not None:
                    raise InputError("it is subscribed already", subject=values["url"])
            if values:
                connection.execute(update(sources).where(sources.c.id == source).values(values))
            if "title_override" in changes:
                moments.left(connection, datetime.now(UTC))
            return _get(connection, source)

    def remove_source(self, source: int) -> Removed:
        """Unsubscribe. Its posts go, too; those that a reader corrected stay as labelled examples. Raises NotStoredError."""
        with self._writing() as connection:
            _get(connection, source, lock=True)
            return delete_source(connection, source)

    def now(self) -> datetime:
        """The moment that all pollers of one store agree on, whatever their machines' clocks say: leases count by it."""
        if self.dialect == "sqlite":  # on one machine
            return datetime.now(UTC)
        with self._reading() as connection:
            return connection.execute(select(func.clock_timestamp(type_=Moment))).scalar_one()

    def claim_due_sources(self, now: datetime, limit: int, lease: timedelta, *, due: datetime | None = None) -> list[Source]:
        """Take sources that are due (or were at an earlier moment), the most overdue first, for as long as the lease says:
        nobody else is given them before they are recorded or released, or the lease runs out without being renewed."""
        chosen = (
            select(sources.c.id)
            .where(
                sources.c.state == "active",
                sources.c.next_poll <= (due or now),
                or_(sources.c.lease_until.is_(None), sources.c.lease_until <= now),
            )
            .order_by(sources.c.next_poll, sources.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)  # on SQLite there is one writer at a time anyway
        )
        with self._writing() as connection:
            numbers = list(connection.scalars(chosen))
            token = secrets.token_hex(16)
            claimed = sources.c.id.in_(numbers)
            connection.execute(update(sources).where(claimed).values(lease=token, lease_until=now + lease))
            rows = connection.execute(select(*_COLUMNS).where(claimed))
            return sorted((_source(row) for row in rows), key=lambda source: (source.next_poll, source.id))

    def renew_sources(self, claimed: Sequence[Source], now: datetime, lease: timedelta) -> None:
        """Hold what was claimed for longer. What has been recorded or released, or taken over by others, stays as it is."""
        leases = sorted({source.lease for source in claimed if source.lease})
        with self._writing() as connection:
            for chunk in chunks([source.id for source in claimed]):
                held = select(sources.c.id).where(sources.c.id.in_(chunk), sources.c.lease.in_(leases))
                # Those that are being recorded need no lease any more.
                numbers = connection.scalars(held.with_for_update(skip_locked=True)).all()
                connection.execute(update(sources).where(sources.c.id.in_(numbers)).values(lease_until=now + lease))

    def release_sources(self, claimed: Iterable[Source]) -> None:
        """Give back what was claimed and has not been polled: a poller that stops."""
        with self._writing() as connection:
            for source in claimed:
                connection.execute(
                    update(sources)
                    .where(sources.c.id == source.id, sources.c.lease == source.lease)
                    .values(lease=None, lease_until=None)
                )

    def add_counts(self, counted: Mapping[tuple[CountOf, str], float]) -> None:
        """Add to what polling has counted. Not done with each poll: pollers would wait for one another's rows."""
        with self._writing() as connection:
            for (name, label), value in sorted(counted.items()):  # all who add do so in this order
                connection.execute(insert_new(connection, counts).values(name=name, label=label, value=0))
                row = counts.c.name == name, counts.c.label == label
                connection.execute(update(counts).where(*row).values(value=counts.c.value + value))

    def figures(self, now: datetime) -> Figures:
        """What metrics say of the store."""
        active = sources.c.state == "active"
        with self._reading() as connection:
            counted = connection.execute(select(sources.c.state, func.count()).group_by(sources.c.state))
            states: dict[str, int] = dict(counted.all())
            due = connection.scalar(select(func.count()).where(and_(active, sources.c.next_poll <= now)))
            oldest = connection.scalar(select(func.min(func.coalesce(sources.c.polled, sources.c.added))).where(active))
            held = connection.scalar(select(func.count()).select_from(corrections).where(corrections.c.until.is_(None)))
            counted_: dict[CountOf, dict[str, float]] = {}
            for name, label, value in connection.execute(select(counts).order_by(counts.c.name, counts.c.label)):
                counted_.setdefault(name, {})[label] = value
            by_state = select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.kind, jobs.c.state)
            held_jobs = {(kind, state): count for kind, state, count in connection.execute(by_state.order_by(jobs.c.kind))}
        return Figures(
            sources={"active": states.get("active", 0), "gone": states.get("gone", 0)},
            due=due or 0,
            oldest_unpolled=None if oldest is None else now - oldest,
            corrections=held or 0,
            counts=counted_,
            jobs=held_jobs,
        )

    def week(self, now: datetime) -> Week:
        """What metrics say of the posts of the last seven days. All of their scores are read, so that it takes its time."""
        with self._reading() as connection:
            recent = and_(posts.c.placed >= now - _WEEK, posts.c.original.is_(None))
            given = select(tags.c.topic).where(tags.c.post_id == posts.c.id, tags.c.given).exists()
            week = connection.scalar(select(func.count()).select_from(posts).where(recent))
            without = connection.scalar(select(func.count()).select_from(posts).where(recent, ~given))
            means = select(tags.c.topic, func.avg(tags.c.score)).join(posts).where(recent).group_by(tags.c.topic)
            scores: dict[str, float] = dict(connection.execute(means.order_by(tags.c.topic)).all())
        return Week(week or 0, without or 0, scores)


def _add(connection: Connection, source: NewSource, url: str, now: datetime) -> tuple[Source, bool]:
    values = {
        "url": url,
        "title": source.title,
        "title_override": source.title_override,
        "folder": source.folder,
        "site": source.site,
        "added": now,
        "next_poll": now,
        "failures": 0,
        "state": "active",
    }
    # Two who add the same at the same time: one adds it, the other finds it.
    number = connection.scalar(insert_new(connection, sources).values(values).returning(sources.c.id))
    if number is not None:
        return _get(connection, number), True
    awake = {"state": "active", "failures": 0, "next_poll": now}
    connection.execute(update(sources).where(sources.c.url == url, sources.c.state == "gone").values(awake))
    return _source(connection.execute(select(*_COLUMNS).where(sources.c.url == url)).one()), False


def _get(connection: Connection, source: int, *, lock: bool = False) -> Source:
    chosen = select(*_COLUMNS).where(sources.c.id == source)
    # A number that no database holds is no source's either.
    row = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none() if abs(source) < 1 << 63 else None
    if row is None:
        raise NotStoredError("there is no such source", subject=f"source {source}")
    return _source(row)


def _source(row: AnyRow) -> Source:
    return Source(**row._mapping)


def _url(text: str) -> str:
    url = safe_link(text)
    if url is None or len(url.encode("utf-8", "replace")) > MAX_URL:
        raise InputError(f"it is no http(s) URL of at most {MAX_URL:,} bytes", subject=text[:200])
    return url
