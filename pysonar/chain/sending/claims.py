"""Claiming what a campaign owes, by whichever party."""

from __future__ import annotations

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Pending


def ensure_claim(outbox: Outbox, sonar: Sonar, record: CampaignRecord, to: str) -> Pending | None:
    """Claim all that the campaign owes the account by now, sent to `to`; None if that is nothing.

    A claim can be followed by another one (stakes first, the payout after settlement): each is a deed of its
    own, distinguished from the others by how many are confirmed. While one is under way it is the same.

    Raises:
        NodeBehindError: the node does not know the block of the last claim yet.
        The errors of `Outbox.ensure`.
    """
    campaign = record.id
    before = outbox.records.confirmed(Action.CLAIM, campaign.hex())
    deed = Deed(Action.CLAIM, campaign, str(len(before)))
    if outbox.find(deed) is None and outbox.shows(deed, after=before):
        return None

    def call() -> Call:
        return sonar.calls.claim(campaign, outbox.account, to, asset=record.terms.asset)

    return outbox.ensure(deed, call)
