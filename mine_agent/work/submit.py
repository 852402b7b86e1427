"""From a sealed gradient to a transaction, in an order that survives a crash after any line.

1. The journal gets the sealed bytes and their CID (one row per campaign, data set and base version).
2. The store gets the bytes and a pin, so that they stay until the verdict.
3. The outbox gets the call, as the deed of submitting this CID to this campaign: signed and stored first,
   broadcast second.

Whoever starts again finds the row and does 2 and 3 again: the same bytes have the same CID, and the same
deed is the same transaction. Before one that failed is sent again or given up, the contract is asked whether
the queue has it. So a gradient is submitted once or not at all.
"""

from __future__ import annotations

from mine_agent.errors import ClosedSubmissionError
from mine_agent.happenings import Submitted
from mine_agent.journal import Journal, OwnSubmission
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.tokens import Token
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.sending.approvals import next_approval
from pysonar.chain.sending.deeds import Action, Deed, mine_pins
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Pending, Status
from pysonar.protocol.cid import Cid
from pysonar.store import Store


def submit_deed(submission: OwnSubmission) -> Deed:
    """The deed of submitting this gradient."""
    return Deed(Action.SUBMIT, submission.campaign, submission.update.hex())


def send(
    submission: OwnSubmission, record: CampaignRecord, *, store: Store, outbox: Outbox, sonar: Sonar
) -> Pending | None:
    """Steps 2 and 3; None if it waits for the approval of stake and fee in the campaign's token, or is in the
    queue although no transaction of this home is known to have brought it there. StoreError and the outbox's
    errors; it can be called again after any of them.

    One that reverted is not sent again: see `why_hopeless`.
    """
    if submission.sealed is None:
        raise ClosedSubmissionError(f"submission {submission.key} is closed; it is not sent again")
    known = outbox.find(submit_deed(submission))
    if known is not None and known.status is not Status.DISPLACED:
        return known
    store.put_pinned(submission.sealed, mine_pins(outbox.account, submission.campaign))
    if record.terms.asset != ZERO_ADDRESS and submission.value:
        token = Token(sonar.web3, record.terms.asset)
        if next_approval(outbox, token, sonar.address, submission.value, submission.campaign) is not None:
            return None  # first that; the next round goes on

    def call() -> Call:
        asset = record.terms.asset
        return sonar.calls.submit(
            submission.campaign, submission.update, outbox.account, submission.value, asset=asset
        )

    return outbox.ensure(submit_deed(submission), call)


def happening(submission: OwnSubmission, sent: Pending) -> Submitted:
    """What is reported once it is on its way."""
    return Submitted(
        campaign=submission.campaign,
        data=submission.data,
        base_version=submission.base_version,
        update=submission.update,
        value=submission.value,
        transaction=sent.hashes[-1],
    )


def why_hopeless(submission: OwnSubmission, record: CampaignRecord, outbox: Outbox, now: int) -> str | None:
    """Why a submission that is not in the queue never will be; None as long as it may still get there, or is
    there by what the contract says.
    """
    known = outbox.find(submit_deed(submission))
    if known is not None and not known.failed:
        return None  # on its way: the outbox knows more than the newest block
    if known is not None and outbox.shows(known.deed, after=[known]):
        return None  # its event is not read yet
    if known is not None and known.status is Status.REVERTED:
        return f"the contract refused it: {known.problem or 'no reason given'}"
    if now >= record.terms.submit_until or record.target_reached:
        return "the campaign takes no more submissions"
    return None


def release(submission: OwnSubmission, *, store: Store, journal: Journal, miner: str, now: int) -> None:
    """The submission is decided or was taken back: its bytes are needed no more."""
    _unpin(submission, store, miner)
    journal.close(submission, now=now)


def give_up(
    submission: OwnSubmission, reason: str, *, store: Store, journal: Journal, miner: str, now: int
) -> None:
    """The submission is not in the queue and never will be: its bytes are needed no more."""
    _unpin(submission, store, miner)
    journal.give_up(submission, reason, now=now)


def _unpin(submission: OwnSubmission, store: Store, miner: str) -> None:
    store.unpin(Cid.from_bytes32(submission.update), mine_pins(miner, submission.campaign))
