"""Hostile bytes end with one clear sentence, and everybody else's work goes on."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model.errors import FeedError, PostError
from model.posts import Post, TaggedPost
from model.versions import Versions
from service.sandbox import Sandbox
from tests.conftest import SAMPLE


@pytest.fixture(scope="module")
def sandbox(home: Path) -> Iterator[Sandbox]:
    versions = Versions(home / "models")
    with Sandbox(versions.directory / str(versions.current()), processes=2, seconds=3) as made:
        yield made


def sleep(*_: object) -> None:
    time.sleep(60)


def eat(*_: object) -> None:
    bytearray(2_000_000_000)


def crash(*_: object) -> None:
    os.abort()


def test_a_feed_is_read_and_tagged(sandbox: Sandbox) -> None:
    feed = sandbox.read(SAMPLE.read_bytes(), "https://a.example/")
    tagged = sandbox.tag(feed.posts, sentences=1, max_words=40)

    assert [outcome.post.id for outcome in tagged if isinstance(outcome, TaggedPost)] == [post.id for post in feed.posts]
    assert sandbox.feeds_of_page(b'<link rel="feed" href="/f">', "https://a.example/")[0].url == "https://a.example/f"


def test_bytes_that_are_no_feed_are_refused_as_without_it(sandbox: Sandbox) -> None:
    with pytest.raises(FeedError, match="it is a PNG image, not a feed"):
        sandbox.read(b"\x89PNG\r\n")


@pytest.mark.parametrize(
    ("work", "reason"),
    [(sleep, "takes more than 3 seconds"), (eat, "takes too much memory"), (crash, "ended the process that read it")],
)
def test_what_goes_beyond_its_limits_is_ended_and_others_go_on(sandbox: Sandbox, work: object, reason: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        hostile = threads.submit(sandbox._run, work)  # type: ignore[arg-type]
        honest = [threads.submit(sandbox.read, SAMPLE.read_bytes()) for _ in range(12)]

        assert all(len(future.result().posts) == 6 for future in honest)
        with pytest.raises(FeedError, match=reason):
            hostile.result()
    assert len(sandbox.read(SAMPLE.read_bytes()).posts) == 6


def test_one_hostile_post_costs_only_itself(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sandbox._run

    def hanging(work: object, version: Path, chunk: list[Post], *rest: object) -> object:
        return run(sleep if any(post.id == "bad" for post in chunk) else work, version, chunk, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sandbox, "_run", hanging)
    outcomes = sandbox.tag([Post(id=name, text="Pods.") for name in ("one", "bad", "two")], sentences=1, max_words=9)

    assert [type(outcome) for outcome in outcomes] == [TaggedPost, PostError, TaggedPost]
    assert str(outcomes[1]) == "post 'bad': reading it takes more than 3 seconds, so it was left"
