"""A real PostgreSQL for the tests: a server of their own, in a temporary directory, on a Unix socket."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

_NUMBERS = count()


def binaries() -> Path | None:
    """Where PostgreSQL's programs are; Debian keeps them beside the path, the newest last."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    anywhere = shutil.which("initdb")
    return found[-1].parent if found else Path(anywhere).resolve().parent if anywhere else None


class Server:
    """Databases are made from a template, so that each test has its own."""

    def __init__(self, directory: Path, user: str) -> None:
        self.directory = directory
        self.user = user

    def url(self, database: str) -> str:
        return f"postgresql:///{database}?host={quote(str(self.directory), safe='')}&user={self.user}"

    def create(self, template: str = "template0") -> str:
        """A new database's name."""
        name = f"test{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload, unused-ignore]


@contextmanager
def server(programs: Path) -> Iterator[Server]:
    root = os.geteuid() == 0
    # PostgreSQL refuses to run as root. A server that never loses its power needs no fsync to outlive its clients.
    user = _other_user() if root else getpass.getuser()
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if root:
        shutil.chown(directory, user)
    as_user = {"user": user, "cwd": directory} if root else {"cwd": directory}
    data = directory / "data"
    initdb = [programs / "initdb", "--pgdata", data, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, **as_user)  # type: ignore[call-overload]
    options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50", "-c", "shared_buffers=16MB"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(  # type: ignore[call-overload]
            [programs / "postgres", "-D", data, "-k", directory, *options], stdout=log, stderr=log, **as_user
        )
    try:
        running = Server(directory, user)
        for _ in range(200):
            try:
                running.run("SELECT 1")
                break
            except psycopg.OperationalError:
                assert process.poll() is None, (directory / "log").read_text()
                time.sleep(0.05)
        yield running
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(directory, ignore_errors=True)


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
