"""What Capsule does for one campaign next, from what the chain says of it now.

Level-triggered: each round reads the campaign's state and does whatever is due, so a missed event, a
crash or a re-org needs no case of its own. Times are the chain's. The work itself is in `open_campaign`,
`judging/queue` and `deliver`; this module decides which of them is due, and sends nothing that is not in the
journal first.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from openmined_oracle.agenda import Outlook
from openmined_oracle.campaigns.auditing import names_auditor
from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.deliver import decide_result
from openmined_oracle.campaigns.open_campaign import prepare_opening
from openmined_oracle.campaigns.operator_rules import require_decline_budget
from openmined_oracle.campaigns.recovery import adopt_opening, adopt_verdicts
from openmined_oracle.campaigns.workbench import Workbenches
from openmined_oracle.errors import ClaimRefusedError, DeclinedError
from openmined_oracle.happenings import Closed, Declined, Opened
from openmined_oracle.journal import CampaignRow
from openmined_oracle.judging.queue import evaluate_ready, is_to_judge, report_decided
from openmined_syft.errors import OpenMinedError
from pysonar.chain.contract.events import CampaignCreated
from pysonar.chain.contract.types import EMPTY, CampaignRecord, State
from pysonar.chain.errors import (
    ContractRefusedError,
    NoSuchCampaignError,
    RevertedError,
    TokenCallTooDearError,
)
from pysonar.chain.sending.claims import ensure_claim
from pysonar.chain.sending.deeds import Action, Deed, capsule_pins
from pysonar.chain.sending.outbox_records import Status
from pysonar.protocol.cid import Cid
from pysonar.store import LostPinnedError

CLAIMS = 3
"""Claims of one campaign that may revert, each paid for, before Capsule lets it be."""


class Lifecycle:
    """Advances campaigns; keeps the opened ones' material in memory between rounds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._benches = Workbenches(context)

    def work_ahead(self, stopping: Callable[[], bool], seconds: float) -> None:
        """Prepare the next versions of open campaigns' models; see `Workbenches`."""
        self._benches.work_ahead(stopping, seconds)

    def advance(self, row: CampaignRow, now: int) -> Outlook:
        """Do what is due for the campaign at the chain's time `now`; when to look again.

        Raises:
            InProgressError: it is under way.
            OpenMinedError: it cannot be done now. Nothing is lost; call again later.
        """
        try:
            return self._advance(row, now)
        except LostPinnedError:
            self._context.journal.note_store_loss(row.id, now)
            raise

    def _advance(self, row: CampaignRow, now: int) -> Outlook:
        try:
            record = self._context.sonar.campaign(row.id)
        except NoSuchCampaignError:
            if not self._context.follower.history(CampaignCreated, campaign=row.id):
                # A re-org took it. It may come back, and with it what was sent for it: so nothing is let go.
                self._context.journal.release_network(row.id)
            raise
        deadlines = (record.terms.submit_until, record.terms.review_until)
        if record.state is State.REQUESTED:
            self._requested(row, record, now)
            return Outlook(deadlines=deadlines)
        if record.state is State.OPEN:
            self._open(row, record, now)
            return self._open_outlook(record, deadlines)
        self._settled(row, record, now)
        return Outlook(seconds=0)

    def _requested(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context, calls = self._context, self._context.sonar.calls
        if now >= record.terms.submit_until:
            # It cannot be opened any more; the escrow goes back to the scientist, at no gain to Capsule.
            require_decline_budget(context, row.id, now)
            self._settle(row.id)
            return
        if row.declined is None and row.public_key is None:
            row = self._decide(row, record, now)
        if row.declined is not None:
            reason = row.reason or row.declined.value
            require_decline_budget(context, row.id, now)
            context.ensure(Deed(Action.DECLINE, row.id), lambda: calls.decline(row.id, reason))
        elif row.public_key is not None and row.model is not None and row.start is not None:
            key, model, start = row.public_key, row.model, row.start
            context.ensure(Deed(Action.OPEN, row.id), lambda: calls.open_campaign(row.id, key, model, start))

    def _decide(self, row: CampaignRow, record: CampaignRecord, now: int) -> CampaignRow:
        context = self._context
        try:
            opening = prepare_opening(context, record, now)
        except DeclinedError as error:
            context.journal.decide_decline(row.id, error.reason, error.text)
            context.tell(Declined(campaign=row.id, reason=error.text))
        else:
            context.journal.decide_opening(
                row.id, opening.public_key, opening.model, opening.start, network=opening.network
            )
            context.tell(Opened(campaign=row.id, start_ppm=opening.start))
        return context.journal.campaign(row.id)

    def _open(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context = self._context
        if row.public_key is None:
            adopt_opening(context, record)
        adopt_verdicts(context, record)
        self._benches.put_back(row.id, now)
        if record.finished(now):
            # However late, before the settlement: without a result there is no fee, and nobody has the model.
            self._deliver(row, record, now)
            if record.delivered:
                self._settle(row.id)
        elif now >= record.terms.review_until:
            self._settle(row.id)
        else:
            if is_to_judge(context, record):
                evaluate_ready(context, self._benches.open(record, now), record, now)
            report_decided(context, record)

    def _open_outlook(self, record: CampaignRecord, deadlines: tuple[int, ...]) -> Outlook:
        if self._context.prefetcher.asked_too_early(record.id):
            return Outlook(0, deadlines, under_way=True)
        if self._context.journal.decided(record.id) == record.submitted == record.evaluated:
            return Outlook(deadlines=deadlines)
        return Outlook(self._context.settings.retry_seconds, deadlines)

    def _settled(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context = self._context
        # Neither stands in the other's way: the claim is first, and its failure is raised last.
        owed, refused = self._claim(record)
        # Nobody waits for a result that was never opened, or cancelled: settled before its time, untouched.
        untouched = record.submitted == 0 and now < record.terms.submit_until
        called_off = record.public_key == EMPTY or untouched
        if not called_off:
            if row.public_key is None:
                adopt_opening(context, record)
            adopt_verdicts(context, record)
            if not record.delivered:
                self._deliver(row, record, now)
        ended = record.delivered or called_off
        if ended and self._all_confirmed(row.id):
            kept = frozenset(filter(None, map(Cid.or_none, (record.model, record.result))))
            if not called_off and names_auditor(context, record):
                # The auditor needs every version and gradient. Not the public key, as below.
                pinned = frozenset(context.store.pins(capsule_pins(row.id)))
                kept |= pinned - {Cid.or_none(record.public_key)}
            self._let_go(row, kept)
            if not owed:
                self._close(row)
        if refused is not None:
            raise ClaimRefusedError(f"what this Capsule is owed cannot be claimed: {refused}")

    def _settle(self, campaign: bytes) -> None:
        calls = self._context.sonar.calls
        self._context.ensure(Deed(Action.SETTLE, campaign), lambda: calls.settle(campaign))

    def _claim(self, record: CampaignRecord) -> tuple[bool, OpenMinedError | None]:
        """Claim what is owed; whether anything still is, and what stood in the way.

        A claim that was paid for and reverted a few times is not tried again: a token can be made to do that.
        """
        context, account = self._context, self._context.outbox.account
        if context.sonar.claimable(record.id, account) == 0:
            return False, None
        tried = context.outbox.records.of_campaign(record.id)
        reverted = [
            pending
            for pending in tried
            if pending.deed.action is Action.CLAIM and pending.status is Status.REVERTED
        ]
        if len(reverted) >= CLAIMS:
            return False, None
        try:
            ensure_claim(context.outbox, context.sonar, record, account)
        except (RevertedError, ContractRefusedError, TokenCallTooDearError) as error:
            return True, error
        return True, None

    def _deliver(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context = self._context
        if record.delivered:
            return
        result = row.result or decide_result(context, self._benches.open(record, now), record)
        context.ensure(Deed(Action.DELIVER, row.id), lambda: context.sonar.calls.deliver(row.id, result))

    def _all_confirmed(self, campaign: bytes) -> bool:
        """Whether no transaction about this campaign could still be undone by a re-org of usual depth."""
        return not any(pending.deed.campaign == campaign for pending in self._context.outbox.unfinished())

    def _close(self, row: CampaignRow) -> None:
        """Stop looking."""
        context = self._context
        left = context.sonar.claimable(row.id, context.outbox.account)
        context.journal.close(row.id)
        asset = context.asset(context.sonar.campaign(row.id).terms.asset) if left else None
        context.tell(Closed(campaign=row.id, unclaimed=left or None, asset=asset))

    def _let_go(self, row: CampaignRow, kept: Set[Cid]) -> None:
        """Keep what a later campaign may start from, and nothing else. Not the public key: nobody trains any
        more, and a network's has more than a hundred megabytes.
        """
        context = self._context
        for cid in context.store.pins(capsule_pins(row.id)):
            if cid not in kept:
                context.store.unpin(cid, capsule_pins(row.id))
        self._benches.forget(row.id)
        context.prefetcher.forget(row.id)
        context.journal.release_network(row.id)
