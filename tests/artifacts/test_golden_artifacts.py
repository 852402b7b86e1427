"""Fixed bytes for fixed contents: what this version writes and reads, the next must write and read the same.

The files in `golden/` are test vectors for other implementations too. Run this file as a script to write them
anew after a change of format (which needs a new version in `format`).
"""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import gmpy2
import numpy as np
import pytest

from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import PrivateKey
from pysonar.protocol.artifacts import (
    Algorithm,
    FromCampaign,
    GradientEnvelope,
    ModelArtifact,
    PrivacyFloor,
    PrivacyStatement,
    PublicKeyArtifact,
    Result,
    SealedInput,
    SealedWeights,
    Spec,
    SubmissionRecord,
    Validation,
    parse_certificate,
    version_digest,
)
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey, open_sealed, seal
from pysonar.protocol.schema import (
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_schema,
)
from tests.builders.opaque import as_gradient, as_model
from tests.builders.specs import spec_of

GOLDEN = Path(__file__).parent / "golden"
PASSPHRASE = "golden, and of no value"
CONTRACT, SCIENTIST = "0x" + "c0" * 20, "0x" + "51" * 20
MINER, OTHER_MINER = "0x" + "31" * 20, "0x" + "32" * 20
CAMPAIGN = hashlib.sha256(b"campaign").digest()
WEIGHTS = np.arange(12.0).reshape(4, 3) / 8 - 0.5


def name(number: int) -> Cid:
    return Cid(bytes([number]) * 32)


def prime(text: str) -> int:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") | (3 << 254)
    return int(gmpy2.next_prime(seed))


def classifying_spec() -> Spec:
    fields = {
        "width": number_field((0, 200), center=100.5, scale=50),
        "age": integer_field((-1, 120)),
        "Member": boolean_field(),
        "colour": category_field(["röd", "grön"]),
    }
    return spec_of(
        title="Kinds of things",
        description='Tells a, b and c apart.\nBy "width" and colour: é, 中.',
        input_schema=input_schema(fields, title="Things"),
        output_schema=output_schema("kind", class_label(["c", "a", "b"])),
        algorithm=Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 50, "l2": 1e-7}),
        validation=Validation(name(1), bytes(range(32)), 360),
        capsule_certificate=name(3),
        scientist_certificate=name(4),
        auditor_certificate=name(5),
        key_bits=3072,
        weight_bound=4.0,
        difference_norm=100.0,
        initial=SealedWeights(name(6), bytes(32)),
        privacy_floor=PrivacyFloor(3, 1e-5),
    )


def regression_spec() -> Spec:
    return spec_of(
        title="Price",
        input_schema=input_schema({"rooms": integer_field((1, 10))}),
        output_schema=output_schema("price", number_label((0, 1e6), center=2e5, scale=1e5)),
        algorithm=Algorithm("linear", {"name": "gradient_descent", "learning_rate": 0.1}),
        metric="r2",
        start_ppm=0,
        start_tolerance_ppm=0,
        validation=Validation(name(1), bytes(range(32)), 1),
        capsule_certificate=name(3),
        scientist_certificate=name(4),
        key_bits=2048,
        weight_bound=0.5,
        difference_norm=1e9,
        steps=(0.5, 1.0),
        initial=FromCampaign(CAMPAIGN),
    )


def layout(count: int) -> dict:
    """128-bit key (a size for tests), so the file stays small; the numbers are not real ciphertexts."""
    return {
        "key_fingerprint": hashlib.sha256(b"fingerprint").digest(),
        "key_bits": 128,
        "rows": 3,
        "columns": 2,
        "weight_bits": 24,
        "map_bits": 20,
        "slot_bits": 50,
        "rows_per_ciphertext": 1,
        "columns_per_ciphertext": 2,
        "ciphertexts": b"".join(hashlib.sha256(bytes([i])).digest() for i in range(count)),
    }


def result() -> Result:
    return Result(
        chain_id=1337,
        contract=CONTRACT,
        campaign=CAMPAIGN,
        spec=name(9),
        family="one_vs_rest",
        version=1,
        start_ppm=333_333,
        final_ppm=800_001,
        weights=WEIGHTS,
        record=(
            SubmissionRecord(
                0, MINER, "IMPROVED", 0, 0.125, 800_001, version_digest(bytes(range(32)), WEIGHTS)
            ),
            SubmissionRecord(1, OTHER_MINER, "NO_GAIN", 1, 2, 799_999),
            SubmissionRecord(2, OTHER_MINER, "MALFORMED", 1),
            SubmissionRecord(3, MINER, "UNAVAILABLE"),
        ),
    )


def golden_key() -> PrivateKey:
    return PrivateKey.from_primes(prime("p"), prime("q"), allow_small_for_tests=True)


def artifacts() -> dict:
    gradient = EncryptedGradient.from_fields({**layout(3), "base_version": 7, "bound_bits": 45})
    return {
        "spec_classes.json": classifying_spec(),
        "spec_number.json": regression_spec(),
        "sealed_input_weights.cbor": SealedInput(
            1337, CONTRACT, SCIENTIST, "weights", SealedInput.of_weights(
                WEIGHTS, chain_id=1, contract=CONTRACT, scientist=SCIENTIST
            ).payload, bytes(range(32)),
        ),
        "public_key.cbor": PublicKeyArtifact(golden_key().public),
        "model.cbor": ModelArtifact(
            as_model(EncryptedModel.from_fields({**layout(3), "version": 7, "weight_limit": 4 << 24}))
        ),
        "gradient.cbor": GradientEnvelope(
            1337, CONTRACT, CAMPAIGN, 7, name(8), MINER, as_gradient(gradient), PrivacyStatement(2.5, 1e-6)
        ),
        "result.cbor": result(),
        "result_with_privacy.cbor": replace(
            result(),
            record=tuple(replace(entry, privacy=PrivacyStatement(3, 1e-6)) for entry in result().record),
        ),
    }  # fmt: skip


@pytest.mark.parametrize("file", sorted(artifacts()))
def test_written_as_ever(file):
    assert artifacts()[file].to_bytes() == (GOLDEN / file).read_bytes()


@pytest.mark.parametrize("file", sorted(artifacts()))
def test_read_as_ever(file):
    artifact = artifacts()[file]
    data = (GOLDEN / file).read_bytes()
    if isinstance(artifact, PublicKeyArtifact):
        parsed = PublicKeyArtifact.parse(data, allow_small_for_tests=True)
    else:
        parsed = type(artifact).parse(data)
    assert parsed.to_bytes() == data
    if not isinstance(artifact, Result):
        assert parsed == artifact


def test_digests_as_ever():
    """A salted digest is sha256 of the bytes inside the seal; nothing else has to be known to check it."""
    data = (GOLDEN / "sealed_input_weights.cbor").read_bytes()
    assert SealedInput.parse(data).salted_digest() == hashlib.sha256(data).digest()
    salted = b"openmined/version/1" + bytes(range(32)) + SealedInput.parse(data).payload
    assert result().record[0].version_digest == hashlib.sha256(salted).digest()


def test_secret_key_file_and_sealed_message_open_as_ever(tmp_path):
    """Made once, by the version that first had them."""
    path = tmp_path / "capsule.key.json"
    path.touch(mode=0o600)  # a checkout does not keep the mode
    path.write_bytes((GOLDEN / path.name).read_bytes())
    key = SecretKey.open_from_file(path, PASSPHRASE)
    certificate = parse_certificate((GOLDEN / "capsule.certificate.pgp").read_bytes())
    assert key.certificate == certificate
    sealed = (GOLDEN / "sealed.pgp").read_bytes()
    assert open_sealed(sealed, key, expected_signer=certificate) == b"sealed by the first version"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file, artifact in artifacts().items():
        (GOLDEN / file).write_bytes(artifact.to_bytes())
    if "--with-key" in sys.argv:
        made = SecretKey.generate("capsule of the test vectors")
        made.seal_to_file(GOLDEN / "capsule.key.json", PASSPHRASE)
        (GOLDEN / "capsule.certificate.pgp").write_bytes(made.certificate.to_bytes())
        (GOLDEN / "sealed.pgp").write_bytes(seal(b"sealed by the first version", [made.certificate], made))
