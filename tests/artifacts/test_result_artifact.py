"""Result: signed by this Capsule, for this campaign, for the scientist's eyes; its record adds up."""

from dataclasses import replace

import numpy as np
import pytest

from pysonar.protocol.artifacts import (
    ArtifactError,
    MalformedError,
    PrivacyStatement,
    Result,
    SubmissionRecord,
    WrongBindingError,
    version_digest,
)
from pysonar.protocol.canonical import dumps_cbor, loads_cbor
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import NotForThisKeyError, WrongSignerError, seal

NAME = Cid(b"\x47" * 32)
WEIGHTS = np.arange(12.0).reshape(4, 3) / 8
DIGEST = version_digest(bytes(32), WEIGHTS)


@pytest.fixture
def result(place) -> Result:
    return Result(
        chain_id=place.chain_id,
        contract=place.contract,
        campaign=place.campaign,
        spec=place.spec_cid,
        family="one_vs_rest",
        version=1,
        start_ppm=333_333,
        final_ppm=700_000,
        weights=WEIGHTS,
        record=(
            SubmissionRecord(0, place.miner, "IMPROVED", 0, 0.5, 700_000, DIGEST),
            SubmissionRecord(1, place.stranger, "NO_GAIN", 0, 2, 600_000),
            SubmissionRecord(2, place.stranger, "MALFORMED"),
            SubmissionRecord(3, place.miner, "UNAVAILABLE"),
        ),
    )


def opening(place, capsule, **changes):
    expected = {
        "capsule": capsule.certificate,
        "chain_id": place.chain_id,
        "contract": place.contract,
        "campaign": place.campaign,
        "spec": place.spec_cid,
    }
    return {**expected, **changes}


def test_scientist_opens(result, capsule, scientist, place):
    opened = Result.open(result.seal(scientist.certificate, capsule), scientist, **opening(place, capsule))
    np.testing.assert_array_equal(opened.weights, WEIGHTS)
    assert opened.record == result.record
    assert opened.to_bytes() == result.to_bytes()


def test_nobody_else_opens(result, capsule, scientist, stranger, place):
    blob = result.seal(scientist.certificate, capsule)
    for other in (stranger, capsule):
        with pytest.raises(NotForThisKeyError):
            Result.open(blob, other, **opening(place, capsule))


def test_another_signer_or_none(result, capsule, scientist, stranger, place):
    with pytest.raises(WrongSignerError):
        Result.open(result.seal(scientist.certificate, stranger), scientist, **opening(place, capsule))
    with pytest.raises(WrongSignerError, match="unsigned"):
        Result.open(seal(result.to_bytes(), [scientist.certificate]), scientist, **opening(place, capsule))


@pytest.mark.parametrize(
    ("field", "value"),
    [("chain_id", 1), ("contract", "0x" + "99" * 20), ("campaign", bytes(32)), ("spec", Cid(b"\x99" * 32))],
)
def test_result_of_another_campaign(result, capsule, scientist, place, field, value):
    blob = result.seal(scientist.certificate, capsule)
    with pytest.raises(WrongBindingError, match=str(NAME)) as caught:
        Result.open(blob, scientist, **opening(place, capsule, **{field: value}), cid=NAME)
    assert caught.value.field == field


def test_no_plaintext_weights_in_the_blob(result, capsule, scientist):
    blob = result.seal(scientist.certificate, capsule)
    assert WEIGHTS.tobytes()[8:24] not in blob


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("family", "tree"),
        ("version", 0),
        ("version", 2),
        ("start_ppm", -1),
        ("final_ppm", 1_000_001),
        ("weights", [[np.nan]]),
        ("weights", np.zeros((0, 3))),
        ("weights", "x"),
        ("campaign", bytes(5)),
        ("spec", "no CID"),
    ],
)
def test_fields_at_their_bounds(result, field, value):
    with pytest.raises(ArtifactError) as caught:
        replace(result, **{field: value})
    assert (caught.value.kind, caught.value.field) == ("result", field)


def test_record_is_in_order_without_gaps(result):
    with pytest.raises(ArtifactError, match=r"record\[0\].index is 1; 0 is expected"):
        replace(result, record=result.record[1:])
    with pytest.raises(ArtifactError, match=r"record\[1\].index"):
        replace(result, record=(result.record[0], result.record[0]))


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "GOOD"},
        {"index": -1},
        {"miner": "0x00"},
        {"step": 0.0},
        {"step": 17.0},
        {"score_ppm": 1_000_001},
        {"score_ppm": None},
        {"base_version": -1},
        {"version_digest": None},
        {"version_digest": b"x"},
        {"verdict": "NO_GAIN"},
    ],
)
def test_a_record_entry_that_contradicts_itself(result, change):
    with pytest.raises(ArtifactError, match="record"):
        replace(result.record[0], **change)


def test_an_improvement_of_which_only_the_chain_is_left(result):
    """Capsule lost its journal: step and base are unknown, the score is on chain."""
    entry = replace(result.record[0], step=None, base_version=None)
    again = Result.parse(replace(result, record=(entry, *result.record[1:])).to_bytes())
    assert (again.record[0].step, again.record[0].base_version, again.record[0].score_ppm) == (
        None,
        None,
        700_000,
    )


def test_what_a_mine_said_of_its_privacy_is_kept(result):
    entry = replace(result.record[0], privacy=PrivacyStatement(3.0, 1e-6))
    again = Result.parse(replace(result, record=(entry, *result.record[1:])).to_bytes())
    assert [record.privacy for record in again.record] == [PrivacyStatement(3.0, 1e-6), None, None, None]


def test_version_digest_is_salted_and_bound():
    assert len(DIGEST) == 32
    assert version_digest(b"\1" * 32, WEIGHTS) != DIGEST
    assert version_digest(bytes(32), WEIGHTS + 1e-12) != DIGEST
    with pytest.raises(ArtifactError, match="salt"):
        version_digest(b"", WEIGHTS)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d.update(format="openmined/result/9"), "format"),
        (lambda d: d.update(weights=b"pickle"), "weights"),
        (lambda d: d.update(weights=[1.0]), "weights"),
        (lambda d: d.update(record=None), "record"),
        (lambda d: d.update(record=[5]), "record[0]"),
        (lambda d: d["record"][1].update(index=5), "record[1].index"),
        (lambda d: d["record"][1].update(note="x"), "record[1].note"),
        (lambda d: d["record"][1].update(step=2), ""),
        (lambda d: d["record"][1].update(privacy=3), "record[1].privacy"),
        (lambda d: d["record"][1].update(privacy={"epsilon": 3.0}), "record[1].privacy.delta"),
        (lambda d: d["record"][1].update(privacy=None), "record[1].privacy"),
        (lambda d: d["record"][1].pop("verdict"), "record[1].verdict"),
        (lambda d: d.update(version=4), "version"),
        (lambda d: d.update(note=""), "note"),
        (lambda d: d.pop("spec"), "spec"),
    ],
)
def test_documents_refuse_by_field_and_cid(result, change, field):
    values = loads_cbor(result.to_bytes(), max_bytes=10**6)
    change(values)
    with pytest.raises(ArtifactError, match=str(NAME)) as caught:
        Result.parse(dumps_cbor(values), cid=NAME)
    assert caught.value.field == field


def test_other_things_signed_by_capsule(capsule, scientist, place, spec):
    for inside in (b"", b"junk", spec.to_bytes()):
        with pytest.raises(MalformedError):
            Result.open(seal(inside, [scientist.certificate], capsule), scientist, **opening(place, capsule))


def test_a_result_with_an_audit_package_is_sealed_to_the_auditor_too(
    result, capsule, scientist, stranger, place
):
    audited = replace(result, audit=NAME)
    blob = audited.seal(scientist.certificate, capsule, auditor=stranger.certificate)
    for reader in (scientist, stranger):
        assert Result.open(blob, reader, **opening(place, capsule)).audit == NAME


def test_a_result_without_one_is_written_as_before(result):
    assert loads_cbor(result.to_bytes(), max_bytes=1 << 20)["format"] == "openmined/result/2"
    fields = loads_cbor(replace(result, audit=NAME).to_bytes(), max_bytes=1 << 20)
    assert (fields["format"], fields["audit"]) == ("openmined/result/3", NAME.digest)
    assert Result.parse(dumps_cbor(fields)).audit == NAME
    for wrong in (
        {**fields, "format": "openmined/result/2"},
        {name: value for name, value in fields.items() if name != "audit"},
        {**fields, "audit": None},
        {**fields, "format": "openmined/result/4"},
    ):
        with pytest.raises(ArtifactError):
            Result.parse(dumps_cbor(wrong))
