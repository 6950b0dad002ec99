"""A database that is open: connections, transactions, and the promise that what is acknowledged is on disk."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from model.errors import StoreError
from service.settings import Settings
from service.store import migrate
from service.store.failures import explained, name

BUSY_SECONDS = 10.0  # how long to wait for another process's transaction
_SETTING = "TOPICWIRE_DATABASE_URL"
_CONNECT_SECONDS = 10  # how long to wait for a server's answer


class Database:
    """Opens a database and brings its tables up to date. Safe to share between threads; a process that forks opens its
    own afterwards."""

    def __init__(self, url: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """A path is an SQLite database, made if it is not there; a URL is PostgreSQL. Raises StoreError."""
        self._url = URL.create("sqlite", database=str(url.absolute())) if isinstance(url, Path) else _postgresql(url)
        self.dialect = self._url.get_backend_name()
        with explained(self._url):
            if isinstance(url, Path):
                _prepare(url, busy_seconds)
                self._engine = _sqlite_engine(self._url, busy_seconds)
            else:
                self._engine = _postgresql_engine(self._url, busy_seconds)
        # On SQLite a transaction that will write says so at its beginning: one that reads first and writes later can be
        # refused in the middle. On PostgreSQL one that reads sees one moment throughout, as on SQLite anyway.
        self._own = threading.local()
        self._writer = self._engine.execution_options(writes=True)
        self._reader = self._engine
        if self.dialect == "postgresql":
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The database that the settings name."""
        return cls(settings.database_url or settings.database)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database."""
        if (connection := self._joined()) is not None:
            yield connection
            return
        with explained(self._url), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction. When the block has ended well, it is on disk; otherwise nothing of it is."""
        if (connection := self._joined()) is not None:
            yield connection
            return
        with explained(self._url), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all operations of the block, which are this thread's: what they did is on disk when it has
        ended well, and not before; when one raises, or the process is killed, nothing of any of them is."""
        with self._writing() as connection:
            self._own.connection = connection
            try:
                yield
            finally:
                self._own.connection = None

    def _joined(self) -> Connection | None:
        return getattr(self._own, "connection", None)

    def _migrate(self) -> None:
        with self._reading() as connection:
            if self.dialect == "postgresql":
                encoding = connection.scalar(text("SHOW server_encoding"))
                if encoding != "UTF8":
                    raise StoreError(f"its encoding is {encoding}; create it with ENCODING 'UTF8'", subject=name(self._url))
            if migrate.revision(connection, name(self._url)) == migrate.HEAD:
                return
        with self._writing() as connection:  # one process at a time; whoever comes second finds it done
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrate.LOCK})
            if migrate.revision(connection, name(self._url)) != migrate.HEAD:
                migrate.upgrade(connection)


def _prepare(path: Path, busy_seconds: float) -> None:
    """Make an SQLite database and have it keep a write-ahead log, so that readers and the writer don't wait for each other."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"it cannot be made: {error.strerror or error}", subject=str(path.parent)) from None
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=busy_seconds)) as connection:
                # Where the file system cannot share memory it stays with a rollback journal, as safe and slower.
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait for this lock itself; two processes that start at once meet here.
            if (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise _explicable(error) from None
            time.sleep(0.02)
        except sqlite3.DatabaseError as error:
            raise _explicable(error) from None


def _explicable(error: sqlite3.Error) -> Exception:
    return DBAPIError("PRAGMA journal_mode", None, error)


def _sqlite_engine(url: URL, busy_seconds: float) -> Engine:
    engine = create_engine(url, connect_args={"timeout": busy_seconds}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, not where the driver thinks
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # a commit returns when it is on disk

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str) -> URL:
    """The URL with the driver that topicwire uses."""
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise StoreError("it is no URL; write postgresql://USER:PASSWORD@HOST/DATABASE", subject=_SETTING) from None


def _postgresql_engine(url: URL, busy_seconds: float) -> Engine:
    wait = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    try:
        engine = create_engine(url, connect_args=wait, hide_parameters=True, pool_pre_ping=True)
    except ImportError:
        raise StoreError("PostgreSQL needs a driver: pip install 'topicwire[postgres]'", subject=_SETTING) from None

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute(f"SET lock_timeout = {int(busy_seconds * 1000)}")
        connection.commit()

    return engine
