"""What is counted, for Prometheus. Labels are routes, methods, statuses, topics, versions, states, outcomes, stages and
kinds: never a URL or a title.

With several worker processes the counts are shared through files in PROMETHEUS_MULTIPROC_DIR, which the server sets
before this module is imported.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from model.posts import TaggedPost

if TYPE_CHECKING:  # SQLAlchemy is not imported for this
    from service.store import CountOf, Figures

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
MODEL = Gauge("topicwire_model", "Workers that serve a model version, by version.", ["version"], multiprocess_mode="livesum")
RELOADS = Counter("topicwire_reloads", "Times that a worker went over to another version: done, or failed.", ["outcome"])
BEHIND = Gauge(
    "topicwire_workers_behind",
    "Workers that serve an older version, since they cannot load the one that is current.",
    multiprocess_mode="livesum",
)
# What pollers, which are processes of their own, have told the store: its name there -> the metric.
POLLING: "dict[CountOf, tuple[str, str, str]]" = {
    "polls": ("topicwire_polls", "Sources asked, by what came of it: fetched, unchanged, failed or gone.", "outcome"),
    "seconds": ("topicwire_poll_seconds", "Seconds that polling spent, in all threads, by stage.", "stage"),
    "posts": ("topicwire_polled_posts", "New and changed posts that polling stored, by topic; `none`: without one.", "topic"),
    "warnings": ("topicwire_polled_feed_warnings", "Warnings of feeds that polling could read, by kind.", "kind"),
}


class Stored:
    """What the store says at the moment it is asked. Where it does not answer, nothing is said in its place."""

    def __init__(self, figures: "Figures | None") -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Each figure as a family, empty where there is none."""
        figures = self._figures
        yield GaugeMetricFamily("topicwire_store_up", "1 if the store answers, 0 if not.", value=0 if figures is None else 1)
        sources = GaugeMetricFamily("topicwire_sources", "Sources, by state.", labels=["state"])
        due = GaugeMetricFamily("topicwire_sources_due", "Sources that should have been asked by now.")
        oldest = GaugeMetricFamily("topicwire_oldest_unpolled_seconds", "Longest time that an active source has not been asked.")
        corrections = GaugeMetricFamily("topicwire_corrections", "Corrections that hold.")
        week = GaugeMetricFamily("topicwire_week_posts", "Stored posts of the last seven days.")
        without = GaugeMetricFamily("topicwire_week_posts_without_topic", "Those of them that have no topic.")
        scores = GaugeMetricFamily("topicwire_week_mean_score", "Their mean score; a reader's word is 1 or 0.", labels=["topic"])
        if figures is not None:
            for state, count in figures.sources.items():
                sources.add_metric([state], count)
            due.add_metric([], figures.due)
            if figures.oldest_unpolled is not None:
                oldest.add_metric([], figures.oldest_unpolled.total_seconds())
            corrections.add_metric([], figures.corrections)
            week.add_metric([], figures.week_posts)
            without.add_metric([], figures.week_without_topic)
            for topic, score in figures.week_scores.items():
                scores.add_metric([topic], score)
        yield from (sources, due, oldest, corrections, week, without, scores)
        for name, (metric, help_text, label) in POLLING.items():
            counter = CounterMetricFamily(metric, help_text, labels=[label])
            for labelled, counted in (figures.counts.get(name, {}) if figures is not None else {}).items():
                counter.add_metric([labelled], counted)
            yield counter


METRICS = (REQUESTS, SECONDS, BUSY, POSTS, WARNINGS, MODEL, RELOADS, BEHIND, Stored(None))


def count_posts(tagged: list[TaggedPost]) -> None:
    for post in tagged:
        for topic in post.topics or ["none"]:
            POSTS.labels(topic).inc()


def now_serves(version: str, *, instead_of: str | None = None) -> None:
    MODEL.labels(version).set(1)
    if instead_of is not None:
        MODEL.labels(instead_of).set(0)
        RELOADS.labels("done").inc()


def cannot_serve() -> None:
    """The version that is current, in this worker."""
    RELOADS.labels("failed").inc()
    BEHIND.set(1)


def can_serve_again() -> None:
    BEHIND.set(0)


class _Counted:
    """The metrics of all workers, but for versions that none serves any more: where there are several processes, a label
    cannot be taken back, only set to 0."""

    def collect(self) -> Iterator[Metric]:
        several = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        source = MultiProcessCollector(None) if several else REGISTRY  # type: ignore[no-untyped-call]
        for metric in source.collect():
            if metric.name == "topicwire_model":
                metric.samples = [sample for sample in metric.samples if sample.value]
            yield metric


def exposition(stored: Stored | None) -> tuple[bytes, str]:
    """The metrics of all workers, and those of the store if there is one, as text, and its content type."""
    registry = CollectorRegistry()
    registry.register(_Counted())
    if stored is not None:
        registry.register(stored)
    return generate_latest(registry), CONTENT_TYPE_LATEST
