"""Roles with real keys, and one small campaign whose every artifact the tests take apart."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest

from openmined_syft.affine import AffineMap
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from openmined_syft.paillier.training import train
from pysonar.protocol.artifacts import Algorithm, GradientEnvelope, SealedInput, Spec, Validation
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey
from pysonar.protocol.schema import (
    Schema,
    category_field,
    class_label,
    input_schema,
    number_field,
    output_schema,
)
from tests.builders.specs import spec_of
from tests.gnupg import gpg

__all__ = ["gpg"]  # a fixture of these tests


@dataclass(frozen=True)
class Place:
    """Where the campaign lives."""

    chain_id: int = 1337
    contract: str = "0x" + "C0" * 20
    scientist: str = "0x" + "51" * 20
    miner: str = "0x" + "31" * 20
    stranger: str = "0x" + "99" * 20
    campaign: bytes = bytes(range(32))
    spec_cid: Cid = field(default_factory=lambda: Cid(b"\x05" * 32))
    base_cid: Cid = field(default_factory=lambda: Cid(b"\x06" * 32))


@pytest.fixture(scope="session")
def place() -> Place:
    return Place()


@pytest.fixture(scope="session")
def capsule() -> SecretKey:
    return SecretKey.generate("capsule")


@pytest.fixture(scope="session")
def scientist() -> SecretKey:
    return SecretKey.generate("scientist")


@pytest.fixture(scope="session")
def stranger() -> SecretKey:
    return SecretKey.generate("stranger")


@pytest.fixture(scope="session")
def campaign_key() -> PrivateKey:
    return generate_keypair(512, allow_small_for_tests=True)


@pytest.fixture(scope="session")
def schema() -> Schema:
    fields = {
        "height": number_field((0, 200), center=100, scale=50),
        "colour": category_field(["red", "green"]),
    }
    return Schema(input_schema(fields), output_schema("kind", class_label(["a", "b", "c"])))


@pytest.fixture(scope="session")
def records() -> pa.Table:
    return pa.table(
        {
            "height": [150.0, 50.0, 300.0],
            "secret_notes": ["PLAINTEXT-NOTE"] * 3,
            "kind": ["c", "a", "b"],
            "colour": ["red", "green", "green"],
        }
    )


@pytest.fixture(scope="session")
def sealed_records(place, schema, records) -> SealedInput:
    return SealedInput.of_records(
        records, schema, chain_id=place.chain_id, contract=place.contract, scientist=place.scientist
    )


@pytest.fixture(scope="session")
def encrypted_model(campaign_key) -> EncryptedModel:
    return EncryptedModel.encrypt(np.full((4, 3), 0.25), campaign_key, version=2, weight_bound=4.0)


@pytest.fixture(scope="session")
def encrypted_gradient(campaign_key, encrypted_model) -> EncryptedGradient:
    visit = AffineMap(np.eye(4) * 0.5, np.full((4, 3), 0.1))
    return train(encrypted_model, campaign_key.public, visit)


@pytest.fixture(scope="session")
def envelope(place, encrypted_gradient) -> GradientEnvelope:
    return GradientEnvelope(
        chain_id=place.chain_id,
        contract=place.contract,
        campaign=place.campaign,
        base_version=2,
        base=place.base_cid,
        miner=place.miner,
        gradient=encrypted_gradient,
    )


@pytest.fixture(scope="session")
def spec() -> Spec:
    """A spec in which every number is fixed: its bytes are a golden file."""
    fields = {
        "height": number_field((0, 200), center=100, scale=50),
        "colour": category_field(["red", "green"]),
    }
    return spec_of(
        title="Kinds of things",
        description="Tells a, b and c apart.\nBy height and colour.",
        input_schema=input_schema(fields),
        output_schema=output_schema("kind", class_label(["a", "b", "c"])),
        algorithm=Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 50, "l2": 0.001}),
        validation=Validation(Cid(b"\x01" * 32), b"\x02" * 32, 3),
        weight_bound=4.0,
        difference_norm=100.0,
    )


@pytest.fixture
def compressed_to(gpg) -> Callable[[Certificate, bytes], bytes]:
    """Seals with compression, as our own `seal` never does."""

    def make(certificate: Certificate, data: bytes) -> bytes:
        gpg("--import", data=certificate.to_bytes())
        chosen = ("--trust-model", "always", "--compress-algo", "zip", "--recipient", certificate.fingerprint)
        return gpg(*chosen, "--encrypt", data=data)

    return make
