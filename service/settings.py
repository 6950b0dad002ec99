"""Settings: the environment variables TOPICWIRE_*, each checked, each with a default and one line of help."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from model.errors import SettingError
from service.addresses import Network

PREFIX = "TOPICWIRE_"
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/=]{16,}\Z")  # RFC 6750, 2.1
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.\-]*[a-z0-9_])?\Z")


def _setting(
    default: Any, help_text: str, *, least: float = 0, most: float = float("inf"), shown: str | None = None, secret: bool = False
) -> Any:
    metadata = {"help": help_text, "least": least, "most": most, "shown": shown or str(default)}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """One field a setting; TOPICWIRE_ and the field's name in capitals is its variable."""

    home: Path | None = _setting(None, "where models and the database are kept", shown="the user's data directory")
    database_url: str = _setting(
        "", "PostgreSQL, as `postgresql://USER:PASSWORD@HOST/DATABASE`", shown="SQLite below `TOPICWIRE_HOME`", secret=True
    )
    host: str = _setting("127.0.0.1", "address that `serve` listens on")
    allow_hosts: tuple[str, ...] = _setting(
        (), "other names, commas between them, that `serve` answers to on loopback", shown="names of this machine only"
    )
    port: int = _setting(8000, "port that `serve` listens on", most=65535)
    token: str = _setting(
        "", "what clients must send to write: `Authorization: Bearer …`", shown="no writing beyond loopback", secret=True
    )
    workers: int = _setting(0, "worker processes of `serve`; 0 = one a core", most=1000)
    concurrency: int = _setting(8, "requests that one worker works on, in turns; more are answered 503", least=1)
    max_bytes: int = _setting(5_000_000, "size of a request's body, and of a post in it, in bytes; more is answered 413", least=1)
    max_posts: int = _setting(200, "posts in one request; more are answered 422", least=1)
    max_seconds: float = _setting(10.0, "seconds after which a request gives up on the posts it has left, with 503", least=0.001)
    max_fetch_bytes: int = _setting(
        50_000_000, "size of what is fetched from a URL, or read whole from a gzip file, in bytes, unpacked", least=1
    )
    max_fetch_seconds: float = _setting(30.0, "seconds that fetching a URL may take in all", least=0.001, most=86_400)
    max_fetch_redirects: int = _setting(5, "redirects that are followed", most=100)
    max_fetch_header_bytes: int = _setting(65536, "size of the header of a fetched answer, in bytes", least=1)
    allow_addresses: tuple[Network, ...] = _setting(
        (),
        "addresses and networks, commas between them, to fetch from although they are not public",
        shown="public addresses only",
    )
    evaluation: Path | None = _setting(
        None, "labelled posts, JSONL or CSV, that `retrain` judges by and never learns from", shown="parts of the examples"
    )
    keep_versions: int = _setting(
        10, "model versions that are kept, the newest, beside the current one and the one before it; 0 = all", most=1_000_000
    )
    keep_days: int = _setting(
        0, "days that `poll` keeps a post after it was found, unless it was corrected; 0 = for ever", most=36_500
    )
    keep_polls_days: int = _setting(7, "days that `poll` keeps how each poll went", least=1, most=36_500)
    log_level: str = _setting("info", "what `serve` logs: debug, info, warning or error")

    @property
    def models(self) -> Path:
        """The directory of the model versions."""
        return self.directory / "models"

    @property
    def database(self) -> Path:
        """The SQLite database, where no URL names another."""
        return self.directory / "topicwire.db"

    @property
    def has_store(self) -> bool:
        """Whether anything can have been stored yet."""
        return bool(self.database_url) or self.database.exists()

    @property
    def directory(self) -> Path:
        if self.home is not None:
            return self.home
        from platformdirs import user_data_path

        return user_data_path("topicwire", appauthor=False)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def unknown(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none: typing errors, mostly."""
    known = {variable(setting.name) for setting in fields(Settings)}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment; empty counts as not set. Raises SettingError for the first that is wrong."""
    values = {}
    for setting in fields(Settings):
        text = environment.get(variable(setting.name), "").strip()
        if text:
            values[setting.name] = parse(setting.name, text)
    settings = Settings(**values)
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingError("it must be debug, info, warning or error", subject=variable("log_level"))
    if settings.database_url and not _is_postgresql(settings.database_url):
        # Not repeated: there may be a password in it.
        raise SettingError("it must be like postgresql://USER:PASSWORD@HOST/DATABASE", subject=variable("database_url"))
    if settings.token and not _TOKEN.match(settings.token):
        raise SettingError(
            "it must be 16 or more of A-Z, a-z, 0-9 and -._~+/=, such as `openssl rand -hex 32` prints", subject=variable("token")
        )
    return settings


def _is_postgresql(url: str) -> bool:
    """Whether it can be one, for what can be told without asking; a path alone is a database of this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("postgresql", "postgres") and url.startswith(f"{parts.scheme}://") and (parts.port or 1) > 0
    except ValueError:
        return False


def parse(name: str, text: str) -> Any:
    """The value of one setting, as text, for the field of that name. Raises SettingError."""
    setting = next(setting for setting in fields(Settings) if setting.name == name)
    kind: Any = setting.type
    least, most = setting.metadata["least"], setting.metadata["most"]
    if kind is str:
        return text
    if kind == tuple[Network, ...]:
        return _networks(name, text)
    if kind == tuple[str, ...]:
        return _names(name, text)
    if kind not in (int, float):
        return Path(text).expanduser()
    try:
        number = kind(text.replace("_", ""))
    except ValueError:
        number = None
    if number is None or not least <= number <= most or number == float("inf"):
        what = "a whole number" if kind is int else "a number"
        upto = f" and at most {most:g}" if most != float("inf") else ""
        raise SettingError(f"it must be {what} of at least {least:g}{upto}, not {text!r}", subject=variable(name))
    return number


def _names(name: str, text: str) -> tuple[str, ...]:
    names = tuple(filter(None, (part.strip().lower() for part in text.split(","))))
    for wrong in (part for part in names if not _HOST.match(part)):
        raise SettingError(f"it must be names without port, such as wires.example, not {wrong!r}", subject=variable(name))
    return names


def _networks(name: str, text: str) -> tuple[Network, ...]:
    networks: list[Network] = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError:
            example = "such as 127.0.0.1 or 10.0.0.0/8"
            raise SettingError(f"it must be addresses or networks, {example}, not {part!r}", subject=variable(name)) from None
    return tuple(networks)
