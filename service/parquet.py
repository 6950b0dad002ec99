"""Parquet, in and out: rows by the batch, so that memory does not grow with the file. pyarrow is an extra.

    id, title, link, source, model   text (an id that was a number is its digits)
    published                        moment, UTC
    topics, summary                  lists of text
    scores                           map: topic -> score
    evidence                         map: topic -> list of {term, contribution}
    extra                            what else came with the post, as a JSON object; null where nothing did

A file of ours is an input as well, as a feed of ours is: its posts have their summaries as their bodies.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import date, time
from typing import Any, NamedTuple

from model import strict_json
from model.errors import InputError, PostError
from model.posts import TaggedPost

# Rows of a group, and bytes of `extra` in it: a group is what is in memory when a file is written.
ROWS = 4096
EXTRA = 16_000_000
# Read ahead of a column, in bytes; without it a group's column is read as a whole.
_BUFFER = 1 << 20
_OURS = b"topicwire"


class Rows(NamedTuple):
    """Rows of a file, as an Arrow stream."""

    name: str
    first: int  # the number of the first, from 1 on
    data: bytes


def must_have() -> Any:
    """pyarrow. Raises InputError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("it needs pyarrow: pip install 'topicwire[parquet]'", subject="Parquet") from None
    return pyarrow


def batches(stream: Any, name: str, rows: int) -> Iterator[Rows]:
    """A file in batches of rows. The stream can be sought in. Raises InputError or OSError."""
    arrow = must_have()
    first = 1
    try:
        file = arrow.parquet.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False)
        for batch in file.iter_batches(batch_size=rows):
            sink = arrow.BufferOutputStream()
            with arrow.ipc.new_stream(sink, file.schema_arrow) as writer:
                writer.write_batch(batch)
            yield Rows(name, first, sink.getvalue().to_pybytes())
            first += batch.num_rows
    except arrow.ArrowException as error:
        raise InputError(f"it is no Parquet that can be read: {error}", subject=name) from None


def posts(rows: Rows) -> Iterator[dict[str, Any] | PostError]:
    """The posts of a batch as JSON would have them, to be checked as any; an error in the place of one that it cannot have."""
    arrow = must_have()
    strange = (arrow.ArrowException, ValueError, OverflowError, TypeError, KeyError)
    table = arrow.ipc.open_stream(rows.data).read_all()
    ours = _OURS in (table.schema.metadata or {})
    try:
        read = table.to_pylist(maps_as_pydicts="lossy")
    except strange:  # Python does not know nanoseconds, nor the year 10,000; most rows may have none
        read = None
    for number in range(table.num_rows):
        try:
            row = table.slice(number, 1).to_pylist(maps_as_pydicts="lossy")[0] if read is None else read[number]
            yield _post(row, ours=ours)
        except strange as error:
            yield PostError(f"it has a value that no post has: {error}")


def _post(row: dict[str, Any], *, ours: bool) -> dict[str, Any]:
    post = _json(row)
    if ours:
        post |= {"text": " ".join(post["summary"])} | strict_json.loads(post.pop("extra") or "{}")
    return {field: value for field, value in post.items() if value is not None}


def write(tagged: Iterable[TaggedPost]) -> Iterator[bytes]:
    """A file in pieces, one a group of rows."""
    arrow = must_have()
    text = arrow.string()
    contribution = arrow.struct([("term", text), ("contribution", arrow.float64())])
    fields = {
        "id": text,
        "title": text,
        "link": text,
        "published": arrow.timestamp("ms", tz="UTC"),
        "source": text,
        "topics": arrow.list_(text),
        "scores": arrow.map_(text, arrow.float64()),
        "evidence": arrow.map_(text, arrow.list_(contribution)),
        "summary": arrow.list_(text),
        "model": text,
        "extra": text,
    }
    schema = arrow.schema(list(fields.items()), metadata={_OURS: b"1"})
    sink = _Sink()
    with arrow.parquet.ParquetWriter(arrow.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for group in _groups(tagged):
            writer.write_batch(arrow.RecordBatch.from_pylist(group, schema=schema))
            yield sink.taken()
    yield sink.taken()


def _groups(tagged: Iterable[TaggedPost]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    extra = 0
    for tag in tagged:
        group.append(_row(tag))
        extra += len(group[-1]["extra"] or "")
        if len(group) == ROWS or extra >= EXTRA:
            yield group
            group, extra = [], 0
    if group:
        yield group


def _row(tag: TaggedPost) -> dict[str, Any]:
    post = tag.post
    return {
        "id": _text(str(post.id)),
        "title": _text(post.title),
        "link": post.link,
        "published": post.published,
        "source": None if post.source is None else _text(post.source),
        "topics": tag.topics,
        "scores": list(tag.scores.items()),
        "evidence": [
            (topic, [{"term": _text(term), "contribution": weight} for term, weight in terms])
            for topic, terms in tag.evidence.items()
        ],
        "summary": [_text(sentence) for sentence in tag.summary],
        "model": tag.model,
        "extra": strict_json.dumps(dict(post.extra)).decode() if post.extra else None,
    }


def _text(text: str) -> str:
    """Without unpaired surrogates, which UTF-8 cannot carry."""
    return text.encode("utf-8", "replace").decode()


def _json(value: Any) -> Any:
    """A value as JSON has it: moments and numbers that it does not know as text, what is no number as null."""
    if isinstance(value, dict):
        return {str(key): _json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if isinstance(value, date | time) else str(value)


class _Sink:
    """What is written to a file, to be taken away piece by piece."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        self._size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken
