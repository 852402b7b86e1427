"""Whole campaigns: to the target, to the deadline, several at once, and what is owed at the end."""

from __future__ import annotations

import threading
from concurrent.futures import wait

import numpy as np
import pytest

from openmined_syft.applying import candidate
from pysonar.chain.contract.events import Claimed, Submitted
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import FromCampaign, PrivacyStatement
from pysonar.protocol.cid import Cid
from pysonar.store.embedded.store import EmbeddedStore
from tests.oracle.capsule_world import World, rounds
from tests.roles import there

DAY = 86_400
STAKE, FEE, BOUNTY = 10**15, 10**14, 10**18


def test_a_campaign_to_the_target(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened(target=900_000)
    opened = world.record(campaign)
    assert (opened.state, opened.start, opened.version) == (State.OPEN, 333_333, 0)

    world.submit(campaign, miner)
    world.run()

    record = world.record(campaign)
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    assert (record.state, record.best, record.delivered) == (State.SETTLED, 900_000, True)


def test_the_delivered_model_is_the_plaintext_twin(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened(target=900_000)
    visit, privacy = world.visit(), PrivacyStatement(3.0, 1e-6)
    gradient = world.gradient(campaign, visit)
    world.submit(campaign, miner, world.envelope(campaign, miner, gradient, privacy=privacy))
    world.run()

    result = world.result(campaign)
    (entry,) = result.record
    zeros = np.zeros((5, 3))
    twin = candidate(zeros, visit(zeros) - zeros, there(entry.step))
    np.testing.assert_allclose(result.weights, twin, atol=1e-6)
    assert (entry.miner, entry.verdict, entry.base_version) == (miner.address, "IMPROVED", 0)
    assert (entry.score_ppm or 0) >= 900_000
    assert entry.privacy == privacy


def test_every_wei_is_accounted_for(world: World, miner: KeyfileSigner, second_miner: KeyfileSigner) -> None:
    campaign = world.opened(target=900_000)
    world.submit_digest(campaign, second_miner, b"\x07" * 32)  # nobody has it: the stake is burned
    world.submit(campaign, miner)
    world.node.advance(901)
    world.run()

    record = world.record(campaign)
    assert world.verdicts(campaign) == [Verdict.UNAVAILABLE, Verdict.IMPROVED]
    burned, claimed = world.sonar_events(Claimed, campaign)
    assert (burned.amount, claimed.account, claimed.amount) == (STAKE, world.capsule.address, 2 * FEE)
    for signer in (miner, world.scientist):
        world.transact(world.node, signer, world.sonar.calls.claim(campaign, signer.address))
    assert record.paid == BOUNTY * (900_000 - 333_333) // 900_000
    assert world.node.balance(world.sonar.address) == 0


def test_at_the_deadline_without_a_submission_the_start_is_delivered(world: World) -> None:
    campaign = world.opened()
    world.node.advance(DAY)
    world.run()

    assert world.record(campaign).state is State.SETTLED
    result = world.result(campaign)
    assert (result.version, result.final_ppm, result.record) == (0, 333_333, ())
    np.testing.assert_array_equal(result.weights, np.zeros((5, 3)))


def test_the_queue_is_judged_after_the_deadline_before_anything_is_delivered(
    world: World, miner: KeyfileSigner
) -> None:
    campaign = world.opened()
    world.submit(campaign, miner)
    world.node.advance(DAY)
    world.run()
    assert world.record(campaign).evaluated == 1
    assert world.result(campaign).version == 1


def test_before_the_deadline_nothing_is_delivered(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    world.submit(campaign, miner)
    # Judging takes blocks, whose times go on with the clock; the contract's tests hold the second itself.
    world.node.advance_to(world.record(campaign).terms.submit_until - 300)
    world.run()
    record = world.record(campaign)
    assert (record.state, record.delivered, record.evaluated) == (State.OPEN, False, 1)


def test_after_the_review_the_model_is_delivered_late(world: World, miner: KeyfileSigner) -> None:
    """Capsule slept through the review: the stake goes back, the scientist still gets the model."""
    campaign = world.opened()
    world.submit(campaign, miner)
    world.node.advance(3 * DAY)
    world.run()

    record = world.record(campaign)
    assert (record.state, record.evaluated, record.delivered) == (State.SETTLED, 0, True)
    assert world.result(campaign).version == 0
    update = world.sonar_events(Submitted, campaign)[0].update
    world.transact(world.node, miner, world.sonar.calls.reclaim(campaign, 0, update, miner.address))
    assert world.sonar.claimable(campaign, miner.address) == STAKE + FEE


def test_what_was_decided_and_never_reported_is_not_delivered(world: World, miner: KeyfileSigner) -> None:
    """A verdict that missed the review was not paid for, so its model is not handed out."""
    campaign = world.opened()
    world.submit(campaign, miner)
    world.node.fund(world.capsule.address, 0)
    agent = world.run()
    assert agent.context.journal.current(campaign).version == 1
    assert world.record(campaign).version == 0

    world.node.advance(3 * DAY)
    world.node.fund(world.capsule.address)
    world.run()
    assert world.result(campaign).version == 0
    assert world.result(campaign).record == ()
    np.testing.assert_array_equal(world.result(campaign).weights, np.zeros((5, 3)))


def test_a_cancelled_campaign_is_let_go(world: World) -> None:
    campaign = world.create()
    world.transact(world.node, world.scientist, world.sonar.calls.cancel(campaign))
    agent = world.run()
    assert agent.failures == {}
    assert world.count("CampaignOpened", campaign) == 0
    assert ("closed", campaign, {}) in world.told


def test_a_campaign_seen_too_late_goes_back_to_its_owner(world: World) -> None:
    campaign = world.create()
    world.node.advance(DAY)
    world.run()
    assert world.record(campaign).state is State.SETTLED
    assert world.sonar.claimable(campaign, world.scientist.address) == BOUNTY


def test_a_campaign_for_another_capsule_is_none_of_ours(world: World, stranger: KeyfileSigner) -> None:
    campaign = world.create(capsule=stranger.address)
    world.run()
    assert world.record(campaign).state is State.REQUESTED


def test_several_campaigns_at_once_have_keys_of_their_own(world: World, miner: KeyfileSigner) -> None:
    from openmined_oracle.keys.keystore import generate_key

    world.generate = generate_key
    campaigns = [world.create(), world.create()]
    world.run()
    first, second = (world.record(campaign) for campaign in campaigns)
    assert first.public_key != second.public_key
    for campaign in campaigns:
        world.submit(campaign, miner)
    world.run()
    assert [world.verdicts(campaign) for campaign in campaigns] == [[Verdict.IMPROVED]] * 2


def test_submissions_that_wait_are_reported_together(
    world: World, miner: KeyfileSigner, second_miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = world.opened()
    stale = world.gradient(campaign)
    sent = {
        world.submit(campaign, miner, world.envelope(campaign, miner, stale)),
        world.submit(campaign, second_miner, world.envelope(campaign, second_miner, stale)),
        world.submit_bytes(campaign, miner, b"no gradient at all"),
    }
    all_at_once, get = threading.Event(), EmbeddedStore.get

    def held(store: EmbeddedStore, cid: Cid, *, max_bytes: int) -> bytes:
        assert cid not in sent or all_at_once.wait(120)
        return get(store, cid, max_bytes=max_bytes)

    monkeypatch.setattr(EmbeddedStore, "get", held)
    agent = world.agent()
    fetched = agent.context.prefetcher._running
    rounds(agent, lambda: len(fetched.get(campaign, {})) == 3)
    all_at_once.set()
    wait([one.future for one in fetched[campaign].values()], timeout=120)
    agent.run_once()
    agent.close()

    reported = [details for event, _, details in world.told if event == "reported"]
    assert reported == [{"first": 0, "count": 3}]
    assert world.verdicts(campaign)[0] is Verdict.IMPROVED
    assert world.verdicts(campaign)[2] is Verdict.MALFORMED


def test_a_batch_ends_when_the_target_is_reached(
    world: World, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = world.opened(target=900_000)
    world.submit(campaign, miner)
    world.submit(campaign, second_miner)
    world.run()
    record = world.record(campaign)
    assert (record.submitted, record.evaluated) == (2, 1)
    assert record.state is State.SETTLED


def test_a_stale_base_is_welcome(any_world: World, miner: KeyfileSigner, second_miner: KeyfileSigner) -> None:
    """A gradient made from version 0 is added to version 1."""
    world = any_world
    campaign = world.opened()
    stale = world.gradient(campaign, world.visit(rows=30, seed=9))
    envelope = world.envelope(campaign, second_miner, stale)
    world.submit(
        campaign, miner, world.envelope(campaign, miner, world.gradient(campaign, world.visit(rows=12)))
    )
    world.run()
    assert world.record(campaign).version == 1

    world.submit(campaign, second_miner, envelope)
    world.run()
    assert world.verdicts(campaign)[1] in (Verdict.IMPROVED, Verdict.NO_GAIN)
    world.node.advance(DAY)
    world.run()
    assert [entry.base_version for entry in world.result(campaign).record] == [0, 0]


def test_sealed_initial_weights_are_where_the_model_starts(world: World) -> None:
    weights = world.visit()(np.zeros((5, 3)))
    initial = world.sealed_weights(weights)
    campaign = world.opened(world.spec(initial=initial, start_ppm=950_000, start_tolerance_ppm=50_000))
    assert world.record(campaign).start >= 900_000
    world.node.advance(DAY)
    world.run()
    np.testing.assert_allclose(world.result(campaign).weights, weights, atol=1e-6)


def test_a_campaign_can_go_on_from_an_earlier_one(any_world: World, miner: KeyfileSigner) -> None:
    world = any_world
    earlier = world.opened(target=world.within_reach)
    world.submit(earlier, miner)
    world.run()
    assert world.record(earlier).delivered

    spec = world.spec(initial=FromCampaign(earlier), start_ppm=900_000, start_tolerance_ppm=100_000)
    campaign = world.opened(spec)
    assert world.record(campaign).start >= world.within_reach
    world.node.advance(DAY)
    world.run()
    np.testing.assert_array_equal(world.result(campaign).weights, world.result(earlier).weights)


@pytest.mark.parametrize("tolerance_ppm", [0, 333_333 - 300_000])
def test_a_claimed_start_at_the_edge_of_the_tolerance_is_accepted(world: World, tolerance_ppm: int) -> None:
    spec = world.spec(start_ppm=333_333 - tolerance_ppm, start_tolerance_ppm=tolerance_ppm)
    assert world.record(world.opened(spec)).state is State.OPEN


def test_capsule_measures_by_the_metric_of_the_spec(world: World, miner: KeyfileSigner) -> None:
    """Three classes of 20 records each: the first model says one of them always, which is a third of each."""
    campaign = world.opened(world.spec(metric="balanced_accuracy", start_ppm=333_333))
    assert world.record(campaign).start == 333_333
    world.submit(campaign, miner)
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
