"""Gradient: bound to chain, contract, campaign and miner in the seal, so that a copy is worthless."""

from dataclasses import replace

import numpy as np
import pytest

from pysonar.protocol.artifacts import (
    ArtifactError,
    GradientEnvelope,
    MalformedError,
    OversizedError,
    PrivacyStatement,
    WrongBindingError,
    most_gradient_bytes,
)
from pysonar.protocol.artifacts.parts import limits
from pysonar.protocol.canonical import dumps_cbor, loads_cbor
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import NotForThisKeyError, NotOpenPGPError, TamperedError, seal
from tests.builders.changes import wrong

NAME = Cid(b"\x45" * 32)


def opening(place, **changes):
    head = {
        "chain_id": place.chain_id,
        "contract": place.contract,
        "campaign": place.campaign,
        "miner": place.miner,
        "scheme": "paillier",
    }
    return {**head, **changes}


def document(envelope):
    return loads_cbor(envelope.to_bytes(), max_bytes=10**6)


@pytest.fixture(scope="module")
def blob(envelope, capsule):
    return envelope.seal(capsule.certificate)


def test_capsule_opens_and_decrypts(blob, capsule, place, campaign_key, encrypted_model):
    opened = GradientEnvelope.open(blob, capsule, **opening(place))
    opened.gradient.check_base(encrypted_model)
    expected = (np.eye(4) * 0.5 - np.eye(4)) @ np.full((4, 3), 0.25) + 0.1
    np.testing.assert_allclose(opened.gradient.decrypt(campaign_key), expected, atol=1e-6)
    assert (opened.base_version, opened.base, opened.miner) == (2, place.base_cid, place.miner.lower())


@pytest.mark.parametrize("who", ["scientist", "stranger"])
def test_nobody_else_opens(request, blob, place, who):
    with pytest.raises(NotForThisKeyError):
        GradientEnvelope.open(blob, request.getfixturevalue(who), **opening(place))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chain_id", 1),
        ("contract", "0x" + "99" * 20),
        ("campaign", bytes(32)),
        ("scheme", "ckks"),
        ("miner", "0x" + "99" * 20),
    ],
)
def test_copied_to_another_place(blob, capsule, place, field, value):
    """A submission copied by another miner, or from another campaign, contract or chain."""
    with pytest.raises(WrongBindingError, match=str(NAME)) as caught:
        GradientEnvelope.open(blob, capsule, **opening(place, **{field: value}), cid=NAME)
    assert caught.value.field == field


def test_changed_or_cut_off_blobs(blob, capsule, place):
    changed = bytearray(blob)
    changed[-40] ^= 4
    with pytest.raises(TamperedError):
        GradientEnvelope.open(bytes(changed), capsule, **opening(place))
    with pytest.raises(NotOpenPGPError):
        GradientEnvelope.open(blob[:-1], capsule, **opening(place))


def test_the_blob_shows_neither_miner_nor_ciphertexts(blob, envelope, place):
    assert bytes.fromhex(place.miner[2:]) not in blob
    assert envelope.gradient.to_fields()["ciphertexts"][:16] not in blob


def test_oversized_is_refused_unopened(capsule, place, monkeypatch):
    monkeypatch.setitem(limits.MAX_BYTES, "gradient", 100)
    with pytest.raises(OversizedError):
        GradientEnvelope.open(bytes(101), capsule, **opening(place))


def test_the_size_to_fetch_with_is_enough(blob, envelope, encrypted_model):
    assert len(blob) <= most_gradient_bytes(encrypted_model, "paillier")
    stated = replace(envelope, privacy=PrivacyStatement(1.2345678901234567, 1.2345678901234567e-5))
    most = most_gradient_bytes(encrypted_model, "paillier") - 8 * 1024
    assert len(stated.to_bytes()) < most


def test_privacy_statement(envelope):
    stated = replace(envelope, privacy=PrivacyStatement(2, 1e-5))
    assert GradientEnvelope.parse(stated.to_bytes()).privacy == PrivacyStatement(2.0, 1e-5)
    for epsilon, delta in ((0, 0), (1e7, 0), (1, -0.1), (1, 1.1), (float("nan"), 0), ("1", 0)):
        with pytest.raises(ArtifactError, match="privacy"):
            PrivacyStatement(wrong(epsilon), delta)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chain_id", 0),
        ("contract", "0x00"),
        ("campaign", bytes(31)),
        ("campaign", "0x" + "00" * 32),
        ("base_version", 1),
        ("base_version", -1),
        ("base", None),
        ("miner", "0x" + "00" * 20),
    ],
)
def test_fields_at_their_bounds(envelope, field, value):
    with pytest.raises(ArtifactError) as caught:
        replace(envelope, **{field: value})
    assert (caught.value.kind, caught.value.field) == ("gradient", field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d.update(format="openmined/gradient/2"), "format"),
        (lambda d: d.update(scheme="rsa"), "scheme"),
        (lambda d: d.update(extra=1), "extra"),
        (lambda d: d.pop("miner"), "miner"),
        (lambda d: d.update(miner=bytes(20)), "miner"),
        (lambda d: d.update(miner="0x" + "11" * 20), ""),  # an address is 20 bytes here, in one form
        (lambda d: d.update(base=bytes(32)), "base"),
        (lambda d: d.update(base=bytes(31)), "base"),
        (lambda d: d.update(campaign=5), "campaign"),
        (lambda d: d.update(privacy={"epsilon": 1.0}), "privacy.delta"),
        (lambda d: d.update(privacy={"epsilon": 1, "delta": 0.0}), ""),
        (lambda d: d.update(gradient=None), "gradient"),
        (lambda d: d["gradient"].update(rows=0), "gradient"),
        (lambda d: d["gradient"].update(ciphertexts=b"x"), "gradient"),
        (lambda d: d["gradient"].update(key_fingerprint=b"x"), "gradient"),
        (lambda d: d["gradient"].update(base_version=3), "base_version"),
        (lambda d: d["gradient"].update(extra=3), "gradient"),
        (lambda d: d["gradient"].pop("bound_bits"), "gradient"),
    ],
)
def test_documents_refuse_by_field_and_cid(envelope, change, field):
    values = document(envelope)
    change(values)
    with pytest.raises(ArtifactError, match=str(NAME)) as caught:
        GradientEnvelope.parse(dumps_cbor(values), cid=NAME)
    assert caught.value.field == field


def test_other_things_sealed_to_capsule(capsule, place, sealed_records):
    for inside in (b"", b"junk", sealed_records.to_bytes()):
        with pytest.raises(MalformedError):
            GradientEnvelope.open(seal(inside, [capsule.certificate]), capsule, **opening(place))
