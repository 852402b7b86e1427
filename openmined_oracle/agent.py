"""Capsule as a long-running agent: one thread that follows the chain and advances in turn the campaigns that
have something to do (see `agenda`).

Trouble with one campaign is noted with that campaign, retried later, and stops no other. Trouble with the
node stops everything until it answers again. A signal asks for the end; the round at hand is finished
first, though nothing would be lost if it were not.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass

from openmined_oracle.agenda import Agenda, Outlook
from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.lifecycle import Lifecycle
from openmined_oracle.errors import ClaimRefusedError, InProgressError, OracleError
from openmined_oracle.happenings import Noted, Registered, Unregistered
from openmined_oracle.journal import CampaignRow
from openmined_oracle.keys.registration import Registration
from openmined_oracle.operation.metrics import Watch
from openmined_oracle.operation.vitals import vitals
from openmined_syft.errors import KernelError, OpenMinedError
from pysonar.chain.contract.events import CampaignCreated
from pysonar.chain.database import transaction
from pysonar.chain.database_errors import DatabaseUnusableError
from pysonar.chain.errors import ChainError, NodeDownError
from pysonar.chain.sending.outbox_records import Status
from pysonar.party.faults import fault
from pysonar.party.happenings import AccountNotice, Problem
from pysonar.party.patience import WAITED_FOR, Patience
from pysonar.pause import Pause
from pysonar.protocol.openpgp import SealError
from pysonar.store import StoreError

RETRY = Pause(first=1.0, longest=60.0)
CLAIM_RETRY = Pause(first=1.0, longest=86_400.0)
"""A token that refuses is asked once a day in the end."""
ONCE_SECONDS = 120.0
VITALS_SECONDS = 15.0
_SHOWN = (OracleError, ChainError, StoreError, SealError, KernelError)


@dataclass(frozen=True)
class Round:
    """What one round came to: whether something moved, and what is left in the air."""

    moved: bool
    waiting: bool


class Agent:
    """Capsule at work."""

    def __init__(
        self,
        context: Context,
        registration: Registration,
        *,
        poll_seconds: float,
        stop: threading.Event | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.context = context
        self._watch = watch
        self._registration = registration
        self.agenda = Agenda()
        self._lifecycle = Lifecycle(context)
        self._in_flight: set[bytes] = set()
        self._under_way = False
        self._poll_seconds = poll_seconds
        self._stop = stop or threading.Event()
        self._patience = Patience(context.tell, self._stop)
        self._told: str | None = None
        self.failures: dict[bytes, OpenMinedError] = {}

    @property
    def address(self) -> str:
        """The account."""
        return self.context.outbox.account

    def close(self) -> None:
        """Let go of the threads."""
        self.context.prefetcher.close()
        self.context.workshop.close()
        self.context.workers.close()

    def stop(self) -> None:
        """Ask the agent to end after the round at hand. May be called from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`. A node that is down and a database that is busy or full are waited for."""
        while not self._stop.is_set():
            try:
                done = self.round()
            except WAITED_FOR as error:
                self._patience.wait(error)
                continue
            self._patience.over()
            self._take_vitals()
            if not done.moved:
                self._wait()

    def _wait(self) -> None:
        """Until the next round; meanwhile the next versions of models are prepared, if nothing else is being
        computed.
        """
        began = time.monotonic()
        if not self._under_way:
            self._lifecycle.work_ahead(self._stop.is_set, self._poll_seconds)
        self._stop.wait(max(0.0, began + self._poll_seconds - time.monotonic()))

    def run_once(self) -> None:
        """Do all that can be done now: until nothing moves and no transaction or fetch is under way.

        Raises:
            ChainError: the node is down.
            OracleError: own transactions are still waiting after `ONCE_SECONDS` in which nothing moved.
        """
        moved_at = time.monotonic()
        while not self._stop.is_set():
            done = self.round()
            if done.moved:
                moved_at = time.monotonic()
                continue
            if not done.waiting:
                return
            if time.monotonic() - moved_at > ONCE_SECONDS:
                raise OracleError(
                    f"transactions of this Capsule still wait after {ONCE_SECONDS:g} s; run it again"
                )
            self._stop.wait(min(self._poll_seconds, 0.2))

    def round(self) -> Round:
        """One look at the chain, and one step for every campaign that has something to do.

        Raises:
            NodeError: nothing is lost.
        """
        context = self.context
        context.follower.poll()
        self._patience.note_trouble(context.follower.trouble)
        finished = context.outbox.pump()
        for notice in context.outbox.notices():
            context.tell(AccountNotice(notice=notice))
        moved = self._note_campaigns() | self._register() | bool(finished)
        active = context.journal.active_campaigns()
        self._bring_up()
        now, self._under_way = context.sonar.now(), False
        rows = {row.id: row for row in active}
        for campaign in context.waiting.renew(rows):
            row = rows[campaign]
            if self._stop.is_set():
                break
            if self.agenda.due(row.id, now):
                moved |= self._advance(row, now)
        waiting = any(pending.status is Status.WAITING for pending in context.outbox.unfinished())
        return Round(moved, waiting or self._under_way)

    def _take_vitals(self) -> None:
        """Keep the numbers fresh that somebody may ask for. The node's trouble is reported elsewhere."""
        if self._watch is None:
            return
        self._watch.note_round()
        taken, context = self._watch.numbers_at, self.context
        if taken is not None and time.monotonic() - taken < VITALS_SECONDS:
            return
        with contextlib.suppress(*WAITED_FOR):
            self._watch.note(
                vitals(
                    context.sonar,
                    context.follower,
                    context.journal,
                    context.outbox.account,
                    context.outbox.records.all(),
                )
            )

    def _bring_up(self) -> None:
        """Put on the agenda what new events are about, and what own transactions are about that are on their
        way or have just arrived.
        """
        touched = self.context.follower.touched() or set()  # the first time everything is due anyway
        waiting = [sent for sent in self.context.outbox.unfinished() if sent.status is Status.WAITING]
        flying = {sent.deed.campaign for sent in waiting if sent.deed.campaign is not None}
        self.agenda.bring_up(touched | flying | self._in_flight)
        self._in_flight = flying

    def _register(self) -> bool:
        """Go on with the registration, and say once what stands in its way."""
        moved, problem = self._registration.advance(), self._registration.problem
        if moved:
            self.context.tell(Registered())
        if problem is not None and str(problem) != self._told:
            self._told = str(problem)
            self.context.tell(Unregistered(reason=str(problem)))
        return moved

    def _note_campaigns(self) -> bool:
        """Write down the new campaigns that name this Capsule."""
        context, noted = self.context, False
        for stored in context.follower.unhandled(CampaignCreated):
            event = stored.event
            with transaction(context.journal.connection):
                context.follower.mark_handled(stored)
                if event.capsule != context.outbox.account:
                    continue
                context.journal.add_campaign(event.id, event.owner, event.spec)
            asset = context.asset(event.asset)
            context.tell(Noted(campaign=event.id, owner=event.owner, bounty=event.bounty, asset=asset))
            noted = True
        return noted

    def _advance(self, row: CampaignRow, now: int) -> bool:
        """Whether anything was written down for the campaign. Its failure is noted, not raised."""
        journal = self.context.journal
        before = journal.connection.total_changes
        try:
            outlook = self._lifecycle.advance(row, now)
        except InProgressError:
            self._under_way = True
            self.agenda.looked(row.id, Outlook(seconds=0, under_way=True), now)
        except (NodeDownError, DatabaseUnusableError):
            raise
        except OpenMinedError as error:
            self.failures[row.id] = error
            self._note_failure(row, error, _text(error))
        except Exception as error:  # noqa: BLE001 - one campaign's trouble must not stop the others
            unexpected = OracleError(fault(error))
            self.failures[row.id] = unexpected
            self._note_failure(row, unexpected, str(unexpected))
        else:
            self._under_way |= outlook.under_way
            self.agenda.looked(row.id, outlook, now)
            moved = journal.connection.total_changes != before
            if moved:
                self.agenda.bring_up([row.id])  # there may be more to do at once
            if not outlook.under_way:
                self.failures.pop(row.id, None)
                if row.problem is not None:
                    journal.recover(row.id)
            return moved
        return False

    def _note_failure(self, row: CampaignRow, error: OpenMinedError, problem: str) -> None:
        self.agenda.failed(row.id, CLAIM_RETRY if isinstance(error, ClaimRefusedError) else RETRY)
        self.context.journal.fail(row.id, problem)
        if problem != row.problem:
            self.context.tell(Problem(campaign=row.id, reason=problem, error=type(error).__name__))


def _text(error: OpenMinedError) -> str:
    """What may be written down of a failure: errors about data or weights may quote them, so only their
    kind.
    """
    if isinstance(error, _SHOWN):
        return str(error)
    return f"{type(error).__name__} while working on the campaign"
