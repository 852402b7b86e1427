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
from pysonar.chain.contract.versions import NEWEST
from pysonar.chain.errors import BadArgumentError

MAX_REPORTS = 32
MAX_REASON_BYTES = 128


@dataclass(frozen=True)
class Call:
    """A contract call: address, call data, wei sent along, and a short label for messages and ledgers.

    runs_token: a token's own code runs in it, which is a stranger's and can burn all gas it gets.
    """

    to: str
    data: bytes
    value: int
    label: str
    runs_token: bool = False


class SonarCalls:
    """Builders for every state-changing function of the Sonar at `address`, which is of that version."""

    def __init__(self, address: str, version: int = NEWEST) -> None:
        self.address = require_address("the contract", address)
        self.version = version

    def register_capsule(self, certificate: bytes) -> Call:
        """Name the CID of the sender's current OpenPGP certificate."""
        return self._call("register_capsule", require_bytes32("the certificate", certificate))

    def create_campaign(self, terms: Terms, salt: bytes) -> Call:
        """Ask for a campaign; sends the bounty along when it is in ether."""
        ether = terms.asset == ZERO_ADDRESS
        salt = require_bytes32("the salt", salt)
        return self._call(
            "create_campaign",
            terms.as_abi(self.version),
            salt,
            value=terms.bounty if ether else 0,
            asset=terms.asset,
        )

    def cancel(self, campaign: bytes) -> Call:
        """The owner takes back a campaign that nobody submitted to (version 1: that is not open)."""
        return self._call("cancel", _id(campaign))

    def decline(self, campaign: bytes, reason: str) -> Call:
        """Capsule turns a requested campaign down; at most 128 bytes of reason."""
        if len(reason.encode()) > MAX_REASON_BYTES:
            raise BadArgumentError(
                "the reason to decline", reason, f"at most {MAX_REASON_BYTES} bytes of text"
            )
        return self._call("decline", _id(campaign), reason if self.version == 1 else reason.encode())

    def open_campaign(self, campaign: bytes, public_key: bytes, model: bytes, start: int) -> Call:
        """Capsule opens a campaign: CIDs of public key and first model, accuracy at the start in ppm."""
        return self._call(
            "open_campaign",
            _id(campaign),
            require_bytes32("the public key", public_key),
            require_bytes32("the model", model),
            require_uint("the start accuracy", start),
        )

    def submit(
        self, campaign: bytes, update: bytes, miner: str, value: int, *, asset: str = ZERO_ADDRESS
    ) -> Call:
        """The CID of a miner's sealed gradient; `value` is stake + fee, sent along if the campaign's asset is
        ether. Sonar takes those of a token itself, as far as the sender has approved it. Anybody may submit
        for the miner (version 1: only the miner).
        """
        sent = value if asset == ZERO_ADDRESS else 0
        update = require_bytes32("the update", update)
        return self._call("submit", _id(campaign), update, *self._account(miner), value=sent, asset=asset)

    def report(self, campaign: bytes, reports: Sequence[Report]) -> Call:
        """Capsule's verdicts for the head of the queue, in order; 1 to 32 of them."""
        if not 1 <= len(reports) <= MAX_REPORTS:
            raise BadArgumentError("the number of reports", len(reports), f"1 to {MAX_REPORTS}")
        return self._call("report", _id(campaign), [report.as_abi() for report in reports])

    def reclaim(
        self, campaign: bytes, index: int, update: bytes, miner: str, *, asset: str = ZERO_ADDRESS
    ) -> Call:
        """Credit the miner with stake and fee of an unevaluated submission. Anybody may (version 1: only the
        miner).
        """
        place = (require_uint("the index", index), require_bytes32("the update", update))
        return self._call("reclaim", _id(campaign), *place, *self._account(miner), asset=asset)

    def deliver(self, campaign: bytes, result: bytes) -> Call:
        """Capsule names the CID of the sealed result."""
        return self._call("deliver", _id(campaign), require_bytes32("the result", result))

    def settle(self, campaign: bytes) -> Call:
        """Fix refund and fees; anybody may."""
        return self._call("settle", _id(campaign))

    def claim(
        self, campaign: bytes, account: str, to: str | None = None, *, asset: str = ZERO_ADDRESS
    ) -> Call:
        """Send what the account is owed to the account itself, which anybody may ask for, or, if it asks
        itself, to `to` (version 1: the account must ask in both cases).
        """
        receiver = require_address("the receiver", to or account)
        return self._call("claim", _id(campaign), *self._account(account), receiver, asset=asset)

    def _account(self, account: str) -> tuple[str, ...]:
        """Whose submission or claim it is: version 1 knows only the sender's."""
        return (require_address("the account", account),) if self.version > 1 else ()

    def _call(self, function: str, *arguments: object, value: int = 0, asset: str = ZERO_ADDRESS) -> Call:
        """`asset`: what the call moves; a token's own code then runs in it."""
        require_uint(f"the value sent with {function}", value)
        data = abi.functions(self.version)[function].encode(*arguments)
        return Call(self.address, data, value, function, require_address("the asset", asset) != ZERO_ADDRESS)


def _id(campaign: bytes) -> bytes:
    return require_bytes32("the campaign's id", campaign)
