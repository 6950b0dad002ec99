"""Requests that name a key, so that one which is sent twice is done once, by whichever server that shares the store.

Who works on one has it by a lease. What it does and its answer are one transaction (see `Database.together`): of a process
that was killed either both are there, or neither, and the lease runs out. Whoever took too long cannot answer any more.
"""

import secrets
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from model.errors import LeaseError
from service.store.database import Database
from service.store.records import Answer, Repeat
from service.store.schema import insert_new, requests

KEPT = timedelta(days=1)


class Requests(Database):
    """The operations on requests. Each is one transaction."""

    def claim_request(self, key: str, digest: str, now: datetime, lease: timedelta) -> Repeat:
        """Begin a request, unless one of that key has been answered within a day, or is worked on. Both are digests: of
        the key, and of all that makes the request what it is. Older ones are forgotten."""
        ours, until = secrets.token_hex(16), now + lease
        values = {"key": key, "digest": digest, "at": now, "lease": ours, "lease_until": until, "answer": None}
        old = select(requests.c.key).where(requests.c.at <= now - KEPT).with_for_update(skip_locked=True)
        chosen = select(requests).where(requests.c.key == key).with_for_update()
        with self._writing() as connection:
            connection.execute(delete(requests).where(requests.c.key.in_(old)))
            while connection.scalar(insert_new(connection, requests).values(values).returning(requests.c.key)) is None:
                held = connection.execute(chosen).one_or_none()
                if held is None:  # released since
                    continue
                answer = None if held.answer is None else Answer(**held.answer)
                if answer is not None or held.digest != digest or held.lease_until > now:
                    return Repeat(key, held.digest, None, answer)
                taken = {"lease": ours, "lease_until": until}
                connection.execute(update(requests).where(requests.c.key == key).values(taken))
                break
        return Repeat(key, digest, ours, None)

    def answer_request(self, request: Repeat, answer: Answer) -> None:
        """Keep the answer of a request that is ours. Raises LeaseError where it took so long that somebody else has it."""
        with self._writing() as connection:
            held = requests.c.key == request.key, requests.c.lease == request.lease
            values = {"answer": asdict(answer), "lease": None, "lease_until": None}
            if not connection.execute(update(requests).where(*held).values(values)).rowcount:
                raise LeaseError("it took so long that another process has begun it again", subject="request")

    def release_request(self, request: Repeat) -> None:
        """Forget a request of which nothing was done; where somebody else has it, they keep it."""
        with self._writing() as connection:
            held = requests.c.key == request.key, requests.c.lease == request.lease
            connection.execute(delete(requests).where(*held))
