"""The application under gunicorn: worker processes that share the model's memory, and a stop that answers what came in.

gunicorn, because it forks after loading, so that workers share what was loaded, and replaces a worker that dies.
"""

import gc
import os
import shutil
import socket
import tempfile
from typing import Any

from model.errors import InputError
from model.versions import Versions
from service.logs import configuration
from service.settings import Settings

# Threads beyond those that may work: they answer health checks, and refuse what is too much, while all others are busy.
# Two, so that one slow client keeps none of that up. The more, the less is left to those that work: with 24 of 32 clients
# refused and asking again at once, two leave half of what one would, and four a third.
SPARE_THREADS = 2
# Seconds that requests in flight are given after SIGTERM.
GRACE = 30


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises InputError where the address cannot be listened on, and VersionError, before
    listening, where there is no version to serve."""
    _try_address(settings)
    # Told where workers share their counts before anything that counts is imported.
    counts = tempfile.mkdtemp(prefix="topicwire-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
    arbiter = os.getpid()
    try:
        _run(settings)
    finally:
        # A worker that ends comes through here as well, and its siblings may still be counting.
        if os.getpid() == arbiter:
            shutil.rmtree(counts, ignore_errors=True)


def _try_address(settings: Settings) -> None:
    """Find out at once, and in plain words, what gunicorn finds out in five attempts and as many seconds."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            trial.bind((settings.host, settings.port))
    except OSError as error:
        raise InputError(
            f"it cannot be listened on: {error.strerror}; choose another with --host or --port", subject=_address(settings)
        ) from None


def _run(settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication
    from gunicorn.arbiter import Arbiter
    from prometheus_client.multiprocess import mark_process_dead

    from service.app import create_app
    from service.background import Keeper

    Versions(settings.models).clean()
    app = create_app(settings)
    # What is loaded now is never garbage: a worker that looked through it would write to, and so no longer share, all of it.
    gc.collect()
    gc.freeze()
    keeper = Keeper()

    class Manager(Arbiter):  # type: ignore[misc]
        """gunicorn's parent of the workers, which looks after the process that works on jobs as it looks after them."""

        def manage_workers(self) -> None:
            super().manage_workers()
            keeper.keep()

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in options(settings).items():
                self.cfg.set(name, value)
            self.cfg.set("child_exit", lambda server, worker: mark_process_dead(worker.pid))  # type: ignore[no-untyped-call]
            self.cfg.set("on_exit", lambda server: keeper.end())

        def load(self) -> Any:
            return app

        def run(self) -> None:
            Manager(self).run()

    Server().run()


def options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings."""
    return {
        "bind": _address(settings),
        "workers": settings.workers or os.cpu_count() or 1,
        "worker_class": "gthread",
        "threads": settings.concurrency + SPARE_THREADS,
        "preload_app": True,
        "graceful_timeout": GRACE,
        "timeout": 60,
        "keepalive": 5,
        "max_requests": 0,
        "proc_name": "topicwire",
        "logconfig_dict": configuration(settings.log_level),
        "control_socket_disable": True,
    }


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"
