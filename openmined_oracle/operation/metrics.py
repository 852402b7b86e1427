"""`/metrics` for Prometheus and `/healthz`, on loopback only: whoever may read them is on this machine.

Numbers and nothing else: no campaign, no account, no miner, nothing that is not on chain anyway. The agent
hands in what it has found out; answering a request asks nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from openmined_oracle.errors import HomeError
from openmined_oracle.operation.vitals import Vitals

LOOPBACK = "127.0.0.1"
FRESH_SECONDS = 120.0
"""How old the last whole round may be: a Capsule that hangs, or whose node is away, is not healthy."""
_GAUGES: tuple[tuple[str, str, Callable[[Vitals], float | None]], ...] = (
    ("campaigns", "Campaigns with something left to do", lambda v: v.campaigns),
    ("campaign_problems", "Campaigns whose last try failed", lambda v: v.problems),
    ("queue", "Submissions without a verdict on chain", lambda v: v.queue),
    ("oldest_submission_seconds", "Age of the oldest of them", lambda v: v.oldest_seconds),
    ("deadlines_at_risk", "Campaigns whose review ends within a day", lambda v: v.at_risk),
    ("balance_wei", "What the account holds", lambda v: v.balance),
    ("balance_days", "Days that this lasts, by what gas has cost lately", lambda v: v.balance_days),
    ("blocks_behind", "Blocks of the chain that are not read yet", lambda v: v.blocks_behind),
)


class Watch:
    """What the agent has found out last. Written by the agent's thread, read by the server's."""

    def __init__(self) -> None:
        self._vitals: Vitals | None = None
        self._round_at: float | None = None

    def note_round(self) -> None:
        """A round came to its end."""
        self._round_at = time.monotonic()

    def note(self, vitals: Vitals) -> None:
        """Newer numbers."""
        self._vitals = vitals

    @property
    def numbers_at(self) -> float | None:
        """When the numbers were taken (`time.monotonic`); None before the first."""
        return None if self._vitals is None else self._vitals.taken_at

    @property
    def healthy(self) -> bool:
        """Whether a round ended lately."""
        return self._round_at is not None and time.monotonic() - self._round_at <= FRESH_SECONDS

    def collect(self) -> Iterator[Metric]:
        """For Prometheus."""
        yield GaugeMetricFamily("capsule_healthy", "1 if a round ended lately", value=float(self.healthy))
        vitals = self._vitals
        for name, words, value in _GAUGES:
            number = None if vitals is None else value(vitals)
            if number is not None:
                yield GaugeMetricFamily(f"capsule_{name}", words, value=float(number))


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Log nothing: requests are not worth a line."""


class MetricsServer:
    """Serves until closed; `port` 0 takes a free one."""

    def __init__(self, watch: Watch, port: int) -> None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(watch)
        metrics = make_wsgi_app(registry)

        def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            if environ.get("PATH_INFO") == "/healthz":
                status = "200 OK" if watch.healthy else "503 Service Unavailable"
                start(status, [("Content-Type", "text/plain; charset=utf-8")])
                return [b"ok\n" if watch.healthy else b"no round has ended lately\n"]
            if environ.get("PATH_INFO") == "/metrics":
                answer: Iterable[bytes] = metrics(environ, start)
                return answer
            start("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"there are /metrics and /healthz\n"]

        try:
            self._server: WSGIServer = make_server(LOOPBACK, port, app, handler_class=_Quiet)
        except OSError as error:
            raise HomeError(
                f"metrics cannot be served at {LOOPBACK}:{port} ({error.strerror}): choose another"
                " metrics_port in capsule.toml, or 0 for none"
            ) from None
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
