"""Campaigns in a token that turns against Capsule: what that may cost, and what it must not stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from eth_utils.crypto import keccak

from openmined_oracle.campaigns.lifecycle import CLAIMS
from openmined_oracle.journal import CampaignRow
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.events import Claimed
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.deeds import Action
from pysonar.chain.sending.fees import TOKEN_CALL_COST
from pysonar.chain.sending.outbox_records import Pending, Status
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.pause import Pause
from pysonar.protocol.cid import Cid
from tests.oracle.capsule_world import World
from tests.oracle.networks.network_world import MadeUpNetworkWorld
from tests.roles import there

HONEST, REFUSES, HUNGRY, TRAP = range(4)
GWEI = 10**9


@dataclass
class Token:
    """A TrapToken, of which the scientist and every miner have plenty."""

    world: World
    address: str

    def call(self, signer: KeyfileSigner, function: str, *words: int) -> None:
        data = keccak(text=function)[:4] + b"".join(word.to_bytes(32, "big") for word in words)
        self.world.transact(self.world.node, signer, Call(self.address, data, 0, function))

    def give(self, signer: KeyfileSigner) -> None:
        self.call(signer, "mint(address,uint256)", int(signer.address, 16), 10**24)
        self.call(signer, "approve(address,uint256)", int(self.world.sonar.address, 16), 10**24)

    def turn(self, mood: int) -> None:
        self.call(self.world.scientist, "turn(uint256)", mood)


@pytest.fixture
def in_tokens(deploy: Callable[..., str], miner: KeyfileSigner) -> Callable[[World], Token]:
    """`in_tokens(world) -> Token`: the world's Capsule takes the token, too."""

    def make(world: World) -> Token:
        token = Token(world, deploy(world.node, "contracts/mocks/tokens/TrapToken.vy"))
        for signer in (world.scientist, miner):
            token.give(signer)
        world.home.capsule = replace(world.home.capsule, assets=("ether", token.address))
        return token

    return make


def ended(world: World, token: Token, miner: KeyfileSigner) -> bytes:
    """A campaign in which the miner has gained and whose time is over; nothing of it is settled yet."""
    campaign = world.opened(asset=token.address, bounty=1000, fee=1, stake=0)
    sealed = world.envelope(campaign, miner).seal(world.own.certificate)
    update = world.store.put(sealed).digest
    world.transact(world.node, miner, world.sonar.calls.submit(campaign, update, miner.address, 0))
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    world.node.advance_to(world.record(campaign).terms.review_until)
    return campaign


def claims(world: World, campaign: bytes) -> list[Pending]:
    agent = world.agent()
    try:
        about = agent.context.outbox.records.of_campaign(campaign)
        return [pending for pending in about if pending.deed.action is Action.CLAIM]
    finally:
        agent.close()


def row(world: World, campaign: bytes) -> CampaignRow:
    agent = world.agent()
    try:
        return agent.context.journal.campaign(campaign)
    finally:
        agent.close()


def run_again(world: World) -> None:
    world.run()


def test_an_honest_token_is_paid_in(
    world: World, in_tokens: Callable[[World], Token], miner: KeyfileSigner
) -> None:
    token = in_tokens(world)
    campaign = ended(world, token, miner)
    world.run()
    assert [pending.status for pending in claims(world, campaign)] == [Status.CONFIRMED]
    assert world.sonar_events(Claimed, campaign)[0].amount == 1
    assert row(world, campaign).closed


def test_a_token_that_refuses_capsule_keeps_no_result_back(
    world: World, in_tokens: Callable[[World], Token], miner: KeyfileSigner
) -> None:
    token = in_tokens(world)
    campaign = ended(world, token, miner)
    token.turn(REFUSES)
    world.run()
    run_again(world)
    record = world.record(campaign)
    assert (record.state, record.delivered) == (State.SETTLED, True)
    assert world.store.has(Cid.from_bytes32(record.result))
    assert "cannot be claimed" in (world.problem(campaign) or "")
    assert (claims(world, campaign), row(world, campaign).closed) == ([], False)

    token.turn(HONEST)  # it was only paused
    run_again(world)
    assert world.sonar_events(Claimed, campaign)[0].amount == 1
    assert row(world, campaign).closed


def test_a_token_that_refuses_is_asked_less_and_less(
    world: World, in_tokens: Callable[[World], Token], miner: KeyfileSigner
) -> None:
    token = in_tokens(world)
    campaign = ended(world, token, miner)
    token.turn(REFUSES)
    agent = world.agent()
    pauses: list[float] = []
    agent.agenda.failed(campaign, Pause(0.0, 0.0))
    failed = agent.agenda.failed

    def noted(campaign: bytes, pause: Pause) -> float:
        pauses.append(failed(campaign, pause))
        return pauses[-1]

    agent.agenda.failed = noted  # type: ignore[method-assign]
    for _ in range(10):
        entry = agent.agenda._entries[campaign]
        entry.look_at, entry.failures = 0.0, 30
        agent.round()
    agent.close()
    assert pauses[-1] == 86_400.0  # seconds: once a day in the end


def test_gas_above_what_a_token_needs_is_not_paid_for(
    world: World, in_tokens: Callable[[World], Token], miner: KeyfileSigner
) -> None:
    """The ceiling is the operator's own, in ether: here what 300,000 gas cost at least."""
    token = in_tokens(world)
    campaign = ended(world, token, miner)
    token.turn(HUNGRY)
    ceiling = 300_000 * (
        (rpc.latest(world.node.web3).base_fee or 0) + 1
    )  # above an honest claim, below this one
    world.home.settings = replace(world.home.settings, max_token_call=f"{ceiling} wei")
    world.run()
    run_again(world)
    assert claims(world, campaign) == []
    assert f"at most {ceiling} wei are paid for" in (world.problem(campaign) or "")
    token.turn(HONEST)
    run_again(world)
    assert [pending.status for pending in claims(world, campaign)] == [Status.CONFIRMED]


def test_a_trap_costs_a_few_claims_and_no_more(
    world: World, in_tokens: Callable[[World], Token], miner: KeyfileSigner
) -> None:
    """It behaves in every simulation and burns what is offered when it counts."""
    token = in_tokens(world)
    campaign = ended(world, token, miner)
    token.turn(TRAP)
    for _ in range(CLAIMS + 3):
        run_again(world)
    tried = claims(world, campaign)
    assert [pending.status for pending in tried] == [Status.REVERTED] * CLAIMS
    assert all(there(pending.receipt).fee <= TOKEN_CALL_COST for pending in tried)
    assert row(world, campaign).closed
    ((_, _, said),) = [told for told in world.told if told[:2] == ("closed", campaign)]
    assert (said["unclaimed"], said["asset"]) == ("1", token.address)


def test_claims_whose_nonce_was_taken_do_not_count(
    world: World, in_tokens: Callable[[World], Token], miner: KeyfileSigner
) -> None:
    """They cost nothing, and what is owed is not given up for them."""
    token = in_tokens(world)
    campaign = ended(world, token, miner)
    token.turn(TRAP)
    for _ in range(CLAIMS):
        run_again(world)
        agent = world.agent()
        agent.context.journal.connection.execute(
            "UPDATE outbox SET status = 'displaced' WHERE status = 'reverted'"
        )
        agent.close()
    token.turn(HONEST)
    run_again(world)
    assert len(claims(world, campaign)) == CLAIMS + 1
    assert world.sonar_events(Claimed, campaign)[0].amount == 1


def test_a_token_that_refuses_holds_no_place_of_a_network(
    networks: MadeUpNetworkWorld, in_tokens: Callable[[World], Token], miner: KeyfileSigner
) -> None:
    token = in_tokens(networks)
    networks.home.capsule = replace(networks.home.capsule, max_networks=1)
    campaign = networks.opened(asset=token.address, bounty=1000, fee=1, stake=0)
    digest = networks.store.put(b"no gradient").digest
    networks.transact(networks.node, miner, networks.sonar.calls.submit(campaign, digest, miner.address, 0))
    networks.run()
    networks.node.advance_to(networks.record(campaign).terms.review_until)
    token.turn(REFUSES)
    networks.run()
    run_again(networks)
    assert not row(networks, campaign).closed
    bundle = Cid.from_bytes32(networks.record(campaign).public_key)
    assert bundle not in networks.store.pins(f"capsule/0x{campaign.hex()}")
    assert networks.record(networks.opened()).state is State.OPEN
