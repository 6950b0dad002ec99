"""Shards tagged by the workers of a Dask cluster, on other machines or this one.

A model version is brought to the workers as the bytes of its files, once for each, by a plugin that the scheduler also
hands to workers that come, or come back, later: they need to share no disk for it, and what arrives is checked as any version
is, and nothing in it is run. Inputs and outputs are opened by the workers themselves. topicwire must be installed with the
extra `cluster` where the scheduler and the workers run.
"""

import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any
from uuid import uuid4

from model.errors import InputError, TopicwireError
from model.version import load
from service.shards import TRIES, Done, Job, Shard, given_up, tag_shard

try:
    from distributed import Client, KilledWorker, WorkerPlugin, as_completed, get_worker
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend
except ImportError:
    raise InputError("it needs Dask: pip install 'topicwire[cluster]'", subject="--cluster") from None

# Seconds to find the scheduler in.
PATIENCE = 30

Warn = Callable[[str], None]


class ModelOnWorker(WorkerPlugin):
    """A model version in a temporary directory of each worker, for as long as a run takes."""

    def __init__(self, version: Path) -> None:
        self.name = f"topicwire-{version.name}-{uuid4().hex}"
        self._version = version.name
        self._files = {file.name: file.read_bytes() for file in version.iterdir() if file.is_file()}
        self._by = installed("topicwire")
        self._directory: str | None = None

    @property
    def version(self) -> Path:
        """Its directory on this worker."""
        assert self._directory
        return Path(self._directory, self._version)

    def setup(self, worker: Any) -> None:
        """Unpack it, and see that it is whole. Raises TopicwireError."""
        if installed("topicwire") != self._by:
            raise InputError(f"it has topicwire {installed('topicwire')}, not {self._by}", subject=str(worker.address))
        self._directory = tempfile.mkdtemp(dir=worker.local_directory)  # which Dask clears after workers that were killed
        self.version.mkdir()
        for name, data in self._files.items():
            self.version.joinpath(Path(name).name).write_bytes(data)
        load(self.version)

    def teardown(self, worker: Any) -> None:
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)


def tag(job: Job, shards: Sequence[Shard], address: str, warn: Warn) -> Iterator[Done]:
    """What comes of all shards, as they are done. Raises InputError where there is no scheduler, or none any more, and where
    its workers cannot take the model version."""
    model = ModelOnWorker(job.order.version)
    client = _client(address, warn)
    lost = False
    try:
        if not client.scheduler_info()["workers"]:
            warn(f"{address}: it has no workers yet; waiting for them")
        try:
            client.register_plugin(model)
        except TopicwireError:
            raise
        except Exception as error:
            problem = f"its workers cannot take the model version; is the same topicwire[cluster] installed there? {error}"
            raise InputError(problem, subject=address) from error
        # All are handed over at once: the scheduler keeps them until a worker is free, and sees how many workers are needed.
        # Pure work would be taken as done if anybody had done it before.
        keys = {f"{model.name}-{number}": shard for number, shard in enumerate(shards)}
        futures = client.map(_on_worker, shards, job=job, plugin=model.name, key=list(keys), pure=False, retries=TRIES - 1)
        for future in as_completed(futures, loop=client.loop):
            shard = keys[future.key]
            try:
                yield future.result()  # waits again if the worker died that still had it
            except KilledWorker:
                yield given_up(shard, "the workers that tried it have died; if it was for want of memory, split it")
            except Exception as error:
                if lost := future.status != "error":  # it is not the work that has failed
                    problem = f"it is lost, with {len(keys)} files to go; run again, and those done are left alone"
                    raise InputError(problem, subject=address) from error
                yield given_up(shard, error)
            del keys[future.key]
            future.release()
    finally:
        with suppress(Exception):  # what is lost while it is being left costs nothing any more
            if not lost:
                client.unregister_worker_plugin(model.name)
            client.close(timeout=1)


def _on_worker(shard: Shard, job: Job, plugin: str) -> Done:
    model = get_worker().plugins[plugin]
    assert isinstance(model, ModelOnWorker)
    return tag_shard(replace(job, order=replace(job.order, version=model.version)), shard)


def _client(address: str, warn: Warn) -> Client:
    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        parse_host_port(place)
    except ValueError as error:
        raise InputError(f"it is no address such as tcp://scheduler:8786: {error}", subject=address) from None
    for name in ("distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they would say, we say
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            client = Client(address, timeout=PATIENCE, set_as_default=False)
        except OSError as error:
            raise InputError(f"no Dask scheduler answers there: {error}", subject=address) from None
    for warning in caught:
        warn(str(warning.message))
    return client
