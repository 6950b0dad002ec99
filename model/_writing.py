"""Writing that others may watch, and that may be cut off: a file is there whole or as it was, and one process writes at a time.

A lock of the system's (flock) says who writes, and the system takes it from a process that ends, however it ends. So whoever
holds it knows that what has a temporary name is left from one that was killed: no age to guess, no process to look for.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import VersionError


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock of a file, which is made if need be, and stays. Raises VersionError if another has it for so many
    seconds."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    problem = f"another process has held it for {patience:g} s; end that one (`lsof` names it), or try again"
                    raise VersionError(problem, subject=str(path)) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Write a file that is there with all of it, or as it was before."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(path)
    sync(path.parent)


def sync(directory: Path) -> None:
    """Make sure that names in a directory outlast a crash."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
