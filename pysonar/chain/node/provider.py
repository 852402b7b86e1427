"""Nodes to ask: one, or several of which the first that works is used. Requests are repeated with a growing
pause before anybody hears of trouble.

A node counts only after it said that it serves the right chain; after each failure it is asked that again,
since another machine may have taken its place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from pysonar.chain.errors import (
    BadUrlError,
    NodeBusyError,
    NodeDownError,
    UnexpectedAnswerError,
    WrongChainError,
)
from pysonar.chain.node import answers
from pysonar.chain.node.endpoint import Answer, BatchRefused, Endpoint, Request

TIMEOUT_SECONDS = 20.0
LONGEST_WAIT = 5.0
"""A node that asks for a longer pause is not waited for inside a request: the round ends, and says so."""
_PAUSES: dict[type[NodeDownError], tuple[float, ...]] = {
    NodeBusyError: (0.25, 0.5, 1.0, 2.0, 4.0),
    UnexpectedAnswerError: (0.1, 0.2, 0.4),
    NodeDownError: (0.1, 0.3),
}
BACK_TO_FIRST_SECONDS = 60.0
BATCH = 50
BATCH_TRIES = 3
"""Batches that fail in a row, while single requests are answered, before the node is taken for one that
cannot say that it takes none: some gateways close the connection, or send a page."""
BATCHES_AGAIN_SECONDS = 600.0


class NodeProvider:
    """JSON-RPC over HTTP to one of several nodes; trouble with all of them becomes a NodeDownError.

    `pause` waits; `requests` counts the HTTP exchanges.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        timeout: float = TIMEOUT_SECONDS,
        *,
        expected_chain_id: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        named = [urls] if isinstance(urls, str) else list(urls)
        if not named:
            raise BadUrlError("")
        self._endpoints = [Endpoint(url, timeout) for url in named]
        self._expected = expected_chain_id
        self._pause = pause
        self._current = 0
        self._left_first_at = 0.0
        self._checked: set[Endpoint] = set()
        self._one_by_one_until: dict[Endpoint, float] = {}
        self._failed_batches: dict[Endpoint, int] = {}
        self._answers_alone: set[Endpoint] = set()
        self.requests = 0

    @property
    def shown_url(self) -> str:
        """The node in use, without credentials."""
        return self._endpoints[self._current].shown_url

    def __str__(self) -> str:
        return f"node at {self.shown_url}"

    __repr__ = __str__

    def make_request(self, method: str, params: Any) -> Answer:
        """One request; the answer, which may hold an `error`. NodeDownError if no node gives any."""
        (answer,) = self._patiently([(method, params)], repeatable=method.startswith("eth_"))
        return answer

    def make_requests(self, asked: Sequence[Request]) -> list[Answer]:
        """Several reading requests, in as few exchanges as the node allows, each batch by one machine."""
        found: list[Answer] = []
        for first in range(0, len(asked), BATCH):
            part = asked[first : first + BATCH]
            try:
                found += self._patiently(part, repeatable=True)
            except BatchRefused:
                found += [answer for one in part for answer in self._patiently([one], repeatable=True)]
        return found

    def distrust(self) -> None:
        """The node in use answers nonsense: use the next one, if there is one."""
        self._move_on()

    def each(self, method: str, params: Sequence[object]) -> list[tuple[str, Answer]]:
        """What every node that answers says to the same request, with its shown address."""
        found = []
        for endpoint in self._endpoints:
            try:
                found.append((endpoint.shown_url, self._exchange(endpoint, [(method, params)])[0]))
            except (NodeDownError, WrongChainError):
                continue
        return found

    @property
    def nodes(self) -> int:
        """How many nodes are named."""
        return len(self._endpoints)

    def _patiently(self, asked: Sequence[Request], *, repeatable: bool) -> list[Answer]:
        """Ask until it is answered: the next node at once, the same one after a pause. BatchRefused."""
        self._prefer_first()
        failures, errors = 0, list[NodeDownError]()
        while True:
            try:
                return self._exchange(self._endpoints[self._current], asked)
            except WrongChainError:
                if self.nodes == 1:
                    raise
                errors.append(NodeDownError(self.shown_url, "it serves another chain"))
            except NodeDownError as error:
                errors.append(error)
            if not repeatable:
                raise errors[-1]
            self._move_on()
            if len(errors) < self.nodes:
                continue
            worth = max(errors, key=lambda error: len(_pauses(error, asked)))  # the one likeliest to pass
            pauses = _pauses(worth, asked)
            if failures >= len(pauses) or worth.retry_after > LONGEST_WAIT:
                raise worth
            self._pause(max(pauses[failures], worth.retry_after))
            failures += 1
            errors.clear()

    def _exchange(self, endpoint: Endpoint, asked: Sequence[Request]) -> list[Answer]:
        """One exchange with one node that serves the right chain. BatchRefused: ask it one by one."""
        try:
            self._check_chain(endpoint)
            if len(asked) > 1:
                return self._batch(endpoint, asked)
            self.requests += 1
            found = endpoint.exchange(asked, batch=False)
        except NodeDownError:
            self._checked.discard(endpoint)
            raise
        self._answers_alone.add(endpoint)
        return found

    def _batch(self, endpoint: Endpoint, asked: Sequence[Request]) -> list[Answer]:
        now = time.monotonic()
        if now < self._one_by_one_until.get(endpoint, 0.0):
            raise BatchRefused
        self.requests += 1
        try:
            found = endpoint.exchange(asked, batch=True)
        except BatchRefused:
            self._one_by_one_until[endpoint] = float("inf")
            raise
        except NodeDownError as error:
            if endpoint in self._answers_alone and not (isinstance(error, NodeBusyError) and error.limited):
                self._answers_alone.discard(endpoint)
                failed = self._failed_batches[endpoint] = self._failed_batches.get(endpoint, 0) + 1
                if failed >= BATCH_TRIES:
                    self._one_by_one_until[endpoint] = now + BATCHES_AGAIN_SECONDS
                    raise BatchRefused from None
            raise
        self._failed_batches.pop(endpoint, None)
        return found

    def _check_chain(self, endpoint: Endpoint) -> None:
        if self._expected is None or endpoint in self._checked:
            return
        self.requests += 1
        (answer,) = endpoint.exchange([("eth_chainId", [])], batch=False)
        self._answers_alone.add(endpoint)
        try:
            found = answers.quantity(answer.get("result"))
        except answers.NotUnderstood as error:
            raise UnexpectedAnswerError("eth_chainId", str(error), endpoint.shown_url) from None
        if found != self._expected:
            raise WrongChainError(endpoint.shown_url, self._expected, found)
        self._checked.add(endpoint)

    def _move_on(self) -> None:
        if self._current == 0:
            self._left_first_at = time.monotonic()
        self._current = (self._current + 1) % self.nodes

    def _prefer_first(self) -> None:
        """The order of the setting is the owner's preference: go back to the first from time to time."""
        if self._current and time.monotonic() - self._left_first_at >= BACK_TO_FIRST_SECONDS:
            self._left_first_at = time.monotonic()
            self._current = 0


def _pauses(error: NodeDownError, asked: Sequence[Request]) -> tuple[float, ...]:
    """Before each further try. Logs of a range that takes too long are not asked for again and again: whoever
    asks makes the range smaller.
    """
    pauses = _PAUSES.get(type(error), _PAUSES[NodeDownError])
    limited = isinstance(error, NodeBusyError) and error.limited
    return pauses[:1] if not limited and any(method == "eth_getLogs" for method, _ in asked) else pauses
