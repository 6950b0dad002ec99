"""The process that works on jobs: it claims one at a time of all that share the store, and has it done by a child of its
own, so that neither memory nor a crash is any matter of those that serve.

`topicwire serve` keeps one beside its workers; where another server runs the application, `topicwire jobs work` is one.
What it imports before there is a job is the store, and that only once there is one.

Nothing outlives whoever started it, however that one ends: each watches its parent, as gunicorn's workers do. A child that
is left has ended before its lease has.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import LeaseError, StoreError, TopicwireError, VersionError
from model.posts import parse_timestamp
from service import settings as settings_
from service.settings import Settings

if TYPE_CHECKING:
    from model.versions import Versions
    from service.store import Job, Kind, Store

LEASE = timedelta(seconds=20)  # how long a job of a process that was killed has to wait
RENEWED_EVERY = 4.0  # seconds: a store that is busy for a while costs no lease
GRACE = 5.0  # seconds that a child is given to end; with a second for noticing that it should, less than a lease
LOOKED_EVERY = 1.0  # seconds: for jobs
NOTICED_EVERY = 5.0  # seconds: for posts that the current version has not tagged
PAUSE = timedelta(seconds=10)  # after which a job whose child crashed is begun again
NICE = 10  # how far a child stands back for those that answer requests
_MOST_FAILED = 1_000  # numbers of posts that could not be tagged, as they are kept

_log = logging.getLogger("topicwire.jobs")


class Background:
    """Works on jobs until it is to end. `parent` is the process that it does not outlive."""

    def __init__(self, settings: Settings, *, parent: int | None = None) -> None:
        self._settings = settings
        self._parent = parent
        self._ending = threading.Event()
        self._opened: Store | None = None
        self._noticed = 0.0

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ending.set())
        while not self._is_ending():
            pause = LOOKED_EVERY
            try:
                if self._settings.has_store:
                    self._turn()
            except Exception as error:  # the store is down, say: there will be other days
                known = isinstance(error, TopicwireError)
                _log.error("jobs cannot be worked on now: %s", error, exc_info=None if known else error)
                pause = PAUSE.total_seconds()
            deadline = time.monotonic() + pause
            while time.monotonic() < deadline and not self._is_ending():
                self._ending.wait(LOOKED_EVERY)
        if self._opened is not None:
            self._opened.close()

    def _is_ending(self) -> bool:
        if self._parent is not None and os.getppid() != self._parent:
            self._ending.set()
        return self._ending.is_set()

    def _turn(self) -> None:
        """Do what there is to do."""
        if self._opened is None:
            from service.store import Store

            self._opened = Store.open(self._settings)
        store = self._opened
        if time.monotonic() - self._noticed > NOTICED_EVERY:
            self._noticed = time.monotonic()
            notice(store, self._settings)
        active = store.jobs(active=True)
        kinds: list[Kind] = [job.kind for job in active if _is_ours(job, self._settings)]
        if kinds and not self._is_ending() and (job := store.claim_job(kinds, store.now(), LEASE)):
            _log.info("job begun", extra={"job": job.id, "kind": job.kind})
            self._do(store, job)
            _log.info("job left", extra={"job": job.id, "kind": job.kind, "state": store.job(job.id).state})

    def _do(self, store: "Store", job: "Job") -> None:
        """Have a job done, and see to it meanwhile."""
        child = subprocess.Popen(_python("service.background", str(job.id), str(job.lease)))  # noqa: S603 - ourselves
        renewed = time.monotonic()
        ended = lost = stopping = yielding = False
        try:
            while child.poll() is None:
                self._ending.wait(LOOKED_EVERY / 4)
                try:
                    if time.monotonic() - renewed > RENEWED_EVERY:
                        began = time.monotonic()
                        store.renew_job(job, store.now(), LEASE)
                        renewed = began
                    active = {one.kind: one for one in store.jobs(active=True)}
                    stopping = job.kind in active and active[job.kind].id == job.id and active[job.kind].stopping
                    # The version that comes of it would have to tag again what is being tagged again.
                    waiting = active.get("retrain") if job.kind == "retag" else None
                    yielding = waiting is not None and (waiting.lease_until is None or waiting.lease_until <= store.now())
                except LeaseError:
                    lost = child.poll() is None
                except StoreError:
                    lost = time.monotonic() - renewed > LEASE.total_seconds() - GRACE - LOOKED_EVERY
                ended = self._is_ending()
                if ended or lost or stopping or yielding:
                    break
        finally:
            status = _end(child)
        if lost:
            return
        with contextlib.suppress(LeaseError):  # it has finished after all
            if stopping:
                store.finish_job(job, "stopped", now=store.now())
            elif ended:
                store.release_job(job, "left, since the server was stopped", again=store.now(), blameless=True)
            elif yielding:
                store.release_job(job, "left, since there is a job to retrain", again=store.now(), blameless=True)
            else:
                why = f"its process ended without a result ({status}); for want of memory, perhaps"
                store.release_job(job, why, again=store.now() + PAUSE)


def notice(store: "Store", settings: Settings) -> None:
    """Ask for posts to be tagged again where the current version has not tagged all. Not where that was stopped, or failed,
    since it was promoted; nor where another machine that shares the store has promoted another version since."""
    wanted = target(settings)
    if wanted is None:
        return
    passed: list[int] = []
    last = next(iter(store.jobs(kind="retag", limit=1)), None)
    if last is not None:
        if not last.has_ended or not _is_ours(last, settings):
            return
        if last.state in ("stopped", "failed") and last.options == wanted:
            return
        if last.result is not None and last.result["version"] == wanted["version"]:
            passed = last.result["failed"]
    if store.has_outdated(wanted["version"], besides=passed):
        store.add_job("retag", wanted, "topicwire", now=store.now())


def target(settings: Settings) -> dict[str, Any] | None:
    """What a job to tag again is asked for with: the current version, and when it was promoted. None where there is none."""
    versions = _versions(settings)
    try:
        name = versions.current()
        promoted = (versions.directory / "current").stat().st_mtime
    except (VersionError, FileNotFoundError):  # who loads it says what is wrong
        return None
    if name is None:
        return None
    return {"version": name, "promoted": datetime.fromtimestamp(promoted, UTC).isoformat(timespec="microseconds")}


def _is_ours(job: "Job", settings: Settings) -> bool:
    """Whether this machine may do it: with versions of its own, it must not undo what another did since."""
    if job.kind != "retag":
        return True
    wanted = target(settings)
    if wanted is None:
        return False
    return bool(wanted["version"] == job.options["version"] or wanted["promoted"] >= job.options["promoted"])


def _versions(settings: Settings) -> "Versions":
    from model.versions import Versions

    return Versions(settings.models)


def _python(module: str, *arguments: str) -> list[str]:
    """A process of ours, whatever folder of the same name there is where we were started."""
    root = str(Path(__file__).parent.parent)
    code = (
        f"import runpy, sys; {root!r} in sys.path or sys.path.insert(0, {root!r}); "
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    return [sys.executable, "-P", "-c", code, *arguments]


def _end(child: "subprocess.Popen[bytes]") -> int:
    """End a process that has not ended yet; returns its status."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


class Keeper:
    """The process that works on jobs, as the server sees it: started, started again when it has ended, and ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._started = float("-inf")

    def keep(self) -> None:
        """See to it that it runs; not more often than it makes sense, where it cannot."""
        if self._process is not None and self._process.poll() is None:
            return
        if time.monotonic() - self._started > NOTICED_EVERY:
            self._started = time.monotonic()
            command = _python("service.cli", "jobs", "work", "--parent", str(os.getpid()))
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - ourselves

    def end(self) -> None:
        if self._process is not None:
            _end(self._process)


def child(number: int, lease: str) -> int:
    """Do a job that the parent holds; returns the exit code: 0 if there is a result, be it that it failed."""
    import logging.config

    from service.logs import configuration
    from service.store import Store

    settings = settings_.read()
    logging.config.dictConfig(configuration(settings.log_level))
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, which sends it to all; the parent says what to do
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    with Store.open(settings) as store:
        job = store.job(number)
        if job.lease != lease:
            return 0
        work = _retrain if job.kind == "retrain" else _retag
        try:
            result = work(settings, store, job)
        except (LeaseError, StoreError):
            raise  # another's, or to be tried again
        except TopicwireError as error:
            store.finish_job(job, "failed", error=str(error), now=store.now())
        except Exception as error:
            _log.exception("job failed", extra={"job": job.id, "kind": job.kind})
            store.finish_job(job, "failed", error=f"something went wrong ({type(error).__name__}: {error})", now=store.now())
        else:
            store.finish_job(job, "done", result=result, now=store.now())
    return 0


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKED_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def _retrain(settings: Settings, store: "Store", job: "Job") -> dict[str, Any]:
    from service.retrain import retrain
    from training.recipe import Choice
    from training.retraining import SAME

    options = job.options
    choice = Choice(
        with_starter=not options.get("no_starter"),
        mapping=options.get("map") or {},
        new_topics=options.get("new_topics") or [],
        seed=options.get("seed") or 0,
    )

    def progress(done: int, steps: int, what: str) -> None:
        store.progress_job(job, done, steps, what, line=what, now=store.now())

    force, keep = options.get("force") or "", not options.get("dry_run")
    outcome = retrain(settings, [], choice, force=force, keep=keep, progress=progress)
    verdict = outcome.verdict
    if outcome.decision == SAME:
        # One that was ended between promoting and saying so has done it: its verdict is there.
        kept = _versions(settings).verdict(outcome.name) or {}
        said = parse_timestamp(str(kept.get("at", "")))
        if said is not None and job.began is not None and said >= job.began.replace(microsecond=0):
            verdict = kept
    return {"version": outcome.name, **verdict}


def _retag(settings: Settings, store: "Store", job: "Job") -> dict[str, Any]:
    from service.retag import retag

    before = job.done  # by those who began it before
    options = dict(job.options)

    def progress(done: int, steps: int, version: str) -> None:
        nonlocal before, options
        line = ""
        if done == 0 and version != options["version"]:
            before, options = 0, target(settings) or options
            line = f"goes on with version {version}, from the newest post"
        elif done == 0:
            line = f"{steps} posts to tag by version {version}"
        store.progress_job(
            job, before + done, before + steps, version, line=line, options=options, got_on=done > 0, now=store.now()
        )

    def say(error: TopicwireError) -> None:
        _log.warning("a post cannot be tagged again: %s", error, extra={"job": job.id})

    done = retag(store, _versions(settings), progress=progress, say=say)
    return {"version": done.version, "posts": before + done.posts, "failed": done.failed[:_MOST_FAILED]}


if __name__ == "__main__":
    sys.exit(child(int(sys.argv[1]), sys.argv[2]))
