"""What the tests of Sonar hold on to, on whichever stage: Ape's objects on a node, or titanoboa's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from pysonar.chain.node.handle import Node

AbiValue: TypeAlias = Any
"""What a contract is given, answers or logs: of a type that its ABI alone says."""
Compiled: TypeAlias = Any
"""A compiled contract, as Ape or titanoboa has it."""


class Method(Protocol):
    """A function or an event of a contract, by its name in the ABI; what it returns, the ABI alone says."""

    def __call__(self, *arguments: AbiValue, **options: AbiValue) -> AbiValue: ...

    def call(self, *arguments: AbiValue, **options: AbiValue) -> AbiValue: ...


class Contract(Protocol):
    """A deployed contract: Ape and titanoboa make its methods from the ABI at run time."""

    @property
    def address(self) -> str: ...

    def __getattr__(self, name: str, /) -> Method: ...


class Account(Protocol):
    """Somebody with a key and a balance, who can deploy."""

    balance: int

    @property
    def address(self) -> str: ...

    def deploy(self, source: Compiled) -> Contract: ...

    def transfer(self, receiver: AbiValue, wei: int) -> object: ...


class Receipt(Protocol):
    """What a transaction has logged and cost."""

    total_fees_paid: int
    gas_used: int

    @property
    def events(self) -> Sequence[Event]: ...


class Event(Protocol):
    """One log, read."""

    event_name: str
    event_arguments: Mapping[str, AbiValue]


class Provider(Protocol):
    """Balances, code and storage of the chain, to look at and to set."""

    def get_balance(self, address: str, /) -> int: ...

    def set_balance(self, address: str, wei: int, /) -> object: ...

    def set_code(self, address: str, code: bytes, /) -> object: ...

    def get_storage(self, address: str, slot: int, /) -> bytes: ...

    def set_storage(self, address: str, slot: int, value: bytes, /) -> object: ...


class Chain(Protocol):
    """Time and snapshots."""

    pending_timestamp: int

    @property
    def chain_id(self) -> int: ...

    @property
    def provider(self) -> Provider: ...

    def mine(self) -> object: ...

    def snapshot(self) -> object: ...

    def restore(self, snapshot: object, /) -> object: ...


class FoundryReceipt(Receipt, Protocol):
    """Of a transaction that a node has mined."""

    txn_hash: str


class FoundryProvider(Provider, Protocol):
    """With the node behind it, to trace what it ran."""

    @property
    def web3(self) -> Node: ...


class FoundryChain(Chain, Protocol):
    """A chain on a node."""

    @property
    def provider(self) -> FoundryProvider: ...

    def set_balance(self, address: str, wei: int, /) -> object: ...


class Project(Protocol):
    """The compiled contracts, by name."""

    def __getattr__(self, name: str, /) -> Compiled: ...
