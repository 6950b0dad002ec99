"""The store: all operations on one database."""

from service.store.examples import Examples
from service.store.jobs import Jobs
from service.store.moments import Moments
from service.store.polls import Polls
from service.store.posts import Posts
from service.store.requests import Requests
from service.store.sources import Sources


class Store(Sources, Polls, Posts, Examples, Jobs, Requests, Moments):
    """Sources, posts, tags, corrections, examples, polls, jobs and requests in one database.

        with Store.open(settings) as store:
            source, _ = store.add_source(NewSource("https://example.org/feed.xml"))

    Every operation is a transaction of its own, unless it is done `together` with others: when it returns, what it did is on
    disk; when it raises, nothing of it is. What the database refuses is a StoreError. Safe to share between threads and,
    each with its own, between processes; on SQLite one writes while the others read, on PostgreSQL several write.
    """
