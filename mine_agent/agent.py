"""The mine at work: one round after another, each of which looks at the chain and does what is due.

A round reads new events, looks after the transactions on their way, then after this mine's own submissions
(verdicts, stakes to take back, money to claim), and at last trains for campaigns that are open. Nothing is
remembered between rounds that matters: everything is decided anew from the chain, the journal and the owner's
rules, so a round that was cut short anywhere is simply done again.

A campaign that fails (a hostile spec, a model that does not fit, a store without the bytes) is written down
with a pause that doubles, and holds nobody else up. Only a node that cannot be reached ends a round early.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from mine_agent.campaigns.artifacts import CampaignArtifacts
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.errors import StillFetchingError
from mine_agent.failures import UnexpectedError, describe
from mine_agent.happenings import ClockBehind, Paused, Resumed
from mine_agent.memory import Pool
from mine_agent.rules.policy import Policy
from mine_agent.work.earlier_homes import rename_protected_submissions
from mine_agent.work.new_submissions import NewSubmissions
from mine_agent.work.open_submissions import OpenSubmissions
from mine_agent.work.own_snapshot import OwnSnapshot
from mine_agent.work.snapshot import Snapshot
from openmined_syft.errors import OpenMinedError
from pysonar.chain.database_errors import DatabaseUnusableError
from pysonar.chain.errors import NodeDownError
from pysonar.chain.sending.outbox import Outbox
from pysonar.party.happenings import AccountNotice, Problem, Tell
from pysonar.pause import Pause

PAUSE = Pause(first=5, longest=15 * 60)
# Kinds of work that fail and recover by themselves; no data set can have such a name.
FOLLOWING_UP = "/submissions"
MONEY = "/money"


class Agent:
    """One mine. `stopping` is asked between two pieces of work; the piece at hand is always finished."""

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        *,
        tell: Tell,
        stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._tell = tell
        self._stopping = stopping
        self._clock = clock
        self._open = OpenSubmissions(connection, outbox, tell=tell, clock=clock)
        self._ledger = connection.home.privacy_ledger(int(clock()))
        self._pool = Pool()
        self._new = NewSubmissions(
            connection, outbox, CampaignArtifacts(connection, self._pool), self._ledger, self._pool,
            tell=tell, clock=clock,
        )  # fmt: skip
        self._over: set[bytes] = set()
        self._paused = False
        self._errors: list[OpenMinedError] = []
        self._told: dict[tuple[bytes, str], str] = {}
        self._told_clock = False
        self._renamed = False

    @property
    def trouble(self) -> str | None:
        """What the nodes keep back or contradict each other about; see `Follower.trouble`."""
        return self._connection.follower.trouble

    def round(self) -> list[OpenMinedError]:
        """Do what is due; the errors that were written down meanwhile.

        Raises what concerns all campaigns alike: NodeDownError, SettingsError (the policy), DataError (the
        registrations), LedgerError (what was spent cannot be told: nothing may be released).
        """
        self._errors = []
        connection = self._connection
        connection.follower.poll()
        self._ledger.require_known(connection.own_updates())
        self._outbox.pump()
        for notice in self._outbox.notices():
            self._tell(AccountNotice(notice=notice))
        policy = connection.home.policy()
        registered = connection.home.data().all()
        if not self._renamed:
            rename_protected_submissions(connection.journal, self._ledger, registered)
            self._renamed = True
        data_sets = [self._new.as_last_seen(data, policy) for data in registered]
        self._pool.resize(policy.memory)
        settled = connection.settled_ids()
        unfinished = [one for one in connection.own_campaign_ids() if one not in self._over]
        own = OwnSnapshot(connection, unfinished)
        for campaign in unfinished:
            self._try(campaign, FOLLOWING_UP, partial(self._open.follow_up, campaign, policy, own))
            money = partial(self._open.collect, campaign, own, auto_claim=policy.auto_claim)
            if self._try(campaign, MONEY, money) and campaign in settled:
                self._is_over(campaign)
        if self._is_paused():
            return self._errors
        live = [campaign for campaign in connection.campaign_ids() if campaign not in settled]
        snapshot = Snapshot(connection, live if data_sets else [], self._clock())
        for campaign in live:
            for data in data_sets:
                self._try(campaign, data.name, partial(self._consider, snapshot, campaign, data, policy))
        self._note_clock()
        return self._errors

    def idle(self, stopping: Callable[[], bool], seconds: float) -> None:
        """Prepare what later visits need, for at most `seconds`, or until it is to stop; nothing while the
        owner wants nothing new.
        """
        if not self._paused:
            self._new.idle.go_on(stopping, seconds)

    def _consider(self, snapshot: Snapshot, campaign: bytes, data: DataSet, policy: Policy) -> bool:
        if not snapshot.is_due(campaign, data, policy):
            return False
        moment = snapshot.moment.renewed(self._connection, self._clock())
        done = self._new.consider(moment, campaign, data, policy)
        if done:
            snapshot.joined(campaign)
        return done

    def _is_paused(self) -> bool:
        """Whether the owner wants nothing new; reported when it begins and when it ends."""
        paused = self._connection.home.is_paused
        if paused != self._paused:
            self._paused = paused
            self._tell(Paused() if paused else Resumed())
        return paused

    def _note_clock(self) -> None:
        """Tell once that the ledger's entries are later than the clock, as long as they are."""
        behind = self._ledger.clock_behind
        if behind and not self._told_clock:
            self._tell(ClockBehind(seconds=behind))
        self._told_clock = behind > 0

    def _is_over(self, campaign: bytes) -> None:
        """Settled and claimed: nothing more to do, once nothing is pinned any more."""
        if all(made.closed_at is not None for made in self._connection.journal.submissions(campaign)):
            self._over.add(campaign)

    def _try(self, campaign: bytes, what: str, work: Callable[[], bool | None]) -> bool:
        """Do one piece of work, unless it failed a short while ago or the mine is to stop. What fails is
        recorded and reported; whether the work returned True."""
        journal, now = self._connection.journal, int(self._clock())
        failed = journal.failure(campaign, what)
        if self._stopping() or (failed is not None and not PAUSE.is_due(failed.retry_at, now)):
            return False
        try:
            done = work()
        except (NodeDownError, DatabaseUnusableError):
            raise  # without its journal a mine must not go on
        except StillFetchingError as error:
            self._errors.append(error)  # no failure yet: no pause, and nothing is reported
            return False
        except OpenMinedError as error:
            self._failed(campaign, what, error)
            return False
        except Exception as error:  # noqa: BLE001 - what a stranger wrote must not stop the work for others
            self._failed(campaign, what, UnexpectedError(error))
            return False
        if failed is not None:
            journal.succeed(campaign, what)
            self._told.pop((campaign, what), None)
        return done is True

    def _failed(self, campaign: bytes, what: str, error: OpenMinedError) -> None:
        self._errors.append(error)
        failure = self._connection.journal.fail(
            campaign,
            what,
            describe(error),
            now=int(self._clock()),
            pause=PAUSE,
        )
        if self._told.get((campaign, what)) == failure.message:
            return  # the same as before the pause
        self._told[campaign, what] = failure.message
        self._tell(
            Problem(
                campaign=campaign,
                work=what,
                error=type(error).__name__,
                reason=failure.message,
                retry_at=failure.retry_at,
            )
        )
