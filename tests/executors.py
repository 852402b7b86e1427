"""Executors in the place of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

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
