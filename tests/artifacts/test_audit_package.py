"""Audit package: signed by Capsule, for this campaign, for the auditor's eyes alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pysonar.protocol.artifacts import ArtifactError, AuditPackage, Opening, WrongBindingError
from pysonar.protocol.canonical import dumps_cbor, loads_cbor
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import NotForThisKeyError, SecretKey, WrongSignerError
from tests.artifacts.conftest import Place
from tests.builders.changes import with_fields

NAME = Cid(b"\x47" * 32)


@pytest.fixture
def package(place: Place) -> AuditPackage:
    return AuditPackage(
        chain_id=place.chain_id,
        contract=place.contract,
        campaign=place.campaign,
        spec=place.spec_cid,
        scheme="paillier",
        secrets={"p": "b", "q": "d"},
        validation=b"the bytes inside the sealed validation set",
        submissions=(Opening(b"\x09" + bytes(32), bytes(32)), Opening(), Opening(b"\x07" + bytes(16))),
    )


def opened(
    package: AuditPackage, key: SecretKey, capsule: SecretKey, place: Place, **other: object
) -> AuditPackage:
    return open_for(with_fields(place, other), package.seal(key.certificate, capsule), key, capsule)


def open_for(place: Place, sealed: bytes, key: SecretKey, capsule: SecretKey) -> AuditPackage:
    return AuditPackage.open(
        sealed,
        key,
        capsule=capsule.certificate,
        chain_id=place.chain_id,
        contract=place.contract,
        campaign=place.campaign,
        spec=place.spec_cid,
    )


def test_the_auditor_opens_what_was_sealed(
    package: AuditPackage, stranger: SecretKey, capsule: SecretKey, place: Place
) -> None:
    for one in (package, replace(package, weights=b"sealed weights"), replace(package, submissions=())):
        assert opened(one, stranger, capsule, place) == one


def test_nothing_of_it_is_shown(package: AuditPackage) -> None:
    shown = repr(package)
    assert "the bytes inside" not in shown
    assert "'b'" not in shown
    assert "x09" not in shown


def test_nobody_else_opens_it_and_nobody_else_signs_it(
    package: AuditPackage, stranger: SecretKey, scientist: SecretKey, capsule: SecretKey, place: Place
) -> None:
    sealed = package.seal(stranger.certificate, capsule)
    with pytest.raises(NotForThisKeyError):
        open_for(place, sealed, scientist, capsule)
    forged = package.seal(stranger.certificate, scientist)
    with pytest.raises(WrongSignerError):
        open_for(place, forged, stranger, capsule)


@pytest.mark.parametrize(
    ("field", "value"),
    [("chain_id", 1), ("contract", "0x" + "11" * 20), ("campaign", bytes(32)), ("spec_cid", NAME)],
)
def test_one_of_another_campaign_is_refused(
    package: AuditPackage, stranger: SecretKey, capsule: SecretKey, place: Place, field: str, value: object
) -> None:
    with pytest.raises(WrongBindingError, match=field.removesuffix("_cid")):
        opened(package, stranger, capsule, place, **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("submissions", [{"session_key": b"short", "salt": None}]),
        ("submissions", [{"session_key": None, "salt": b"short"}]),
        ("submissions", [{"session_key": None}]),
        ("submissions", [{"session_key": 5, "salt": None}]),
        ("key", {"p": 5}),
        ("key", "p"),
        ("validation", b""),
        ("weights", 5),
        ("scheme", "rot13"),
        ("more", 1),
    ],
)
def test_what_is_malformed_names_its_field(package: AuditPackage, field: str, value: object) -> None:
    fields = loads_cbor(package.to_bytes(), max_bytes=1 << 20) | {field: value}
    with pytest.raises(ArtifactError, match=field if field != "submissions" else "session_key|salt"):
        AuditPackage.parse(dumps_cbor(fields))


def test_a_key_that_is_none_is_said(package: AuditPackage) -> None:
    with pytest.raises(ArtifactError, match="a secret key of paillier"):
        replace(package, secrets={"p": "b"}).key()
