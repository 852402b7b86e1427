"""Is everything that is pinned still there? And putting back what one still has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pysonar.protocol.cid import Cid
from pysonar.store.errors import DaemonDownError, StoreError, StoreReplacedError
from pysonar.store.interface import Store
from pysonar.store.unixfs.builder import cid_of
from pysonar.store.unixfs.profile import MAX_FILE


@dataclass(frozen=True)
class Pinned:
    """An artifact that somebody pins; `problem` says what is wrong with it, None if it is whole."""

    cid: Cid
    owners: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True)
class Kept:
    """An artifact that its party can still make or has elsewhere, and under whose name it is pinned."""

    data: bytes
    owner: str

    @property
    def cid(self) -> Cid:
        """Its name."""
        return cid_of(self.data)


def pinned(store: Store) -> dict[Cid, tuple[str, ...]]:
    """Everything that anybody pins, and who does."""
    found: dict[Cid, list[str]] = {}
    for owner in store.owners():
        for cid in store.pins(owner):
            found.setdefault(cid, []).append(owner)
    return {cid: tuple(owners) for cid, owners in sorted(found.items())}


def check(store: Store, *, looked: Callable[[int, int], None] = lambda _done, _all: None) -> Iterator[Pinned]:
    """Read every pinned artifact to its end and hash every block of it.

    Args:
        looked: called with how many of how many artifacts are done.

    Raises:
        DaemonDownError, StoreReplacedError: the store is out of reach; that says nothing about what it has.
    """
    everything = pinned(store)
    for done, (cid, owners) in enumerate(everything.items(), start=1):
        yield Pinned(cid, owners, _problem(store, cid))
        looked(done, len(everything))


def is_kept(store: Store, artifact: Kept) -> bool:
    """Whether it is whole in the store, and pinned. DaemonDownError, StoreReplacedError."""
    return artifact.cid in store.pins(artifact.owner) and _problem(store, artifact.cid) is None


def put_back(store: Store, kept: Iterable[Kept]) -> list[Cid]:
    """Put and pin what is not whole in the store, or not pinned; what was."""
    done = []
    for artifact in kept:
        if not is_kept(store, artifact):
            store.put_pinned(artifact.data, artifact.owner)
            done.append(artifact.cid)
    return done


def _problem(store: Store, cid: Cid) -> str | None:
    try:
        for _ in store.get_stream(cid, max_bytes=MAX_FILE):
            pass
    except (DaemonDownError, StoreReplacedError):
        raise
    except StoreError as error:
        part = "" if error.block is None else f" (block {error.block})"
        return f"{error.reason}{part}"
    return None
