"""What Capsule does for one campaign next, from what the chain says of it now.

Level-triggered: each round reads the campaign's state and does whatever is due, so a missed event, a
crash or a re-org needs no case of its own. Times are the chain's. The work itself is in `opening`,
`reviewing`, `delivering`; this module decides which of them, and sends nothing that is not in the journal
first.
"""

from __future__ import annotations

from openmined_oracle.catching_up import adopt_opening, adopt_verdicts
from openmined_oracle.context import Context, pin_owner
from openmined_oracle.delivering import decide_result
from openmined_oracle.errors import DeclinedError
from openmined_oracle.journal import CampaignRow
from openmined_oracle.opening import prepare_opening
from openmined_oracle.reviewing import evaluate_ready, is_to_judge, report_decided
from openmined_oracle.workbench import Workbenches
from pysonar.chain.outbox_records import Status
from pysonar.chain.types import EMPTY, CampaignRecord, State
from pysonar.cid import Cid


class Lifecycle:
    """Advances campaigns; keeps the opened ones' material in memory between rounds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._benches = Workbenches(context)

    def advance(self, row: CampaignRow, now: int) -> None:
        """Do what is due for the campaign at the chain's time `now`.

        Raises:
            OpenMinedError: it cannot be done now. Nothing is lost; call again later.
        """
        record = self._context.sonar.campaign(row.id)
        if record.state is State.REQUESTED:
            self._requested(row, record, now)
        elif record.state is State.OPEN:
            self._open(row, record, now)
        else:
            self._settled(row, record, now)

    def _requested(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context, calls = self._context, self._context.sonar.calls
        if now >= record.terms.submit_until:
            # It cannot be opened any more; the escrow goes back to the scientist.
            context.sent(f"settle:{row.id.hex()}", lambda: calls.settle(row.id))
            return
        if row.declined is None and row.public_key is None:
            row = self._decide(row, record, now)
        if row.declined is not None:
            reason = row.declined.value
            context.sent(f"decline:{row.id.hex()}", lambda: calls.decline(row.id, reason))
        elif row.public_key is not None and row.model is not None and row.start is not None:
            key, model, start = row.public_key, row.model, row.start
            context.sent(f"open:{row.id.hex()}", lambda: calls.open_campaign(row.id, key, model, start))

    def _decide(self, row: CampaignRow, record: CampaignRecord, now: int) -> CampaignRow:
        context = self._context
        try:
            opening = prepare_opening(context, record, now)
        except DeclinedError as error:
            context.journal.decide_decline(row.id, error.reason)
            context.announce("declined", row.id, {"reason": error.reason.value})
        else:
            context.journal.decide_opening(
                row.id, opening.public_key, opening.model, opening.start, network=opening.network
            )
            context.announce("opened", row.id, {"start_ppm": opening.start})
        return context.journal.campaign(row.id)

    def _open(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context, calls = self._context, self._context.sonar.calls
        if row.public_key is None:
            adopt_opening(context, record)
        adopt_verdicts(context, record)
        if now >= record.terms.review_until:
            context.sent(f"settle:{row.id.hex()}", lambda: calls.settle(row.id))
        elif record.finished(now):
            self._deliver(row, record, now)
            if record.delivered:
                context.sent(f"settle:{row.id.hex()}", lambda: calls.settle(row.id))
        else:
            if is_to_judge(context, record):
                evaluate_ready(context, self._benches.open(record, now), record, now)
            report_decided(context, record)

    def _settled(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context, calls, account = self._context, self._context.sonar.calls, self._context.outbox.account
        claimable = context.sonar.claimable(row.id, account)
        if claimable > 0:  # first: what stands in the way of the delivery must not keep the fees
            context.sent(f"claim:{row.id.hex()}", lambda: calls.claim(row.id, account))
        if record.public_key != EMPTY:
            if row.public_key is None:
                adopt_opening(context, record)
            adopt_verdicts(context, record)
            if not record.delivered:
                self._deliver(row, record, now)
        ended = record.delivered or record.public_key == EMPTY
        if claimable == 0 and ended and self._all_confirmed(row.id):
            self._close(row, record)

    def _deliver(self, row: CampaignRow, record: CampaignRecord, now: int) -> None:
        context = self._context
        if record.delivered:
            return
        result = row.result or decide_result(context, self._benches.open(record, now), record)
        context.sent(f"deliver:{row.id.hex()}", lambda: context.sonar.calls.deliver(row.id, result))

    def _all_confirmed(self, campaign: bytes) -> bool:
        """Whether no transaction about this campaign could still be undone by a re-org of usual depth."""
        return not any(
            pending.status in (Status.WAITING, Status.MINED) and campaign.hex() in pending.key
            for pending in self._context.outbox.unfinished()
        )

    def _close(self, row: CampaignRow, record: CampaignRecord) -> None:
        """Keep what a later campaign may start from, let go of the rest, and stop looking."""
        context = self._context
        # Not the public key: nobody trains any more, and a network's has more than a hundred megabytes.
        kept = {Cid.or_none(digest) for digest in (record.model, record.result)}
        for cid in context.store.pins(pin_owner(row.id)):
            if cid not in kept:
                context.store.unpin(cid, pin_owner(row.id))
        self._benches.forget(row.id)
        context.prefetcher.forget(row.id)
        context.journal.close(row.id)
        context.announce("closed", row.id, {})
