"""When a wire may last have changed in a way that none of its posts tells: one has left it, or is told otherwise."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from service.store.database import Database
from service.store.schema import insert_new, moments

_LEFT = "left"


def left(connection: Connection, now: datetime) -> None:
    """Note that a post may have left a wire. Done last in a transaction: others wait for this row until it ends."""
    connection.execute(insert_new(connection, moments).values(name=_LEFT, at=now))
    connection.execute(update(moments).where(moments.c.name == _LEFT, moments.c.at < now).values(at=now))


class Moments(Database):
    """What the store knows of times."""

    def last_left(self) -> datetime | None:
        """When a post may last have left some wire: by a correction, a new version, a change of its content or of its source's
        name, or because it was deleted. None: none ever did."""
        with self._reading() as connection:
            return connection.scalar(select(moments.c.at).where(moments.c.name == _LEFT))
