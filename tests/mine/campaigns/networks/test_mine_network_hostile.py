"""Campaigns of networks that are wrong, in model or bundle: a mine refuses them, and it costs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mine_agent.campaigns.artifacts import CampaignArtifacts
from mine_agent.work.gradient import Base
from openmined_syft.models.network import SquareNetwork
from pysonar.protocol.artifacts import ModelArtifact, PublicKeyArtifact
from tests.builders.opaque import as_model
from tests.conftest import Anvil
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.networks.conftest import NetworkCapsule
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import as_a

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all


def has_a_model_of_another_size(capsule: NetworkCapsule) -> bytes:
    """Ten inputs are padded to sixteen as nine are, so the shape is the same."""
    network = replace(as_a(SquareNetwork, capsule.spec().family_for(b"")), n_features=10)
    return capsule.opened_with(model=capsule.model(network.initial_weights(), network=network))


def has_a_model_of_fewer_hidden_units(capsule: NetworkCapsule) -> bytes:
    network = replace(as_a(SquareNetwork, capsule.spec().family_for(b"")), hidden=32)
    return capsule.opened_with(model=capsule.model(network.initial_weights(), network=network))


def has_a_model_of_another_key(capsule: NetworkCapsule) -> bytes:
    from openmined_syft.ckks.keys import CkksPrivateKey

    return capsule.opened_with(model=capsule.model(key=CkksPrivateKey.generate()))


def has_a_model_of_another_version(capsule: NetworkCapsule) -> bytes:
    return capsule.opened_with(model=capsule.model(version=1))


def has_a_linear_model(capsule: NetworkCapsule) -> bytes:
    from openmined_syft.paillier.encrypted import EncryptedModel

    linear = EncryptedModel.encrypt(np.zeros((32, 64)), capsule.key, version=0, weight_bound=8.0)
    return capsule.opened_with(model=ModelArtifact(as_model(linear)).to_bytes())


def has_a_model_with_one_ciphertext_damaged(capsule: NetworkCapsule) -> bytes:
    """Cut off. With other numbers in it, it would be another ciphertext, as only the key's owner notices."""
    from openmined_syft.ckks.encrypted import EncryptedNetwork

    model = as_a(EncryptedNetwork, ModelArtifact.parse(capsule.model()).model)
    *others, last = model.ciphertexts
    damaged = replace(model, ciphertexts=(*others, last[:-100]))
    return capsule.opened_with(model=ModelArtifact(as_model(damaged), "ckks").to_bytes())


def has_a_key_of_another_scheme(capsule: NetworkCapsule) -> bytes:
    return capsule.opened_with(public_key=PublicKeyArtifact(capsule.key.public).to_bytes())


def has_a_bundle_of_another_key(capsule: NetworkCapsule) -> bytes:
    return capsule.opened_with(public_key=capsule.public_key(replace(capsule.ckks[1], fingerprint=bytes(32))))


def has_a_bundle_that_is_cut_off(capsule: NetworkCapsule) -> bytes:
    rotation = capsule.ckks[1].rotation
    public = replace(capsule.ckks[1], rotation=rotation[:-99])
    return capsule.opened_with(public_key=capsule.public_key(public))


def has_a_bundle_of_random_bytes(capsule: NetworkCapsule) -> bytes:
    public = replace(capsule.ckks[1], relinearisation=b"\x5e\xa1" + bytes(range(200)))
    return capsule.opened_with(public_key=capsule.public_key(public))


def has_a_bundle_with_a_damaged_key(capsule: NetworkCapsule) -> bytes:
    first, *others = capsule.ckks[1].zeros
    damaged = replace(capsule.ckks[1], zeros=(first[:-99], *others))
    return capsule.opened_with(public_key=capsule.public_key(damaged))


def has_a_bundle_whose_second_halves_were_chosen(capsule: NetworkCapsule) -> bytes:
    """Sent in full where a seed should be: whoever may choose them can switch a mine's noise off."""
    from openmined_syft.ckks.seal import from_bytes
    from openmined_syft.seal_bindings import to_bytes

    first, *others = capsule.ckks[1].zeros
    chosen = replace(capsule.ckks[1], zeros=(to_bytes(from_bytes("Ciphertext", first)), *others))
    return capsule.opened_with(public_key=capsule.public_key(chosen))


def has_a_bundle_without_rotations(capsule: NetworkCapsule) -> bytes:
    """Relinearisation keys where rotation keys should be: well-formed, and of no use."""
    wrong = replace(capsule.ckks[1], rotation=capsule.ckks[1].relinearisation)
    return capsule.opened_with(public_key=capsule.public_key(wrong))


def has_a_bundle_that_unpacks_to_gigabytes(capsule: NetworkCapsule) -> bytes:
    bomb = many_empty_keys(capsule.ckks[1].rotation)
    assert len(bomb) < 1_000_000
    return capsule.opened_with(public_key=capsule.public_key(replace(capsule.ckks[1], rotation=bomb)))


def has_a_bundle_of_countless_values(capsule: NetworkCapsule) -> bytes:
    """4 MB of CBOR: empty maps, of which each takes 64 bytes of memory."""
    count = 4_000_000
    return capsule.opened_with(public_key=b"\x9a" + count.to_bytes(4, "big") + b"\xa0" * count)


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
    has_a_bundle_whose_second_halves_were_chosen: ("ArtifactError", "zeros"),
    has_a_bundle_without_rotations: ("KeyFormError", ""),
    has_a_bundle_that_unpacks_to_gigabytes: ("ArtifactError", "rotation"),
    has_a_bundle_of_countless_values: ("MalformedError", "values"),
}


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.__name__)
def test_a_campaign_that_is_wrong_is_refused_and_costs_nothing(
    hostile: Callable[..., bytes], mine: Mine, network_capsule: NetworkCapsule, node: Anvil
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
    mine: Mine, network_capsule: NetworkCapsule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is the one of the network's sizes, so it is as large as it has to be."""
    from openmined_syft.ckks import sizes

    campaign = network_capsule.open()
    length = len(network_capsule.public_key())
    network = as_a(SquareNetwork, network_capsule.spec().family_for(b""))
    assert length < sizes.bundle_bytes(network) < 1.1 * length
    monkeypatch.setattr("openmined_syft.schemes.ckks.sizes.bundle_bytes", lambda _: length - 1)
    (error,) = mine.errors()
    assert type(error).__name__ == "TooLargeError"
    assert str(network_capsule.bundle(campaign)) in str(error)
    assert mine.submitted() == []


def test_a_key_that_was_fine_for_one_campaign_is_looked_at_again_for_the_next(
    mine: Mine, network_capsule: NetworkCapsule, small_capsule: SmallCapsule
) -> None:
    """The same CID, of which another spec says another thing: of another size, or of another scheme."""
    artifacts = CampaignArtifacts(mine.connection)

    def base_of(campaign: bytes) -> Base:
        record = network_capsule.sonar.campaign(campaign)
        return artifacts.base(record, artifacts.spec_of(record))

    linear = small_capsule.open(salt=b"\x01" * 32)
    assert base_of(linear).scheme == "paillier"
    larger = small_capsule.opened_with(small_capsule.spec(key_bits=3072), salt=b"\x02" * 32)
    with pytest.raises(Exception, match="2048 bits") as caught:
        base_of(larger)
    assert type(caught.value).__name__ == "ArtifactError"

    network = network_capsule.opened_with(public_key=small_capsule.public_key(), salt=b"\x03" * 32)
    with pytest.raises(Exception, match="scheme") as caught:
        base_of(network)
    assert type(caught.value).__name__ == "ArtifactError"
    assert base_of(linear).scheme == "paillier"
