"""What is counted, for Prometheus. Labels are routes, methods, statuses, topics and versions: never a URL or a title.

With several worker processes the counts are shared through files in PROMETHEUS_MULTIPROC_DIR, which the server sets
before this module is imported.
"""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from model.posts import TaggedPost

REQUESTS = Counter("topicwire_requests", "Requests answered.", ["route", "method", "status"])
SECONDS = Histogram(
    "topicwire_request_seconds",
    "Seconds from a request's arrival to its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BUSY = Counter("topicwire_refused", "Requests refused because too many were being worked on.")
POSTS = Counter("topicwire_posts", "Posts tagged, by topic given; a post with several counts for each.", ["topic"])
WARNINGS = Counter("topicwire_feed_warnings", "Feeds that could be read, but not without a warning, by its kind.", ["kind"])
MODEL = Gauge("topicwire_model", "1 for the model version that serves.", ["version"], multiprocess_mode="mostrecent")

METRICS = (REQUESTS, SECONDS, BUSY, POSTS, WARNINGS, MODEL)


def count_posts(tagged: list[TaggedPost]) -> None:
    for post in tagged:
        for topic in post.topics or ["none"]:
            POSTS.labels(topic).inc()


def exposition() -> tuple[bytes, str]:
    """The metrics of all workers as text, and its content type."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
