"""What only a Capsule reports while it works: see `pysonar.party.happenings`."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pysonar.chain.contract.tokens import ETHER, Asset
from pysonar.party.happenings import Happening, wei
from pysonar.party.wording import short
from pysonar.protocol.amounts import format_ppm


@dataclass(frozen=True, kw_only=True)
class Registered(Happening):
    """The chain names Capsule's certificate."""

    event = "registered"
    words = "the certificate is registered on chain"


@dataclass(frozen=True, kw_only=True)
class Unregistered(Happening):
    """The chain does not name Capsule's certificate yet."""

    event, level = "unregistered", logging.WARNING
    reason: str

    def sentence(self) -> str:
        return f"not registered on chain: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Noted(Happening):
    """A new campaign names this Capsule. `bounty` in wei."""

    event = "noted"
    owner: str
    bounty: int = wei()
    asset: Asset | None = None

    def sentence(self) -> str:
        return f"requested by {short(self.owner)}, bounty {(self.asset or ETHER).show(self.bounty)}"


@dataclass(frozen=True, kw_only=True)
class Declined(Happening):
    """Turned down."""

    event = "declined"
    reason: str

    def sentence(self) -> str:
        return f"declined: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Opened(Happening):
    """Open for submissions."""

    event = "opened"
    start_ppm: int

    def sentence(self) -> str:
        return f"opens at {format_ppm(self.start_ppm)}"


@dataclass(frozen=True, kw_only=True)
class Reported(Happening):
    """`count` verdicts from submission `first` on are on their way to the chain."""

    event = "reported"
    first: int
    count: int

    def sentence(self) -> str:
        if self.count == 1:
            return f"the verdict on submission {self.first} is sent"
        return f"the verdicts on submissions {self.first} to {self.first + self.count - 1} are sent"


@dataclass(frozen=True, kw_only=True)
class Delivered(Happening):
    """The result is in the store and on chain."""

    event = "delivered"
    words = "the trained model is sealed to the scientist"


@dataclass(frozen=True, kw_only=True)
class Closed(Happening):
    """Nothing is left to do. `unclaimed`: wei that could not be had."""

    event = "closed"
    unclaimed: int | None = wei(default=None)
    asset: Asset | None = None

    def sentence(self) -> str:
        left = (
            f"; {(self.asset or ETHER).show(self.unclaimed)} could not be claimed" if self.unclaimed else ""
        )
        return f"closed: nothing is left to do{left}"
