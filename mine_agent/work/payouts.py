"""Getting money back: stakes of submissions that were never evaluated, and what campaigns owe at their end.

Everything is decided from the chain, so it also works for submissions that this home knows nothing of.
Calling any of it again does nothing twice: each transaction is a deed of its own, and before one that failed
is sent again, the contract is asked whether it is done.
"""

from __future__ import annotations

from mine_agent.campaigns.history import SubmissionStatus
from mine_agent.rules.pacing import Outcome
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.sending.claims import ensure_claim
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Pending


def may_reclaim(record: CampaignRecord, status: SubmissionStatus, now: int) -> bool:
    """Whether the contract gives stake and fee of this submission back (docs/contract.md, `reclaim`)."""
    return (
        status.index is not None
        and status.outcome is Outcome.WAITING
        and status.index >= record.evaluated
        and (record.state is State.SETTLED or record.target_reached or now >= record.terms.review_until)
    )


def reclaim_deed(status: SubmissionStatus) -> Deed:
    """The deed of taking stake and fee of this submission back."""
    return Deed(Action.RECLAIM, status.campaign, str(status.index))


def reclaim(outbox: Outbox, sonar: Sonar, record: CampaignRecord, status: SubmissionStatus) -> Pending | None:
    """Ask for stake and fee back; None if they are back. ContractRefusedError and what `ensure` raises."""
    index = -1 if status.index is None else status.index  # refused as out of range: not in the queue

    def call() -> Call:
        place = (status.campaign, index, status.update)
        return sonar.calls.reclaim(*place, outbox.account, asset=record.terms.asset)

    return outbox.ensure(reclaim_deed(status), call)


def settle_deed(campaign: bytes) -> Deed:
    """The deed of settling the campaign."""
    return Deed(Action.SETTLE, campaign)


def settle(outbox: Outbox, sonar: Sonar, campaign: bytes) -> Pending | None:
    """Settle a campaign whose time is over; anybody may. None if somebody has."""
    return outbox.ensure(settle_deed(campaign), lambda: sonar.calls.settle(campaign))


def claim(outbox: Outbox, sonar: Sonar, record: CampaignRecord) -> Pending | None:
    """Send all that the campaign owes by now to this account; None if that is nothing."""
    return ensure_claim(outbox, sonar, record, outbox.account)
