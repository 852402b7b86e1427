"""What whoever runs the service watches, in Prometheus' text format: numbers about the service alone, none
about who asked or for what.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sonar_web.api.limits import AtOnce
from sonar_web.index.indexer import Progress

CONTENT_TYPE = "text/plain; version=0.0.4"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Of one service. `note` is called by the event loop, `text` by whoever asks."""

    def __init__(self, progress: Progress, streams: AtOnce) -> None:
        self._progress, self._streams = progress, streams
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._requests = Counter(
            "sonar_web_requests", "Answers, by status", ["status"], registry=self._registry
        )
        self._seconds = Histogram(
            "sonar_web_request_seconds",
            "From a request to the beginning of its answer",
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def note(self, status: int, seconds: float) -> None:
        """One answer."""
        self._requests.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """The gauges, as they are now."""
        progress = self._progress
        silent = time.monotonic() - progress.looked_at if progress.looked_at else 0.0
        for name, what, value in (
            ("block", "The last block that is read", progress.block),
            ("head", "The newest block of the chain", progress.head),
            ("events", "Events read since the start", progress.events),
            ("trouble", "1 if something keeps the index from going on", int(progress.trouble is not None)),
            ("silent_seconds", "Since the index has looked at the chain last", silent),
            ("streams", "Open streams of news", self._streams.taken),
        ):
            yield GaugeMetricFamily(f"sonar_web_{name}", what, value)

    def text(self) -> str:
        """All of it."""
        return generate_latest(self._registry).decode()
