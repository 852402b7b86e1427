"""Looks after what this mine has already submitted: sends what a crash left over, notes verdicts, gets
money back.

Everything is decided from the newest state of the chain and the journal; doing it again changes nothing. Not
here: new submissions (see `new_submissions`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mine_agent.campaigns.history import SubmissionStatus
from mine_agent.campaigns.offer import offer_of
from mine_agent.connection import Connection
from mine_agent.happenings import Claiming, GivenUp, Reclaiming, Settling
from mine_agent.journal import OwnSubmission
from mine_agent.rules.pacing import Outcome
from mine_agent.rules.policy import Policy
from mine_agent.rules.refusals import refusals
from mine_agent.work import payouts, submit
from mine_agent.work.own_snapshot import OwnSnapshot
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.tokens import Asset
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.sending.deeds import mine_pins
from pysonar.chain.sending.outbox import Outbox
from pysonar.party.happenings import Judged, PutBack, Tell
from pysonar.store.check import Kept, put_back

CLAIM_GAS = 60_000  # a little above its ceiling in snapshots/gas.json
SETTLE_GAS = 120_000
PUT_BACK_SECONDS = 60.0  # between two looks whether the store still has a waiting gradient
SETTLE_GRACE = 10 * 60  # seconds that Capsule and scientist have to settle after the end of the review


class OpenSubmissions:
    """What one mine has submitted and not closed. `clock` gives seconds since 1970."""

    def __init__(
        self, connection: Connection, outbox: Outbox, *, tell: Tell, clock: Callable[[], float]
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._tell = tell
        self._clock = clock
        self._whole_until: dict[bytes, float] = {}

    def follow_up(self, campaign: bytes, policy: Policy, own: OwnSnapshot | None = None) -> None:
        """Bring every submission of this home a step further. StoreError, ChainError.

        `own`: what the chain says now of all of this mine's campaigns, where it was asked already.
        """
        own = own or OwnSnapshot(self._connection, [campaign])
        record = own.record(campaign)
        for status in self._connection.submission_history(campaign):
            made = status.submission
            if made is None or made.closed_at is not None:
                continue
            if status.outcome is not Outcome.WAITING:
                self._release(made, status, record)
            elif status.index is not None:
                self._put_back(made)
            else:
                hopeless = self._why_hopeless(made, record, policy, own)
                if hopeless is None:
                    self._send(made, record)
                else:
                    self._give_up(made, hopeless)

    def _send(self, made: OwnSubmission, record: CampaignRecord) -> None:
        known = self._outbox.find(submit.submit_deed(made))
        sent = submit.send(
            made,
            record,
            store=self._connection.store,
            outbox=self._outbox,
            sonar=self._connection.sonar,
        )
        if known is None and sent is not None:
            self._tell(submit.happening(made, sent))

    def collect(self, campaign: bytes, own: OwnSnapshot | None = None, *, auto_claim: bool) -> bool:
        """Take back stakes that will not be judged and claim what is due after settlement. ChainError.

        Returns whether nothing is left to come: everything settled, decided and claimed.
        """
        own = own or OwnSnapshot(self._connection, [campaign])
        record, now = own.record(campaign), own.now
        waiting = [
            status
            for status in self._connection.submission_history(campaign)
            if status.index is not None and status.outcome is Outcome.WAITING
        ]
        for status in waiting:
            if payouts.may_reclaim(record, status, now):
                self._reclaim(record, status)
        if record.state is not State.SETTLED:
            self._settle(record, own)
            return False
        if waiting:
            return False
        claimable = own.claimable(campaign)
        if auto_claim and claimable > self._gas_cost(record, CLAIM_GAS, own):
            self._claim(record, claimable)
        return claimable == 0

    def _gas_cost(self, record: CampaignRecord, gas: int, own: OwnSnapshot) -> int:
        """What so much gas costs, to compare with amounts of the campaign. Nothing, if these are of a token:
        the owner who allows it says that it is worth the gas.
        """
        if record.terms.asset != ZERO_ADDRESS:
            return 0
        return gas * own.price

    def _why_hopeless(
        self, made: OwnSubmission, record: CampaignRecord, policy: Policy, own: OwnSnapshot
    ) -> str | None:
        """Why a submission that is not in the queue is not sent any more; the owner may have thought better
        of it.
        """
        hopeless = submit.why_hopeless(made, record, self._outbox, own.now)
        if hopeless is not None or self._outbox.find(submit.submit_deed(made)) is not None:
            return hopeless
        word = self._connection.decisions.word(record.id)
        forbidden = refusals(policy, offer_of(record, own.price, word=word))
        return forbidden[0].reason if forbidden else None

    def _put_back(self, made: OwnSubmission) -> None:
        """Until its verdict the gradient must be in the store; if it is gone there, it is still here."""
        now = time.monotonic()
        if made.sealed is None or now < self._whole_until.get(made.update, 0.0):
            return
        connection = self._connection
        kept = Kept(made.sealed, mine_pins(connection.address, made.campaign))
        if put_back(connection.store, [kept]):
            self._tell(PutBack(campaign=made.campaign, what="a gradient that waits for its verdict"))
        self._whole_until[made.update] = now + PUT_BACK_SECONDS

    def _release(self, made: OwnSubmission, status: SubmissionStatus, record: CampaignRecord) -> None:
        connection = self._connection
        submit.release(
            made,
            store=connection.store,
            journal=connection.journal,
            miner=connection.address,
            now=int(self._clock()),
        )
        self._tell_outcome(status, record)

    def _give_up(self, made: OwnSubmission, reason: str) -> None:
        connection = self._connection
        submit.give_up(
            made,
            reason,
            store=connection.store,
            journal=connection.journal,
            miner=connection.address,
            now=int(self._clock()),
        )
        self._tell(GivenUp(campaign=made.campaign, data=made.data, reason=reason))

    def _reclaim(self, record: CampaignRecord, status: SubmissionStatus) -> None:
        before = self._outbox.find(payouts.reclaim_deed(status))
        sent = payouts.reclaim(self._outbox, self._connection.sonar, record, status)
        if before is None and sent is not None:
            self._tell(
                Reclaiming(campaign=status.campaign, index=status.index or 0, transaction=sent.hashes[-1])
            )

    def _settle(self, record: CampaignRecord, own: OwnSnapshot) -> None:
        """Anybody may settle a campaign whose time is over; if Capsule is silent, who is owed does."""
        if own.now < record.terms.review_until + SETTLE_GRACE:
            return
        if own.owed(record.id) <= self._gas_cost(record, SETTLE_GAS + CLAIM_GAS, own):
            return
        before = self._outbox.find(payouts.settle_deed(record.id))
        sent = payouts.settle(self._outbox, self._connection.sonar, record.id)
        if before is None and sent is not None:
            self._tell(Settling(campaign=record.id, transaction=sent.hashes[-1]))

    def _claim(self, record: CampaignRecord, claimable: int) -> None:
        known = {pending.number for pending in self._outbox.records.of_campaign(record.id)}
        sent = payouts.claim(self._outbox, self._connection.sonar, record)
        if sent is not None and sent.number not in known:
            self._tell(
                Claiming(
                    campaign=record.id,
                    amount=claimable,
                    transaction=sent.hashes[-1],
                    asset=self._asset(record),
                )
            )

    def _tell_outcome(self, status: SubmissionStatus, record: CampaignRecord) -> None:
        self._tell(
            Judged(
                campaign=status.campaign,
                index=status.index or 0,
                verdict=status.verdict.name if status.verdict else "RECLAIMED",
                payout=status.payout,
                accuracy_ppm=status.accuracy,
                asset=self._asset(record) if status.payout else None,
            )
        )

    def _asset(self, record: CampaignRecord) -> Asset | None:
        """What the campaign pays in; None for ether."""
        asset = self._connection.asset(record.terms.asset)
        return None if asset.is_ether else asset
