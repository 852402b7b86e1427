"""What can go wrong between an artifact's name and its bytes.

Each error carries the CID and what was tried, and says them in its text. Nothing here passes on the text of a
library or of a daemon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from openmined_syft.errors import OpenMinedError
from pysonar.protocol.cid import Cid


class StoreError(OpenMinedError):
    """Base of the store's errors.

    cid: the artifact asked for, where there was one; block: the block of it that failed, if not the root;
    tried: the places that were asked, in order, each with what it answered.
    """

    def __init__(
        self, reason: str, *, cid: Cid | None = None, block: Cid | None = None, tried: Sequence[str] = ()
    ) -> None:
        self.reason = reason
        self.cid = cid
        self.block = block if block != cid else None
        self.tried = tuple(tried)
        subject = f"{cid}: " if cid is not None else ""
        part = f" (block {self.block})" if self.block is not None else ""
        places = f"; tried: {', '.join(self.tried)}" if self.tried else ""
        super().__init__(f"{subject}{reason}{part}{places}")


class NotFoundError(StoreError):
    """Nobody who was asked has the artifact, or one block of it, now. Asking again later may help."""


class WrongBytesError(StoreError):
    """Bytes came back that do not hash to the name they were asked by. They were thrown away."""


class TooLargeError(StoreError):
    """The artifact says it is larger than the reader wants."""


class MalformedBlockError(StoreError):
    """The bytes fit their name, but are not a file in the import profile (see `profile.py`)."""


class DaemonDownError(StoreError):
    """The IPFS daemon or gateway does not answer, or answers like something else."""

    exit_code: ClassVar[int] = 3  # out of reach, see `pysonar.party.cli.console`


class DaemonRefusedError(StoreError):
    """The IPFS daemon answered, and would not do it."""


class StoreFullError(StoreError):
    """The disk, or the quota set for the store, has no room for it. Nothing half-written stays behind."""


class StoreBusyError(StoreError):
    """Another process holds the store (collecting garbage, or still writing) for longer than was waited."""

    exit_code: ClassVar[int] = 3


class StoreAccessError(StoreError):
    """The store's directory cannot be read or written by this account."""


class StoreReplacedError(StoreAccessError):
    """Another directory lies where the store's was when this process opened it: unmounted, or swapped.

    What is not found there says nothing about what the store has.
    """

    exit_code: ClassVar[int] = 3


class UnprovenStoreError(StoreError):
    """The store could not show that it works: what it does not find may be its own fault."""

    exit_code: ClassVar[int] = 3


class LostPinnedError(UnprovenStoreError):
    """The store no longer has what was pinned in it: it may have lost what others put there, too."""


class StoreSettingError(StoreError):
    """The setting that chooses the store cannot be understood, or points at something unusable."""


class OwnerNameError(StoreError):
    """A pin needs the name of its owner: 1 to 240 characters when percent-encoded."""
