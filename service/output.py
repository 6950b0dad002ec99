"""A file that appears whole or not at all."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from model.errors import InputError
from service.streams import is_remote


@contextlib.contextmanager
def whole(name: str | None) -> Iterator[BinaryIO]:
    """A stream to a file, or to standard output where no name, or "-", is given.

    The file takes its name when the block ends well; until then, and if it does not, what stood there stays.
    """
    if name is None or name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if is_remote(name):
        from service.places import writer

        with writer(name) as stream:
            yield stream
        return
    target = Path(name)
    if target.exists() and not target.is_file():  # /dev/null, a named pipe: nothing to replace
        with _named(name), target.open("wb") as stream:
            yield stream
        return
    with _named(name):
        temporary_stream = tempfile.NamedTemporaryFile(
            "wb", dir=target.absolute().parent, prefix=f".{target.name}-", delete=False
        )
    temporary = Path(temporary_stream.name)
    try:
        with temporary_stream as stream:
            yield cast(BinaryIO, stream)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        with _named(name):
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"it cannot be written: {error.strerror or error}", subject=name) from None
