"""What a database says went wrong, as one sentence with what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.engine import URL

from model.errors import StoreError

_KEPT = "what was stored before is untouched"

# By the primary result code of SQLite (https://sqlite.org/rescode.html).
_SQLITE = {
    sqlite3.SQLITE_BUSY: "it is locked by another process; try again, or find out what keeps it",
    sqlite3.SQLITE_LOCKED: "it is locked by another process; try again, or find out what keeps it",
    sqlite3.SQLITE_FULL: f"the disk is full; make room and try again ({_KEPT})",
    sqlite3.SQLITE_READONLY: "it cannot be written; make the file and its folder writable for this user",
    sqlite3.SQLITE_PERM: "it cannot be written; make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; make the file and its folder readable and writable for this user",
    sqlite3.SQLITE_IOERR: f"the disk failed to read or write, or is full; check it and try again ({_KEPT})",
    sqlite3.SQLITE_CORRUPT: "it is damaged; put a backup in its place, or move it away to begin anew",
    sqlite3.SQLITE_NOTADB: "it is no database of topicwire; move the file away, or set another TOPICWIRE_HOME",
}

# By SQLSTATE, whole or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_POSTGRESQL = {
    "08": "the connection to the server was lost; check that it runs, and try again",
    "0A": "its server lacks something that topicwire needs; use PostgreSQL 14 or newer",
    "23": "another process was changing the same at the same time; try again",
    "25006": "it is read-only; point TOPICWIRE_DATABASE_URL to a server that takes writes",
    "28": "the server does not let us in; check user and password in TOPICWIRE_DATABASE_URL",
    "3D": "there is no such database; create it, or correct TOPICWIRE_DATABASE_URL",
    "40": "another process was changing the same at the same time; try again",
    "42501": "the user may not do that there; grant it, or correct TOPICWIRE_DATABASE_URL",
    "53100": f"the server's disk is full; make room and try again ({_KEPT})",
    "53": "the server has run out of connections or memory; try again later",
    "55P03": "it is locked by another process; try again, or find out what keeps it",
    "57P": "the server is stopping or starting; try again later",
    "57014": "the server gave up on it; try again later",
    "58": f"the server failed to read or write its disk; check it and try again ({_KEPT})",
}

_UNREACHABLE = "the server cannot be reached; check that it runs, and the address in TOPICWIRE_DATABASE_URL"
_CONNECTING = (
    (("database", "does not exist"), _POSTGRESQL["3D"]),
    (("role", "does not exist"), _POSTGRESQL["28"]),
    (("authentication failed",), _POSTGRESQL["28"]),
    (("no password supplied",), _POSTGRESQL["28"]),
    (("pg_hba.conf",), _POSTGRESQL["28"]),
    (("too many",), _POSTGRESQL["53"]),
    (("remaining connection slots",), _POSTGRESQL["53"]),
    (("the database system is",), _POSTGRESQL["57P"]),
)


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Raise StoreError for what the database refuses, and let our own mistakes through as they are."""
    try:
        yield
    except exc.DBAPIError as error:
        reason = _sqlite(error.orig) if url.get_backend_name() == "sqlite" else _postgresql(error)
        if reason is None:
            raise
        raise StoreError(reason, subject=name(url)) from None
    except exc.TimeoutError:
        raise StoreError("all its connections are in use; try again later", subject=name(url)) from None


def name(url: URL) -> str:
    """What to call a database: its file, or its address without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    shown = URL.create("postgresql", username=url.username, host=url.host, port=url.port, database=url.database)
    return shown.render_as_string()


def _sqlite(error: BaseException | None) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _SQLITE.get(code & 0xFF)


def _postgresql(error: exc.DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return next((_POSTGRESQL[state[:length]] for length in (5, 3, 2) if state[:length] in _POSTGRESQL), None)
    # Without a state it failed before there was a connection. What libpq says then may hold the whole address, so it is
    # looked into and not repeated.
    kind = type(error.orig).__name__
    if kind == "OperationalError" or error.connection_invalidated:
        said = str(error.orig)
        return next((reason for words, reason in _CONNECTING if all(word in said for word in words)), _UNREACHABLE)
    if kind == "ProgrammingError":
        return "TOPICWIRE_DATABASE_URL has an option that PostgreSQL does not know; correct it"
    return None
