"""The open campaigns as this mine's owner wants to see them: what is to be earned, what fits, what the
rules say.
"""

from __future__ import annotations

from dataclasses import dataclass

from mine_agent.campaigns.artifacts import CampaignArtifacts, CampaignSpec
from mine_agent.campaigns.offer import offer_of, why_closed
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.data.matching import Fit, fit_by_names
from mine_agent.failures import describe
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.defaults import NEIGHBOURS
from mine_agent.rules.policy import Policy
from mine_agent.rules.refusals import Refusal, refusals
from openmined_syft.errors import OpenMinedError, PrivacyError
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.errors import ChainError
from pysonar.chain.sending.fees import price_now


@dataclass(frozen=True)
class Listing:
    """One open campaign. Without a usable spec, `campaign_spec` is None and `fault` says why.

    Attributes:
        fits: how each data set fits. refusals: the owner's rules that forbid it.
        closed: why nothing can be submitted now, though it is open. failure: the mine's last error with it.
        privacy: what a gradient for it may tell of a single record, in words.
    """

    record: CampaignRecord
    campaign_spec: CampaignSpec | None
    fault: str | None
    fits: tuple[Fit, ...]
    refusals: tuple[Refusal, ...]
    closed: str | None
    failure: str | None
    privacy: str | None = None

    @property
    def joined(self) -> bool:
        """Whether `mine-agent run` works for it."""
        return (
            self.campaign_spec is not None
            and not self.refusals
            and self.closed is None
            and any(fit.fits for fit in self.fits)
        )


def open_campaigns(connection: Connection, data_sets: list[DataSet], policy: Policy) -> list[Listing]:
    """Every campaign that is open on the chain, oldest first. Raises ChainError."""
    artifacts = CampaignArtifacts(connection)
    settled = connection.settled_ids()
    price, now = price_now(connection.web3), connection.sonar.now()
    listings = []
    for campaign in connection.campaign_ids():
        if campaign in settled:
            continue
        record = connection.sonar.campaign(campaign)
        if record.state is State.OPEN:
            listings.append(_listing(connection, artifacts, record, data_sets, policy, price, now))
    return listings


def _listing(
    connection: Connection,
    artifacts: CampaignArtifacts,
    record: CampaignRecord,
    data_sets: list[DataSet],
    policy: Policy,
    price: int,
    now: int,
) -> Listing:
    closed = why_closed(record, now, policy.limits.time_margin)
    failures = [connection.journal.failure(record.id, data.name) for data in data_sets]
    failure = next((entry.message for entry in failures if entry is not None), None)
    try:
        campaign_spec = artifacts.spec_of(record)
    except ChainError:
        raise
    except OpenMinedError as error:
        return Listing(record, None, describe(error), (), (), closed, failure)
    return Listing(
        record,
        campaign_spec,
        None,
        tuple(fit_by_names(campaign_spec.schema, data) for data in data_sets),
        refusals(policy, offer_of(record, price, campaign_spec.spec)),
        closed,
        failure,
        _privacy(campaign_spec, policy.privacy),
    )


def _privacy(campaign_spec: CampaignSpec, budget: Budget | None) -> str:
    """What a release for the campaign costs at most: nothing, if one of the same records is there already."""
    if budget is None:
        return "none"
    floor = campaign_spec.spec.privacy_floor
    try:
        rho = budget.price_rho if floor is None else budget.for_floor(floor.epsilon, floor.delta)
    except PrivacyError:
        return "cannot be given"
    return f"epsilon up to {budget.shown(rho):.3g} at delta {budget.delta:g} for {NEIGHBOURS}"
