"""Polling a real server on loopback, through the command line and as an object."""

import gzip
import hashlib
import http.server
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from model.errors import LeaseError, StoreError, TopicwireError
from model.versions import Versions
from service import settings as settings_
from service import subscriptions
from service.claims import Claims
from service.poller import Poller
from service.sandbox import Sandbox
from service.settings import Settings
from service.store import NewSource, Poll, Recorded, Source, Store
from service.stories import canonical
from tests.conftest import Run
from tests.store import made
from tests.store.conftest import Target
from tests.store.made import HOUR


def item(number: int, word: str, text: str = "The kubelet evicts pods of a deployment in the cluster.") -> str:
    return (
        f"<item><title>{word} {number}</title><guid isPermaLink='false'>{word}-{number}</guid>"
        f"<link>https://{word}.example/{number}</link><description>{text}</description></item>"
    )


def rss(word: str, *items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>{word}</title>{''.join(items)}</channel></rss>".encode()


class Site:
    """Feeds by path, served with an ETag as long as they stay the same; counts what it answers."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.fields: dict[str, str] = {}
        self.answers: list[tuple[str, int]] = []
        self.agents: set[str] = set()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = site.pages.get(self.path, b"")
                tag = f'"{abs(hash(body))}"'
                status = site.statuses.get(self.path, 200 if self.path in site.pages else 404)
                if status == 200 and self.headers.get("If-None-Match") == tag:
                    status, body = 304, b""
                site.answers.append((self.path, status))
                site.agents.add(self.headers.get("User-Agent", ""))
                self.send_response(status)
                for name, value in (site.fields | {"ETag": tag}).items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def environment(target: Target, home: Path, tmp_path: Path) -> dict[str, str]:
    """The settings of a poller with a home and a store of its own that may ask this machine."""
    (tmp_path / "models").symlink_to(home / "models")
    of_store = {} if isinstance(target, Path) else {"TOPICWIRE_DATABASE_URL": target}
    return {
        "TOPICWIRE_HOME": str(tmp_path),
        "TOPICWIRE_ALLOW_ADDRESSES": "127.0.0.1",
        "TOPICWIRE_MAX_FETCH_SECONDS": "5",
    } | of_store


@pytest.fixture
def loopback(environment: dict[str, str]) -> Settings:
    return settings_.read(environment)


@pytest.fixture(scope="module")
def sandbox(home: Path) -> Iterator[Sandbox]:
    versions = Versions(home / "models")
    with Sandbox(versions.directory / str(versions.current())) as made:
        yield made


def outcomes(poller: Poller) -> tuple[dict[str, int], int, int]:
    result = poller.round()
    return dict(result.outcomes), result.new, result.changed


def test_new_then_unchanged_then_changed(site: Site, store: Store, sandbox: Sandbox, loopback: Settings) -> None:
    for name in ("a", "b"):
        site.pages[f"/{name}"] = rss(name, item(1, name), item(2, name))
        store.add_source(NewSource(f"{site.url}/{name}"))
    poller = Poller(store, sandbox, loopback)

    assert outcomes(poller) == ({"fetched": 2}, 4, 0)
    assert outcomes(poller) == ({"unchanged": 2}, 0, 0)
    site.pages["/a"] = rss("a", item(1, "a"), item(2, "a", "Now about bread and flour, and how long it must rest."))
    assert outcomes(poller) == ({"fetched": 1, "unchanged": 1}, 0, 1)
    assert [agent.split("/")[0] for agent in site.agents] == ["topicwire"]
    topics = {post.tagged.post.id: post.topics for post in store.posts().posts}
    assert topics == {"a-1": ["containers"], "a-2": [], "b-1": ["containers"], "b-2": ["containers"]}


def test_a_broken_source_stops_nobody_and_is_asked_later(site: Site, store: Store, sandbox: Sandbox, loopback: Settings) -> None:
    site.pages |= {"/good": rss("good", item(1, "good")), "/picture": b"\x89PNG", "/busy": b"", "/gone": b""}
    site.statuses |= {"/busy": 503, "/gone": 410}
    for name in ("picture", "missing", "busy", "gone", "good"):
        store.add_source(NewSource(f"{site.url}/{name}"))

    result = Poller(store, sandbox, loopback).round()

    assert result.outcomes == {"fetched": 1, "failed": 3, "gone": 1}
    assert sorted(str(failure).replace(site.url, "") for failure in result.failures) == [
        "/busy: the server answered 503",
        "/gone: its publisher has taken it down for good (410); it is not asked again",
        "/missing: the server answered 404",
        "/picture: it is a PNG image, not a feed",
    ]
    site.answers.clear()
    Poller(store, sandbox, loopback).round()
    assert site.answers == [("/good", 304)]


def test_the_server_says_how_long_its_answer_holds(site: Site, store: Store, sandbox: Sandbox, loopback: Settings) -> None:
    site.pages["/a"], site.fields = rss("a", item(1, "a")), {"Cache-Control": "max-age=600"}
    store.add_source(NewSource(f"{site.url}/a"))
    poller = Poller(store, sandbox, loopback)

    assert outcomes(poller) == ({"fetched": 1}, 1, 0)
    assert outcomes(poller) == ({}, 0, 0)


@pytest.mark.parametrize(("wish", "wait"), [("", 0 * HOUR), ("<ttl>120</ttl>", 2 * HOUR)])
def test_the_pace_that_a_feed_asked_for_holds_after_a_304(
    site: Site, store: Store, sandbox: Sandbox, loopback: Settings, wish: str, wait: timedelta
) -> None:
    site.pages["/a"] = rss("a", wish, item(1, "a"))
    number = store.add_source(NewSource(f"{site.url}/a"))[0].id
    poller = Poller(store, sandbox, loopback)
    for answer in ({"fetched": 1}, {"unchanged": 1}):
        store.update_source(number, next_poll=store.now())
        assert outcomes(poller)[0] == answer
        polled = store.source(number)
        assert polled.polled
        assert wait <= polled.next_poll - polled.polled <= 1.1 * wait + timedelta(seconds=1)


def test_what_polling_counts_is_told_to_all_who_ask_the_store(
    site: Site, store: Store, sandbox: Sandbox, loopback: Settings, client: FlaskClient
) -> None:
    site.pages |= {
        "/a": rss("a", item(1, "a"), item(2, "a", "Bread and flour, and how long the dough must rest."), "<pubDate>?</pubDate>"),
        "/b": rss("b", item(1, "b").replace("<link>", "<pubDate>soon</pubDate><link>")),
    }
    for name in ("a", "b", "missing"):
        store.add_source(NewSource(f"{site.url}/{name}"))
    for _ in range(2):
        Poller(store, sandbox, loopback).round()

    counts = store.figures(store.now()).counts
    exposed = client.get("/metrics").get_data(as_text=True)

    assert counts["polls"] == {"failed": 1, "fetched": 2, "unchanged": 2}
    assert counts["posts"] == {"containers": 2, "none": 1}
    assert counts["warnings"] == {"date": 1}
    assert counts["seconds"].keys() == {"fetch", "read", "tag", "store"}
    assert all(seconds > 0 for seconds in counts["seconds"].values())
    for line in (
        'topicwire_polls_total{outcome="unchanged"} 2.0',
        'topicwire_polled_posts_total{topic="none"} 1.0',
        'topicwire_polled_feed_warnings_total{kind="date"} 1.0',
        'topicwire_poll_seconds_total{stage="fetch"} ',
    ):
        assert f"\n{line}" in exposed
    assert site.url not in exposed


def test_what_the_store_does_not_take_fails_its_source_alone(
    site: Site, store: Store, sandbox: Sandbox, loopback: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        site.pages[f"/{name}"] = rss(name, item(1, name))
        store.add_source(NewSource(f"{site.url}/{name}"))
    record = store.record_poll

    def refusing(poll: Poll) -> Recorded:
        if poll.source == 1 and poll.posts:
            raise StoreError("it is locked by another process")
        return record(poll)

    monkeypatch.setattr(store, "record_poll", refusing)
    result = Poller(store, sandbox, loopback).round()

    assert result.outcomes == {"failed": 1, "fetched": 1}
    assert [str(failure) for failure in result.failures] == [f"{site.url}/a: it is locked by another process"]
    assert store.source(1).failures == 1


def test_a_claim_lasts_as_long_as_its_poller(site: Site, store: Store) -> None:
    source, _ = store.add_source(NewSource(f"{site.url}/a"))
    lease = timedelta(seconds=0.6)

    def claimed() -> list[Source]:
        return store.claim_due_sources(store.now(), 1, lease)

    with Claims(store, lease=lease, renewed_every=0.05) as claims:
        [mine] = claims.take(1, claims.now())
        time.sleep(1.2)
        assert claimed() == []
        claims.check(mine)
    [theirs] = claimed()  # given back
    assert theirs.lease != mine.lease
    store.release_sources([theirs])

    with Claims(store, lease=lease, renewed_every=60) as halted:
        [mine] = halted.take(1, halted.now())
        time.sleep(0.7)
        with pytest.raises(LeaseError, match="/a: this poller was halted for so long"):
            halted.check(mine)
        [theirs] = claimed()
        unchanged = Poll(source.id, mine.lease, store.now(), "unchanged", 0.1, store.now(), status=304)
        assert store.record_unchanged([unchanged]) == [unchanged]
        store.renew_sources([mine], store.now(), HOUR)
    assert store.record_unchanged([replace(unchanged, lease=theirs.lease)]) == []
    assert [poll.outcome for poll in store.polls(source.id)] == ["unchanged"]


def test_rounds_go_on_after_one_that_cannot_be_done(site: Site, environment: dict[str, str], home: Path) -> None:
    models = Path(environment["TOPICWIRE_HOME"], "models")
    models.unlink()
    poller = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "poll", "--every", "1s"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert poller.stdout
    try:
        assert "no model version here yet" in poller.stdout.readline()
        models.symlink_to(home / "models")
        while (line := poller.stdout.readline()) != "" and "0 sources (none was due)" not in line:
            assert "no model version here yet" in line
        models.unlink()
        models.mkdir()
        (models / "current").write_text("../nothing\n")
        while (line := poller.stdout.readline()) != "" and "none was due" in line:
            pass
        assert "it names no version" in line
        assert poller.poll() is None
    finally:
        poller.terminate()
        poller.communicate()
    assert poller.returncode == 128 + signal.SIGTERM


def test_to_be_ended_is_no_fault_to_go_on_after(monkeypatch: pytest.MonkeyPatch, loopback: Settings) -> None:
    """PostgreSQL's driver takes whatever is raised while it reads its options for a fault of these."""
    before = signal.getsignal(signal.SIGTERM)
    said: list[TopicwireError] = []

    def opened(_: Settings) -> Store:
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        raise StoreError("it has an option that PostgreSQL does not know")

    monkeypatch.setattr(Store, "open", opened)
    try:
        with pytest.raises(SystemExit) as ended:
            subscriptions.poll(Namespace(every=1.0, now=False), loopback, said.append)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert (ended.value.code, said) == (128 + signal.SIGTERM, [])


def test_a_version_promoted_meanwhile_tags_from_the_next_round_on(
    site: Site, store: Store, environment: dict[str, str], home: Path
) -> None:
    models = Path(environment["TOPICWIRE_HOME"], "models")
    models.unlink()
    shutil.copytree(home / "models", models)
    versions = Versions(models)
    first = versions.load().name
    second = another(models / first)
    site.pages["/a"] = rss("a", item(1, "a"))
    store.add_source(NewSource(f"{site.url}/a"))
    poller = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "poll", "--every", "1s"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert poller.stdout
    try:
        assert "1 post new" in poller.stdout.readline()
        versions.promote(second)
        site.pages["/a"] = rss("a", item(1, "a"), item(2, "a"))
        while (line := poller.stdout.readline()) != "" and "1 post new" not in line:
            assert "1 unchanged" in line
        while (line := poller.stdout.readline()) != "" and "1 unchanged" not in line:
            pass
        site.pages["/a"] = rss("a", item(1, "a"), item(2, "a"), item(3, "a"))
        while (line := poller.stdout.readline()) != "" and "1 post new" not in line:
            assert "1 unchanged" in line
    finally:
        poller.terminate()
        poller.communicate()
    models_of = {post.tagged.post.id: post.tagged.model for post in store.posts().posts}
    assert (models_of["a-1"], models_of["a-3"]) == (first, second)


def another(version: Path) -> str:
    """The name of a version that is the same but for its card."""
    sums = dict(line.split("  ")[::-1] for line in (version / "SHA256SUMS").read_text().splitlines())
    card = (version / "card.md").read_bytes() + b"Another.\n"
    sums["card.md"] = hashlib.sha256(card).hexdigest()
    listed = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
    copy = shutil.copytree(version, version.parent / hashlib.sha256(listed).hexdigest()[: len(version.name)])
    (copy / "card.md").write_bytes(card)
    (copy / "SHA256SUMS").write_bytes(listed)
    return copy.name


def test_posts_and_polls_of_old_are_forgotten_where_the_user_wishes(
    site: Site, run: Run, store: Store, environment: dict[str, str]
) -> None:
    site.pages["/a"] = rss("a", item(1, "a"), item(2, "a"), item(3, "a"))
    one, _ = store.add_source(NewSource(f"{site.url}/a"))
    old = store.now() - timedelta(days=40)
    made.record(store, one, [made.tagged(made.post(f"a-{number}")) for number in (1, 2)], at=old)
    kept = store.post("a-2")
    assert kept
    store.correct(kept.number, ["containers"], "ann")

    run("poll", **environment)
    assert len(store.posts().posts) == 3
    assert len(store.polls(one.id)) == 1, "the old one is forgotten"
    done = run("poll", **environment, TOPICWIRE_KEEP_DAYS="30")
    site.pages["/a"] = rss("a", item(1, "a"), item(2, "a"), item(3, "a"), item(4, "a"))
    again = run("poll", **environment, TOPICWIRE_KEEP_DAYS="30")

    assert "1 post older than 30 days deleted" in done.stdout.decode()
    assert again.stdout.decode().startswith("1 source (1 fetched): 1 post new, 0 changed; "), "what is forgotten stays away"
    assert sorted(made.ids(store.posts().posts)) == ["a-2", "a-3", "a-4"]
    assert [example.topics for example in store.examples()] == [("containers",)]


def test_the_same_story_from_two_sources_is_listed_once(site: Site, store: Store, sandbox: Sandbox, loopback: Settings) -> None:
    story = item(1, "a")
    site.pages |= {"/a": rss("a", story), "/b": rss("b", story.replace("a-1", "other").replace("/1<", "/1/?utm_source=b<"))}
    for name in ("a", "b"):
        store.add_source(NewSource(f"{site.url}/{name}"))
        Poller(store, sandbox, loopback).round()

    (post,) = store.posts().posts

    assert len(post.sources) == 2


def test_sources_that_a_stopped_poller_claimed_are_free_again(
    site: Site, store: Store, sandbox: Sandbox, loopback: Settings
) -> None:
    for number in range(30):
        site.pages[f"/{number}"] = rss(f"n{number}", item(1, f"n{number}"))
        store.add_source(NewSource(f"{site.url}/{number}"))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    poller = Poller(store, sandbox, loopback)
    with pytest.raises(KeyboardInterrupt):
        poller.round(reported=stop)
    left = Poller(store, sandbox, loopback).round()

    assert left.sources == 30
    assert len(store.posts(limit=100).posts) == 30


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "http://www.a.example/x/"),
        ("https://a.example/x", "https://a.example:443/x#part"),
        ("https://a.example/x?id=1", "https://A.example/x?utm_source=feed&id=1&fbclid=z"),
    ],
)
def test_links_to_the_same_page(one: str, other: str) -> None:
    assert canonical(one) == canonical(other) != None  # noqa: E711


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "https://a.example/y"),
        ("https://a.example/x", "https://b.example/x"),
        ("https://a.example/x?id=1", "https://a.example/x?id=2"),
        ("https://a.example/x", "https://a.example:8080/x"),
        ("https://a.example/X", "https://a.example/x"),
    ],
)
def test_links_to_different_pages(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("link", [None, "", "https://a.example", "https://a.example/?utm_source=x", "http://[bad/x"])
def test_links_that_are_no_single_posts(link: str | None) -> None:
    assert canonical(link) is None


def test_from_a_site_to_its_posts_on_the_command_line(site: Site, run: Run, environment: dict[str, str]) -> None:
    home = environment
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{name}" title="{name}">' for name in ("a", "b"))
    site.pages |= {"/": links.encode(), "/one": links.replace("/b", "/a").encode()}
    site.pages |= {f"/{name}": rss(name, item(1, name)) for name in ("a", "b")}

    several = run("sources", "add", f"{site.url}/", **home)
    one = run("sources", "add", f"{site.url}/one", "--folder", "Cloud", "--title", "Mine", **home)
    every = run("sources", "add", "--all", f"{site.url}/", "not/there.opml", **home)
    exported = run("sources", "export", **home)
    polled, again = run("poll", **home), run("poll", **home)
    shown = run("sources", "list", **home)
    removed = run("sources", "remove", "1", f"{site.url}/b", "77", "9" * 30, **home)
    imported = run("sources", "import", "-", stdin=exported.stdout, **home)

    assert (several.returncode, several.stdout) == (1, b"")
    assert several.stderr.decode() == (
        f"topicwire: {site.url}/: it names 2 feeds; add one of them, or all with --all:\n  {site.url}/a  a\n  {site.url}/b  b\n"
    )
    assert one.stdout.decode() == "    1  Mine: added\n"
    assert re.fullmatch(r" +1  Mine: was there already\n +\d+  b: added\n", every.stdout.decode())
    assert every.stderr.decode().startswith("topicwire: not/there.opml: it is no http(s) URL, and no file that can be read")
    assert polled.returncode == again.returncode == 0
    assert re.match(r"2 sources \(2 fetched\): 2 posts new, 0 changed; ", polled.stdout.decode())
    assert re.match(r"2 sources \(2 unchanged\): 0 posts new, 0 changed; ", again.stdout.decode())
    assert "Mine  [Cloud]" in shown.stdout.decode()
    assert removed.returncode == 1
    assert removed.stderr.decode().count("there is no such source") == 2
    assert removed.stdout.decode().count("removed, with 1 post; 0 corrected stay as examples") == 2
    assert imported.stdout.decode() == "2 sources added, 0 were there already\n"


def test_lists_come_from_anywhere_and_faults_count(site: Site, run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    home = environment
    good = b'<opml><body><outline text="A" xmlUrl="http://a.example/"/></body></opml>'
    faulty = good.replace(b"</body>", b'<outline xmlUrl="ftp://b.example/"/></body>').replace(b"a.example", b"c.example")
    site.pages |= {"/list": good, "/list.gz": gzip.compress(faulty)}
    packed = tmp_path / "list.gz"
    packed.write_bytes(gzip.compress(faulty))

    fetched = run("sources", "import", f"{site.url}/list", **home)
    of_file = run("sources", "import", packed, **home)
    of_url = run("sources", "import", f"{site.url}/list.gz", **home)
    added = run("sources", "add", packed, **home)
    missing = run("sources", "import", f"{site.url}/none", **home)

    assert (fetched.returncode, fetched.stdout) == (0, b"1 source added, 0 were there already\n")
    assert (of_file.returncode, of_file.stdout) == (1, b"1 source added, 0 were there already\n")
    assert of_file.stderr.decode() == f"topicwire: {packed}:1: 'ftp://b.example/' is no http(s) URL of a feed\n"
    assert (of_url.returncode, of_url.stdout) == (1, b"0 sources added, 1 were there already\n")
    assert (added.returncode, added.stderr) == (1, of_file.stderr)
    assert (missing.returncode, missing.stderr.decode()) == (1, f"topicwire: {site.url}/none: its server answered 404\n")


def test_a_poller_that_is_killed_loses_nothing_and_doubles_nothing(
    site: Site, loopback: Settings, environment: dict[str, str]
) -> None:
    count = 40
    for number in range(count):
        site.pages[f"/{number}"] = rss(f"n{number}", item(1, f"n{number}"), item(2, f"n{number}"))
    with Store.open(loopback) as store:
        store.add_sources([NewSource(f"{site.url}/{number}") for number in range(count)])
    kept: set[str] = set()
    for _ in range(3):
        begun = len(site.answers)
        poller = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "poll"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while len(site.answers) < begun + 8 and poller.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        poller.send_signal(signal.SIGKILL)
        poller.wait()
        with Store.open(loopback) as store:
            found = [post.key for post in store.posts(limit=1000).posts]
        assert len(found) == len(set(found))
        assert kept <= set(found)
        kept = set(found)
    with (
        Store.open(loopback) as store,
        Sandbox(Versions(loopback.models).directory / str(Versions(loopback.models).current())) as box,
    ):
        # Their leases run for half a minute; nobody else is alive to hold them.
        for source in store.sources():
            store.release_sources([source])
        Poller(store, box, replace(loopback)).round()
        assert len(store.posts(limit=1000).posts) == 2 * count
