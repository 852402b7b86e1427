"""Taking over from the chain what the journal does not know.

Normally the journal is ahead of the chain: decided first, sent second. It is behind when the database was
lost or restored from an older copy. The keys are files of their own and every version is public, so
Capsule can go on; what nobody else has, the step and the score of those submissions, is then missing from
the result.
"""

from __future__ import annotations

from openmined_oracle.campaigns.context import Context
from openmined_oracle.errors import NotReadyError
from openmined_oracle.journal import NO_MODEL, VerdictRow
from pysonar.chain.contract.events import CampaignOpened
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.submissions import submissions
from pysonar.protocol.artifacts import MAX_BYTES, Spec
from pysonar.protocol.artifacts.spec.algorithm import NETWORK
from pysonar.protocol.cid import Cid


def adopt_opening(context: Context, record: CampaignRecord) -> None:
    """Write the opening that is on chain into the journal.

    Raises:
        NotReadyError: its event is not confirmed yet.
        StoreError, ArtifactError: the spec cannot be obtained.
    """
    for stored in context.follower.history(CampaignOpened, campaign=record.id):
        event = stored.event
        cid = Cid.from_bytes32(record.terms.spec)
        spec = Spec.parse(context.store.get(cid, max_bytes=MAX_BYTES["spec"]), cid=cid)
        context.journal.decide_opening(
            record.id,
            event.public_key,
            event.model,
            event.start,
            network=spec.algorithm.family == NETWORK,
        )
        return
    raise NotReadyError("the event that opened the campaign is not confirmed yet")


def adopt_verdicts(context: Context, record: CampaignRecord) -> None:
    """Write the verdicts that are on chain and not in the journal into it.

    Raises:
        NotReadyError: their events are not confirmed yet.
    """
    campaign, journal = record.id, context.journal
    if journal.decided(campaign) >= record.evaluated:
        return
    chain = submissions(context.follower.history(campaign=campaign))
    for index in range(journal.decided(campaign), record.evaluated):
        judged = chain.get(index)
        if judged is None or judged.submitted is None or judged.verdict is None:
            raise NotReadyError(f"the report on submission {index} is not confirmed yet")
        gain = judged.gain
        journal.decide_verdict(
            VerdictRow(
                campaign=campaign,
                index=index,
                miner=judged.miner,
                update=judged.update,
                verdict=int(judged.verdict),
                accuracy=gain.accuracy if gain else 0,
                model=gain.model if gain else NO_MODEL,
                version=journal.current(campaign).version + (gain is not None),
                private=None,
            )
        )
