"""Brings the tables up to date when a database is opened. The steps are in migrations/versions/, for Alembic.

To add one: change schema.py, write the next number's file (the test that compares both says what is missing), and never
change a step that has been released.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from model.errors import StoreError

LOCK = 0x746F7069  # of PostgreSQL's advisory locks, ours: "topi"
_MIGRATIONS = Path(__file__).parent / "migrations"
_KNOWN = sorted(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
HEAD = _KNOWN[-1]


def revision(connection: Connection, subject: str) -> str | None:
    """The number of the last step that a database has taken; None: it is new. Raises StoreError if it is ahead of us."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in _KNOWN:
        raise StoreError(f"a newer topicwire made it (step {found}, here the last is {HEAD}); upgrade topicwire", subject=subject)
    return None if found is None else str(found)


def upgrade(connection: Connection) -> None:
    """Take all steps that are missing, within the connection's transaction."""
    # Alembic is imported where there is something to do: a database that is up to date opens without it.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")
