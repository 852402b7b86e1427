"""Getting money back: stakes of submissions that were never evaluated, and what campaigns owe at their end.

Everything is decided from the chain, so it also works for submissions that this home knows nothing of.
Calling any of it again does nothing twice: each transaction has an outbox key of its own that says what it
is for.
"""

from __future__ import annotations

from collections.abc import Iterable

from mine_agent.campaigns.history import Standing
from mine_agent.rules.pacing import Outcome
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.events import Claimed, LoggedEvent
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Pending, Status


def may_reclaim(record: CampaignRecord, standing: Standing, now: int) -> bool:
    """Whether the contract gives stake and fee of this submission back (docs/contract.md, `reclaim`)."""
    return (
        standing.index is not None
        and standing.outcome is Outcome.WAITING
        and standing.index >= record.evaluated
        and (record.target_reached or now >= record.terms.review_until)
    )


def reclaim_key(standing: Standing) -> str:
    """Under which the outbox knows the transaction."""
    return f"reclaim/{standing.campaign.hex()}/{standing.index}"


def reclaim(outbox: Outbox, sonar: Sonar, standing: Standing) -> Pending:
    """Ask for stake and fee back. ContractRefusedError and the outbox's other errors."""
    index = -1 if standing.index is None else standing.index  # refused as out of range: not in the queue
    call = sonar.calls.reclaim(standing.campaign, index, standing.update)
    return _send_anew(outbox, call, reclaim_key(standing))


def settle_key(campaign: bytes) -> str:
    """Under which the outbox knows the transaction."""
    return f"settle/{campaign.hex()}/0"


def settle(outbox: Outbox, sonar: Sonar, campaign: bytes) -> Pending:
    """Settle a campaign whose time is over; anybody may."""
    return _send_anew(outbox, sonar.calls.settle(campaign), settle_key(campaign))


def claim_key(campaign: bytes, account: str, history: Iterable[LoggedEvent]) -> str:
    """Under which the outbox knows the next claim: it counts the confirmed ones, so that as long as one is
    under way, it is the same."""
    done = sum(isinstance(entry.event, Claimed) and entry.event.account == account for entry in history)
    return f"claim/{campaign.hex()}/{done}"


def claim(outbox: Outbox, sonar: Sonar, campaign: bytes, history: Iterable[LoggedEvent]) -> Pending:
    """Send all that the campaign owes by now to this account. `history`: the campaign's events."""
    key = claim_key(campaign, outbox.account, history)
    return _send_anew(outbox, sonar.calls.claim(campaign, outbox.account), key)


def _send_anew(outbox: Outbox, call: Call, key: str) -> Pending:
    """`Outbox.send`, after one that reverted or was displaced: these two may be tried again."""
    known = outbox.find(key)
    if known is not None and known.status in (Status.REVERTED, Status.DISPLACED):
        outbox.free(key)
    return outbox.send(call, key)
