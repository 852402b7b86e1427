"""What a submission costs now, whether the account can pay it, and whether there is time left for it."""

from __future__ import annotations

from typing import TypedDict

from typing_extensions import Unpack

from mine_agent.rules.offer import Offer
from mine_agent.rules.rewards import Cost
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.tokens import Token
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.errors import InsufficientFundsError
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node
from pysonar.protocol.artifacts import Spec
from pysonar.protocol.artifacts.spec.algorithm import NETWORK

SUBMIT_GAS = 80_000  # snapshots/gas.json, and a reserve


class OfferParts(TypedDict, total=False):
    """What of an `Offer` is known from this mine's side alone."""

    data: str | None
    minute: int | None
    begun: bool
    others: int
    visit_seconds: float | None
    payouts: tuple[int, ...]
    spent: int
    word: str | None
    symbol: str | None
    decimals: int


def cost_of(record: CampaignRecord, price: int) -> Cost:
    """What one submission to the campaign costs or risks, at `price` wei per gas.

    Of a campaign in a token all amounts are in the token's smallest unit. What gas costs in ether cannot be
    set against that, so it is left out: an owner who allows the token says that it is worth the gas.
    """
    ether = record.terms.asset == ZERO_ADDRESS
    return Cost(stake=record.terms.stake, fee=record.terms.fee, gas=SUBMIT_GAS * price if ether else 0)


def offer_of(
    record: CampaignRecord,
    price: int,
    spec: Spec | None = None,
    *,
    chain_time: int | None = None,
    **more: Unpack[OfferParts],
) -> Offer:
    """What the owner's policy is asked about. Without the spec, no fields, purpose and privacy are asked for;
    without `chain_time` (seconds since 1970), no time windows; `more` is as of `Offer`.
    """
    floor, terms = spec.privacy_floor if spec else None, record.terms
    return Offer(
        scientist=record.owner.lower(),
        capsule=record.terms.capsule.lower(),
        asset=record.terms.asset.lower(),
        fields=(*spec.schema.field_names, spec.schema.label_name) if spec else (),
        left=record.left_to_earn,
        cost=cost_of(record, price),
        network=spec is not None and spec.algorithm.family == NETWORK,
        floor=(floor.epsilon, floor.delta) if floor else None,
        purpose=spec.purpose if spec else None,
        auditor=str(spec.auditor_certificate) if spec and spec.auditor_certificate else None,
        submit_window=None if chain_time is None else max(0, terms.submit_until - chain_time),
        review_window=None if chain_time is None else terms.review_until - terms.submit_until,
        **more,
    )


def why_closed(record: CampaignRecord, now: int, margin: int, spec: Spec | None = None) -> str | None:
    """Why nothing can be submitted now, with `margin` seconds to spare; None if it can, for all that is known
    without the spec.
    """
    if record.state is not State.OPEN:
        return f"the campaign is {record.state.name.lower()}"
    if record.target_reached:
        return "the target is reached"
    if now + margin >= record.terms.submit_until:
        return "the time to submit is over, or nearly so"
    if record.pending >= record.terms.max_pending:
        return f"the queue is full ({record.pending} submissions wait)"
    if spec is not None and spec.validation.is_used_up(record.submitted):
        return (
            f"the validation set is used up: it is measured on for {spec.validation.evaluations} submissions,"
            f" and {record.submitted} are made"
        )
    return None


def check_funds(web3: Node, address: str, record: CampaignRecord, price: int) -> None:
    """Raises InsufficientFundsError or TokensMissingError unless the account can pay stake, fee and gas."""
    cost, asset = cost_of(record, price), record.terms.asset
    needed = cost.up_front()
    if asset != ZERO_ADDRESS:
        Token(web3, asset).require_balance("submit", address, cost.stake + cost.fee)
        needed = SUBMIT_GAS * price
    held = rpc.balance(web3, address)
    if held < needed:
        raise InsufficientFundsError("submit", address, held, needed)
