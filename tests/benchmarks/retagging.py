"""What tagging stored posts again takes, beside tagging alone; and what finding them takes.

    python -m tests.benchmarks.retagging [--posts 20000] [--words 300] [--database sqlite|postgresql] [--fsync]

The posts are generated, each tagged by a version that is no more. `tag` is the same posts by the same version, in memory.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model import strict_json
from model.posts import Post, TaggedPost
from model.tagger import Tagger
from model.versions import Versions
from service.retag import retag
from service.settings import Settings
from service.store import NewSource, Poll, PolledPost, Store
from tests.benchmarks import generated
from tests.benchmarks.polling import database
from training import starter
from training.fit import fit

NOW = datetime.now(UTC)
OLD = "000000000000"
AT_ONCE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--fsync", action="store_true", help="PostgreSQL's commits reach the disk before they return")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, database(options.database, options.fsync) as (url, _):
        versions = Versions(Path(home, "models"))
        content, _ = fit(starter.examples(), starter.topics())
        versions.promote(versions.add(content))
        with Store.open(Settings(home=Path(home), database_url=url)) as store:
            fill(store, options.posts, options.words)
            print(f"{options.posts} posts of {options.words} words, {store.dialect}")
            name = versions.current() or ""
            print(f"are there any to tag again    {median(lambda: store.has_outdated(name)):9.2f} ms")
            print(f"how many                      {median(lambda: store.count_outdated(name)):9.2f} ms")
            print(f"the first of them             {median(lambda: next(store.outdated(name))):9.2f} ms")
            print(f"the week, for metrics         {median(lambda: store.week(NOW)):9.2f} ms")
            print(f"the other figures             {median(lambda: store.figures(NOW)):9.2f} ms")
            posts = [stored.tagged.post for stored in itertools.islice(store.outdated(name), 2_000)]
            tagger = Tagger(versions.load())
            tagger.tag(posts[:100])
            began = time.perf_counter()
            tagger.tag(posts)
            alone = len(posts) / (time.perf_counter() - began)
            began = time.perf_counter()
            done = retag(store, versions)
            again = done.posts / (time.perf_counter() - began)
            assert done.posts == options.posts
            print(f"tag                           {alone:9.0f} posts/s")
            print(f"retag                         {again:9.0f} posts/s, {again / alone:.2f} of it")
            print(f"are there any, when none is   {median(lambda: store.has_outdated(name)):9.2f} ms")


def fill(store: Store, count: int, words: int) -> None:
    source, _ = store.add_source(NewSource("https://one.example/feed.xml"))
    made = tagged(count, words)
    while chunk := list(itertools.islice(made, AT_ONCE)):
        store.record_poll(Poll(source.id, None, NOW, "fetched", 0.1, NOW, status=200, posts=chunk))
    store.analyze()


def tagged(count: int, words: int) -> Iterator[PolledPost]:
    scores = {topic.name: 0.1 for topic in starter.topics()} | {"networking": 0.9}
    for row in map(strict_json.loads, generated.lines(count, words)):
        published = NOW - timedelta(seconds=5 * row["id"])
        post = Post(id=f"urn:{row['id']}", title=row["title"], html=row["html"], published=published)
        answer = TaggedPost(post, ["networking"], scores, {"networking": [("dns", 1.0)]}, ["A sentence."], OLD)
        yield PolledPost(answer, canonical=f"https://one.example/{row['id']}")


def median(work: Callable[[], object]) -> float:
    """Milliseconds."""
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000


if __name__ == "__main__":
    main()
