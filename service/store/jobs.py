"""Work in the background: asked for, begun by one process at a time of all that share the store, and what came of it.

Who begins a job has it by a lease, which it renews; of one that was killed the lease runs out, and the job is begun again
by whoever comes next. Nobody who has lost a lease can say anything of the job any more.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from model.errors import LeaseError, NotStoredError
from model.posts import parse_timestamp, timestamp
from service.store.database import Database
from service.store.records import Job, JobState, Kind, Line
from service.store.schema import AnyRow, insert_new, jobs

MAX_TRIES = 5  # as often a job is begun without getting on; who ended its process each time may have had a reason
_KEPT = 50  # jobs of a kind that have ended
_LINES = 200  # of a log
_ACTIVE = ("waiting", "running")
_COLUMNS = [jobs.c[field.name] for field in fields(Job)]
_FREE: dict[str, Any] = {"lease": None, "lease_until": None}


class Jobs(Database):
    """The operations on jobs. Each is one transaction."""

    def add_job(self, kind: Kind, options: Mapping[str, Any], asked_by: str, *, now: datetime | None = None) -> tuple[Job, bool]:
        """Ask for work; says whether it is new. Of a kind one waits or runs at a time: where there is one, it is that."""
        values: dict[str, Any] = {
            "kind": kind,
            "state": "waiting",
            "options": dict(options),
            "done": 0,
            "steps": 0,
            "what": "",
            "result": None,
            "log": [],
            "stopping": False,
            "asked_by": asked_by,
            "asked": now or datetime.now(UTC),
            "tries": 0,
        }
        held = select(*_COLUMNS).where(jobs.c.kind == kind, jobs.c.state.in_(_ACTIVE))
        kept = select(jobs.c.id).where(jobs.c.kind == kind, jobs.c.state.not_in(_ACTIVE)).order_by(jobs.c.id.desc())
        with self._writing() as connection:
            while (row := connection.execute(held).one_or_none()) is None:
                number = connection.scalar(insert_new(connection, jobs).values(values).returning(jobs.c.id))
                if number is not None:  # or else somebody else has added one since
                    old = kept.offset(_KEPT).limit(_KEPT)
                    connection.execute(delete(jobs).where(jobs.c.id.in_(list(connection.scalars(old)))))
                    return _get(connection, number), True
        return _job(row), False

    def jobs(self, *, kind: Kind | None = None, active: bool = False, limit: int = 2 * _KEPT) -> list[Job]:
        """Jobs, or those of a kind, or only those that wait or run: the newest first."""
        chosen = select(*_COLUMNS).order_by(jobs.c.id.desc()).limit(limit)
        if kind is not None:
            chosen = chosen.where(jobs.c.kind == kind)
        if active:
            chosen = chosen.where(jobs.c.state.in_(_ACTIVE))
        with self._reading() as connection:
            return [_job(row) for row in connection.execute(chosen)]

    def job(self, number: int) -> Job:
        """Raises NotStoredError."""
        with self._reading() as connection:
            return _get(connection, number)

    def claim_job(self, kinds: Collection[Kind], now: datetime, lease: timedelta) -> Job | None:
        """Begin a job of one of these kinds, one to retrain before one to tag again: the version that comes of it would
        have to tag them once more. None where there is nothing to do, or somebody works: one job runs at a time."""
        chosen = select(*_COLUMNS).where(jobs.c.state.in_(_ACTIVE)).order_by(jobs.c.id).with_for_update()
        with self._writing() as connection:
            active = [_job(row) for row in connection.execute(chosen)]
            if any(job.state == "running" and job.lease_until and job.lease_until > now for job in active):
                return None
            free = [job for job in active if job.kind in kinds and (job.lease_until is None or job.lease_until <= now)]
            for job in sorted(free, key=lambda job: job.kind != "retrain"):
                if job.stopping:
                    _change(connection, job.id, _ended("stopped", now))
                elif job.tries >= MAX_TRIES:
                    why = f"it was begun {MAX_TRIES} times, and its process was ended each time: for want of memory, perhaps"
                    _change(connection, job.id, _ended("failed", now) | {"error": why})
                else:
                    values = {"state": "running", "tries": job.tries + 1, "began": job.began or now}
                    held = {"lease": secrets.token_hex(16), "lease_until": now + lease}
                    again = "begun" if job.began is None else "begun again"
                    _change(connection, job.id, values | held | {"log": _with_line(job, now, again)})
                    return _get(connection, job.id)
        return None

    def renew_job(self, job: Job, now: datetime, lease: timedelta) -> None:
        """Hold a job for longer. Raises LeaseError where somebody else has it."""
        with self._writing() as connection:
            _change(connection, _held(connection, job).id, {"lease_until": now + lease})

    def progress_job(
        self,
        job: Job,
        done: int,
        steps: int,
        what: str,
        *,
        line: str = "",
        options: Mapping[str, Any] | None = None,
        got_on: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Say how far a job is, and, if there is something to remember, a line for its log. `got_on`: what was done is done
        for good, so that who begins it again goes on from here. Raises LeaseError where somebody else has it."""
        with self._writing() as connection:
            held = _held(connection, job)
            values: dict[str, Any] = {"done": done, "steps": steps, "what": what}
            if line:
                values["log"] = _with_line(held, now or datetime.now(UTC), line)
            if options is not None:
                values["options"] = dict(options)
            if got_on:
                values["tries"] = 1
            _change(connection, job.id, values)

    def finish_job(
        self,
        job: Job,
        state: JobState,
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        now: datetime | None = None,
    ) -> None:
        """Say what came of a job. Raises LeaseError where somebody else has it."""
        now = now or datetime.now(UTC)
        with self._writing() as connection:
            held = _held(connection, job)
            given: dict[str, Any] = {
                "result": None if result is None else dict(result),
                "error": error,
                "log": _with_line(held, now, state),
            }
            if state == "done":
                given["done"] = held.steps
            _change(connection, job.id, _ended(state, now) | given)

    def release_job(self, job: Job, why: str, *, again: datetime, blameless: bool = False, now: datetime | None = None) -> None:
        """Give a job back that was not finished, to be begun again from a moment on; `blameless` where that was not its own
        doing. Where somebody else has it, they keep it."""
        with self._writing() as connection:
            try:
                held = _held(connection, job)
            except LeaseError:
                return
            values = {"state": "waiting", "what": "", "lease": None, "lease_until": again}
            tries = held.tries - 1 if blameless else held.tries
            line = _with_line(held, now or datetime.now(UTC), why)
            _change(connection, job.id, values | {"tries": tries, "log": line})

    def stop_job(self, number: int, now: datetime) -> Job:
        """Wish a job to end: at once if nobody has begun it, or who did was killed; else as soon as they hear of it. One that
        has ended stays as it is. Raises NotStoredError."""
        with self._writing() as connection:
            job = _get(connection, number, lock=True)
            if not job.has_ended and job.state == "running" and job.lease_until and job.lease_until > now:
                _change(connection, number, {"stopping": True})
            elif not job.has_ended:
                _change(connection, number, _ended("stopped", now) | {"log": _with_line(job, now, "stopped")})
            return _get(connection, number)


def _ended(state: JobState, now: datetime) -> dict[str, Any]:
    return {"state": state, "ended": now, "what": "", "stopping": False, **_FREE}


def _with_line(job: Job, now: datetime, text: str) -> list[tuple[str | None, str]]:
    return [(timestamp(line.at), line.text) for line in [*job.log, Line(now, text[:1_000])][-_LINES:]]


def _change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(jobs).where(jobs.c.id == number).values(**values))


def _get(connection: Connection, number: int, *, lock: bool = False) -> Job:
    chosen = select(*_COLUMNS).where(jobs.c.id == number)
    # A number that no database holds is no job's either.
    row = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none() if abs(number) < 1 << 63 else None
    if row is None:
        raise NotStoredError("there is no such job", subject=f"job {number}")
    return _job(row)


def _held(connection: Connection, job: Job) -> Job:
    """The job as it is now, locked."""
    chosen = select(*_COLUMNS).where(jobs.c.id == job.id, jobs.c.lease == job.lease).with_for_update()
    row = connection.execute(chosen).one_or_none()
    if row is None or row.lease is None:
        raise LeaseError("another process has taken it over, or it has ended", subject=f"job {job.id}")
    return _job(row)


def _job(row: AnyRow) -> Job:
    values = dict(row._mapping)
    log = [Line(at, text) for said, text in values.pop("log") if (at := parse_timestamp(said))]
    return Job(**values, log=log)
