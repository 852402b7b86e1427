"""Capsule publishes its terms with its certificate, and goes on with campaigns that name an older one."""

from __future__ import annotations

from dataclasses import replace

from pysonar.chain.contract.types import State
from pysonar.protocol.artifacts import parse_certificate
from pysonar.protocol.artifacts.capsule_terms import NOTATION, CapsuleTerms
from pysonar.protocol.cid import Cid
from tests.oracle.capsule_world import World


def registered(world: World) -> Cid:
    digest = world.sonar.certificate(world.capsule.address)
    assert digest is not None
    return Cid.from_bytes32(digest)


def terms_at(world: World, cid: Cid) -> CapsuleTerms:
    certificate = parse_certificate(world.store.get(cid, max_bytes=1 << 16))
    assert certificate == world.own.certificate
    return CapsuleTerms.parse((certificate.notation(NOTATION) or "").encode())


def test_new_rules_are_registered_and_campaigns_that_name_the_older_certificate_are_opened(
    world: World,
) -> None:
    world.run()
    first = registered(world)
    assert terms_at(world, first).least_fee == 10**14
    world.run()
    assert registered(world) == first  # nothing changed, nothing is sent
    world.home.capsule = replace(world.home.capsule, least_fee="0.00005 ether", least_bounty="0")
    world.run()
    second = registered(world)
    assert second != first
    assert terms_at(world, second).least_fee == 5 * 10**13
    for named in (first, second):
        campaign = world.create(world.spec(capsule_certificate=named))
        world.run()
        assert world.record(campaign).state is State.OPEN


def test_a_certificate_of_ours_that_was_never_registered_is_not_ours(world: World) -> None:
    world.run()
    made_up = world.store.put(world.own.certificate_with(NOTATION, "{}").to_bytes())
    campaign = world.create(world.spec(capsule_certificate=made_up))
    world.run()
    assert "not this Capsule's" in world.declined_for(campaign)


def test_a_decline_has_both_numbers_on_chain(world: World) -> None:
    world.home.capsule = replace(world.home.capsule, max_rows=59)
    campaign = world.create()
    world.run()
    assert world.declined_for(campaign) == (
        "the validation set is larger than this Capsule accepts: 60 records; needs 59 at most"
    )
