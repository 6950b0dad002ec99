"""The version that serves: in every worker of every server the one that `current` names, without a restart.

A request takes the tagger that serves as it begins and keeps to that one, so that its answer is of one version, the one it
names. Beside the requests a thread of each process reads the pointer twice a second. Where it names another version, that one
is loaded, and tried on a post, before one reference is changed; requests wait for nothing, and what the old one has mapped
into memory goes with the last request that uses it. A version that cannot serve leaves the old one serving.

The pointer is read rather than watched: it is a few hundred bytes, and on some file systems no notice of a change comes, and
time stamps are old or the same.
"""

import logging
import os
import threading
import time
import weakref
from pathlib import Path

from flask import g

from model.errors import VersionError
from model.posts import Post
from model.tagger import Tagger
from model.version import Version
from model.versions import Versions
from service import metrics

EVERY = 0.5  # seconds between two looks at the pointer
# What a version is tried on before it serves, and /readyz classifies.
READY_POST = Post(id="ready", title="Are we ready?", text="A pod behind an ingress answers, and its metrics say so.")
_PROMOTIONS = 10  # that may overtake one look

_Seen = tuple[tuple[str, int, int, int], ...]

_log = logging.getLogger("topicwire")


class Serving:
    """The tagger that serves in this process. Safe to share between threads, and with processes that are forked: each begins
    to follow with its first request, or when it is told to."""

    def __init__(self, versions: Versions, tagger: Tagger | None = None) -> None:
        """Serve the current version and follow it, or serve the given tagger's and follow nothing. Raises VersionError."""
        self.versions = versions
        self.tagger = tagger or Tagger(versions.load())
        self._follows = tagger is None
        self._looking = threading.Lock()
        self._failed: _Seen | None = None  # what could not be loaded, as it was seen
        # By process, since threads and counts do not come along when one is forked.
        self._begun: dict[int, threading.Lock] = {}
        self._ready: set[int] = set()

    def begin(self) -> None:
        """Follow `current` in this process from now on, and serve it before the first request is answered."""
        process = os.getpid()
        if process in self._ready:
            return
        with self._begun.setdefault(process, threading.Lock()):
            if process in self._ready:
                return
            # A parent's thread may have been looking just as this process was forked.
            self._looking = threading.Lock()
            metrics.now_serves(self.tagger.version.name)
            if self._follows:
                self.look()
                threading.Thread(target=_follow, args=(weakref.ref(self),), name="follower", daemon=True).start()
            self._ready.add(process)

    def look(self) -> None:
        """Serve the version that `current` names, if it does not already. One that cannot serve is logged and counted, once
        for each time that it, or the pointer, changes."""
        with self._looking:
            for _ in range(_PROMOTIONS):
                name, fault = self._named()
                if name == self.tagger.version.name:
                    self._mended()
                    return
                seen = self._seen(name)
                if seen == self._failed:
                    return
                try:
                    if fault is not None:
                        raise fault
                    tagger = Tagger(self.versions.load(name))
                    tagger.tag([READY_POST])
                except Exception as error:  # whatever is wrong with it, the old one is not
                    if seen != self._seen(self._named()[0]):  # promoted over, and perhaps deleted, while it was being loaded
                        continue
                    self._failed = seen
                    _log.error("%s serves on, since the current version cannot: %s", self.tagger.version.name, error)
                    metrics.cannot_serve()
                    return
                before, self.tagger = self.tagger, tagger
                metrics.now_serves(tagger.version.name, instead_of=before.version.name)
                _log.info("%s serves, instead of %s", tagger.version.name, before.version.name)
                self._mended()
                return

    def _mended(self) -> None:
        if self._failed is not None:
            self._failed = None
            metrics.can_serve_again()
            _log.info("%s is current and serves", self.tagger.version.name)

    def _named(self) -> tuple[str | None, Exception | None]:
        """The version that is to serve, or why none can be told."""
        try:
            name = self.versions.current()
        except (VersionError, OSError) as error:
            return None, error
        if name is None:
            return None, VersionError("it is gone, so no version is current", subject=str(self.versions.directory / "current"))
        return name, None

    def _seen(self, name: str | None) -> _Seen:
        """What tells whether another attempt may end otherwise: the pointer, and the files of the version it names."""
        directory = self.versions.directory
        try:
            files = sorted((directory / name).iterdir()) if name else []
        except OSError:
            files = []
        return tuple(_state(path) for path in (directory / "current", *files))


def tagger() -> Tagger:
    """The one that this request keeps to."""
    found: Tagger = g.tagger
    return found


def version() -> Version:
    """That of this request's tagger."""
    return tagger().version


def _state(path: Path) -> tuple[str, int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino


def _follow(reference: "weakref.ref[Serving]") -> None:
    """Look again and again, for as long as somebody holds what looks."""
    while True:
        time.sleep(EVERY)
        serving = reference()
        if serving is None:
            return
        serving.look()
        del serving
