"""The money of one campaign, added up from the chain alone: what went in, what came out, and for whom."""

from collections import Counter
from dataclasses import dataclass, field

from pysonar.chain.contract.events import (
    CampaignCreated,
    CampaignOpened,
    Claimed,
    Delivered,
    LoggedEvent,
    Reclaimed,
    Settled,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node import rpc
from pysonar.scientist.ledger import Ledger as Submissions
from pysonar.scientist.ledger import SubmissionRow

# The function behind each event that a campaign's transactions leave.
FUNCTION_OF = {
    CampaignCreated: "create_campaign",
    CampaignOpened: "open_campaign",
    Submitted: "submit",
    Verdicts: "report",
    Reclaimed: "reclaim",
    Delivered: "deliver",
    Settled: "settle",
    Claimed: "claim",
}


class LedgerError(RuntimeError):
    """A sum of the ledger is off: money was lost or made."""


@dataclass
class Ledger:
    """All amounts in wei, all gains in parts per million."""

    bounty: int
    stakes_in: int
    fees_in: int
    paid: int = 0
    fees: int = 0
    burned: int = 0
    refund: int = 0
    stakes_back: int = 0
    reclaimed: int = 0
    claimed: Counter[str] = field(default_factory=Counter)
    submissions: list[SubmissionRow] = field(default_factory=list)
    contract_balance: int = 0
    gas: dict[str, list[int]] = field(default_factory=dict)

    @property
    def payouts(self) -> list[SubmissionRow]:
        """The submissions that earned something."""
        return [row for row in self.submissions if row.earned]

    @property
    def put_in(self) -> int:
        """Everything that was sent to the contract for this campaign."""
        return self.bounty + self.stakes_in + self.fees_in

    @property
    def taken_out(self) -> int:
        """Everything that the events say was given to somebody, or to nobody."""
        return self.paid + self.fees + self.burned + self.refund + self.stakes_back + self.reclaimed

    def check(self) -> None:
        """Raise LedgerError unless every sum agrees, to the wei."""
        sums = {
            "what came out is not what went in": (self.taken_out, self.put_in),
            "the payouts are not what settlement says was paid": (
                sum(row.earned for row in self.payouts),
                self.paid,
            ),
            "claims and burned stakes are not what went in": (
                self.claimed.total() + self.burned,
                self.put_in,
            ),
            "the contract's balance after all claims is not 0": (self.contract_balance, 0),
        }
        for what, (found, expected) in sums.items():
            if found != expected:
                raise LedgerError(f"{what}: {found} wei instead of {expected}")


def read_ledger(sonar: Sonar, campaign: bytes, history: list[LoggedEvent]) -> Ledger:
    """Add up a settled campaign.

    Args:
        sonar: the contract; nothing but this campaign may have left money in it for the balance to be 0.
        campaign: its id.
        history: all events of the campaign, in chain order.
    """
    record = sonar.campaign(campaign)
    terms = record.terms
    ledger = Ledger(
        bounty=terms.bounty, stakes_in=terms.stake * record.submitted, fees_in=terms.fee * record.submitted
    )
    ledger.submissions = Submissions(sonar.web3).rows(history)
    gas_of = {logged.transaction_hash: _gas(sonar, logged.transaction_hash) for logged in history}
    seen: set[tuple[str, bytes]] = set()
    for logged in history:
        event = logged.event
        function = FUNCTION_OF.get(type(event))
        if function and (function, logged.transaction_hash) not in seen:
            seen.add((function, logged.transaction_hash))
            ledger.gas.setdefault(function, []).append(gas_of[logged.transaction_hash])
        match event:
            case Reclaimed():
                ledger.reclaimed += event.amount
            case Settled():
                ledger.paid, ledger.refund = event.paid, event.refund
                ledger.fees, ledger.burned = event.fees, event.burned
            case Claimed():
                ledger.claimed[event.account] += event.amount
    ledger.stakes_back = terms.stake * (record.evaluated - record.forfeited)
    ledger.contract_balance = rpc.balance(sonar.web3, sonar.address)
    return ledger


def _gas(sonar: Sonar, transaction: bytes) -> int:
    receipt = rpc.call(sonar.web3, "eth_getTransactionReceipt", "0x" + transaction.hex())
    return int(receipt["gasUsed"], 16)
