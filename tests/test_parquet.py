"""Parquet, in and out, read and written beside by pyarrow itself."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from pyarrow import parquet as pq

from model.posts import Post, TaggedPost
from service import parquet
from service.pieces import pieces, read
from service.settings import Settings
from tests.conftest import SAMPLE, Run
from tests.test_formats import posts


def table(run: Run, *arguments: str | Path) -> pa.Table:
    done = run("tag", *arguments, "--to", "parquet")
    assert (done.returncode, done.stderr) == (0, b"")
    return pq.read_table(io.BytesIO(done.stdout))


def test_columns_are_what_jsonl_says(run: Run) -> None:
    rows = table(run, SAMPLE).to_pylist(maps_as_pydicts="strict")

    for row, line in zip(rows, run("tag", SAMPLE).stdout.splitlines(), strict=True):
        expected = json.loads(line)
        row["published"] = row["published"].isoformat().replace("+00:00", "Z")
        row["evidence"] = {topic: [list(term.values()) for term in terms] for topic, terms in row["evidence"].items()}
        assert row.pop("extra") is None
        assert row == expected


@given(posts)
@settings(deadline=None)
def test_what_goes_out_is_read_by_others_whatever_the_text(tagged: list[TaggedPost]) -> None:
    written = pq.read_table(io.BytesIO(b"".join(parquet.write(tagged))))

    assert written.schema.names[:5] == ["id", "title", "link", "published", "source"]
    for row, tag in zip(written.to_pylist(maps_as_pydicts="strict"), tagged, strict=True):
        assert row["title"] == tag.post.title
        assert row["published"] == tag.post.published
        assert (row["link"], row["topics"], row["scores"], row["summary"]) == (tag.post.link, tag.topics, tag.scores, tag.summary)


@pytest.mark.parametrize(
    ("column", "metadata", "problem"),
    [
        (pa.array([1, 0], pa.timestamp("ns")), None, "Nanosecond"),
        (pa.array([400_000 * 366 * 86_400_000, 0], pa.date64()), None, "value"),
        (pa.array(["", "{}"]), {b"topicwire": b"1"}, "'summary'"),
    ],
)
def test_a_value_that_no_post_has_costs_its_row_alone(
    run: Run, tmp_path: Path, column: pa.Array, metadata: dict[bytes, bytes] | None, problem: str
) -> None:
    texts = pa.array(["The scheduler places pods.", "The resolver answers slowly."])
    made = pa.table({"text": texts, "extra": column}).replace_schema_metadata(metadata)
    pq.write_table(made, tmp_path / "odd.parquet")

    done = run("tag", tmp_path / "odd.parquet", SAMPLE)

    faults = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert faults[0].startswith(f"topicwire: {tmp_path / 'odd.parquet'}:1: it has a value that no post has: ")
    assert problem in faults[0]
    assert len(done.stdout.splitlines()) + len(faults) == 8, "every row is tagged or named"


def test_a_file_of_ours_is_an_input_again(run: Run, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_bytes(
        b'{"id": 7, "title": "Pods", "text": "Kubernetes evicts pods from the node. It is the kubelet that does so.", '
        b'"link": "https://a.example/", "published": "2026-05-04T08:30:00+02:00", "mine": {"a": [1, null]}, "extra": "?"}\n'
    )
    out = tmp_path / "out.parquet"
    assert run("tag", first, "--to", "parquet", "-o", out).returncode == 0

    for name, stdin in ((str(out), b""), ("-", out.read_bytes())):
        done = run("tag", name, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, b"")
        row = json.loads(done.stdout)
        before = json.loads(run("tag", first).stdout)
        assert row["id"] == "7"
        assert all(row[field] == before[field] for field in ("title", "link", "published", "source", "mine", "extra", "model"))


def test_files_of_others_are_read_by_the_row(run: Run, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "html": f"<p>Kubernetes evicts pod {number}.</p>",
            "published": datetime(2026, 5, 4, tzinfo=UTC),
            "text": None,
        }
        for number in range(200)
    ]
    rows[130]["html"] = None
    columns = {"n": float("nan"), "day": date(2026, 5, 4), "price": Decimal("1.50"), "raw": b"\xff", "tags": ["a", None]}
    path = tmp_path / "posts"
    pq.write_table(pa.Table.from_pylist([row | columns for row in rows]), path, row_group_size=70)

    one, two = (run("tag", path, "--jobs", jobs) for jobs in "12")

    assert one.returncode == two.returncode == 1
    assert one.stdout == two.stdout
    assert one.stderr.decode() == f"topicwire: {path}:131: a post has its body in `html` or in `text`, this has neither\n"
    got = [json.loads(line) for line in one.stdout.splitlines()]
    assert [row["id"] for row in got] == [row["id"] for row in rows if row["html"]]
    assert got[0]["published"] == "2026-05-04T00:00:00Z"
    assert {name: got[0][name] for name in ("day", "price", "raw", "tags")} == {
        "day": "2026-05-04",
        "price": "1.50",
        "raw": "�",
        "tags": ["a", None],
    }


def test_a_damaged_file_is_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "cut.parquet"
    path.write_bytes(b"".join(parquet.write([]))[:-9])

    done = run("tag", path)

    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"topicwire: {path}: it is no Parquet that can be read: ")
    assert done.stderr.count(b"\n") == 1


def test_memory_does_not_grow_with_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes out by the group of rows, and comes in by the batch."""
    monkeypatch.setattr(parquet, "ROWS", 100)
    taken = 0

    def tagged() -> Any:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield TaggedPost(Post(id=number), [], {"a": 0.5}, {}, ["A sentence."], "m")

    written = parquet.write(tagged())
    head = next(written)
    assert taken == 100
    path = tmp_path / "x.parquet"
    path.write_bytes(head + b"".join(written))
    assert pq.ParquetFile(path).num_row_groups == 10

    found = pieces(str(path), Settings())
    assert len(list(read(next(found), Settings(), failed=print, warned=print))) == 64
    assert sum(len(list(read(piece, Settings(), failed=print, warned=print))) for piece in found) == 1000 - 64


def test_a_directory_of_parquet(run: Run, tmp_path: Path) -> None:
    done = run("tag", SAMPLE, "-o", f"{tmp_path}/out/", "--to", "parquet")

    assert (done.returncode, done.stderr) == (0, b"")
    assert pq.read_table(tmp_path / "out" / "sample.parquet") == table(run, SAMPLE)
