"""A file for each input: what it is called, when it is made again, and what comes of inputs that are no good."""

import gzip
import json
import os
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, repeat
from pathlib import Path

import pytest

from model.errors import InputError
from service import places, processes
from service.shards import LARGE, patience, shards
from tests.conftest import DATA, SAMPLE, Run


def archive(directory: Path, files: int, posts: int) -> list[Path]:
    """JSONL in gzip, each post another."""
    directory.mkdir()
    paths = []
    for number in range(files):
        rows = [
            {
                "id": f"{number}-{post}",
                "title": f"Pods {post}",
                "text": f"Kubernetes evicts pod {post} of {number} from a node. " * 20,
            }
            for post in range(posts)
        ]
        paths.append(directory / f"part-{number:02}.jsonl.gz")
        paths[-1].write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return paths


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if not path.name.startswith(".")}


def test_files_are_the_same_bytes_by_one_process_and_by_two_and_in_one_stream(run: Run, tmp_path: Path) -> None:
    archive(tmp_path / "in", 6, 300)
    pattern = tmp_path / "in" / "*.jsonl.gz"

    for jobs in "12":
        done = run("tag", pattern, "-o", f"{tmp_path / jobs}/", "--jobs", jobs)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    assert sorted(contents(tmp_path / "1")) == [f"part-{number:02}.jsonl" for number in range(6)]
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert run("tag", pattern, "--jobs", "2").stdout == b"".join(data for _, data in sorted(contents(tmp_path / "1").items()))


def test_what_is_done_is_left_alone_until_something_differs(run: Run, tmp_path: Path) -> None:
    first, second = archive(tmp_path / "in", 2, 3)
    out = tmp_path / "out"

    def made(*arguments: str) -> set[str]:
        before = {path.name: path.stat().st_ino for path in out.glob("*.jsonl")}
        done = run("tag", first, second, "-o", f"{out}/", *arguments)
        assert (done.returncode, done.stderr) == (0, b"")
        return {path.name for path in out.glob("*.jsonl") if before.get(path.name) != path.stat().st_ino}

    assert made() == {"part-00.jsonl", "part-01.jsonl"}
    assert made() == set()
    assert made("--sentences", "1") == {"part-00.jsonl", "part-01.jsonl"}
    first.write_bytes(gzip.compress(b'{"text": "Pods."}'))
    assert made("--sentences", "1") == {"part-00.jsonl"}
    (out / "part-01.jsonl").write_bytes(b"cut")
    assert made("--sentences", "1") == {"part-01.jsonl"}
    (out / ".part-01.jsonl.done").write_bytes(b"\xff{")
    assert made("--sentences", "1") == {"part-01.jsonl"}


def test_inputs_that_are_no_good_are_named_and_cost_the_others_nothing(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b'{"text": "Pods."}\n{"title": "no body"}\n')
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"text": "Pods."}\n' * 500)[:-9])
    page = DATA / "feeds" / "refused" / "web-page.html"
    out = tmp_path / "out"
    out.mkdir()

    done = run("tag", page, bad, cut, tmp_path / "missing.xml", SAMPLE, "-o", out)

    assert (done.returncode, done.stdout) == (1, b"")
    assert sorted(contents(out)) == ["bad.jsonl", "sample.jsonl"]
    assert [contents(out)[name].count(b"\n") for name in sorted(contents(out))] == [1, 6]
    damage = "its gzip data is damaged: Compressed file ended before the end-of-stream marker was reached"
    named = [
        f"topicwire: {page}: it is a web page, not a feed; the page names this feed: /feed.xml",
        f"topicwire: {bad}:2: a post has its body in `html` or in `text`, this has neither",
        f"topicwire: {cut}: {damage}",
        f"topicwire: {tmp_path / 'missing.xml'}: it cannot be read: No such file or directory",
    ]
    assert done.stderr.decode().splitlines() == named
    again = run("tag", bad, SAMPLE, "-o", out)
    assert again.returncode == 1
    assert again.stderr.decode().splitlines() == [named[1]], "what was left out is named again"


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["a/x.xml", "b/x.jsonl"], "b/x.jsonl: its output would be {0}/out/x.jsonl, as that of {0}/a/x.xml; rename one of them"),
        (["out/x.jsonl"], "{0}/out/x.jsonl: it would take the place of an input; choose another directory"),
        (["-"], "standard input: it has no name to call an output by; write it to one file"),
    ],
)
def test_names_that_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], problem: str) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError) as refused:
        shards(names, "out/", "jsonl")

    assert str(refused.value) == problem.format(tmp_path)


def test_no_other_name_of_an_input_is_an_output(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to("in")
    posts = tmp_path / "in" / "posts.jsonl"
    posts.write_bytes(b'{"text": "The scheduler places pods."}\n')

    for name, out in (
        (posts, f"{tmp_path}/link/"),
        (posts, f"{tmp_path}/in/../in/"),
        (posts, f"file://{tmp_path}/in/"),
        (f"file://{posts}", posts),
        (f"{tmp_path}/link/posts.jsonl", posts),
    ):
        done = run("tag", name, "-o", out)
        assert (done.returncode, done.stderr.count(b"it would take the place of an input")) == (1, 1), out
    assert posts.read_bytes() == b'{"text": "The scheduler places pods."}\n'


def test_an_input_of_which_nobody_can_tell_whether_it_changed_is_tagged_again(run: Run, tmp_path: Path) -> None:
    for word in ("pods", "dogs"):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("a.jsonl", f'{{"id": "{word}", "text": "The scheduler places {word}."}}\n')
        done = run("tag", f"zip://a.jsonl::{tmp_path}/a.zip", "-o", f"{tmp_path}/out/")
        assert (done.returncode, done.stderr) == (0, b"")
        assert json.loads((tmp_path / "out" / "a.zip.jsonl").read_bytes())["id"] == word


def test_a_damaged_archive_costs_itself_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 and no more")

    done = run("tag", f"zip://a.jsonl::{tmp_path}/bad.zip", SAMPLE)

    assert (done.returncode, done.stderr.count(b"\n"), len(done.stdout.splitlines())) == (1, 1, 6)
    assert b"it cannot be reached" in done.stderr


def test_a_place_that_nobody_knows_is_one_line(run: Run) -> None:
    for name in ("nfs://host/x.xml", "s3://bucket/x.xml"):
        done = run("tag", name)
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
        assert done.stderr.decode().startswith(f"topicwire: {name}: it cannot be reached: ")


def test_outputs_are_called_as_inputs_are(tmp_path: Path) -> None:
    names = ["a.xml", "b.JSONL.gz", "c", "https://a.example/feed.xml?page=2", "https://b.example/", ".rss", "v1.2.json"]

    made = [Path(shard.output).name for shard in shards(names, f"{tmp_path}/", "jsonfeed")]

    assert made == ["a.json", "b.json", "c.json", "feed.json", "b.example.json", ".rss.json", "v1.2.json"]


def test_a_file_elsewhere_is_there_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), places.writer("memory://there/x") as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert places.size("memory://there/x") is None
    with places.writer("memory://there/x") as stream:
        stream.write(b"whole")
    assert places.expand("memory://there/*") == ["memory:///there/x"], "nothing is left beside it"
    with places.reader("memory://there/x") as stream:
        assert stream.read() == b"whole"

    # The same through the command line, by a URL.
    done = run("tag", SAMPLE.as_uri(), "-o", f"{tmp_path.as_uri()}/out/")
    assert (done.returncode, done.stderr) == (0, b"")
    assert contents(tmp_path / "out") == {"sample.jsonl": run("tag", SAMPLE).stdout}
    done = run("tag", SAMPLE.as_uri(), "-o", f"{tmp_path.as_uri()}/one")
    assert (tmp_path / "one").read_bytes() == run("tag", SAMPLE).stdout
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def _fall(item: str) -> str:
    if item == "poison":
        os._exit(9)
    time.sleep(0.2)  # so that it is at work when its neighbour falls
    return item


def test_a_process_that_is_ended_costs_only_what_ended_it() -> None:
    answers = dict(processes.as_done(_fall, ["a", "poison", "b", "c"], 2, tries=1, patience=0))

    assert isinstance(answers.pop("poison"), RuntimeError)
    assert answers == {name: name for name in ("a", "b", "c")}


def _length(item: int) -> list[int]:
    time.sleep(0.02)  # so that others have begun before all is done
    return list(range(item))


def _fall_elsewhere(process: int) -> list[int]:
    time.sleep(0.02)
    if os.getpid() != process:
        os._exit(9)
    return [process]


def _who(_: int) -> list[int]:
    time.sleep(0.02)
    return [os.getpid()]


def test_all_processes_work_this_one_as_well() -> None:
    assert len({*processes.in_order(_who, range(200), 2, patience=0)}) == 2


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([LARGE + 1, 1], 0.0), ([1, LARGE + 1], None), ([LARGE + 1], None), ([], None), ([None, LARGE + 1], None)],
)
def test_processes_are_started_at_once_for_a_large_shard_beside_others(
    tmp_path: Path, sizes: list[int | None], expected: float | None
) -> None:
    names = [str(tmp_path / f"{number}.jsonl") for number in range(len(sizes))]
    for name, size in zip(names, sizes, strict=True):
        if size is not None:  # one that is not there is told of when its turn comes
            Path(name).write_bytes(b" " * size)

    assert patience(shards(names, str(tmp_path / "out"), "jsonl")) == expected


def _fail_at_60(item: int) -> list[int]:
    time.sleep(0.02)
    if item == 60:
        raise ValueError("60 is too many")
    return [item]


def test_an_error_comes_in_its_place_whoever_has_made_it() -> None:
    results = processes.in_order(_fail_at_60, range(200), 2, patience=0)

    assert list(islice(results, 60)) == list(range(60))
    with pytest.raises(ValueError, match="60 is too many"):
        next(results)


def test_what_others_work_on_comes_in_order_and_a_few_items_at_a_time() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(200):
            taken.append(number)
            yield number % 3 + 1

    results = processes.in_order(_length, items(), 2, patience=0)
    next(results)

    assert len(taken) <= 2 * processes.KEPT
    assert [0, *results] == [length for number in range(200) for length in range(number % 3 + 1)]
    with pytest.raises(InputError, match="one of 2 processes was ended from outside"):
        list(processes.in_order(_fall_elsewhere, repeat(os.getpid()), 2, patience=0))
