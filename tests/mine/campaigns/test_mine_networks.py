"""A mine and campaigns of networks: other rows for each version, one bundle, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mine_under_test import Mine

from mine_agent.earnings import earnings
from mine_agent.home import Home
from mine_agent.library import Library
from mine_agent.overview import open_campaigns
from mine_agent.policy_file import FirstAnswers
from mine_agent.visits import Visits
from openmined_syft.errors import KernelError
from pysonar.artifacts import ModelArtifact, PublicKeyArtifact
from pysonar.chain.signer import KeyfileSigner
from pysonar.chain.types import Verdict
from pysonar.cid import Cid

pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")

EVERYTHING = {"scientists": ("any",), "capsules": ("any",), "fields": ("any",)}


@pytest.fixture(scope="session")
def lasting_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks") / "store"


@pytest.fixture
def store_folder(lasting_folder: Path) -> Path:
    """One store for all tests here: the bundle is large."""
    return lasting_folder


@pytest.fixture
def network_home(make_home: Callable[..., Home], wide_colours: Path) -> Home:
    """The home of a mine whose owner lets networks learn there."""
    home = make_home(answers=FirstAnswers(**EVERYTHING, networks=True))
    home.data().add("colours", wide_colours, replace=False)
    return home


@pytest.fixture
def mine(network_home: Home, miner: KeyfileSigner, tell: Any) -> Mine:
    return Mine(network_home, miner, tell)


def twin(capsule: Any, campaign: bytes, rows: Any, data: Path, version: int, weights: Any) -> Any:
    """The slope of that version's mini-batch in plain numpy."""
    network = capsule.spec().family_for(campaign)
    salt = campaign + hashlib.sha256(data.read_bytes()).digest()
    return network.batch_visit(*rows, version=version, salt=salt).gradient(weights)


def assert_same_slope(found: Any, expected: Any) -> None:
    assert np.abs(found - expected).max() <= 5e-4 * np.abs(expected).max()


def bundle_of(capsule: Any, campaign: bytes) -> Cid:
    return Cid.from_bytes32(capsule.sonar.campaign(campaign).public_key)


def test_a_network_is_trained_version_after_version_and_paid_for(
    mine: Mine, network_capsule: Any, wide_rows: Any, wide_colours: Path, node: Any, happenings: Any,
    asked: list[Cid],
) -> None:  # fmt: skip
    """Each version on rows of its own; the bundle is fetched for the first one only."""
    before = node.balance(mine.address)
    capsule, start = network_capsule, network_capsule.spec().family_for(b"").initial_weights()
    campaign = capsule.open()
    assert mine.errors() == []
    (event,) = mine.submitted(campaign)
    envelope = capsule.envelope(campaign, mine.address, event.update)
    assert (envelope.base_version, envelope.scheme, envelope.privacy) == (0, "ckks", None)
    first = twin(capsule, campaign, wide_rows, wide_colours, 0, start)
    assert_same_slope(capsule.slope(campaign, mine.address, event.update), first)

    capsule.improve(campaign, mine.address, event.update, 500_000)
    assert mine.errors() == []
    assert mine.errors() == []
    _, event = mine.submitted(campaign)
    assert capsule.envelope(campaign, mine.address, event.update).base_version == 1
    weights = capsule.weights[campaign]
    found = capsule.slope(campaign, mine.address, event.update)
    assert_same_slope(found, twin(capsule, campaign, wide_rows, wide_colours, 1, weights))
    other = twin(capsule, campaign, wide_rows, wide_colours, 0, weights)
    assert np.abs(found - other).max() > 0.01 * np.abs(other).max()
    assert asked.count(bundle_of(capsule, campaign)) == 1

    capsule.report(campaign, mine.address, event.update, Verdict.NO_GAIN)
    capsule.settle(campaign)
    for _ in range(3):
        assert mine.errors() == []
    books = earnings(mine.connection, campaign)
    assert (books.promised, books.pending) == (10 * 10**18 * 500_000 // 950_000, 0)
    assert node.balance(mine.address) - before == books.net
    told = [happening["event"] for happening in happenings]
    assert told == ["training", "submitted", "verdict", "training", "submitted", "verdict", "claim"]


def test_after_a_crash_the_same_rows_are_trained_on(
    mine: Mine, network_home: Home, network_capsule: Any, miner: KeyfileSigner, tell: Any, wide_rows: Any,
    wide_colours: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Else each restart would give Capsule another look at other rows of the same version."""
    campaign = network_capsule.open()
    made: list[Any] = []

    def down(gradient: Any, *_: Any, **__: Any) -> bytes:
        made.append(gradient)
        raise OSError("the machine goes down")

    with monkeypatch.context() as patch:
        patch.setattr("mine_agent.working.seal_update", down)
        (error,) = mine.errors()
    assert type(error).__name__ == "UnexpectedError"
    assert mine.submitted(campaign) == []

    again = Mine(network_home, miner, tell)
    again.time += 1000
    assert again.errors() == []
    (event,) = again.submitted(campaign)
    second = network_capsule.slope(campaign, mine.address, event.update)
    expected = twin(network_capsule, campaign, wide_rows, wide_colours, 0, network_capsule.weights[campaign])
    assert_same_slope(second, expected)
    assert_same_slope(made[0].decrypt(network_capsule.ckks[0]), expected)
    sent = network_capsule.envelope(campaign, mine.address, event.update).gradient
    assert sent.ciphertext != made[0].ciphertext  # the same numbers, under fresh noise


def test_two_campaigns_shuffle_the_same_rows_differently(
    mine: Mine, network_home: Home, network_capsule: Any
) -> None:
    """Whoever runs two of them does not get the same batch twice."""
    library, visits = Library(mine.connection), Visits()
    data = network_home.data().get("colours")
    batches = []
    for number in (1, 2):
        campaign = network_capsule.create(network_capsule.spec(), salt=bytes([number]) * 32)
        plan = library.plan(network_capsule.sonar.campaign(campaign))
        batches.append(visits.visit(plan, data, 0).X)
        np.testing.assert_array_equal(Visits().visit(plan, data, 0).X, batches[-1])
        assert not np.array_equal(visits.visit(plan, data, 1).X, batches[-1])
    assert not np.array_equal(*batches)


def test_a_mine_that_was_not_told_to_joins_no_network_and_fetches_no_bundle(
    make_home: Callable[..., Home], miner: KeyfileSigner, tell: Any, network_capsule: Any, wide_colours: Path,
    asked: list[Cid],
) -> None:  # fmt: skip
    home = make_home(answers=FirstAnswers(**EVERYTHING))
    home.data().add("colours", wide_colours, replace=False)
    silent = Mine(home, miner, tell)
    campaign = network_capsule.open()
    assert silent.errors() == []
    assert silent.submitted() == []
    assert bundle_of(network_capsule, campaign) not in asked
    (listing,) = open_campaigns(silent.connection, home.data().all(), home.policy())
    assert [entry.rule for entry in listing.refusals] == ["networks"]


@pytest.fixture
def no_tenseal() -> Any:
    from openmined_syft.neural import seal as module

    def missing(name: str) -> None:
        raise ImportError(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.importlib, "import_module", missing)
        module.seal.cache_clear()
        yield
    module.seal.cache_clear()


def test_a_mine_without_tenseal_says_what_to_install_and_pays_nothing(
    mine: Mine, network_capsule: Any, node: Any, happenings: Any, asked: list[Cid],
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    campaign = network_capsule.open()
    before = node.balance(mine.address)
    request.getfixturevalue("no_tenseal")
    (error,) = mine.errors()
    assert isinstance(error, KernelError)
    (told,) = happenings
    assert told["event"] == "failed"
    assert "install the extra 'nn'" in told["reason"]
    assert mine.submitted() == mine.connection.journal.submissions() == []
    assert node.balance(mine.address) == before
    assert bundle_of(network_capsule, campaign) not in asked


def test_the_doctor_tells_whether_networks_can_be_trained_and_lacks_nothing_without(
    network_home: Home, mine_agent: Callable[..., Any], node: Any, request: pytest.FixtureRequest
) -> None:
    node.mine()

    def finding() -> dict[str, Any]:
        done = mine_agent("doctor", "--home", network_home.path, "--format", "json")
        assert done.exit_code == 0, done.output
        (found,) = [entry for entry in json.loads(done.stdout) if entry["check"] == "networks"]
        return dict(found)

    assert finding()["found"].startswith("TenSEAL ")
    request.getfixturevalue("no_tenseal")
    assert (finding()["ok"], "install the extra 'nn'" in finding()["found"]) == (True, True)


# --- what is refused --------------------------------------------------------------------------------------


def start_of(capsule: Any) -> Any:
    return capsule.spec().family_for(b"").initial_weights()


def opened_with(capsule: Any, *, public: bytes | None = None, model: bytes | None = None) -> bytes:
    campaign = capsule.create(capsule.spec())
    capsule.open_with(campaign, public or capsule.public_key(), model or capsule.model(start_of(capsule)))
    return bytes(campaign)


def has_a_model_of_another_size(capsule: Any) -> bytes:
    """Ten inputs are padded to sixteen as nine are, so the shape is the same."""
    network = replace(capsule.spec().family_for(b""), n_features=10)
    return opened_with(capsule, model=capsule.model(network.initial_weights(), network=network))


def has_a_model_of_fewer_hidden_units(capsule: Any) -> bytes:
    network = replace(capsule.spec().family_for(b""), hidden=32)
    return opened_with(capsule, model=capsule.model(network.initial_weights(), network=network))


def has_a_model_of_another_key(capsule: Any) -> bytes:
    from openmined_syft.neural.ckks import CkksPrivateKey

    return opened_with(capsule, model=capsule.model(start_of(capsule), key=CkksPrivateKey.generate()))


def has_a_model_of_another_version(capsule: Any) -> bytes:
    return opened_with(capsule, model=capsule.model(start_of(capsule), version=1))


def has_a_linear_model(capsule: Any) -> bytes:
    from openmined_syft.encrypted import EncryptedModel

    linear = EncryptedModel.encrypt(np.zeros((32, 64)), capsule.key, version=0, weight_bound=8.0)
    return opened_with(capsule, model=ModelArtifact(linear).to_bytes())


def has_a_model_with_one_ciphertext_damaged(capsule: Any) -> bytes:
    """Cut off. With other numbers in it, it would be another ciphertext, as only the key's owner notices."""
    model = ModelArtifact.parse(capsule.model(start_of(capsule))).model
    *others, last = model.ciphertexts
    damaged = replace(model, ciphertexts=(*others, last[:-100]))
    return opened_with(capsule, model=ModelArtifact(damaged, "ckks").to_bytes())


def has_a_key_of_another_scheme(capsule: Any) -> bytes:
    return opened_with(capsule, public=PublicKeyArtifact(capsule.key.public).to_bytes())


def has_a_bundle_of_another_key(capsule: Any) -> bytes:
    return opened_with(capsule, public=capsule.public_key(replace(capsule.ckks[1], fingerprint=bytes(32))))


def has_a_bundle_that_is_cut_off(capsule: Any) -> bytes:
    rotation = capsule.ckks[1].rotation
    return opened_with(capsule, public=capsule.public_key(replace(capsule.ckks[1], rotation=rotation[:-99])))


def has_a_bundle_of_random_bytes(capsule: Any) -> bytes:
    public = replace(capsule.ckks[1], relinearisation=b"\x5e\xa1" + bytes(range(200)))
    return opened_with(capsule, public=capsule.public_key(public))


def has_a_bundle_with_a_damaged_key(capsule: Any) -> bytes:
    public = capsule.ckks[1].public
    return opened_with(capsule, public=capsule.public_key(replace(capsule.ckks[1], public=public[:-99])))


def has_a_bundle_without_rotations(capsule: Any) -> bytes:
    """Relinearisation keys where rotation keys should be: well-formed, and of no use."""
    wrong = replace(capsule.ckks[1], rotation=capsule.ckks[1].relinearisation)
    return opened_with(capsule, public=capsule.public_key(wrong))


def has_a_bundle_that_unpacks_to_gigabytes(capsule: Any) -> bytes:
    bomb = many_empty_keys(capsule.ckks[1].rotation)
    assert len(bomb) < 1_000_000
    return opened_with(capsule, public=capsule.public_key(replace(capsule.ckks[1], rotation=bomb)))


def has_a_bundle_of_countless_values(capsule: Any) -> bytes:
    """4 MB of CBOR: empty maps, of which each takes 64 bytes of memory."""
    count = 4_000_000
    return opened_with(capsule, public=b"\x9a" + count.to_bytes(4, "big") + b"\xa0" * count)


def many_empty_keys(rotation: bytes) -> bytes:
    """Rotation keys for 40 places, with all numbers zero: 760 MB when unpacked, hardly anything before.

    Made of a real one: places follow each other, empty ones as eight zero bytes.
    """
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(rotation[16:]), "zstd") as stream:
        start = stream.read(40)
        while not (count := int.from_bytes(stream.read(8), "little")):
            pass
        header = stream.read(16)
        size = int.from_bytes(header[8:], "little")
        key = bytearray(header + stream.read(size - 16))
    key[113:-200] = bytes(len(key) - 313)
    place = count.to_bytes(8, "little") + bytes(key) * count
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(start)
        for _ in range(40):
            stream.write(place)
        stream.write(bytes(8 * (16384 - 40)))
    packed = sink.getvalue().to_pybytes()
    return rotation[:8] + (16 + len(packed)).to_bytes(8, "little") + packed


HOSTILE: dict[Callable[..., bytes], tuple[str, str]] = {
    has_a_model_of_another_size: ("ArtifactError", "network"),
    has_a_model_of_fewer_hidden_units: ("ArtifactError", "shape"),
    has_a_model_of_another_key: ("ArtifactError", "key_fingerprint"),
    has_a_model_of_another_version: ("ArtifactError", "version"),
    has_a_linear_model: ("ArtifactError", "scheme"),
    has_a_model_with_one_ciphertext_damaged: ("ArtifactError", "ciphertexts"),
    has_a_key_of_another_scheme: ("ArtifactError", "scheme"),
    has_a_bundle_of_another_key: ("ArtifactError", "key_fingerprint"),
    has_a_bundle_that_is_cut_off: ("ArtifactError", "rotation"),
    has_a_bundle_of_random_bytes: ("ArtifactError", "relinearisation"),
    has_a_bundle_with_a_damaged_key: ("KeyFormError", "public"),
    has_a_bundle_without_rotations: ("KeyFormError", ""),
    has_a_bundle_that_unpacks_to_gigabytes: ("ArtifactError", "rotation"),
    has_a_bundle_of_countless_values: ("MalformedError", "values"),
}


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.__name__)
def test_a_campaign_that_is_wrong_is_refused_and_costs_nothing(
    hostile: Callable[..., bytes], mine: Mine, network_capsule: Any, node: Any
) -> None:
    campaign, before = hostile(network_capsule), node.balance(mine.address)
    began = time.monotonic()
    (error,) = mine.errors()
    kind, says = HOSTILE[hostile]
    assert type(error).__name__ == kind, error
    assert says in str(error)
    assert mine.submitted() == mine.connection.journal.submissions() == []
    assert node.balance(mine.address) == before
    assert mine.connection.journal.failure(campaign, "colours") is not None
    assert time.monotonic() - began < 30


def test_a_bundle_larger_than_the_network_needs_is_not_fetched(
    mine: Mine, network_capsule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is the one of the network's sizes, so it is as large as it has to be."""
    from openmined_syft.neural import sizes

    campaign = network_capsule.open()
    length = len(network_capsule.public_key())
    network = network_capsule.spec().family_for(b"")
    assert length < sizes.bundle_bytes(network) < 1.1 * length
    monkeypatch.setattr("openmined_syft.schemes.ckks.sizes.bundle_bytes", lambda _: length - 1)
    (error,) = mine.errors()
    assert type(error).__name__ == "TooLargeError"
    assert str(bundle_of(network_capsule, campaign)) in str(error)
    assert mine.submitted() == []


def test_a_key_that_was_fine_for_one_campaign_is_looked_at_again_for_the_next(
    mine: Mine, network_capsule: Any, small_capsule: Any
) -> None:
    """The same CID, of which another spec says another thing: of another size, or of another scheme."""
    library = Library(mine.connection)

    def base_of(campaign: bytes) -> Any:
        record = network_capsule.sonar.campaign(campaign)
        return library.base(record, library.plan(record))

    linear = small_capsule.open(salt=b"\x01" * 32)
    assert base_of(linear).scheme == "paillier"
    larger = small_capsule.create(small_capsule.spec(key_bits=3072), salt=b"\x02" * 32)
    key = PublicKeyArtifact(small_capsule.key.public).to_bytes()
    small_capsule.open_with(larger, key, small_capsule.model(np.zeros((4, 3))))
    with pytest.raises(Exception, match="2048 bits") as caught:
        base_of(larger)
    assert type(caught.value).__name__ == "ArtifactError"

    network = network_capsule.create(network_capsule.spec(), salt=b"\x03" * 32)
    network_capsule.open_with(network, key, network_capsule.model(start_of(network_capsule)))
    with pytest.raises(Exception, match="scheme") as caught:
        base_of(network)
    assert type(caught.value).__name__ == "ArtifactError"
    assert base_of(linear).scheme == "paillier"


def test_a_network_and_a_linear_campaign_side_by_side(
    mine: Mine, network_capsule: Any, small_capsule: Any, network_home: Home, colours: Path
) -> None:
    network_home.data().add("more", colours, replace=False)
    campaigns = [small_capsule.open(salt=b"\x01" * 32), network_capsule.open(salt=b"\x02" * 32)]
    assert mine.errors() == []
    assert {event.id for event in mine.submitted()} == set(campaigns)
