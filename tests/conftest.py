"""A home with one real version in it, trained once a session, and ways to run the command line in it."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from model.tagger import Tagger
from model.version import Version
from model.versions import Versions
from service.app import create_app
from service.settings import Settings
from training import starter
from training.fit import Fitted, fit

DATA = Path(__file__).parent / "data"
SAMPLE = DATA / "sample.xml"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fitted]:
    """A home with the starter version, and the scikit-learn objects it was made of."""
    home = tmp_path_factory.mktemp("home")
    content, fitted = fit(starter.examples(), starter.topics())
    versions = Versions(home / "models")
    versions.promote(versions.add(content))
    return home, fitted


@pytest.fixture(scope="session")
def home(trained: tuple[Path, Fitted]) -> Path:
    return trained[0]


@pytest.fixture(scope="session")
def version(home: Path) -> Version:
    return Versions(home / "models").load()


@pytest.fixture(scope="session")
def tagger(version: Version) -> Tagger:
    return Tagger(version)


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(home=home, max_bytes=200_000, max_posts=20)


@pytest.fixture
def client(settings: Settings, tagger: Tagger) -> FlaskClient:
    return create_app(settings, tagger).test_client()


@pytest.fixture(scope="session")
def run(home: Path) -> Run:
    """Run a command line as a process of its own."""

    def run_(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> "subprocess.CompletedProcess[bytes]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOPICWIRE_")}
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "service.cli", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            timeout=120,
            env=inherited | {"TOPICWIRE_HOME": str(home)} | environment,
            check=False,
        )

    return run_


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
