"""Shards tagged by the workers of a Dask cluster, on other machines or this one.

A model version is brought to the workers as the bytes of its files, once for each, by a plugin that the scheduler also
hands to workers that come, or come back, later: they need to share no disk for it, and what arrives is checked as any version
is, and nothing in it is run. Inputs and outputs are opened by the workers themselves. topicwire must be installed with the
extra `cluster` where the scheduler and the workers run.
"""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any
from uuid import uuid4

from model.errors import InputError, TopicwireError
from model.version import load
from service.shards import TRIES, Done, Job, Shard, given_up, tag_shard

try:
    from distributed import Client, Future, WorkerPlugin, as_completed, get_worker
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
        self._directory = tempfile.mkdtemp(prefix="topicwire-")
        self.version.mkdir()
        for name, data in self._files.items():
            self.version.joinpath(Path(name).name).write_bytes(data)
        load(self.version)

    def teardown(self, worker: Any) -> None:
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)


def tag(job: Job, shards: Sequence[Shard], address: str, warn: Warn) -> Iterator[Done]:
    """What comes of all shards, as they are done. Raises InputError where there is no scheduler, or where its workers cannot
    take the model version."""
    model = ModelOnWorker(job.order.version)
    with _client(address, warn) as client:
        if not client.scheduler_info()["workers"]:
            warn(f"{address}: it has no workers yet; waiting for them")
        try:
            client.register_plugin(model)
        except TopicwireError:
            raise
        except Exception as error:
            problem = f"its workers cannot take the model version; is the same topicwire[cluster] installed there? {error}"
            raise InputError(problem, subject=address) from error
        left = {shard.output: shard for shard in shards}
        # All are handed over at once: the scheduler keeps them until a worker is free, and sees how many workers are needed.
        futures = client.map(
            _on_worker, shards, job=job, plugin=model.name, key=[f"{model.name}-{number}" for number in range(len(shards))],
            pure=False, retries=TRIES - 1,
        )  # fmt: skip
        of = {future.key: shard for future, shard in zip(futures, shards, strict=True)}
        try:
            for future in as_completed(futures):
                yield _answer(future, left.pop(of[future.key].output))
                future.release()
        finally:
            client.unregister_worker_plugin(model.name)


def _on_worker(shard: Shard, job: Job, plugin: str) -> Done:
    model = get_worker().plugins[plugin]
    assert isinstance(model, ModelOnWorker)
    return tag_shard(replace(job, order=replace(job.order, version=model.version)), shard)


def _answer(future: "Future[Done]", shard: Shard) -> Done:
    if future.status == "finished":
        return future.result()
    error = future.exception()
    return given_up(shard, error)


def _client(address: str, warn: Warn) -> Client:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"no Dask scheduler answers there: {error}", subject=address) from None
    for warning in caught:
        warn(str(warning.message))
    return client
