"""Files wherever they are: on this machine, or where fsspec reaches by a URL (S3 and so on, with the package it asks for)."""

import glob
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from model.errors import InputError
from service.fetch import is_url
from service.streams import STDIN, is_remote


def expand(name: str) -> list[str]:
    """The files that a pattern stands for (`*`, `?`, `[a-z]`, `**`), sorted; what is a name, or stands for none, as it is."""
    if is_url(name) or name == STDIN or not glob.has_magic(name) or Path(name).exists():
        return [name]
    if not is_remote(name):
        # Path.glob takes no absolute pattern.
        found = [path for path in glob.glob(name, recursive=True) if not Path(path).is_dir()]  # noqa: PTH207
    else:
        system, path = _at(name)
        with _told(name, "listed"):
            found = [system.unstrip_protocol(each) for each in system.glob(path)]
    return sorted(found) or [name]


def directory(name: str) -> str:
    """Where outputs go, made if it is not there: a URL as it is, a path of this machine absolute. Ends with a slash."""
    if not is_remote(name):
        name = str(Path(name).absolute())
    system, path = _at(name)
    with _told(name, "made"):
        system.makedirs(path, exist_ok=True)
    return name.rstrip("/") + "/"


def same(name: str) -> str:
    """What is one for all names of a file: links and `..` are followed, and file:// is what it is a URL of."""
    local = name.removeprefix("file://")
    return name.rstrip("/") if is_remote(local) or is_url(local) else os.path.realpath(local)


def stamp(name: str) -> str:
    """What tells whether a file has changed: its size, and its ETag or else when it was written; "" where nothing does.
    Raises OSError."""
    system, path = _at(name)
    info = system.info(path)
    moment = next((info[key] for key in ("ETag", "etag", "mtime", "LastModified", "last_modified", "created") if key in info), "")
    return f"{info['size']} {moment}" if moment else ""


def size(name: str) -> int | None:
    """In bytes; None where there is no such file."""
    system, path = _at(name)
    with suppress(FileNotFoundError):
        return int(system.info(path)["size"])
    return None


def kept(name: str) -> Any:
    """What a small file of JSON says; None where there is none, or none to be read."""
    system, path = _at(name)
    try:
        return json.loads(system.cat_file(path))
    except (OSError, ValueError):
        return None


@contextmanager
def reader(name: str) -> Iterator[BinaryIO]:
    """A file to read from; one that can be looked ahead in. Raises InputError or OSError."""
    system, path = _at(name)
    with _told(name, "read"):
        stream = system.open(path, "rb")
    with stream, io.BufferedReader(cast(Any, stream), 1 << 16) as ahead:
        yield cast(BinaryIO, ahead)


@contextmanager
def writer(name: str) -> Iterator[BinaryIO]:
    """A file to write to, which takes its name when the block ends well. Raises InputError or OSError.

    fsspec keeps what has been written when a block ends badly, so it is written under another name, and renamed; a store
    without renaming copies what is whole by then.
    """
    system, path = _at(name)
    folder, _, _ = path.rpartition("/")
    temporary = f"{folder}/.topicwire-{uuid4().hex}"
    with _told(name, "written"):
        stream = system.open(temporary, "wb")
    try:
        yield stream
        with _told(name, "written"):
            stream.close()
            system.mv(temporary, path)
    except BaseException:
        with suppress(Exception):
            stream.close()
            system.rm_file(temporary)
        raise


def _at(name: str) -> tuple[Any, str]:
    """A file system, and what it calls a file."""
    import fsspec
    from fsspec.core import url_to_fs

    if not is_remote(name):
        return fsspec.filesystem("file"), os.path.abspath(name)  # noqa: PTH100, a Path would forget the last slash
    try:
        system, path = url_to_fs(name)
        system.invalidate_cache()  # others write there, too
        return system, cast(str, path)
    except OSError:
        raise
    except Exception as error:  # "Install s3fs to access S3", "Protocol not known: nfs", and whatever else a store raises
        raise InputError(f"it cannot be reached: {error}", subject=name) from None


@contextmanager
def _told(name: str, what: str) -> Iterator[None]:
    """What stores raise beside OSError, want of credentials say, in one sentence."""
    try:
        yield
    except (OSError, InputError):
        raise
    except Exception as error:
        raise InputError(f"it cannot be {what}: {type(error).__name__}: {error}", subject=name) from error
