"""The model versions below one directory, and the pointer to the one that serves. A version is data, not code.

    models/
        current              one name a line: the version that serves, then those that served before it, newest first
        3f9c2e71a0b4/        named by the beginning of the SHA-256 of its SHA256SUMS; see `version`
            verdict.json     what the gate of `retrain` said of it, if it was asked; beside the content
        .lock                held by whoever writes

A version is written under a temporary name, synced and renamed, so it is there whole or not at all. What a process that was
killed leaves behind, the next one that writes removes.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model import _writing, strict_json
from model.errors import VersionError
from model.version import CHECKSUMS, LEARNT, MADE, Content, Version, is_name, load, made, name_of

_VERDICT = "verdict.json"
_HISTORY = 20  # how many promotions `current` remembers
# Temporary names: of a version that is written, of one that is deleted, and of files that are replaced.
_NEW, _GONE = ".new-", ".gone-"
_TEMPORARY = (f"{_NEW}*", f"{_GONE}*", ".current-*", f"*/.{_VERDICT}-*")
_NEVER = datetime.min.replace(tzinfo=UTC)


class Versions:
    """The versions below one directory, and the pointer to the one that serves. Safe to share between threads, and with
    other processes that write there.

    Of the versions the newest `keep` are kept when one is promoted (0: all), and always the current one, and the one that
    `rollback` would go back to.
    """

    def __init__(self, directory: Path, *, keep: int = 0) -> None:
        self.directory = directory
        self._pointer = directory / "current"
        self.keep = keep
        self._held = threading.local()

    @contextmanager
    def writing(self, *, patience: float = 30.0) -> Iterator[None]:
        """Be the only one who writes; may be nested, for what must not be parted. Cleans up after those who were killed.
        Raises VersionError if another goes on writing for `patience` seconds: it takes a fraction of one."""
        if getattr(self._held, "depth", 0):
            yield
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        with _writing.locked(self.directory / ".lock", patience):
            self._held.depth = 1
            try:
                self._clean()
                yield
            finally:
                self._held.depth = 0

    def clean(self) -> None:
        """Remove what processes that were killed while they wrote have left. Nothing is done where nothing can be written, or
        where somebody writes just now, who has done it."""
        if self.directory.is_dir():
            with suppress(OSError, VersionError), self.writing(patience=0):
                pass

    def _clean(self) -> None:
        for pattern in _TEMPORARY:
            for left in self.directory.glob(pattern):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    with suppress(OSError):
                        left.unlink()

    def names(self) -> list[str]:
        """All versions, the newest first."""
        found = [entry for entry in self.directory.glob("*/") if (entry / CHECKSUMS).is_file() and not entry.name.startswith(".")]
        return [entry.name for entry in sorted(found, key=lambda entry: (made(entry) or _NEVER, entry.name), reverse=True)]

    def current(self) -> str | None:
        """The name of the version that serves; None before the first training."""
        history = self.history()
        return history[0] if history else None

    def pointer(self) -> bytes:
        """`current` as it is on disk, to tell whether it has changed; empty where there is none, or none to be read."""
        with suppress(OSError):  # asked by every request: without a file object it takes a third of the time
            file = os.open(self._pointer, os.O_RDONLY)
            try:
                return os.read(file, 1 << 16)
            finally:
                os.close(file)
        return b""

    def history(self) -> list[str]:
        """The version that serves, then those that served before it."""
        try:
            lines = self._pointer.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        names = [line.strip() for line in lines if line.strip()]
        if not names or not all(is_name(name) for name in names):
            raise VersionError("it names no version; run `topicwire models promote VERSION`", subject=str(self._pointer))
        return names

    def load(self, name: str | None = None) -> Version:
        """Load a version, the current one by default. Raises VersionError, in one sentence, for whatever is wrong."""
        chosen = name or self.current()
        if chosen is None:
            raise VersionError("no model version here yet; run `topicwire train`", subject=str(self.directory))
        if not is_name(chosen) or not (self.directory / chosen).is_dir():
            raise VersionError(
                "there is no such version; `topicwire models` lists those there are", subject=f"model version {chosen!r}"
            )
        return load(self.directory / chosen)

    def add(self, content: Content) -> str:
        """Write a version and return its name. One that is there already, with the same content, is left alone."""
        files = content.files()
        name = name_of(files[CHECKSUMS])
        with self.writing():
            target = self.directory / name
            if target.exists():
                try:
                    load(target)
                    return name
                except VersionError:
                    self._delete(name)  # damaged; what is about to be written is what it was meant to be
            temporary = Path(tempfile.mkdtemp(prefix=_NEW, dir=self.directory))
            try:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                for file, data in (files | {MADE: f"{now}\n".encode()}).items():
                    with (temporary / file).open("wb") as stream:
                        stream.write(data)
                        stream.flush()
                        os.fsync(stream.fileno())
                _writing.sync(temporary)
                temporary.chmod(0o755)
                temporary.rename(target)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            _writing.sync(self.directory)
        return name

    def learnt(self, name: str) -> set[str]:
        """The digests of the examples that a version learnt from; none where it does not say."""
        try:
            return set((self.directory / name / LEARNT).read_text(encoding="ascii", errors="replace").split())
        except FileNotFoundError:
            return set()

    def verdict(self, name: str) -> dict[str, Any] | None:
        """What the gate said of a version; None where it was not asked, or where that cannot be read."""
        try:
            verdict = strict_json.loads((self.directory / name / _VERDICT).read_bytes())
        except (OSError, ValueError):
            return None
        return verdict if isinstance(verdict, dict) else None

    def keep_verdict(self, name: str, verdict: Mapping[str, Any]) -> None:
        """Write down what the gate said of a version, in place of what it said before."""
        with self.writing():
            _writing.replace(self.directory / name / _VERDICT, strict_json.dumps_pretty(verdict))

    def promote(self, name: str) -> None:
        """Make a version the one that serves, once it has been loaded whole."""
        with self.writing():
            self.load(name)
            try:
                history = self.history()
            except VersionError:
                history = []  # a damaged pointer is what promoting mends
            if history[:1] != [name]:
                self._point([name, *history])
            self.prune()

    def rollback(self) -> tuple[str, list[VersionError]]:
        """Go back to the version that served before, or if that is gone or damaged, to the last one that is not. Returns its
        name, and what is wrong with those passed over."""
        with self.writing():
            current, *before = self.history() or [""]
            passed: list[VersionError] = []
            for place, name in enumerate(before, 1):
                if name == current:  # it served before those that are gone, too
                    continue
                try:
                    self.load(name)
                except VersionError as error:
                    passed.append(error)
                    continue
                self._point([current, *before][place:])
                return name, passed
            if passed:
                raise VersionError(
                    f"no version that served before the current one is left; {passed[0]}", subject=str(self._pointer)
                )
            raise VersionError("no version served before the current one", subject=str(self._pointer))

    def prune(self, *spared: str) -> list[str]:
        """Delete the versions that are not to be kept, but none of those spared; returns their names. A process that serves
        one of them goes on: its files are mapped into memory."""
        if not self.keep:
            return []
        with self.writing():
            history = self.history()
            before = [name for name in history[1:] if name != history[0] and (self.directory / name / CHECKSUMS).is_file()]
            gone = [name for name in self.names()[self.keep :] if name not in (*history[:1], *before[:1], *spared)]
            for name in gone:
                with suppress(OSError):  # what cannot be deleted must not keep anybody from promoting
                    self._delete(name)
        return gone

    def _delete(self, name: str) -> None:
        # Under its own name it is there whole or not at all.
        going = self.directory / f"{_GONE}{name}"
        (self.directory / name).rename(going)
        shutil.rmtree(going)

    def _point(self, history: list[str]) -> None:
        _writing.replace(self._pointer, ("\n".join(history[:_HISTORY]) + "\n").encode())
