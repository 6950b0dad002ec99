"""What polling takes: a first round, in which every post is new, and rounds in which nothing is.

    python -m tests.benchmarks.polling [--sources 1000] [--posts 20] [--database sqlite|postgresql]

Feeds are made of the starter corpus and served on loopback by a process of its own, which is not counted. CPU seconds are
those of the poller with its sandbox, and of PostgreSQL's server; stages are wall-clock, summed over threads. PostgreSQL is a
server of its own, as in the tests; with `--fsync` one that waits for its disk, as SQLite always does here.
"""

import argparse
import contextlib
import hashlib
import http.server
import multiprocessing
import os
import resource
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from html import escape
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path

from model.versions import Versions
from service.poller import Poller, Round
from service.sandbox import Sandbox
from service.settings import Settings
from service.store import NewSource, Store
from tests.store import postgres
from training import starter
from training.fit import fit

PORTS = 16  # each counts as a host of its own
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--posts", type=int, default=20)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--fsync", action="store_true", help="PostgreSQL's commits reach the disk before they return")
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    web = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, options.posts), daemon=True)
    web.start()
    ports = ours.recv()
    with tempfile.TemporaryDirectory() as home, database(options.database, options.fsync) as (url, server):
        content, _ = fit(starter.examples(), starter.topics())
        versions = Versions(Path(home, "models"))
        version = versions.directory / versions.add(content)
        settings = Settings(home=Path(home), database_url=url, allow_addresses=(ip_network("127.0.0.1"),))
        with Store.open(settings) as store, Sandbox(version, processes=2) as sandbox:
            addresses = [f"http://127.0.0.1:{ports[number % PORTS]}/{number}" for number in range(options.sources)]
            store.add_sources([NewSource(address) for address in addresses])
            print(f"{options.sources} sources x {options.posts} posts, {store.dialect}")
            print(f"{'round':24}{'seconds':>9}{'CPU':>8}{'of it DB':>9}{'fetch':>8}{'read':>8}{'tag':>8}{'store':>8}   peak MB")
            for name in ("new", "304", "304", "200, nothing new"):
                ours.send(name != "200, nothing new")
                ours.recv()
                measured(name, Poller(store, sandbox, settings), server, options.sources)
    web.terminate()


def measured(name: str, poller: Poller, server: int | None, sources: int) -> None:
    peaks: list[int] = []
    done = iter(range(1, sources + 1))

    def reported(*_: object) -> None:
        if next(done) % (sources // 4 or 1) == 0:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)

    others = {child.pid for child in multiprocessing.active_children() if child.pid} | ({server} if server else set())
    before, before_database, began = tree_cpu(os.getpid(), without=others), tree_cpu(server), time.perf_counter()
    result: Round = poller.round(reported)
    seconds = time.perf_counter() - began
    of_database = tree_cpu(server) - before_database
    cpu = tree_cpu(os.getpid(), without=others) - before + of_database
    stages = "".join(f"{spent:8.2f}" for spent in result.seconds.values())
    print(f"{name:24}{seconds:9.2f}{cpu:8.2f}{of_database:9.2f}{stages}   {' '.join(map(str, peaks))}")
    assert result.sources == sources, (result.outcomes, result.failures[:3])
    assert not result.failures, result.failures[:3]


def tree_cpu(root: int | None, *, without: Collection[int] = ()) -> float:
    """CPU seconds of a process and all below it, those that have ended included."""
    spent, children = {}, defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            spent[int(entry.name)] = sum(map(int, fields[11:15])) / TICK
            children[int(fields[1])].append(int(entry.name))
    total, waiting = 0.0, [] if root is None else [root]
    while waiting:
        number = waiting.pop()
        total += spent.get(number, 0.0)
        waiting += set(children[number]) - set(without)
    return total


@contextmanager
def database(kind: str, fsync: bool) -> Iterator[tuple[str, int | None]]:
    """The URL, "" for SQLite, and the number of the server's process."""
    if kind == "sqlite":
        yield "", None
        return
    programs = postgres.binaries()
    assert programs, "PostgreSQL's programs are not installed"
    with postgres.server(programs) as running:
        if fsync:
            running.run("ALTER SYSTEM SET fsync = on")
            running.run("SELECT pg_reload_conf()")
        number = int((running.directory / "data" / "postmaster.pid").read_text().split()[0])
        yield running.url(running.create()), number


def serve(pipe: Connection, count: int) -> None:
    """A process that serves feeds, and 304 where an ETag is sent back, unless it has been told not to."""
    corpus = [(escape(one.post.title), escape(one.post.text or one.post.html or "")) for one in starter.examples()]
    conditional = True

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            number = int(self.path[1:])
            posts = (corpus[(number * 37 + place) % len(corpus)] for place in range(count))
            items = "".join(
                f"<item><title>{title}</title><guid>urn:{number}-{place}</guid><description>{text}</description></item>"
                for place, (title, text) in enumerate(posts)
            )
            body = f"<rss version='2.0'><channel><title>Feed {number}</title>{items}</channel></rss>".encode()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            known = conditional and self.headers.get("If-None-Match") == tag
            self.send_response(304 if known else 200)
            self.send_header("ETag", tag)
            if not known:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not known:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(PORTS)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send([server.server_address[1] for server in servers])
    while True:
        conditional = pipe.recv()
        pipe.send(None)


if __name__ == "__main__":
    main()
