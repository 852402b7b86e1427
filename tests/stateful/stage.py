"""What the state machine needs of a chain, whichever runs it: titanoboa, revm or a Foundry node."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from tests.json_types import JsonObject

Abi = list[JsonObject]
"""A contract's interface, as the compiler writes it."""


class Wire(Protocol):
    """Calls to one deployed contract. A call that is reverted raises `ContractRefusedError`."""

    address: str
    abi: Abi
    logs: list[tuple[list[bytes], bytes]]  # topics and data; of this contract, since they were last taken

    def send(self, function: str, *arguments: object, sender: str, value: int = 0) -> bytes:
        """Call with effect; the encoded answer."""

    def number(self, function: str, *arguments: object) -> int:
        """The answer of a view that returns a number."""

    def words(self, function: str, *arguments: object) -> Sequence[int]:
        """The answer of a view, as 32-byte words."""


class Stage(Protocol):
    """Contracts, the accounts' ether, and the time."""

    def load(self, path: str) -> Wire:
        """Compile and deploy."""

    def undone(self) -> AbstractContextManager[None]:
        """What happens inside is undone."""

    def enrich(self, account: str, wei: int) -> None:
        """Give an account ether from nowhere."""

    def balance(self, account: str) -> int:
        """Ether of an account."""

    def now(self) -> int:
        """The time of the next call."""

    def wait_until(self, time: int) -> None:
        """Let the next call happen at `time`."""
