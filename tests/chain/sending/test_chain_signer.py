"""Keyfiles: made once, private, opened by their passphrase only; the key is nowhere to be read."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from pysonar.chain.errors import (
    KeyfileExistsError,
    KeyfileMissingError,
    MalformedKeyfileError,
    WrongPassphraseError,
)
from pysonar.chain.sending.signer import KeyfileSigner, create_keyfile, import_key, keyfile_address
from pysonar.files.secret_file import NotPrivateError

KEY = bytes(range(1, 33))


@pytest.fixture(scope="module")
def keyfile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keyfile of KEY with the passphrase "correct"."""
    path = tmp_path_factory.mktemp("keys") / "keyfile.json"
    import_key(path, "correct", KEY)
    return path


def test_a_new_keyfile_is_private_and_opens(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keyfile.json"
    address = create_keyfile(path, "correct")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert KeyfileSigner.open(path, "correct").address == address == keyfile_address(path)
    assert list(path.parent.iterdir()) == [path]


def test_a_keyfile_is_never_overwritten(keyfile: Path) -> None:
    before = keyfile.read_bytes()
    with pytest.raises(KeyfileExistsError, match="never overwritten"):
        create_keyfile(keyfile, "other")
    assert keyfile.read_bytes() == before


def test_it_is_an_ordinary_web3_keystore(keyfile: Path) -> None:
    assert bytes(Account.decrypt(json.loads(keyfile.read_text()), "correct")) == KEY


def test_a_wrong_passphrase(keyfile: Path) -> None:
    with pytest.raises(WrongPassphraseError) as wrong:
        KeyfileSigner.open(keyfile, "incorrect")
    assert "incorrect" not in str(wrong.value)
    assert wrong.value.__suppress_context__


def test_a_missing_keyfile(tmp_path: Path) -> None:
    with pytest.raises(KeyfileMissingError, match="init"):
        KeyfileSigner.open(tmp_path / "none.json", "correct")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"version": 1}',
        b'{"version": 3}',
        b'{"version": 3, "crypto": {"kdf": "x"}}',
    ],
)
def test_a_file_that_is_no_keystore(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keyfile.json"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(MalformedKeyfileError, match="version 3"):
        KeyfileSigner.open(path, "correct")


def test_a_file_far_too_long(tmp_path: Path) -> None:
    path = tmp_path / "keyfile.json"
    path.touch(0o600)
    path.write_bytes(b" " * 65537)
    with pytest.raises(MalformedKeyfileError, match="65536"):
        KeyfileSigner.open(path, "correct")


def quick_keyfile(path: Path, passphrase: str, **changes: object) -> Path:
    """A keyfile of KEY, with a key derivation that is quick enough for tests."""
    path.touch(0o600)
    keystore = Account.encrypt(KEY, passphrase, kdf="pbkdf2", iterations=1000) | changes
    path.write_text(json.dumps(keystore))
    return path


@pytest.mark.parametrize("held", [b"", KEY[:31], KEY + b"\x01", bytes(32), b"\xff" * 32], ids=len)
def test_a_keyfile_whose_key_is_none_is_refused_and_nothing_of_it_is_told(
    tmp_path: Path, held: bytes
) -> None:
    path = sealed_bytes(tmp_path / "keyfile.json", "correct", held)
    with pytest.raises(MalformedKeyfileError, match=f"{len(held)} bytes, is not a private key") as refused:
        KeyfileSigner.open(path, "correct")
    assert KEY[:8].hex() not in str(refused.value)
    assert refused.value.__suppress_context__
    with pytest.raises(WrongPassphraseError):
        KeyfileSigner.open(path, "another")


def sealed_bytes(path: Path, passphrase: str, held: bytes) -> Path:
    """A keystore of version 3 that holds these bytes, whatever they are."""
    keystore = json.loads(quick_keyfile(path, passphrase).read_text())
    sealed = keystore["crypto"]
    stream = bytes(a ^ b for a, b in zip(bytes.fromhex(sealed["ciphertext"]), KEY, strict=True))
    ciphertext = bytes(a ^ b for a, b in zip(held, stream.ljust(len(held)), strict=False))
    salt = bytes.fromhex(sealed["kdfparams"]["salt"])
    derived = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, sealed["kdfparams"]["c"], 32)
    sealed |= {"ciphertext": ciphertext.hex(), "mac": keccak(derived[16:] + ciphertext).hex()}
    path.write_text(json.dumps(keystore))
    return path


FORMS = ["Gru\u0308\u00dfe", "Gr\u00fc\u00dfe", "\ufeffGr\u00fc\u00dfe"]


@pytest.mark.parametrize("sealed", FORMS, ids=ascii)
@pytest.mark.parametrize("typed", FORMS, ids=ascii)
def test_a_passphrase_opens_in_whatever_form_it_was_sealed(tmp_path: Path, sealed: str, typed: str) -> None:
    path = quick_keyfile(tmp_path / "keyfile.json", sealed)
    assert KeyfileSigner.open(path, typed).address == Account.from_key(KEY).address
    with pytest.raises(WrongPassphraseError):
        KeyfileSigner.open(path, "Grusse")


def test_a_new_keyfile_is_sealed_by_the_form_that_all_systems_share(tmp_path: Path) -> None:
    import_key(tmp_path / "keyfile.json", "Gru\u0308\u00dfe", KEY)
    keystore = json.loads((tmp_path / "keyfile.json").read_text())
    assert bytes(Account.decrypt(keystore, "Gr\u00fc\u00dfe")) == KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_keyfile_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = quick_keyfile(tmp_path / "keyfile.json", "correct")
    path.chmod(mode)
    for use in (lambda: KeyfileSigner.open(path, "correct"), lambda: keyfile_address(path)):
        with pytest.raises(NotPrivateError, match=rf"mode is {mode:04o}.*chmod 600 .*keyfile\.json"):
            use()
    path.chmod(0o400)
    KeyfileSigner.open(path, "correct")


def test_a_keyfile_that_names_another_account_is_refused_and_one_that_names_none_is_not(
    tmp_path: Path,
) -> None:
    other = quick_keyfile(tmp_path / "other.json", "correct", address="ab" * 20)
    with pytest.raises(MalformedKeyfileError, match=f"says it is for 0x{'ab' * 20}, but holds the key of"):
        KeyfileSigner.open(other, "correct")
    unnamed = quick_keyfile(tmp_path / "unnamed.json", "correct", address="")
    assert KeyfileSigner.open(unnamed, "correct").address == Account.from_key(KEY).address


def test_a_keyfile_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = quick_keyfile(tmp_path / "keyfile.json", "correct")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert KeyfileSigner.open(path, "correct").address == Account.from_key(KEY).address


def test_the_key_is_in_no_representation(keyfile: Path) -> None:
    signer = KeyfileSigner.open(keyfile, "correct")
    shown = f"{signer!r} {signer} {keyfile.read_text()}"
    assert signer.address in shown
    assert KEY.hex() not in shown.lower()
    assert str(KEY) not in shown


def test_what_it_signs_is_its_own(keyfile: Path) -> None:
    signer = KeyfileSigner.open(keyfile, "correct")
    transaction = {
        "type": 2, "chainId": 1337, "nonce": 0, "to": signer.address, "value": 1, "data": b"", "gas": 21_000,
        "maxFeePerGas": 10, "maxPriorityFeePerGas": 1,
    }  # fmt: skip
    assert Account.recover_transaction(signer.sign(transaction)) == signer.address
