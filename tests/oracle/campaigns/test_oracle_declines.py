"""What Capsule declines, with which public reason, and that the escrow goes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from openmined_oracle.errors import Decline
from pysonar.chain.contract.calls import MAX_REASON_BYTES
from pysonar.chain.contract.types import State
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import FromCampaign, SealedInput, SealedWeights, Validation
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from tests.json_types import JsonObject
from tests.oracle.capsule_world import World

BOUNTY = 10**18
NOBODY_HAS_IT = Cid(b"\x09" * 32)


def assert_declined(world: World, campaign: bytes, reason: Decline) -> None:
    agent = world.run()
    assert agent.failures == {}
    assert world.declined_for(campaign).startswith(reason.value)
    assert world.record(campaign).state is State.SETTLED
    assert world.sonar.claimable(campaign, world.record(campaign).owner) == BOUNTY
    assert not list(world.home.keys.glob("*"))  # no key is made for what is refused


@pytest.mark.parametrize("reason", list(Decline))
def test_every_reason_fits_the_chain(reason: Decline) -> None:
    assert len(reason.value.encode()) <= MAX_REASON_BYTES


@pytest.mark.parametrize("data", [b"not a spec", b"{}", b'{"format":"openmined/spec/1"}', b""])
def test_a_spec_that_does_not_parse(world: World, data: bytes) -> None:
    assert_declined(world, world.create(world.store.put(data)), Decline.SPEC_MALFORMED)


def test_a_spec_by_which_the_model_is_its_last_mine_s_own(world: World) -> None:
    """`proximal` with almost no rho: what a mine trained before says nothing about the model any more."""
    document = json.loads(world.spec().to_bytes())
    document["algorithm"]["rule"] = {"name": "proximal", "rho": 0.0009, "l2": 0, "damping": 1}
    assert_declined(world, world.create(world.store.put(dumps_json(document))), Decline.SPEC_MALFORMED)
    document["algorithm"]["rule"]["rho"] = 0.001
    campaign = world.create(world.store.put(dumps_json(document)))
    world.run()
    assert world.record(campaign).state is State.OPEN


def test_a_spec_larger_than_any(world: World) -> None:
    cid = world.store.put(b" " * (1 << 20) + b" ")
    assert_declined(world, world.create(cid), Decline.SPEC_MALFORMED)


def test_a_spec_that_nobody_has_is_waited_for(world: World) -> None:
    campaign = world.create(NOBODY_HAS_IT)
    world.run()
    assert world.record(campaign).state is State.REQUESTED
    assert "could not be fetched yet" in (world.problem(campaign) or "")

    world.node.advance(901)
    assert_declined(world, campaign, Decline.SPEC_MISSING)


def test_a_certificate_that_is_not_ours(world: World) -> None:
    other = world.store.put(SecretKey.generate("other").certificate.to_bytes())
    spec = world.spec(capsule_certificate=other)
    assert_declined(world, world.create(spec), Decline.CERTIFICATE_NOT_OURS)


def test_what_a_scientist_names_and_nobody_has(world: World) -> None:
    """Waited for as long as a submission is; both campaigns at once."""
    certificate = world.create(world.spec(scientist_certificate=NOBODY_HAS_IT))
    weights = world.create(world.spec(initial=SealedWeights(NOBODY_HAS_IT, bytes(32))))
    world.node.advance(901)
    assert_declined(world, certificate, Decline.SCIENTIST_MISSING)
    assert world.declined_for(weights) == Decline.WEIGHTS_MISSING.value


def test_a_scientist_that_cannot_be_sealed_to(world: World) -> None:
    spec = world.spec(scientist_certificate=world.store.put(b"no certificate"))
    assert_declined(world, world.create(spec), Decline.SCIENTIST_UNUSABLE)


def test_a_model_that_is_too_large(world: World) -> None:
    """15 weights; both edges of the limit."""
    world.home.capsule = replace(world.home.capsule, max_weights=14)
    assert_declined(world, world.create(), Decline.TOO_LARGE)
    world.home.capsule = replace(world.home.capsule, max_weights=15)
    assert world.record(world.opened()).state is State.OPEN


def test_a_validation_set_sealed_to_somebody_else(world: World) -> None:
    from_conftest = world.spec().validation
    sealed = SealedInput.of_weights(np.zeros((1, 1)), **world.binding)
    cid = world.store.put(sealed.seal(SecretKey.generate("other").certificate))
    spec = world.spec(validation=Validation(cid, sealed.salted_digest(), from_conftest.rows))
    assert_declined(world, world.create(spec), Decline.VALIDATION_SEALED_WRONG)


def test_a_validation_set_that_was_changed_on_the_way(world: World) -> None:
    good = world.spec().validation
    blob = bytearray(world.store.get(good.sealed, max_bytes=1 << 20))
    blob[-3] ^= 1
    spec = world.spec(validation=replace(good, sealed=world.store.put(bytes(blob))))
    assert_declined(world, world.create(spec), Decline.VALIDATION_SEALED_WRONG)


@pytest.mark.parametrize(
    "changes",
    [
        {"scientist": "0x" + "77" * 20},
        {"contract": "0x" + "77" * 20},
        {"chain_id": 1},
    ],
    ids=["owner", "contract", "chain"],
)
def test_a_validation_set_bound_to_another(world: World, changes: JsonObject) -> None:
    cid, digest = world.sealed_validation(**changes)
    spec = world.spec(validation=Validation(cid, digest, 60))
    assert_declined(world, world.create(spec), Decline.VALIDATION_FOREIGN)


def test_the_sealed_set_of_another_owner_is_worthless(world: World, stranger: KeyfileSigner) -> None:
    """Whoever copies a spec into a campaign of their own gets no measurement on its sealed set."""
    campaign = world.create(world.spec(), owner=stranger)
    assert_declined(world, campaign, Decline.VALIDATION_FOREIGN)


def test_a_wrong_salted_digest(world: World) -> None:
    good = world.spec().validation
    spec = world.spec(validation=replace(good, digest=b"\x01" * 32))
    assert_declined(world, world.create(spec), Decline.VALIDATION_DIGEST)


@pytest.mark.parametrize("rows", [59, 61])
def test_another_number_of_rows(world: World, rows: int) -> None:
    spec = world.spec(validation=replace(world.spec().validation, rows=rows))
    assert_declined(world, world.create(spec), Decline.VALIDATION_UNFIT)


def test_a_validation_set_outside_the_schema(world: World) -> None:
    """Weights where records should be."""
    weights = world.sealed_weights(np.zeros((5, 3)))
    spec = world.spec(validation=Validation(weights.sealed, weights.digest, 60))
    assert_declined(world, world.create(spec), Decline.VALIDATION_UNFIT)


def raw_records(table: pa.Table) -> bytes:
    """An Arrow stream of whatever is in the table, as no client of ours would write it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def with_column(name: str, values: list[object], kind: pa.DataType) -> Callable[[pa.Table], pa.Table]:
    """The table with other values in a column, repeated to its length."""

    def changed(table: pa.Table) -> pa.Table:
        repeated = (values * table.num_rows)[: table.num_rows]
        place = table.column_names.index(name)
        return table.set_column(place, name, pa.array(repeated, kind))

    return changed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda records: records.slice(0, 1), Decline.VALIDATION_ONE_LABEL),
        (with_column("kind", ["x"], pa.string()), Decline.VALIDATION_ONE_LABEL),
        (with_column("kind", ["x", "w"], pa.string()), Decline.VALIDATION_UNFIT),
        (with_column("kind", [None], pa.string()), Decline.VALIDATION_UNFIT),
        (with_column("a", [None], pa.float64()), Decline.VALIDATION_UNFIT),
        (lambda records: records.slice(0, 0), Decline.VALIDATION_UNFIT),
    ],
    ids=["one row", "one class", "a class outside the schema", "no labels", "all missing", "no rows"],
)
def test_a_validation_set_that_measures_nothing(
    world: World, change: Callable[[pa.Table], pa.Table], reason: Decline
) -> None:
    records = change(world.validation_table)
    bound = world.binding
    sealed = SealedInput(
        bound["chain_id"], bound["contract"], bound["scientist"], "records", raw_records(records)
    )
    cid = world.store.put(sealed.seal(world.own.certificate))
    validation = Validation(cid, sealed.salted_digest(), max(1, records.num_rows))
    assert_declined(world, world.create(world.spec(validation=validation)), reason)


def test_a_validation_set_that_nobody_has(world: World) -> None:
    spec = world.spec(validation=replace(world.spec().validation, sealed=NOBODY_HAS_IT))
    campaign = world.create(spec)
    world.node.advance(901)
    assert_declined(world, campaign, Decline.VALIDATION_MISSING)


@pytest.mark.parametrize("claimed", [333_333 - 10_001, 333_333 + 10_001])
def test_a_start_off_by_more_than_the_tolerance(world: World, claimed: int) -> None:
    campaign = world.create(world.spec(start_ppm=claimed))
    assert_declined(world, campaign, Decline.START_WRONG)
    assert "333" not in world.declined_for(campaign)  # the measured start is nobody's business


def test_a_start_too_near_the_target(world: World) -> None:
    """Both edges: the contract wants target - start >= min_gain."""
    campaign = world.create(target=343_333, min_gain=10_001)
    assert_declined(world, campaign, Decline.START_TOO_HIGH)
    assert world.record(world.opened(target=343_333, min_gain=10_000)).state is State.OPEN


@pytest.mark.parametrize(
    ("weights", "changes", "reason"),
    [
        (np.zeros((4, 3)), {}, Decline.WEIGHTS_UNFIT),
        (np.full((5, 3), 8.001), {}, Decline.WEIGHTS_UNFIT),
        (np.zeros((5, 3)), {"scientist": "0x" + "77" * 20}, Decline.WEIGHTS_FOREIGN),
    ],
    ids=["shape", "bound", "owner"],
)
def test_initial_weights_that_do_not_fit(
    world: World, weights: np.ndarray, changes: JsonObject, reason: Decline
) -> None:
    spec = world.spec(initial=world.sealed_weights(weights, **changes))
    assert_declined(world, world.create(spec), reason)


def test_initial_weights_sealed_to_somebody_else(world: World) -> None:
    sealed = SealedInput.of_weights(np.zeros((5, 3)), **world.binding)
    cid = world.store.put(sealed.seal(SecretKey.generate("other").certificate))
    spec = world.spec(initial=SealedWeights(cid, sealed.salted_digest()))
    assert_declined(world, world.create(spec), Decline.WEIGHTS_SEALED_WRONG)


def test_a_start_above_the_most_that_the_terms_allow(world: World) -> None:
    """Both edges: a third of the rows is right at the start."""
    assert_declined(world, world.create(max_start=333_332), Decline.START_OVER_MAXIMUM)
    assert world.record(world.opened(max_start=333_333)).state is State.OPEN


def test_initial_weights_of_another_digest(world: World) -> None:
    initial = replace(world.sealed_weights(np.zeros((5, 3))), digest=b"\x01" * 32)
    assert_declined(world, world.create(world.spec(initial=initial)), Decline.WEIGHTS_DIGEST)


def test_initial_weights_at_the_bound_are_accepted(world: World) -> None:
    weights = np.zeros((5, 3))
    weights[4] = 8.0
    assert world.record(world.opened(world.spec(initial=world.sealed_weights(weights)))).state is State.OPEN


def test_a_source_campaign_that_does_not_exist(world: World) -> None:
    campaign = world.create(world.spec(initial=FromCampaign(b"\x05" * 32)))
    assert_declined(world, campaign, Decline.SOURCE_UNUSABLE)


def test_a_source_campaign_that_is_not_delivered_is_not_opened_up(world: World) -> None:
    """Its model is not its owner's yet; a second campaign must not be a way to it."""
    earlier = world.opened()
    campaign = world.create(world.spec(initial=FromCampaign(earlier)))
    world.run()
    assert world.declined_for(campaign) == Decline.SOURCE_UNUSABLE.value


def test_the_source_campaign_of_another_owner_is_not_opened_up(world: World, stranger: KeyfileSigner) -> None:
    earlier = world.opened()
    world.node.advance(86_400)
    world.run()
    assert world.record(earlier).delivered
    cid, digest = world.sealed_validation(scientist=stranger.address)
    spec = world.spec(initial=FromCampaign(earlier), validation=Validation(cid, digest, 60))
    campaign = world.create(spec, owner=stranger)
    world.run()
    assert world.declined_for(campaign) == Decline.SOURCE_UNUSABLE.value
