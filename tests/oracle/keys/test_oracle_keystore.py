"""Campaign keys at rest: one per campaign, sealed, never replaced, never in clear."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from openmined_oracle.errors import KeyStoreError
from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from pysonar.protocol.openpgp import SecretKey, seal
from tests.roles import as_a

CAMPAIGN, OTHER = bytes([1]) * 32, bytes([2]) * 32


@pytest.fixture(scope="module")
def capsule() -> SecretKey:
    return SecretKey.generate("capsule")


@pytest.fixture
def store(tmp_path: Path, capsule: SecretKey) -> KeyStore:
    return KeyStore(tmp_path / "keys", capsule)


def test_a_campaign_has_one_key_for_ever(store: KeyStore, tmp_path: Path, capsule: SecretKey) -> None:
    first = store.key_for(CAMPAIGN, "paillier", 2048)
    assert store.key_for(CAMPAIGN, "paillier", 2048) == first
    assert KeyStore(tmp_path / "keys", capsule).stored_key(CAMPAIGN) == first
    assert store.key_for(OTHER, "paillier", 2048) != first


def test_a_second_generation_does_not_replace_the_first(tmp_path: Path, capsule: SecretKey) -> None:
    """Two generations at the same time: both get the key that reached the disk first."""
    first = generate_keypair(2048)

    def overtaken(_scheme: str, bits: int) -> PrivateKey:
        KeyStore(tmp_path, capsule, generate=lambda _scheme, _bits: first).key_for(CAMPAIGN, "paillier", bits)
        return generate_keypair(bits)

    assert KeyStore(tmp_path, capsule, generate=overtaken).key_for(CAMPAIGN, "paillier", 2048) == first


def test_no_prime_is_in_clear_on_disk(store: KeyStore, tmp_path: Path) -> None:
    key = as_a(PrivateKey, store.key_for(CAMPAIGN, "paillier", 2048))
    files = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert len(files) == 1
    data = files[0].read_bytes()
    for prime in (int(key.p), int(key.q)):
        raw = prime.to_bytes(128, "big")
        for form in (raw, raw[::-1], raw.hex().encode(), str(prime).encode(), base64.b64encode(raw)[:-4]):
            assert form not in data
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_never_stored_is_an_error(store: KeyStore) -> None:
    with pytest.raises(KeyStoreError, match="no key was stored"):
        store.stored_key(CAMPAIGN)


def test_another_size_than_the_stored_one_is_an_error(store: KeyStore) -> None:
    store.key_for(CAMPAIGN, "paillier", 2048)
    with pytest.raises(KeyStoreError, match="paillier with 2048 bits, the spec says paillier with 3072"):
        store.key_for(CAMPAIGN, "paillier", 3072)


def test_a_damaged_file_is_an_error_and_makes_no_new_key(store: KeyStore, tmp_path: Path) -> None:
    store.key_for(CAMPAIGN, "paillier", 2048)
    path = tmp_path / "keys" / f"{CAMPAIGN.hex()}.pgp"
    damaged = path.read_bytes()[:-5]
    path.write_bytes(damaged)
    with pytest.raises(KeyStoreError, match="damaged"):
        store.key_for(CAMPAIGN, "paillier", 2048)
    assert path.read_bytes() == damaged


def test_a_key_of_another_campaign_in_its_place_is_an_error(store: KeyStore, tmp_path: Path) -> None:
    store.key_for(CAMPAIGN, "paillier", 2048)
    (tmp_path / "keys" / f"{CAMPAIGN.hex()}.pgp").rename(tmp_path / "keys" / f"{OTHER.hex()}.pgp")
    with pytest.raises(KeyStoreError, match="something other than"):
        store.stored_key(OTHER)


def test_a_key_planted_by_a_stranger_is_an_error(store: KeyStore, tmp_path: Path, capsule: SecretKey) -> None:
    """Anybody can seal to the certificate; only Capsule can sign."""
    stranger = SecretKey.generate("stranger")
    planted = seal(b'{"format": "openmined/campaign_key/1"}', [capsule.certificate], stranger)
    (tmp_path / "keys" / f"{CAMPAIGN.hex()}.pgp").write_bytes(planted)
    with pytest.raises(KeyStoreError, match="damaged, or not sealed"):
        store.stored_key(CAMPAIGN)
