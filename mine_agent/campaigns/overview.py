"""The open campaigns as this mine's owner wants to see them: what is to be earned, what fits, what a visit
costs, and whether the mine would join, by which rules.

Everything here reads; nothing is sent, and nobody learns what was looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mine_agent.campaigns.artifacts import CampaignArtifacts, CampaignSpec
from mine_agent.campaigns.facts import Moment, facts_of
from mine_agent.campaigns.visit_cost import VisitCost, visit_cost
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.data.matching import Fit, fit_by_names
from mine_agent.failures import describe
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.defaults import NEIGHBOURS
from mine_agent.rules.decisions import Decision, Facts, decide
from mine_agent.rules.policy import Policy
from mine_agent.rules.refusals import Refusal
from openmined_syft.errors import OpenMinedError, PrivacyError
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.errors import ChainError

PPM_OF_A_POINT = 10_000


@dataclass(frozen=True)
class Prospect:
    """One data set for one campaign: how it fits, and what the rules say of the two together."""

    data: str | None
    fit: Fit | None
    facts: Facts
    decision: Decision


@dataclass(frozen=True)
class Listing:
    """One open campaign. Without a usable spec, `campaign_spec` is None and `fault` says why.

    Attributes:
        prospects: one for each data set, the most promising first; without data one for none.
        failure: the mine's last error with it.
        privacy: what a gradient for it may tell of a single record, in words.
        visit: what one visit costs in time and bytes.
    """

    record: CampaignRecord
    campaign_spec: CampaignSpec | None
    fault: str | None
    prospects: tuple[Prospect, ...]
    failure: str | None
    privacy: str | None = None
    visit: VisitCost | None = None

    @property
    def best(self) -> Prospect:
        """The most promising data set."""
        return self.prospects[0]

    @property
    def joined(self) -> bool:
        """Whether `mine-agent run` works for it."""
        return self.campaign_spec is not None and self.best.data is not None and self.best.decision.joins

    @property
    def reasons(self) -> tuple[Refusal, ...]:
        """Everything that speaks against training for it now, with the most promising data."""
        return self.best.decision.reasons

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The owner's rules among `reasons`."""
        rules = {check.rule for check in self.best.decision.checks}
        return tuple(reason for reason in self.reasons if reason.rule in rules)

    @property
    def closed(self) -> str | None:
        """Why nothing can be submitted now, though it is open."""
        return self.best.facts.closed

    @property
    def fits(self) -> tuple[Fit, ...]:
        """How each data set fits."""
        return tuple(prospect.fit for prospect in self.prospects if prospect.fit is not None)

    @property
    def asked(self) -> tuple[str, ...]:
        """The fields that it asks for, the label last."""
        if self.campaign_spec is None:
            return ()
        return (*self.campaign_spec.schema.field_names, self.campaign_spec.schema.label_name)

    @property
    def coverage(self) -> Fraction | None:
        """The share of the fields that the most promising data have; None if either is not known."""
        if not self.asked or self.best.fit is None:
            return None
        return Fraction(len(self.asked) - len(self.best.fit.missing), len(self.asked))

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that the most promising data lack."""
        return () if self.best.fit is None else self.best.fit.missing

    @property
    def point_pays(self) -> int:
        """What raising the accuracy by one percentage point pays, in the asset's smallest unit; no more than
        is left.
        """
        record = self.record
        return min(record.left_to_earn, record.terms.bounty * PPM_OF_A_POINT // record.denominator)

    @property
    def word(self) -> str | None:
        """The owner's on it: "approved", "refused" or None."""
        return self.best.facts.offer.word


def open_campaigns(
    connection: Connection,
    data_sets: Sequence[DataSet],
    policy: Policy,
    *,
    costs: bool = True,
    clock: Callable[[], float] = time.time,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> list[Listing]:
    """Every campaign that is open on the chain, oldest first. Raises ChainError.

    Args:
        costs: whether to tell what a visit costs; the first time measures this machine for some seconds.
        clock: gives seconds since 1970.
        progress: is told how many of how many are looked at.
    """
    artifacts, settled = CampaignArtifacts(connection), connection.settled_ids()
    ids = [campaign for campaign in connection.campaign_ids() if campaign not in settled]
    records = connection.sonar.many(ids)
    moment = Moment.now(connection, records, clock())
    opened = [
        records[campaign] for campaign in ids if campaign in records and records[campaign].state is State.OPEN
    ]
    listings = []
    for place, record in enumerate(opened):
        progress(place, len(opened))
        listings.append(_listing(connection, artifacts, moment, record, data_sets, policy, costs))
    return listings


def _listing(
    connection: Connection,
    artifacts: CampaignArtifacts,
    moment: Moment,
    record: CampaignRecord,
    data_sets: Sequence[DataSet],
    policy: Policy,
    costs: bool,
) -> Listing:
    failures = [connection.journal.failure(record.id, data.name) for data in data_sets]
    failure = next((entry.message for entry in failures if entry is not None), None)
    campaign_spec, fault, visit = None, None, None
    try:
        campaign_spec = artifacts.spec_of(record)
        visit = visit_cost(connection.journal, campaign_spec) if costs else None
    except ChainError:
        raise
    except OpenMinedError as error:
        fault = describe(error)
    seconds = None if visit is None else visit.seconds

    def prospect(data: DataSet | None) -> Prospect:
        facts = facts_of(
            connection, moment, record, data, campaign_spec,
            budgeted=policy.privacy is not None, visit_seconds=seconds,
        )  # fmt: skip
        fit = None
        if data is not None and campaign_spec is not None:
            fit = fit_by_names(campaign_spec.schema, data)
        return Prospect(None if data is None else data.name, fit, facts, decide(policy, facts))

    prospects = [prospect(data) for data in data_sets] or [prospect(None)]
    prospects.sort(
        key=lambda one: (not one.decision.joins, len(one.facts.lacking), len(one.decision.reasons))
    )
    return Listing(
        record=record,
        campaign_spec=campaign_spec,
        fault=fault,
        prospects=tuple(prospects),
        failure=failure,
        privacy=None if campaign_spec is None else _privacy(campaign_spec, policy.privacy),
        visit=visit,
    )


def _privacy(campaign_spec: CampaignSpec, budget: Budget | None) -> str:
    """What a release for the campaign costs at most: nothing, if the data were released for its schema."""
    if budget is None:
        return "none"
    floor = campaign_spec.spec.privacy_floor
    try:
        rho = budget.price_rho if floor is None else budget.for_floor(floor.epsilon, floor.delta)
    except PrivacyError:
        return "cannot be given"
    return f"epsilon up to {budget.shown(rho):.3g} at delta {budget.delta:g} for {NEIGHBOURS}"
