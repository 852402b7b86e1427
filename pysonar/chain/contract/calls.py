"""Calls to Sonar, built and checked but not sent: what the outbox signs.

Every builder checks shapes only (32 bytes, addresses, ranges of the type); what the contract itself refuses
is found by simulation before the outbox signs anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pysonar.chain.address import ZERO_ADDRESS, require_address, require_bytes32, require_uint
from pysonar.chain.contract import abi
from pysonar.chain.contract.types import Report, Terms
from pysonar.chain.errors import BadArgumentError

MAX_REPORTS = 32
MAX_REASON_BYTES = 128
MOST_TOKEN_GAS = 500_000
"""Sonar's own part of `submit`, `reclaim` and `claim` is below 80,000 (snapshots/gas.json); the rest is room
for the token.
"""


@dataclass(frozen=True)
class Call:
    """A contract call: address, call data, wei sent along, and a short label for messages and ledgers.

    most_gas: above this it is not sent. Set where a token's own code runs, which can burn all gas it gets.
    """

    to: str
    data: bytes
    value: int
    label: str
    most_gas: int | None = None


class SonarCalls:
    """Builders for every state-changing function of the Sonar at `address`."""

    def __init__(self, address: str) -> None:
        self.address = require_address("the contract", address)

    def register_capsule(self, certificate: bytes) -> Call:
        """Name the CID of the sender's current OpenPGP certificate."""
        return self._call("register_capsule", require_bytes32("the certificate", certificate))

    def create_campaign(self, terms: Terms, salt: bytes) -> Call:
        """Ask for a campaign; sends the bounty along when it is in ether."""
        value = terms.bounty if terms.asset == ZERO_ADDRESS else 0
        return self._call("create_campaign", terms.as_abi(), require_bytes32("the salt", salt), value=value)

    def cancel(self, campaign: bytes) -> Call:
        """The owner takes a requested campaign back."""
        return self._call("cancel", _id(campaign))

    def decline(self, campaign: bytes, reason: str) -> Call:
        """Capsule turns a requested campaign down; at most 128 bytes of reason."""
        if len(reason.encode()) > MAX_REASON_BYTES:
            raise BadArgumentError(
                "the reason to decline", reason, f"at most {MAX_REASON_BYTES} bytes of text"
            )
        return self._call("decline", _id(campaign), reason)

    def open_campaign(self, campaign: bytes, public_key: bytes, model: bytes, start: int) -> Call:
        """Capsule opens a campaign: CIDs of public key and first model, accuracy at the start in ppm."""
        return self._call(
            "open_campaign",
            _id(campaign),
            require_bytes32("the public key", public_key),
            require_bytes32("the model", model),
            require_uint("the start accuracy", start),
        )

    def submit(self, campaign: bytes, update: bytes, value: int) -> Call:
        """A miner submits the CID of a sealed gradient, with stake + fee in wei."""
        return self._call("submit", _id(campaign), require_bytes32("the update", update), value=value)

    def report(self, campaign: bytes, reports: Sequence[Report]) -> Call:
        """Capsule's verdicts for the head of the queue, in order; 1 to 32 of them."""
        if not 1 <= len(reports) <= MAX_REPORTS:
            raise BadArgumentError("the number of reports", len(reports), f"1 to {MAX_REPORTS}")
        return self._call("report", _id(campaign), [report.as_abi() for report in reports])

    def reclaim(self, campaign: bytes, index: int, update: bytes) -> Call:
        """A miner takes stake and fee of an unevaluated submission back."""
        return self._call(
            "reclaim", _id(campaign), require_uint("the index", index), require_bytes32("the update", update)
        )

    def deliver(self, campaign: bytes, result: bytes) -> Call:
        """Capsule names the CID of the sealed result."""
        return self._call("deliver", _id(campaign), require_bytes32("the result", result))

    def settle(self, campaign: bytes) -> Call:
        """Fix refund and fees; anybody may."""
        return self._call("settle", _id(campaign))

    def claim(self, campaign: bytes, to: str) -> Call:
        """Send what the sender is owed to the address `to`."""
        return self._call("claim", _id(campaign), require_address("the receiver", to))

    def _call(self, function: str, *arguments: object, value: int = 0) -> Call:
        require_uint(f"the value sent with {function}", value)
        most_gas = MOST_TOKEN_GAS if function in ("submit", "reclaim", "claim") else None
        return Call(self.address, abi.functions()[function].encode(*arguments), value, function, most_gas)


def _id(campaign: bytes) -> bytes:
    return require_bytes32("the campaign's id", campaign)
