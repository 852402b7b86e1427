"""Scientists who want to stop Capsule, hold it up for everybody else, or keep its fees from it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pysequoia
import pytest

from openmined_oracle.agent import Agent
from openmined_oracle.errors import Decline
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import Algorithm
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import boolean_field, category_field, class_label, input_schema, output_schema
from pysonar.store.embedded.store import EmbeddedStore
from tests.builders.changes import with_fields
from tests.oracle.capsule_world import World, rounds

DAY = 86_400
CELLS = 60 * (5 + 3)
"""What the spec of the tests asks for: 60 records, four numbers and the bias, three classes."""


def limited(world: World, **limits: int) -> None:
    world.home.capsule = with_fields(world.home.capsule, limits)


def assert_declined(world: World, campaign: bytes, reason: Decline) -> None:
    assert world.run().failures == {}
    assert world.declined_for(campaign).startswith(reason.value)


def test_a_family_that_syft_knows_and_a_spec_cannot_have_is_declined(world: World) -> None:
    document = json.loads(world.spec().to_bytes())
    document["algorithm"]["family"] = "ridge"
    campaign = world.create(world.store.put(dumps_json(document)))
    assert_declined(world, campaign, Decline.SPEC_MALFORMED)


def test_a_model_that_would_take_an_hour_to_encrypt_is_declined_at_once(world: World) -> None:
    """61,441 weights are few, and 61,441 ciphertexts of 4096 bits: each version would hold up everybody."""
    wide = input_schema({f"field {place}": category_field(list(range(1024))) for place in range(60)})
    label = output_schema("kind", class_label(["x", "y"]))
    spec = world.spec(input_schema=wide, output_schema=label, algorithm=Algorithm("logistic"), key_bits=4096)
    campaign = world.create(spec)
    began = time.process_time()
    assert_declined(world, campaign, Decline.TOO_LARGE)
    assert time.process_time() - began < 30


@pytest.mark.parametrize(("key_bits", "least"), [(2048, 5), (4096, 40)])
def test_a_larger_key_makes_a_ciphertext_count_more(world: World, key_bits: int, least: int) -> None:
    """Five ciphertexts; declined or not is known before a key is made."""
    limited(world, max_ciphertexts=least - 1)
    assert_declined(world, world.create(world.spec(key_bits=key_bits)), Decline.TOO_LARGE)
    limited(world, max_ciphertexts=least)
    campaign = world.create(world.spec(key_bits=key_bits))
    world.run()
    assert world.count("CampaignDeclined", campaign) == 0


@pytest.mark.parametrize(("limit", "least"), [("max_rows", 60), ("max_cells", CELLS)])
def test_a_validation_set_may_reach_each_limit_and_not_pass_it(world: World, limit: str, least: int) -> None:
    limited(world, **{limit: least - 1})
    assert_declined(world, world.create(), Decline.VALIDATION_TOO_LARGE)
    limited(world, **{limit: least})
    assert world.record(world.opened()).state is State.OPEN


def test_a_small_validation_set_that_unpacks_to_gigabytes_is_not_even_fetched(world: World) -> None:
    """A bit of a boolean column becomes 8 bytes, a cell of 5 bytes one of 1,024 columns of 8 bytes each."""
    many = input_schema({f"bit {place}": boolean_field() for place in range(4000)})
    good = world.spec().validation
    validation = replace(good, rows=20_000, sealed=world.store.put(b"never looked at"))
    campaign = world.create(world.spec(input_schema=many, validation=validation))
    assert_declined(world, campaign, Decline.VALIDATION_TOO_LARGE)


def test_many_open_campaigns_do_not_fill_the_memory(world: World, miner: KeyfileSigner) -> None:
    """Room for one campaign's material: all are judged and delivered, one is kept."""
    limited(world, max_cells=CELLS)
    campaigns = [world.opened() for _ in range(3)]
    for campaign in campaigns:
        world.submit(campaign, miner)
    agent = world.run()
    assert [world.verdicts(campaign) for campaign in campaigns] == [[Verdict.IMPROVED]] * 3
    assert len(agent._lifecycle._benches._benches) == 1
    world.node.advance(DAY)
    world.run()
    assert all(world.record(campaign).delivered for campaign in campaigns)


@pytest.mark.slow
def test_a_certificate_that_ends_meanwhile_is_still_delivered_to(world: World, miner: KeyfileSigner) -> None:
    """Or the fees, and the miners' payouts, would wait for the end of the review."""
    tsk = pysequoia.Tsk.generate(
        "soon gone", validity_seconds=15
    )  # it opens in one, on a busy machine in more
    gone = time.monotonic() + 15
    ending = bytes(tsk.extract_certificate())
    campaign = world.opened(world.spec(scientist_certificate=world.store.put(ending)))
    world.submit(campaign, miner)
    time.sleep(max(0.0, gone - time.monotonic()))
    world.node.advance(DAY)
    assert world.run().failures == {}
    assert world.record(campaign).delivered


def test_what_cannot_be_delivered_yet_earns_capsule_its_fees_once_it_is(
    world: World, miner: KeyfileSigner
) -> None:
    """A settlement without a result would give them to the scientist."""
    campaign = world.opened()
    world.submit(campaign, miner)
    world.run()
    (key,) = world.home.keys.glob("*")
    hidden = key.rename(key.with_suffix(".gone"))
    world.node.advance(3 * DAY)
    for _ in range(2):
        world.run()
    assert world.record(campaign).state is State.OPEN
    assert not world.record(campaign).delivered

    hidden.rename(key)  # nothing was given up: the result follows as soon as it can
    for _ in range(2):
        world.run()
    assert world.record(campaign).delivered
    assert world.record(campaign).state is State.SETTLED
    assert world.count("Claimed", campaign) == 1
    assert world.sonar.claimable(campaign, world.capsule.address) == 0


@pytest.fixture
def slow_agent(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    """Capsule on a store that looks for minutes for what nobody has, as in a network."""
    let_go, get = threading.Event(), EmbeddedStore.get

    def slow_get(store: EmbeddedStore, cid: Cid, *, max_bytes: int) -> bytes:
        if not store.has(cid):
            let_go.wait(240)
        return get(store, cid, max_bytes=max_bytes)

    monkeypatch.setattr(EmbeddedStore, "get", slow_get)
    monkeypatch.setattr("openmined_oracle.campaigns.assignment.PATIENCE_SECONDS", 0.2)
    agent = world.agent()
    yield agent
    let_go.set()
    agent.close()


def test_specs_that_nobody_has_hold_up_no_other_campaign(world: World, slow_agent: Agent) -> None:
    """Eight of them, looked for for minutes each, before the honest one."""
    for place in range(8):
        world.create(Cid(bytes([place + 1]) * 32))
    honest = world.create()
    rounds(slow_agent, lambda: world.record(honest).state is State.OPEN)


def test_submissions_that_nobody_has_hold_up_no_other_campaign(
    world: World, miner: KeyfileSigner, slow_agent: Agent
) -> None:
    held, honest = world.opened(), world.opened()
    for place in range(8):
        world.submit_digest(held, miner, bytes([place + 1]) * 32)
    rounds(slow_agent, lambda: len(slow_agent.context.prefetcher._running.get(held, {})) == 8)
    world.submit(honest, miner)
    rounds(slow_agent, lambda: world.verdicts(honest) != [])
    assert world.verdicts(honest) == [Verdict.IMPROVED]
    assert world.verdicts(held) == []
