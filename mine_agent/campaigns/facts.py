"""Gathers what a decision about a campaign is made from: the chain, the spec, this mine's own past there, the
clock and the owner's word. What is decided is for `mine_agent.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.campaigns.earnings import gas_of
from mine_agent.campaigns.history import SubmissionStatus, own_past
from mine_agent.campaigns.offer import offer_of, why_closed
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.rules.decisions import Facts
from mine_agent.rules.hours import minute_of_day
from mine_agent.rules.pacing import Outcome
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.sending.outbox_records import OutboxRecords


@dataclass(frozen=True)
class Moment:
    """What is the same for all campaigns at one time.

    Attributes:
        chain_time: of the newest block. clock: of this machine. Both in seconds since 1970.
        price: wei per gas.
        active: campaigns that this mine works for: it has submitted, and they still take submissions.
    """

    chain_time: int
    clock: float
    price: int
    active: frozenset[bytes]

    def renewed(self, connection: Connection, clock: float) -> Moment:
        """The same campaigns, a while later. Raises NodeError."""
        return Moment(connection.sonar.now(), clock, connection.gas_price.now(), self.active)

    def joined(self, campaign: bytes) -> Moment:
        """The same, once this mine has submitted to `campaign`."""
        return replace(self, active=self.active | {campaign})

    @classmethod
    def now(cls, connection: Connection, records: Mapping[bytes, CampaignRecord], clock: float) -> Moment:
        """As of the newest block. `records`: the campaigns that are not settled. Raises NodeError."""
        chain_time = connection.sonar.now()
        own = {made.campaign for made in connection.journal.submissions() if made.given_up is None}
        active = (
            campaign for campaign in own if campaign in records and _goes_on(records[campaign], chain_time)
        )
        return cls(chain_time, clock, connection.gas_price.now(), frozenset(active))


def facts_of(
    connection: Connection,
    moment: Moment,
    record: CampaignRecord,
    data: DataSet | None,
    campaign_spec: CampaignSpec | None = None,
    *,
    budgeted: bool,
    visit_seconds: float | None = None,
) -> Facts:
    """What speaks for and against training `data` for the campaign. Without its spec (which is not fetched
    here), what the spec would say is left open. `budgeted`: whether the owner's policy has a privacy budget.
    """
    history = connection.submission_history(record.id)
    spec = None if campaign_spec is None else campaign_spec.spec
    judged = [one for one in history if one.submission is not None and one.verdict is not None]
    asset = connection.asset(record.terms.asset)
    offer = offer_of(
        record,
        moment.price,
        spec,
        data=None if data is None else data.name,
        chain_time=moment.chain_time,
        minute=minute_of_day(moment.clock),
        begun=any(one.submission is not None for one in history),
        others=len(moment.active - {record.id}),
        visit_seconds=visit_seconds,
        payouts=tuple(one.payout for one in judged),
        spent=_spent(connection, record, judged),
        word=connection.decisions.word(record.id),
        symbol=None if asset.is_ether else asset.symbol,
        decimals=0 if asset.is_ether else asset.decimals,
    )
    lacking: tuple[str, ...] = ()
    if campaign_spec is not None and data is not None:
        lacking = tuple(campaign_spec.schema.missing(data.column_names()))
    return Facts(
        offer=offer,
        lacking=lacking,
        closed=why_closed(record, moment.chain_time, 0, spec),
        past=tuple(own_past(history, version=connection.sonar.version, now=int(moment.clock))),
        data=b"" if data is None else data.identity(budgeted=budgeted),
        model=record.model,
        now=int(moment.clock),
    )


def _spent(connection: Connection, record: CampaignRecord, judged: Sequence[SubmissionStatus]) -> int:
    """Fees, burned stakes and, where it can be set against them, gas of this campaign so far."""
    burned = sum(one.outcome is Outcome.BURNED for one in judged)
    spent = len(judged) * record.terms.fee + burned * record.terms.stake
    if record.terms.asset == ZERO_ADDRESS:
        spent += gas_of(OutboxRecords(connection.database, connection.address).of_campaign(record.id))
    return spent


def _goes_on(record: CampaignRecord, chain_time: int) -> bool:
    return record.state is State.OPEN and not record.target_reached and chain_time < record.terms.submit_until
