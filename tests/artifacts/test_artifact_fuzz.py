"""Whatever a stranger stores under a CID: only typed errors come out, and what is accepted has one form."""

from dataclasses import replace
from typing import Self

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmined_syft.ckks.encrypted import EncryptedNetwork, EncryptedNetworkGradient
from openmined_syft.ckks.keys import CkksPublicKey
from openmined_syft.ckks.slots import model_levels
from openmined_syft.models.network import SquareNetwork
from pysonar.protocol.artifacts import (
    Algorithm,
    ArtifactError,
    GradientEnvelope,
    ModelArtifact,
    PublicKeyArtifact,
    Result,
    SealedInput,
    Spec,
    SubmissionRecord,
)
from pysonar.protocol.canonical import CanonicalError, dumps_cbor, dumps_json, loads_cbor, loads_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import input_schema, number_field
from tests.builders.opaque import as_model

FUZZ = settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class SmallKeys(PublicKeyArtifact):
    """A public key artifact that reads the tests' small keys."""

    @classmethod
    def parse(
        cls,
        data: bytes,
        *,
        scheme: str | None = None,
        cid: Cid | None = None,
        allow_small_for_tests: bool = True,
    ) -> Self:
        return super().parse(data, scheme=scheme, cid=cid, allow_small_for_tests=allow_small_for_tests)


@pytest.fixture(scope="module")
def result(place) -> Result:
    return Result(
        chain_id=1,
        contract=place.contract,
        campaign=place.campaign,
        spec=place.spec_cid,
        family="linear",
        version=1,
        start_ppm=0,
        final_ppm=9,
        weights=np.ones((2, 1)),
        record=(SubmissionRecord(0, place.miner, "IMPROVED", 0, 0.5, 9, bytes(range(32))),),
    )


@pytest.fixture(scope="module")
def kinds(spec, sealed_records, campaign_key, encrypted_model, envelope, result):
    return {
        "spec": (Spec, spec.to_bytes(), loads_json, dumps_json),
        "sealed_input": (SealedInput, sealed_records.to_bytes(), loads_cbor, dumps_cbor),
        "public_key": (SmallKeys, PublicKeyArtifact(campaign_key.public).to_bytes(), loads_cbor, dumps_cbor),
        "model": (ModelArtifact, ModelArtifact(encrypted_model).to_bytes(), loads_cbor, dumps_cbor),
        "gradient": (GradientEnvelope, envelope.to_bytes(), loads_cbor, dumps_cbor),
        "result": (Result, result.to_bytes(), loads_cbor, dumps_cbor),
        **network_kinds(spec, envelope),
    }


def network_kinds(spec, envelope):
    """The same of a network. Its ciphertexts are only looked at when they are used: any bytes will do."""
    fingerprint, network = bytes(range(32)), SquareNetwork(9, 2, 16)
    key = CkksPublicKey(fingerprint, (b"zero",) * 96, b"relinearisation", b"rotation")
    ciphertexts = tuple(bytes([number]) * 9 for number in range(len(model_levels(network))))
    model = EncryptedNetwork(fingerprint, network, 2, ciphertexts, 8.0)
    gradient = EncryptedNetworkGradient(fingerprint, network, 2, b"gradient")
    fields = {f"x{number}": number_field((-4, 4)) for number in range(9)}
    algorithm, inputs = Algorithm("mlp", parameters={"hidden": 16}), input_schema(fields)
    wanted = replace(spec, algorithm=algorithm, input_schema=inputs, scheme="", key_bits=16384)
    sent = replace(envelope, gradient=gradient, scheme="ckks")
    return {
        "network_spec": (Spec, wanted.to_bytes(), loads_json, dumps_json),
        "network_key": (
            *(PublicKeyArtifact, PublicKeyArtifact(key, "ckks").to_bytes()),
            *(loads_cbor, dumps_cbor),
        ),
        "network_model": (
            ModelArtifact,
            ModelArtifact(as_model(model), "ckks").to_bytes(),
            loads_cbor,
            dumps_cbor,
        ),
        "network_gradient": (GradientEnvelope, sent.to_bytes(), loads_cbor, dumps_cbor),
    }


KINDS = pytest.mark.parametrize(
    "kind",
    [
        *("spec", "sealed_input", "public_key", "model", "gradient", "result"),
        *("network_spec", "network_key", "network_model", "network_gradient"),
    ],
)

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "delete", "copy", "cut"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(["0x" + "11" * 20, "0x" + "00" * 32, "Qm" + "1" * 44, "linear", "zeros"])
    | st.binary(max_size=6)
    | st.sampled_from([bytes(20), bytes(32), b"\x01" * 20, b"\x01" * 32]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def edited(data: bytes, edits) -> bytes:
    for what, where, piece in edits:
        at = int(where * max(0, len(data) - 1))
        if what == "flip":
            data = (
                data[:at]
                + bytes(a ^ b for a, b in zip(data[at : at + len(piece)], piece, strict=False))
                + (data[at + len(piece) :])
            )
        elif what == "insert":
            data = data[:at] + piece + data[at:]
        elif what == "delete":
            data = data[:at] + data[at + len(piece) :]
        elif what == "copy":
            data = data[:at] + data[at : at + 40] + data[at:]
        else:
            data = data[:at]
    return data


def places(value, path=()):
    """Every path inside a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield (*path, place)
            yield from places(item, (*path, place))


def accepted_or_typed(kind, data):
    try:
        artifact = kind.parse(data)
    except ArtifactError:
        return
    assert artifact.to_bytes() == data


@KINDS
@FUZZ
@given(data=st.binary(max_size=300))
def test_any_bytes(kinds, kind, data):
    accepted_or_typed(kinds[kind][0], data)


@KINDS
@FUZZ
@given(edits=EDITS)
def test_edited_bytes(kinds, kind, edits):
    parser, valid, _, _ = kinds[kind]
    accepted_or_typed(parser, edited(valid, edits))


@KINDS
@FUZZ
@given(data=st.data())
def test_any_value_in_any_field(kinds, kind, data):
    """Bytes that are canonical, so that every check behind the encoding is reached."""
    parser, valid, loads, dumps = kinds[kind]
    document = loads(valid, max_bytes=10**6)
    for _ in range(data.draw(st.integers(1, 2))):
        paths = list(places(document))
        *inner, last = data.draw(st.sampled_from(paths))
        target = document
        for step in inner:
            target = target[step]
        if isinstance(last, str) and data.draw(st.integers(0, 5)) == 0:
            del target[last]
        else:
            target[last] = data.draw(VALUES)
        if not document:
            return
    try:
        encoded = dumps(document)
    except CanonicalError:
        return
    accepted_or_typed(parser, encoded)


@settings(parent=FUZZ, max_examples=400)
@given(edits=EDITS)
def test_edited_arrow_payloads(sealed_records, schema, edits):
    payload = edited(sealed_records.payload, edits)
    if not payload:
        return
    try:
        table = replace(sealed_records, payload=payload).records(schema, rows=3)
    except ArtifactError:
        return
    assert schema.encode(table).shape == (3, 3)


@FUZZ
@given(edits=EDITS)
def test_edited_safetensors_payloads(place, edits):
    valid = SealedInput.of_weights(
        [[1.0, 2.0]], chain_id=1, contract=place.contract, scientist=place.scientist
    )
    payload = edited(valid.payload, edits)
    if not payload:
        return
    try:
        weights = replace(valid, payload=payload).weights(shape=(1, 2), weight_bound=1e300)
    except ArtifactError:
        return
    assert np.isfinite(weights).all()
