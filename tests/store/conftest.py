"""Every test of the store runs on SQLite and on PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store import Store
from tests.store import postgres

Target = Path | str


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    programs = postgres.binaries()
    if programs is None:
        # CI sets this: there, half of the tests must not go missing without a word.
        assert not os.environ.get("REQUIRE_POSTGRES"), "PostgreSQL's programs are not installed"
        pytest.skip("PostgreSQL's programs are not installed (on Debian: apt-get install postgresql)")
    with postgres.server(programs) as running:
        yield running


@pytest.fixture(scope="session")
def template(server: postgres.Server) -> str:
    """A database that has all tables."""
    name = server.create()
    Store(server.url(name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """Where a store can be made: a path, or the URL of a database without tables."""
    if dialect == "sqlite":
        yield tmp_path / "topicwire.db"
        return
    server = request.getfixturevalue("server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def target(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """The same, with the tables in it."""
    if dialect == "sqlite":
        yield tmp_path / "topicwire.db"
        return
    server = request.getfixturevalue("server")
    name = server.create(request.getfixturevalue("template"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def store(target: Target) -> Iterator[Store]:
    with Store(target) as opened:
        yield opened
