"""Tagging by a real Dask scheduler and real workers, as processes on loopback; some of them are killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.test_shards import archive, contents

FILES, POSTS = 10, 250


class Cluster:
    """A scheduler and two workers of one thread each, without nannies that would start another in the place of one."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self._directory = directory
        self._environment = os.environ | environment
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(directory / "scheduler.json"))
        told = directory / "scheduler.json"
        until(lambda: told.exists() and told.read_bytes().rstrip().endswith(b"}"))  # the scheduler does not write it at once
        self.address = str(json.loads(told.read_bytes())["address"])
        self.workers = [self.worker(name) for name in "ab"]
        until(lambda: all(b"Registered to" in directory.joinpath(f"worker-{name}.log").read_bytes() for name in "ab"))

    def worker(self, name: str) -> "subprocess.Popen[bytes]":
        directory = str(self._directory / "dask")
        return self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory", directory, name=name)

    def _start(self, kind: str, *arguments: str, name: str = "") -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        with self._directory.joinpath(f"{kind}-{name}.log").open("wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def until(holds: object, seconds: float = 60) -> None:
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


@pytest.fixture
def environment() -> dict[str, str]:
    return {}


@pytest.fixture
def cluster(tmp_path: Path, environment: dict[str, str]) -> Iterator[Cluster]:
    made = Cluster(tmp_path, **environment)
    yield made
    made.close()


def tagging(home: Path, inputs: Path, out: Path, address: str) -> "subprocess.Popen[bytes]":
    """The command, as soon as the first file is there: at work, with others to go."""
    command = [sys.executable, "-W", "error", "-m", "service.cli", "tag", f"{inputs}/*.gz", "-o", f"{out}/", "--cluster", address]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | {"TOPICWIRE_HOME": str(home)})
    until(lambda: process.poll() is not None or any(out.glob("*.jsonl")))
    assert process.poll() is None
    assert len(contents(out)) < FILES - 2
    return process


@pytest.fixture
def expected(run: Run, tmp_path: Path) -> dict[str, bytes]:
    """What one process makes of an archive."""
    archive(tmp_path / "in", FILES, POSTS)
    assert run("tag", f"{tmp_path}/in/*.gz", "-o", f"{tmp_path}/one/", "--jobs", "1").returncode == 0
    return contents(tmp_path / "one")


def test_a_worker_that_is_killed_costs_nothing(
    run: Run, home: Path, tmp_path: Path, cluster: Cluster, expected: dict[str, bytes]
) -> None:
    process = tagging(home, tmp_path / "in", tmp_path / "out", cluster.address)
    cluster.workers[0].kill()
    _, said = process.communicate(timeout=120)

    assert (process.returncode, said) == (0, b"")
    assert contents(tmp_path / "out") == expected
    assert run("tag", f"{tmp_path}/in/*.gz").stdout == b"".join(data for _, data in sorted(expected.items()))

    # Again, with nothing to do, and by workers one of which is new.
    before = {path: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
    cluster.workers.append(cluster.worker("c"))
    done = run("tag", f"{tmp_path}/in/*.gz", "-o", f"{tmp_path}/out/", "--cluster", cluster.address)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert {path: path.stat().st_ino for path in before} == before


@pytest.mark.parametrize("environment", [{"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}])
def test_files_that_fall_with_their_worker_are_named_and_made_by_the_next_run(
    run: Run, home: Path, tmp_path: Path, cluster: Cluster, expected: dict[str, bytes]
) -> None:
    process = tagging(home, tmp_path / "in", tmp_path / "out", cluster.address)
    cluster.workers[0].kill()
    _, said = process.communicate(timeout=120)

    assert process.returncode == 1
    assert said
    named = set()
    for line in said.decode().splitlines():
        name, problem = line.removeprefix(f"topicwire: {tmp_path}/in/").split(": ", 1)
        assert problem.startswith("it was given up after 3 tries: the workers that tried it have died")
        named.add(name.removesuffix(".gz"))
    # One that was written, but of which the worker could not tell any more, is named as well.
    assert expected.keys() - contents(tmp_path / "out").keys() <= named
    assert run("tag", f"{tmp_path}/in/*.gz", "-o", f"{tmp_path}/out/", "--cluster", cluster.address).returncode == 0
    assert contents(tmp_path / "out") == expected


def test_a_scheduler_that_is_lost_is_named_and_what_is_done_stays(
    run: Run, home: Path, tmp_path: Path, cluster: Cluster, expected: dict[str, bytes]
) -> None:
    process = tagging(home, tmp_path / "in", tmp_path / "out", cluster.address)
    cluster.scheduler.kill()
    _, said = process.communicate(timeout=120)

    assert process.returncode == 1
    lost, _, rest = said.decode().partition(", with ")
    assert lost == f"topicwire: {cluster.address}: it is lost"
    assert rest.endswith(" files to go; run again, and those done are left alone\n")
    done = contents(tmp_path / "out")
    assert done.items() <= expected.items()
    assert run("tag", f"{tmp_path}/in/*.gz", "-o", f"{tmp_path}/out/").returncode == 0
    assert contents(tmp_path / "out") == expected


def test_bad_files_are_named_by_the_cluster_as_by_one_process(run: Run, tmp_path: Path, cluster: Cluster) -> None:
    bad, empty = tmp_path / "bad.jsonl", tmp_path / "empty.xml"
    bad.write_bytes(b'{"text": "Pods."}\nbroken\n')
    empty.write_bytes(b"")

    done = run("tag", bad, empty, tmp_path / "none.xml", "-o", tmp_path / "out", "--cluster", cluster.address)

    assert (done.returncode, done.stdout) == (1, b"")
    assert sorted(done.stderr.decode().splitlines()) == [
        f"topicwire: {bad}:2: it is no JSON: Expecting value (line 1, column 1)",
        f"topicwire: {empty}: it is empty",
        f"topicwire: {tmp_path / 'none.xml'}: it cannot be read: No such file or directory",
    ]
    assert list(contents(tmp_path / "out")) == ["bad.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cluster", "tcp://127.0.0.1:9"], "--cluster: it writes a file for each input, into a directory; say where: -o out/"),
        (
            ["--cluster", "here", "-o", "out/"],
            "here: it is no address such as tcp://scheduler:8786: missing port number in address 'here'",
        ),
    ],
)
def test_clusters_that_are_none(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run("tag", tmp_path / "x", *(f"{tmp_path}/out/" if argument == "out/" else argument for argument in arguments))

    assert (done.returncode, done.stderr.decode()) == (1, f"topicwire: {message}\n")


def test_the_address_of_a_dashboard_is_none_of_a_scheduler(run: Run, tmp_path: Path) -> None:
    done = run("tag", tmp_path / "x", "-o", f"{tmp_path}/out/", "--cluster", "http://127.0.0.1:8787")

    problem = b"topicwire: http://127.0.0.1:8787: it is no address such as tcp://scheduler:8786: unknown address scheme 'http'"
    assert (done.returncode, done.stderr.startswith(problem), done.stderr.count(b"\n")) == (1, True, 1)


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [("distributed", ["--cluster", "tcp://127.0.0.1:9"], "cluster"), ("pyarrow", ["--to", "parquet"], "parquet")],
)
def test_what_is_not_installed_is_named(home: Path, tmp_path: Path, module: str, arguments: list[str], extra: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from service.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "tag", "tests/data/sample.xml", "-o", f"{tmp_path}/out/", *arguments]

    done = subprocess.run(command, env=os.environ | {"TOPICWIRE_HOME": str(home)}, capture_output=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stderr.decode().endswith(f": pip install 'topicwire[{extra}]'\n")
    assert done.stderr.count(b"\n") == 1
