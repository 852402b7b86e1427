"""Long computations, beside the rounds: encrypting a large model holds up no other campaign.

Every campaign has at most one piece of work under way. Small ones come back within the round. Large ones wait
for one another, never small ones for them: a strangers' heavy campaign costs its own scientist time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from typing import Any, TypeVar

from openmined_oracle.errors import InProgressError
from openmined_oracle.waiting import Waiting

T = TypeVar("T")

LIGHT_THREADS = 4
PATIENCE_SECONDS = 0.25
"""How long a round waits for a piece of work before it goes on with other campaigns; see `waiting`, too."""
HEAVY_EFFORT = 512.0
"""From here on work is heavy: ciphertexts of 2048 bits, see `Scheme.effort`. About two seconds."""


@dataclass(frozen=True)
class _Job:
    what: Hashable
    future: Future[Any]


class Workshop:
    """Threads for computations that touch neither the database nor the node. Call it from one thread."""

    def __init__(self, waiting: Waiting | None = None) -> None:
        self._waiting = waiting or Waiting()
        self._light = ThreadPoolExecutor(LIGHT_THREADS, thread_name_prefix="light work")
        self._heavy = ThreadPoolExecutor(1, thread_name_prefix="heavy work")
        self._jobs: dict[bytes, _Job] = {}

    def do(self, campaign: bytes, what: Hashable, work: Callable[[], T], *, effort: float) -> T:
        """What `work` returns; it is done once, however often this is called for the same `what`.

        Raises:
            InProgressError: it takes longer; call again in a later round.
            Exception: what `work` raised.
        """
        job = self._jobs.get(campaign)
        if job is None or (job.what != what and (job.future.done() or job.future.cancel())):
            pool = self._heavy if effort >= HEAVY_EFFORT else self._light
            job = self._jobs[campaign] = _Job(what, pool.submit(work))
        try:
            with self._waiting.up_to(PATIENCE_SECONDS, campaign) as patience:
                result: T = job.future.result(timeout=patience)
        except StillRunning:
            if not job.future.done():  # else it is the work's own
                raise InProgressError("is being worked on") from None
            del self._jobs[campaign]
            raise
        except BaseException:
            del self._jobs[campaign]
            raise
        if job.what != what:
            raise InProgressError("waits for an earlier piece of work of its own")
        del self._jobs[campaign]
        return result

    def require_free(self, campaign: bytes) -> None:
        """Raises InProgressError while work of the campaign is under way: nothing is prepared anew for it."""
        job = self._jobs.get(campaign)
        if job is not None and not job.future.done():
            raise InProgressError("is being worked on")

    def close(self) -> None:
        """Begin nothing more; what runs is finished and thrown away."""
        for pool in (self._light, self._heavy):
            pool.shutdown(wait=False, cancel_futures=True)
