"""Executors in the place of a cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def done(result: R) -> Future[R]:
    """A future that has come."""
    future: Future[R] = Future()
    future.set_result(result)
    return future


class Here(Executor):
    """One process: this one."""

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        try:
            return done(function(*arguments, **named))
        except Exception as error:  # noqa: BLE001 - as executors do
            future: Future[R] = Future()
            future.set_exception(error)
            return future


class Lying(Executor):
    """Workers whose answers are others: what `lie` makes of the right one, of the n-th asked for if given."""

    def __init__(self, lie: Callable[[Any], Any], about: int | None = None) -> None:
        self._lie, self._about, self.asked = lie, about, 0

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        found = function(*arguments, **named)
        self.asked += 1
        return done(self._lie(found) if self._about in (None, self.asked - 1) else found)


class Stuck(Executor):
    """Workers that answer the first few and then nothing any more."""

    def __init__(self, few: int) -> None:
        self._few, self.left = few, list[Future[Any]]()

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        if self._few:
            self._few -= 1
            return done(function(*arguments, **named))
        self.left.append(Future())
        return self.left[-1]


class KillsOnce(Executor):
    """Another executor, one of whose processes is killed when so many of its answers have come."""

    def __init__(self, inner: Executor, process: Callable[[], int], after: int) -> None:
        self._inner, self._process, self._after = inner, process, after
        self.come, self.killed_at = 0, list[int]()

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        future = self._inner.submit(function, *arguments, **named)
        future.add_done_callback(self._count)
        return future

    def _count(self, _: object) -> None:
        self.come += 1
        if self.come >= self._after and not self.killed_at:
            self.killed_at.append(self.come)
            os.kill(self._process(), signal.SIGKILL)
