"""The address of a database is checked at start, and its password is never shown."""

import pytest

from model.errors import SettingError
from service.settings import Settings, read
from tests.conftest import Run


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@db.example/topicwire",
        "postgres://db.example:5433/topicwire?sslmode=require",
        "postgresql:///topicwire?host=/var/run/postgresql",
    ],
)
def test_addresses_of_postgresql(url: str) -> None:
    settings = read({"TOPICWIRE_DATABASE_URL": f" {url} "})

    assert settings == Settings(database_url=url)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    ["secret", "mysql://ann:secret@h/x", "postgresql:secret", "postgresql://ann:secret@h:port/x", "postgresql://[secret/x"],
)
def test_what_is_none_is_refused_without_repeating_it(url: str, run: Run) -> None:
    with pytest.raises(SettingError) as caught:
        read({"TOPICWIRE_DATABASE_URL": url})

    expected = "TOPICWIRE_DATABASE_URL: it must be like postgresql://USER:PASSWORD@HOST/DATABASE"
    assert str(caught.value) == expected
    done = run("models", TOPICWIRE_DATABASE_URL=url)
    assert (done.returncode, done.stderr.decode()) == (1, f"topicwire: {expected}\n")
