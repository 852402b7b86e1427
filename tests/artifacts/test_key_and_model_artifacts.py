"""Public key, encrypted model and certificate as artifacts: recomputed fingerprints, checked ciphertexts."""

import pytest

from openmined_syft.paillier.keys import generate_keypair
from pysonar.protocol.artifacts import (
    ArtifactError,
    MalformedError,
    ModelArtifact,
    OversizedError,
    PublicKeyArtifact,
    parse_certificate,
)
from pysonar.protocol.artifacts.parts import limits
from pysonar.protocol.canonical import dumps_cbor, loads_cbor
from pysonar.protocol.cid import Cid

NAME = Cid(b"\x46" * 32)


def changed(data, change):
    values = loads_cbor(data, max_bytes=10**6)
    change(values)
    return dumps_cbor(values)


class TestPublicKey:
    def test_round_trip(self, campaign_key):
        data = PublicKeyArtifact(campaign_key.public).to_bytes()
        assert PublicKeyArtifact.parse(data, allow_small_for_tests=True).key == campaign_key.public

    def test_small_keys_are_for_tests(self, campaign_key):
        data = PublicKeyArtifact(campaign_key.public).to_bytes()
        with pytest.raises(ArtifactError, match=f"{NAME}: n is key size is 512 bits"):
            PublicKeyArtifact.parse(data, cid=NAME)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            (lambda d: d.update(fingerprint=bytes(32)), "fingerprint"),
            (lambda d: d.update(fingerprint=bytes(31)), "fingerprint"),
            (lambda d: d.update(n=d["n"][:-1] + bytes([d["n"][-1] ^ 2])), "fingerprint"),
            (lambda d: d.update(n=d["n"][:-1] + bytes([d["n"][-1] ^ 1])), "n"),
            (lambda d: d.update(n=b"\0" + d["n"]), "n"),
            (lambda d: d.update(n=b""), "n"),
            (lambda d: d.update(n=5), "n"),
            (lambda d: d.update(n=b"\xff" * 16_000), "n"),
            (lambda d: d.update(scheme="rsa"), "scheme"),
            (lambda d: d.update(format="openmined/model/1"), "format"),
            (lambda d: d.update(q=b"\7"), "q"),
            (lambda d: d.pop("n"), "n"),
        ],
    )
    def test_refuses_by_field(self, campaign_key, change, field):
        data = changed(PublicKeyArtifact(campaign_key.public).to_bytes(), change)
        with pytest.raises(ArtifactError) as caught:
            PublicKeyArtifact.parse(data, cid=NAME, allow_small_for_tests=True)
        # A changed odd n may also be seen to be no honest modulus before its fingerprint is compared.
        assert caught.value.field in (field, "n")
        assert caught.value.cid == NAME

    def test_oversized(self, monkeypatch):
        monkeypatch.setitem(limits.MAX_BYTES, "public_key", 100)
        with pytest.raises(OversizedError):
            PublicKeyArtifact.parse(bytes(101))


class TestModel:
    def test_round_trip(self, encrypted_model, campaign_key):
        data = ModelArtifact(encrypted_model).to_bytes()
        again = ModelArtifact.parse(data)
        assert again.to_bytes() == data
        assert again.for_key(campaign_key.public) == encrypted_model

    def test_of_another_key(self, encrypted_model):
        other = generate_keypair(512, allow_small_for_tests=True)
        with pytest.raises(ArtifactError, match=str(NAME)) as caught:
            ModelArtifact(encrypted_model).for_key(other.public, cid=NAME)
        assert caught.value.field == "model.ciphertexts"

    @pytest.mark.parametrize("kind", ["zero", "n", "n squared", "all ones"])
    def test_numbers_that_are_no_ciphertexts(self, encrypted_model, campaign_key, kind):
        n, width = int(campaign_key.public.n), campaign_key.public.ciphertext_bytes
        bad = {"zero": 0, "n": n, "n squared": n * n, "all ones": 2 ** (8 * width) - 1}[kind]

        def swap(values):
            blob = values["model"]["ciphertexts"]
            values["model"]["ciphertexts"] = bad.to_bytes(width, "big") + blob[width:]

        data = changed(ModelArtifact(encrypted_model).to_bytes(), swap)
        with pytest.raises(ArtifactError) as caught:
            ModelArtifact.parse(data, cid=NAME).for_key(campaign_key.public, cid=NAME)
        assert caught.value.field in ("model", "model.ciphertexts")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            (lambda d: d.update(scheme="rsa"), "scheme"),
            (lambda d: d.update(format="openmined/model/0"), "format"),
            (lambda d: d.update(model=[]), "model"),
            (lambda d: d.update(extra=0), "extra"),
            (lambda d: d.pop("model"), "model"),
            (lambda d: d["model"].update(rows=2**40), "model"),
            (lambda d: d["model"].update(slot_bits=1), "model"),
            (lambda d: d["model"].update(version=-1), "model"),
            (lambda d: d["model"].update(version=True), "model"),
            (lambda d: d["model"].update(weight_limit=0), "model"),
            (lambda d: d["model"].update(ciphertexts=d["model"]["ciphertexts"][:-1]), "model"),
        ],
    )
    def test_refuses_by_field(self, encrypted_model, change, field):
        data = changed(ModelArtifact(encrypted_model).to_bytes(), change)
        with pytest.raises(ArtifactError, match=str(NAME)) as caught:
            ModelArtifact.parse(data, cid=NAME)
        assert caught.value.field == field


class TestCertificate:
    def test_round_trip(self, capsule):
        assert parse_certificate(capsule.certificate.to_bytes()) == capsule.certificate

    def test_refuses(self, capsule):
        with pytest.raises(MalformedError, match=str(NAME)):
            parse_certificate(b"junk", cid=NAME)
        with pytest.raises(MalformedError, match="secret"):
            parse_certificate(bytes(capsule.native()), cid=NAME)
        with pytest.raises(OversizedError):
            parse_certificate(bytes(64 * 1024 + 1), cid=NAME)
