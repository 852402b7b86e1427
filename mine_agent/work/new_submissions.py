"""New submissions: decides whether to train one data set for one campaign now, and does it.

The order is from cheap to dear: the campaign's state, this mine's own past there, the spec against the data's
columns, the owner's rules, time and money; only then are key and model fetched, the data read and the model
trained. What leaves the mine is the sealed gradient; that the data fit or do not fit leaves no trace outside.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from mine_agent.campaigns.artifacts import CampaignArtifacts, CampaignSpec
from mine_agent.campaigns.facts import Moment, facts_of
from mine_agent.campaigns.offer import check_funds, why_closed
from mine_agent.campaigns.visit_cost import visit_seconds
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.happenings import Asking, Training, WorkersFailed
from mine_agent.memory import Pool
from mine_agent.privacy.ledger import Ledger
from mine_agent.privacy.protection import protection_for
from mine_agent.rules.decisions import Answer, decide
from mine_agent.rules.policy import Policy
from mine_agent.scale.cluster import Cluster
from mine_agent.work import submit
from mine_agent.work.compiled_data import CompiledData
from mine_agent.work.gradient import seal_update, train_on
from mine_agent.work.idle import IdleWork
from mine_agent.work.progress import reading, training
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.sending.outbox import Outbox
from pysonar.party.happenings import Tell
from pysonar.store import cid_of


class NewSubmissions:
    """What one mine trains and submits. `clock` gives seconds since 1970. `idle`: what it does between."""

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        artifacts: CampaignArtifacts,
        ledger: Ledger,
        pool: Pool,
        *,
        tell: Tell,
        clock: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._artifacts = artifacts
        self._ledger = ledger
        self._compiled = CompiledData(pool)
        self.idle = IdleWork()
        self._tell = tell
        self._clock = clock
        self._digests: dict[tuple[str, str, str], bytes] = {}

    def consider(self, moment: Moment, campaign: bytes, data: DataSet, policy: Policy) -> bool:
        """Train and submit, if all speaks for it; whether it was. What was decided is written down. Raises
        what stands in the way unexpectedly: StoreError, ArtifactError, SchemaError, SyftError, MineError,
        ChainError.

        What is trained is the newest confirmed version: one that a re-org takes back would be no version at
        all, and cost the stake. Whether there is room and time is asked of the newest block.
        """
        connection = self._connection
        if self._is_closed(campaign, policy):
            return False
        record = connection.sonar.campaign(campaign, block=connection.follower.cursor)
        budgeted = policy.privacy is not None
        facts = facts_of(connection, moment, record, data, budgeted=budgeted)
        decision = decide(policy, facts)
        if decision.answer is not Answer.TRAIN and not decision.asks:
            return False  # also before its spec is fetched: nobody else's campaigns may keep the mine waiting
        campaign_spec = self._artifacts.spec_of(record)
        seconds = self._visit_seconds(campaign_spec, policy)
        facts = facts_of(
            connection, moment, record, data, campaign_spec, budgeted=budgeted, visit_seconds=seconds
        )
        decision, current = decide(policy, facts), data
        if decision.answer is Answer.TRAIN:
            current = self._as_it_is_now(data)
            if not budgeted:  # else what is released stays the same, whatever the records are now
                data = current
                facts = replace(facts, data=data.identity(budgeted=budgeted))
                decision = decide(policy, facts)
        noted = partial(
            connection.decisions.note, campaign, data.name, decision, facts, policy, now=int(self._clock())
        )
        if decision.answer is not Answer.TRAIN:
            if noted() and decision.asks:
                self._tell(Asking(campaign=campaign, data=data.name, title=campaign_spec.spec.title))
            return False
        check_funds(connection.web3, connection.address, record, moment.price)
        noted()
        return self._submit(record, campaign_spec, data, current, policy)

    def as_last_seen(self, data: DataSet, policy: Policy) -> DataSet:
        """Data that may change, under the digest that they had when they were last looked at. They are looked
        at again where a new version of a model is trained: not in each round, as that reads all of them, and
        not for another gradient on the same version, which a table that changes all the time would pay for.
        """
        digest = self._digests.get(_registered(data)) if policy.privacy is None else None
        return data if digest is None else replace(data, digest=digest)

    def _as_it_is_now(self, data: DataSet) -> DataSet:
        if not data.live:
            return data
        current = data.renewed()
        self._digests[_registered(data)] = current.digest
        return current

    def _visit_seconds(self, campaign_spec: CampaignSpec, policy: Policy) -> float | None:
        """What a visit takes, if a rule asks: measuring it takes seconds."""
        if not policy.minimum_per_hour:
            return None
        return visit_seconds(self._connection.journal, campaign_spec)

    def _is_closed(self, campaign: bytes, policy: Policy) -> bool:
        sonar = self._connection.sonar
        closed = why_closed(sonar.campaign(campaign), sonar.now(), policy.limits.time_margin)
        return closed is not None

    def _trouble(self, campaign: bytes, data: str) -> Callable[[str], None]:
        return lambda what: self._tell(WorkersFailed(campaign=campaign, data=data, what=what))

    def _submit(
        self,
        record: CampaignRecord,
        campaign_spec: CampaignSpec,
        data: DataSet,
        current: DataSet,
        policy: Policy,
    ) -> bool:
        connection, campaign = self._connection, record.id
        base = self._artifacts.base(record, campaign_spec)
        certificate = self._artifacts.certificate(record, campaign_spec)
        scale = connection.home.scale()
        told = reading(self._tell, campaign, data.name, data.rows)
        elsewhere = None if scale is None else Cluster(scale, told)
        protection = protection_for(policy.privacy, self._ledger, clock=self._clock, elsewhere=elsewhere)
        compiled = self._compiled.visit(
            campaign_spec, current, record.version, policy.limits, policy.privacy, protection, told,
        )  # fmt: skip
        self._tell(
            Training(
                campaign=campaign, data=data.name, base_version=record.version, title=campaign_spec.spec.title
            )
        )
        began = time.monotonic()
        expected = connection.journal.seconds_of_visits(campaign)
        spread = nullcontext() if elsewhere is None else elsewhere.blocks(self._trouble(campaign, data.name))
        with training(self._tell, campaign, data.name, expected), spread as blocks:
            gradient = train_on(base, compiled.visit, self.idle.ahead(base), blocks)
        seconds = time.monotonic() - began
        sealed = seal_update(
            gradient,
            base,
            certificate,
            sonar=connection.sonar,
            campaign=campaign,
            miner=connection.address,
            privacy=compiled.statement,
        )
        if self._is_closed(campaign, policy):
            return False  # closed while training: nothing was promised yet
        update, now = cid_of(sealed).digest, int(self._clock())
        self._ledger.note(update, compiled.release, campaign=campaign, data=data.name, now=now)
        submission = connection.journal.add(
            campaign,
            data=data.name,
            data_digest=data.identity(budgeted=policy.privacy is not None),
            base_version=record.version,
            base_model=record.model,
            update=update,
            value=record.terms.stake + record.terms.fee,
            sealed=sealed,
            now=now,
            seconds=seconds,
        )
        sent = submit.send(
            submission,
            record,
            store=connection.store,
            outbox=self._outbox,
            sonar=connection.sonar,
        )
        if sent is not None:  # else stake and fee are being approved first, and the next round sends
            statement = compiled.statement
            self._tell(
                replace(
                    submit.happening(submission, sent),
                    epsilon=statement.epsilon if statement else None,
                    delta=statement.delta if statement else None,
                )
            )
        return True


def _registered(data: DataSet) -> tuple[str, str, str]:
    """What tells one registration of data, seen through one mapping, from every other."""
    return data.name, data.registration, "" if data.mapping is None else data.mapping.text
