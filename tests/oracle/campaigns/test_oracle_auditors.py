"""Auditors whom a spec names: Capsule opens a campaign only if it can seal to them until the review ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from openmined_oracle.errors import Decline
from pysonar.chain.contract.types import State
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey
from tests.oracle.capsule_world import World


def expiring(key: SecretKey, days: float) -> bytes:
    """The key's certificate, ending so many days from now."""
    ends = datetime.now(UTC) + timedelta(days=days)
    native = key.certificate.native()
    return bytes(native.set_expiration(ends, key.native().certifier()))


def declined(world: World, auditor: Cid) -> str:
    campaign = world.create(world.spec(auditor_certificate=auditor))
    world.run()
    return world.declined_for(campaign)


def test_capsule_declines_an_auditor_whom_nothing_can_be_sealed_to(world: World) -> None:
    nobody_has_it = Cid(b"\x09" * 32)
    campaign = world.create(world.spec(auditor_certificate=nobody_has_it))
    world.node.advance(901)
    world.run()
    assert world.declined_for(campaign) == Decline.AUDITOR_MISSING.value
    unusable = Decline.AUDITOR_UNUSABLE.value
    assert declined(world, world.store.put(b"no certificate")) == unusable
    assert declined(world, world.store.put(expiring(SecretKey.generate("old"), 1.5))) == unusable


def test_an_auditor_whose_certificate_lasts_as_long_as_the_review_is_accepted(world: World) -> None:
    certificate = world.store.put(expiring(SecretKey.generate("auditor"), 3))
    campaign = world.opened(world.spec(auditor_certificate=certificate))
    assert world.record(campaign).state is State.OPEN
    assert Certificate.from_bytes(world.store.get(certificate, max_bytes=1 << 16)).expiration is not None
