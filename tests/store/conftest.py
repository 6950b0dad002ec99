"""Every test of the store runs on SQLite and on PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from model.tagger import Tagger
from service.app import create_app
from service.settings import Settings
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
    yield from _target(dialect, request, tmp_path)


@pytest.fixture
def target(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """The same, with the tables in it."""
    yield from _target(dialect, request, tmp_path, "template")


def _target(dialect: str, request: pytest.FixtureRequest, tmp_path: Path, *template: str) -> Iterator[Target]:
    if dialect == "sqlite":
        yield tmp_path / "topicwire.db"
        return
    server = request.getfixturevalue("server")
    name = server.create(*map(request.getfixturevalue, template))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def store(target: Target) -> Iterator[Store]:
    with Store(target) as opened:
        yield opened


def settings_of(target: Target, **others: Any) -> Settings:
    # Without a model version in the home: whoever needs one is given a tagger.
    where = {"home": target.parent} if isinstance(target, Path) else {"home": Path("/nonexistent"), "database_url": target}
    return Settings(**{**where, **others})


@contextmanager
def serving(settings: Settings, tagger: Tagger) -> Iterator[FlaskClient]:
    app = create_app(settings, tagger)
    yield app.test_client()
    app.extensions["storage"].close()


@pytest.fixture
def client(target: Target, tagger: Tagger) -> Iterator[FlaskClient]:
    with serving(settings_of(target), tagger) as opened:
        yield opened
