"""Campaigns of networks: opened, judged, delivered; what is unusable, and what is nobody's fault."""

from __future__ import annotations

import base64
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openmined_oracle.context import pin_owner
from openmined_oracle.errors import Decline, KeyStoreError
from openmined_oracle.evaluating import Judgement, Notes
from openmined_oracle.keystore import KeyStore, generate_key
from openmined_oracle.steps import Best
from openmined_syft.applying import candidate
from openmined_syft.encrypted import EncryptedModel
from openmined_syft.errors import CiphertextError, KernelError
from openmined_syft.neural.curvature import curved_steps
from openmined_syft.training import train
from pysonar.artifacts import (
    MAX_BYTES,
    Algorithm,
    ArtifactError,
    FromCampaign,
    ModelArtifact,
    SealedInput,
    SealedWeights,
)
from pysonar.chain.types import State, Verdict
from pysonar.cid import Cid
from pysonar.openpgp import open_sealed, seal

pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")

DAY = 86_400
STAKE, FEE, BOUNTY = 10**15, 10**14, 10**18
LEVEL = 7  # what is left of the modulus when a gradient is done


def slope(world: Any, **rows: int) -> Any:
    """What an honest mine's gradient holds at the start."""
    return world.visit(**rows).gradient(world.start)


def submit_slope(world: Any, campaign: bytes, miner: Any, matrix: Any = None) -> None:
    """An honest gradient, or one with other numbers inside, without the seconds that it takes a mine."""
    made = world.made_up(campaign, slope(world) if matrix is None else matrix)
    world.submit(campaign, miner, world.envelope(campaign, miner, made))


def published(world: Any, campaign: bytes) -> tuple[Any, bytes]:
    """The model on chain, and the bytes of the campaign's public key."""
    record = world.record(campaign)
    key, model = (Cid.from_bytes32(digest) for digest in (record.public_key, record.model))
    data = world.store.get(model, max_bytes=MAX_BYTES["model"])
    return ModelArtifact.parse(data).model, world.store.get(key, max_bytes=MAX_BYTES["public_key"])


def reason_of(world: Any, campaign: bytes, index: int = -1) -> str:
    agent = world.agent()
    row = agent.context.journal.verdicts(campaign)[index]
    agent.close()
    return Notes.open(row.private, world.own).reason or ""


def assert_malformed_and_the_queue_goes_on(world: Any, campaign: bytes, miner: Any, why: str) -> None:
    """The stake is burned, nothing of the model has changed, and what is behind it in the queue counts."""
    submit_slope(world, campaign, miner)
    assert world.run().failures == {}
    record = world.record(campaign)
    assert world.verdicts(campaign) == [Verdict.MALFORMED, Verdict.IMPROVED]
    assert (record.version, record.forfeited) == (1, 1)
    assert why in reason_of(world, campaign, 0)


# --- sound ones ------------------------------------------------------------------------------------------


def test_a_network_is_opened_trained_and_delivered(
    trainable_networks: Any, miner: Any, second_miner: Any, ckks: Any
) -> None:
    """The whole way with a gradient that was really computed under encryption."""
    networks = trainable_networks
    campaign = networks.opened(target=800_000)
    opened = networks.record(campaign)
    model, public = networks.model(campaign)
    assert (opened.state, opened.start, opened.version) == (State.OPEN, 333_333, 0)
    assert model.key_fingerprint == public.fingerprint == ckks.fingerprint

    visit = networks.visit()
    networks.submit_digest(campaign, second_miner, b"\x07" * 32)  # nobody has it: the stake is burned
    networks.submit(campaign, miner, networks.envelope(campaign, miner, networks.gradient(campaign, visit)))
    networks.node.advance(901)
    networks.run()

    record, result = networks.record(campaign), networks.result(campaign)
    assert networks.verdicts(campaign) == [Verdict.UNAVAILABLE, Verdict.IMPROVED]
    assert (record.state, record.best, record.delivered) == (State.SETTLED, 800_000, True)
    _, entry = result.record
    assert (entry.miner, entry.base_version) == (miner.address, 0)
    assert entry.score_ppm >= 800_000

    # The plaintext twin, with the step and the damping of the record.
    X = networks.schema.encode(networks.validation_table)
    exact = visit.gradient(networks.start)
    way = curved_steps(networks.family, networks.start, exact, X)[entry.damping]
    twin = candidate(networks.start, way, entry.step, weight_bound=8.0)
    assert np.abs(result.weights - twin).max() <= 1e-3 * np.abs(twin).max()
    np.testing.assert_array_equal(
        networks.family.predict(result.weights, X), networks.family.predict(twin, X)
    )

    # Every wei.
    assert networks.sonar_events("Claimed", campaign)[0].amount == 2 * FEE
    for signer in (miner, networks.scientist):
        networks.transact(networks.node, signer, networks.sonar.calls.claim(campaign, signer.address))
    assert record.paid == BOUNTY * (800_000 - 333_333) // 800_000
    assert networks.node.balance(networks.sonar.address) == 0


def test_a_gradient_of_a_stale_base_is_welcome(networks: Any, miner: Any, second_miner: Any) -> None:
    campaign = networks.opened()
    stale = networks.made_up(campaign, slope(networks, seed=9))
    envelope = networks.envelope(campaign, second_miner, stale)
    submit_slope(networks, campaign, miner)
    networks.run()
    assert networks.record(campaign).version == 1

    networks.submit(campaign, second_miner, envelope)
    networks.run()
    assert networks.verdicts(campaign)[1] in (Verdict.IMPROVED, Verdict.NO_GAIN)
    networks.node.advance(DAY)
    networks.run()
    assert [entry.base_version for entry in networks.result(campaign).record] == [0, 0]


def test_no_slope_at_all_is_no_gain_and_keeps_its_stake(networks: Any, miner: Any) -> None:
    campaign = networks.opened()
    tiny = np.zeros((32, 16))
    tiny[0, 0] = 1e-6
    submit_slope(networks, campaign, miner, tiny)
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.NO_GAIN]
    assert networks.sonar.claimable(campaign, miner.address) == STAKE


def test_a_campaign_goes_on_from_an_earlier_one(networks: Any, miner: Any) -> None:
    earlier = networks.opened(target=800_000)
    submit_slope(networks, earlier, miner)
    networks.run()
    assert networks.record(earlier).delivered

    spec = networks.spec(initial=FromCampaign(earlier), start_ppm=850_000, start_tolerance_ppm=100_000)
    campaign = networks.opened(spec)
    assert networks.record(campaign).start >= 800_000
    networks.node.advance(DAY)
    networks.run()
    np.testing.assert_array_equal(networks.result(campaign).weights, networks.result(earlier).weights)


def test_a_network_does_not_go_on_from_a_linear_model(networks: Any, world: Any, paillier: Any) -> None:
    keys = {"ckks": networks.generate("ckks", 16384), "paillier": paillier}
    networks.generate = lambda scheme, _bits: keys[scheme]
    linear = {"algorithm": Algorithm("one_vs_rest"), "key_bits": 2048}
    earlier = networks.opened(networks.spec(**linear))
    networks.node.advance(DAY)
    networks.run()
    assert networks.record(earlier).delivered
    campaign = networks.create(networks.spec(initial=FromCampaign(earlier)))
    networks.run()
    assert networks.declined_for(campaign) == Decline.SOURCE_UNUSABLE.value


def test_sealed_initial_weights_are_where_a_network_starts(networks: Any) -> None:
    weights = networks.family.drawn_weights()
    place = {"chain_id": networks.sonar.chain_id, "contract": networks.sonar.address}
    sealed = SealedInput.of_weights(weights, scientist=networks.scientist.address, **place)
    initial = SealedWeights(networks.store.put(sealed.seal(networks.own.certificate)), sealed.salted_digest())
    campaign = networks.opened(networks.spec(initial=initial, start_tolerance_ppm=1_000_000))
    networks.node.advance(DAY)
    networks.run()
    np.testing.assert_allclose(networks.result(campaign).weights, weights, atol=1e-6)


@pytest.mark.parametrize(("bound", "opens"), [(0.92, False), (0.94, True)])
def test_initial_weights_of_a_network_are_inside_the_declared_bound(
    networks: Any, bound: float, opens: bool
) -> None:
    """They are drawn and no zeros, the largest being 0.927: declined, not tried again for ever."""
    campaign = networks.create(networks.spec(weight_bound=bound))
    assert networks.run().failures == {}
    if opens:
        assert networks.record(campaign).state is State.OPEN
    else:
        assert networks.declined_for(campaign) == Decline.WEIGHTS_UNFIT.value


def test_a_bound_that_the_scheme_has_no_room_for_is_no_spec(networks: Any) -> None:
    assert networks.spec(weight_bound=64.0).weight_bound == 64.0
    with pytest.raises(ArtifactError, match="weight_bound"):
        networks.spec(weight_bound=64.1)
    with pytest.raises(ArtifactError, match="key_bits"):
        networks.spec(key_bits=2048)
    with pytest.raises(ArtifactError, match="scheme"):
        networks.spec(scheme="paillier")


# --- unusable ones ---------------------------------------------------------------------------------------


def of_paillier(world: Any, campaign: bytes, paillier: Any) -> Any:
    from openmined_syft.affine import AffineMap

    model = EncryptedModel.encrypt(np.zeros((32, 16)), paillier, version=0, weight_bound=8.0)
    return train(model, paillier.public, AffineMap(np.eye(32) / 2, np.zeros((32, 16))))


def of_another_size(world: Any, campaign: bytes, _: Any) -> Any:
    good = world.made_up(campaign, slope(world))
    return replace(good, network=replace(good.network, n_features=10))


def under_another_key(world: Any, campaign: bytes, _: Any) -> Any:
    from openmined_syft.neural.ckks import CkksPrivateKey

    other = CkksPrivateKey.generate()
    good = world.made_up(campaign, slope(world), key=other)
    return replace(good, key_fingerprint=other.fingerprint)


def under_another_key_that_says_it_is_ours(world: Any, campaign: bytes, _: Any) -> Any:
    from openmined_syft.neural.ckks import CkksPrivateKey

    return world.made_up(campaign, slope(world), key=CkksPrivateKey.generate())


def of_random_bytes(world: Any, campaign: bytes, _: Any) -> Any:
    return replace(world.made_up(campaign, slope(world)), ciphertext=os.urandom(131_000))


def with_random_bytes_after_the_header(world: Any, campaign: bytes, _: Any) -> Any:
    good = world.made_up(campaign, slope(world))
    return replace(good, ciphertext=good.ciphertext[:64] + os.urandom(len(good.ciphertext) - 64))


def cut_off(world: Any, campaign: bytes, _: Any) -> Any:
    good = world.made_up(campaign, slope(world))
    return replace(good, ciphertext=good.ciphertext[:-1000])


def at_another_level(world: Any, campaign: bytes, _: Any) -> Any:
    from openmined_syft.neural.ckks import encrypt_for_owner

    good = world.made_up(campaign, slope(world))
    (early,) = encrypt_for_owner([(np.zeros(8192), LEVEL - 1)], world.generate("ckks", 16384))
    return replace(good, ciphertext=early)


def at_a_scale_that_is_no_number(world: Any, campaign: bytes, _: Any) -> Any:
    """Every slot would decrypt to NaN."""
    from openmined_syft.neural.seal import from_bytes, to_bytes

    good = world.made_up(campaign, slope(world))
    ciphertext = from_bytes("Ciphertext", good.ciphertext)
    ciphertext.scale = float("nan")
    return replace(good, ciphertext=to_bytes(ciphertext))


def with_a_huge_slope(world: Any, campaign: bytes, _: Any) -> Any:
    return world.made_up(campaign, np.full((32, 16), 20_000.0) * world.family.used)


def with_something_outside_its_slots(world: Any, campaign: bytes, _: Any) -> Any:
    from openmined_syft.neural.slots import gradient_vector

    vector = gradient_vector(world.family, slope(world))
    empty = np.flatnonzero(gradient_vector(world.family, world.family.used) == 0)
    vector[empty[len(empty) // 3]] = 0.01
    return world.made_up_vector(campaign, vector)


def with_something_imaginary(world: Any, campaign: bytes, _: Any) -> Any:
    from openmined_syft.neural.slots import gradient_vector

    vector = gradient_vector(world.family, slope(world))
    vector[0] += 0.01j
    return world.made_up_vector(campaign, vector)


FORGERIES: dict[Callable[..., Any], str] = {
    of_paillier: "scheme",
    of_another_size: "the model is",
    under_another_key: "is for key",
    under_another_key_that_says_it_is_ours: "slot",
    of_random_bytes: "no Ciphertext",
    with_random_bytes_after_the_header: "no Ciphertext",
    cut_off: "no Ciphertext",
    at_another_level: "level",
    at_a_scale_that_is_no_number: "",
    with_a_huge_slope: "16384",
    with_something_outside_its_slots: "slot",
    with_something_imaginary: "slot",
}


@pytest.mark.parametrize("forged", FORGERIES, ids=lambda forged: forged.__name__)
def test_a_gradient_that_is_unusable_is_malformed(
    forged: Callable[..., Any], networks: Any, miner: Any, second_miner: Any, paillier: Any
) -> None:
    campaign = networks.opened()
    gradient = forged(networks, campaign, paillier)
    scheme = "paillier" if forged is of_paillier else "ckks"
    envelope = networks.envelope(campaign, miner, gradient, scheme=scheme)
    networks.submit(campaign, miner, envelope)
    assert_malformed_and_the_queue_goes_on(networks, campaign, second_miner, FORGERIES[forged])
    assert networks.sonar.claimable(campaign, miner.address) == 0


@pytest.mark.parametrize("norm", [99.5, 100.5, 1000.0])
def test_a_slope_longer_than_the_norm_of_the_spec_is_no_reason_to_burn_a_stake(
    networks: Any, miner: Any, norm: float
) -> None:
    campaign = networks.opened()
    large = slope(networks)
    submit_slope(networks, campaign, miner, large * (norm / np.linalg.norm(large)))
    networks.run()
    assert networks.verdicts(campaign)[0] in (Verdict.IMPROVED, Verdict.NO_GAIN)
    assert networks.record(campaign).forfeited == 0


def test_a_network_s_gradient_is_worthless_in_a_linear_campaign(
    networks: Any, miner: Any, second_miner: Any, paillier: Any
) -> None:
    keys = {"ckks": networks.generate("ckks", 16384), "paillier": paillier}
    networks.generate = lambda scheme, _bits: keys[scheme]
    linear = networks.opened(networks.spec(algorithm=Algorithm("one_vs_rest"), key_bits=2048))
    networks.generate = lambda *_: keys["ckks"]
    wrong = networks.made_up(linear, slope(networks))
    small = wrong.ciphertext[:3000]  # what fits into a linear gradient's place
    networks.submit(linear, miner, networks.envelope(linear, miner, replace(wrong, ciphertext=small)))
    assert networks.run().failures == {}
    assert networks.verdicts(linear) == [Verdict.MALFORMED]
    assert "scheme" in reason_of(networks, linear)


def test_more_bytes_than_a_gradient_can_have_are_not_fetched(
    networks: Any, miner: Any, second_miner: Any
) -> None:
    campaign = networks.opened()
    networks.submit_bytes(campaign, miner, bytes(400_000))
    assert_malformed_and_the_queue_goes_on(networks, campaign, second_miner, "larger than a gradient")


def test_a_copied_submission_is_worthless(networks: Any, miner: Any, second_miner: Any) -> None:
    campaign = networks.opened()
    envelope = networks.envelope(campaign, miner, networks.made_up(campaign, slope(networks)))
    sealed = envelope.seal(networks.own.certificate)
    networks.submit_bytes(campaign, second_miner, sealed)
    networks.submit_bytes(campaign, miner, sealed)
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.MALFORMED, Verdict.IMPROVED]
    assert "miner" in reason_of(networks, campaign, 0)
    assert networks.sonar.claimable(campaign, second_miner.address) == 0


# --- trouble that is nobody's fault ------------------------------------------------------------------------


@pytest.fixture
def without_tenseal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`without_tenseal()` takes TenSEAL away, and gives a function that brings it back."""
    from openmined_syft.neural import seal as module

    def missing(name: str) -> None:
        raise ImportError(name)

    def take_away() -> Callable[[], None]:
        patch = pytest.MonkeyPatch()
        patch.setattr(module.importlib, "import_module", missing)
        module.seal.cache_clear()

        def bring_back() -> None:
            patch.undo()
            module.seal.cache_clear()

        return bring_back

    done: list[Callable[[], None]] = []

    def once() -> Callable[[], None]:
        done.append(take_away())
        return done[-1]

    yield once
    for bring_back in done:
        bring_back()


def test_a_capsule_without_tenseal_declines_networks_and_nothing_else(
    networks: Any, without_tenseal: Any, paillier: Any
) -> None:
    without_tenseal()
    network = networks.create()
    assert networks.run().failures == {}
    assert networks.declined_for(network) == Decline.FAMILY_UNSUPPORTED.value
    assert not list(networks.home.keys.glob("*.pgp"))
    networks.generate = lambda *_: paillier
    linear = networks.opened(networks.spec(algorithm=Algorithm("one_vs_rest"), key_bits=2048))
    assert networks.record(linear).state is State.OPEN


def test_a_capsule_that_loses_tenseal_says_what_to_install_and_burns_no_stake(
    networks: Any, miner: Any, without_tenseal: Any
) -> None:
    campaign = networks.opened()
    submit_slope(networks, campaign, miner)
    bring_back = without_tenseal()
    agent = networks.run()
    assert isinstance(agent.failures[campaign], KernelError)
    assert "extra 'nn'" in networks.problem(campaign)
    assert "damaged" not in networks.problem(campaign)
    assert networks.verdicts(campaign) == []

    bring_back()
    networks.forget_failures()
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.IMPROVED]


@pytest.mark.parametrize("works", ["never", "once"])
def test_a_machine_that_can_load_no_ciphertext_burns_no_stake(
    networks: Any, miner: Any, monkeypatch: pytest.MonkeyPatch, works: str
) -> None:
    """SEAL tells "out of memory" and "out of files" as it tells a damaged ciphertext."""
    from openmined_syft.neural import seal as module

    campaign = networks.opened()
    submit_slope(networks, campaign, miner)
    agent = networks.agent()
    real, left = module.from_bytes, [1 if works == "once" else 0]

    def failing(kind: str, data: bytes) -> Any:
        if kind == "Ciphertext" and len(data) < 400_000:  # a gradient; the model's are larger
            if not left[0]:
                raise CiphertextError("no memory")
            left[0] -= 1
        return real(kind, data)

    with monkeypatch.context() as patch:
        patch.setattr(module, "from_bytes", failing)
        agent.run_once()
    assert isinstance(agent.failures[campaign], KernelError)
    assert networks.verdicts(campaign) == []
    networks.forget_failures()
    agent.run_once()
    agent.close()
    assert networks.verdicts(campaign) == [Verdict.IMPROVED]


def test_memory_that_runs_out_burns_no_stake(
    networks: Any, miner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = networks.opened()
    submit_slope(networks, campaign, miner)

    def exhausted(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("openmined_syft.schemes.ckks.curved_steps", exhausted)
        assert campaign in networks.run().failures
    assert networks.verdicts(campaign) == []
    networks.forget_failures()
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.IMPROVED]


# --- killed, and lost records -------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["key stored", pytest.param("artifact put", marks=pytest.mark.slow)])
def test_killed_before_the_opening_is_journaled_it_opens_with_the_same_key_and_a_new_bundle(
    installed: Any, networks: Any, ckks: Any, point: str
) -> None:
    """The bundle is drawn anew, under the key that is on disk; at the end none of them is kept."""
    networks.home = installed.home
    campaign = networks.create()
    program = Path(__file__).with_name("killed_at.py")
    command = [sys.executable, str(program), point, "run", "--once", "--home", str(networks.home.path)]
    environment = {**os.environ, "OPENMINED_PASSPHRASE": networks.passphrase}
    killed = subprocess.run(command, env=environment, capture_output=True, timeout=180, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (file,) = networks.home.keys.glob("*.pgp")
    before = file.read_bytes()
    key = KeyStore(networks.home.keys, networks.own).stored_key(campaign)
    assert key.fingerprint != ckks.fingerprint
    orphans = set(networks.store.pins(pin_owner(campaign)))

    networks.run()
    record = networks.record(campaign)
    assert record.state is State.OPEN
    assert file.read_bytes() == before
    assert networks.count("CampaignOpened", campaign) == 1
    model, public = published(networks, campaign)
    assert model.key_fingerprint == key.fingerprint
    assert key.fingerprint in public
    np.testing.assert_array_equal(model.decrypt(key), networks.start)
    bundle = Cid.from_bytes32(record.public_key)
    assert bundle not in orphans
    pinned = set(networks.store.pins(pin_owner(campaign)))
    assert {bundle, Cid.from_bytes32(record.model)} <= pinned
    assert orphans <= pinned

    networks.node.advance(DAY)
    networks.run()
    record = networks.record(campaign)
    kept = {Cid.from_bytes32(record.model), Cid.from_bytes32(record.result)}
    assert set(networks.store.pins(pin_owner(campaign))) == kept


def test_a_lost_database_is_made_up_for_from_chain_and_store(
    networks: Any, miner: Any, second_miner: Any
) -> None:
    campaign = networks.opened()
    submit_slope(networks, campaign, miner)
    networks.run()
    assert networks.record(campaign).version == 1
    for path in networks.home.path.glob("capsule.sqlite*"):
        path.unlink()

    later = networks.made_up(campaign, slope(networks, seed=9))
    base = Cid.from_bytes32(networks.sonar_events("CampaignOpened", campaign)[0].model)
    networks.submit(campaign, second_miner, networks.envelope(campaign, second_miner, later, base=base))
    networks.run()
    assert networks.verdicts(campaign)[1] in (Verdict.IMPROVED, Verdict.NO_GAIN)
    networks.node.advance(DAY)
    networks.run()
    result = networks.result(campaign)
    first, second = result.record
    assert (first.miner, second.miner) == (miner.address, second_miner.address)
    assert (first.step, first.damping, first.verdict) == (None, None, "IMPROVED")
    assert second.damping in (0.01, 0.1, 1.0)
    assert result.version == networks.record(campaign).version


def test_a_lost_key_is_never_replaced_by_another(networks: Any, miner: Any) -> None:
    campaign = networks.opened()
    shutil.rmtree(networks.home.keys)
    submit_slope(networks, campaign, miner)
    assert isinstance(networks.run().failures[campaign], KeyStoreError)
    assert networks.verdicts(campaign) == []


# --- what is on disk, and what is said --------------------------------------------------------------------


def test_the_secret_is_on_disk_only_sealed_and_no_weight_is_in_clear(
    networks: Any, miner: Any, ckks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    campaign = networks.opened(target=800_000)
    submit_slope(networks, campaign, miner)
    networks.run()
    weights = networks.result(campaign).weights
    secret = ckks.secret
    files = [path for path in networks.home.path.rglob("*") if path.is_file()]
    stored = [path for path in networks.store_path.rglob("*") if path.is_file()]
    everything = b"".join(path.read_bytes() for path in (*files, *stored))
    everything += caplog.text.encode() + repr(networks.told).encode()

    pieces = [secret[at : at + 48] for at in range(0, len(secret) - 48, len(secret) // 7)]
    for piece in pieces:
        forms = (piece, piece.hex().encode(), base64.b64encode(piece), repr(piece).encode())
        assert not [form for form in forms if form in everything]
    moved = weights[np.abs(weights - networks.start) > 1e-3][:40]
    assert len(moved) == 40
    for weight in moved:
        forms = (weight.tobytes(), weight.byteswap().tobytes(), repr(float(weight)).encode())
        assert not [form for form in forms if form in everything]

    # The search would find them: both are there, sealed to Capsule and to the scientist.
    (file,) = networks.home.keys.glob("*.pgp")
    assert file.stat().st_mode & 0o077 == 0
    document = json.loads(
        open_sealed(file.read_bytes(), networks.own, expected_signer=networks.own.certificate)
    )
    assert base64.b64decode(document["secret"]) == secret
    assert pieces[3] in secret


def test_no_damping_is_said_of_a_submission(networks: Any, miner: Any) -> None:
    """What Capsule tells is what is on chain."""
    campaign = networks.opened()
    networks.told.clear()
    submit_slope(networks, campaign, miner)
    networks.run()
    (verdict,) = [details for event, _, details in networks.told if event == "verdict"]
    assert set(verdict) == {"index", "miner", "verdict", "accuracy_ppm", "version"}


def test_notes_of_verdicts_before_there_was_damping_still_open(
    networks: Any, miner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Capsule that judged was older than the one that delivers."""

    def older(notes: Notes, own: Any) -> bytes:
        names = ("base_version", "step", "score", "salt", "digest", "reason")
        document = {name: getattr(notes, name) for name in names}
        document |= {name: document[name] and document[name].hex() for name in ("salt", "digest")}
        return seal(json.dumps(document).encode(), [own.certificate], own)

    notes = Judgement(Verdict.NO_GAIN, 3, Best(0.5, np.zeros((2, 1)), 7, 0.1)).notes()
    assert Notes.open(notes.seal(networks.own), networks.own) == notes
    assert Notes.open(older(notes, networks.own), networks.own) == replace(notes, damping=None)

    campaign = networks.opened()
    with monkeypatch.context() as patch:
        patch.setattr(Notes, "seal", older)
        submit_slope(networks, campaign, miner)
        networks.run()
    networks.node.advance(DAY)
    networks.run()
    (entry,) = networks.result(campaign).record
    assert (entry.verdict, entry.damping) == ("IMPROVED", None)
    assert entry.step is not None


def test_every_campaign_has_a_key_and_a_bundle_of_its_own(networks: Any) -> None:
    networks.generate = generate_key
    first, second = (networks.opened() for _ in range(2))
    keys = [published(networks, campaign)[0].key_fingerprint for campaign in (first, second)]
    assert keys[0] != keys[1]
    for campaign, fingerprint in zip((first, second), keys, strict=True):
        assert fingerprint in published(networks, campaign)[1]
        bundle = Cid.from_bytes32(networks.record(campaign).public_key)
        assert bundle in networks.store.pins(pin_owner(campaign))
