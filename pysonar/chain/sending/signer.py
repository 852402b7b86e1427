"""Who signs: the Signer protocol, and signing with a web3 keystore (version 3) on disk.

The key is in memory only between `open` and the end of the process, and in no repr, log or error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pysonar.chain.errors import (
    KeyfileExistsError,
    KeyfileMissingError,
    MalformedKeyfileError,
    WrongPassphraseError,
)
from pysonar.files.documents import parse_json
from pysonar.files.secret_file import create_secret_file, require_private_stat
from pysonar.files.text import UnreadableFileError, decode, normal, spellings

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

KEYFILE_BYTES = 64 * 1024


class Signer(Protocol):
    """An account that can sign. Ape's accounts are handed in through this."""

    @property
    def address(self) -> str:
        """The account, in mixed case (EIP-55)."""

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed bytes, ready to broadcast, of a transaction: chainId, nonce, to, value, data, gas; and
        with type 2 (EIP-1559) maxFeePerGas, maxPriorityFeePerGas, else gasPrice.
        """


class KeyfileSigner:
    """An account opened from its keyfile."""

    def __init__(self, account: Any) -> None:
        self._account = account

    @property
    def address(self) -> str:
        """The account, in mixed case (EIP-55)."""
        return str(self._account.address)

    @classmethod
    def open(cls, path: Path, passphrase: str) -> KeyfileSigner:
        """Read and decrypt the keyfile.

        Raises:
            KeyfileMissingError, MalformedKeyfileError: the latter also if it names another key's address, or
                holds what is not a key.
            WrongPassphraseError: it does not open it, in none of its `spellings`.
            NotPrivateError: others can read or write it.
        """
        keystore = _read_keystore(path)
        signer = cls(_account(_decrypt(keystore, passphrase, str(path)), str(path)))
        stated = keystore.get("address")
        if isinstance(stated, str) and stated and _plain(stated) != _plain(signer.address):
            raise MalformedKeyfileError(
                str(path), f"it says it is for 0x{_plain(stated)}, but holds the key of {signer.address}"
            )
        return signer

    @classmethod
    def from_key(cls, key: bytes) -> KeyfileSigner:
        """A signer of a key that is in memory already (32 bytes)."""
        from eth_account import Account

        return cls(Account.from_key(key))

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed bytes of a transaction; see `Signer`."""
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)

    def __repr__(self) -> str:
        return f"KeyfileSigner({self.address})"


def create_keyfile(path: Path, passphrase: str) -> str:
    """Make a new key and seal it to a new file (mode 0600); its address. KeyfileExistsError if the path is
    taken.
    """
    import secrets

    return import_key(path, passphrase, secrets.token_bytes(32))


def import_key(path: Path, passphrase: str, key: bytes) -> str:
    """Seal a key (32 bytes) to a new file (mode 0600); its address. KeyfileExistsError if the path is
    taken.
    """
    from eth_account import Account

    if path.exists():
        raise KeyfileExistsError(str(path))
    keystore = Account.encrypt(key, normal(passphrase))
    address = str(Account.from_key(key).address)
    keystore["address"] = address[2:].lower()
    try:
        create_secret_file(path, json.dumps(keystore).encode())
    except FileExistsError:
        raise KeyfileExistsError(str(path)) from None
    return address


def keyfile_address(path: Path) -> str:
    """The address that the keyfile says it is for, without the passphrase."""
    from pysonar.chain.address import checksum

    found = _read_keystore(path).get("address")
    if not isinstance(found, str) or len(found.removeprefix("0x")) != 40:
        raise MalformedKeyfileError(str(path), "it does not name its address")
    return checksum("0x" + found.removeprefix("0x"))


def _account(key: bytes, path: str) -> LocalAccount:
    """The account of a decrypted key. MalformedKeyfileError if it is none; the error quotes nothing of it."""
    from eth_account import Account

    try:
        account: LocalAccount = Account.from_key(key)
    except ValueError:
        raise MalformedKeyfileError(
            path,
            f"what it holds, {len(key)} bytes, is not a private key: that is 32 bytes, not all zero and "
            "below the order of secp256k1; take a keyfile that your wallet exported, or make one with the "
            "'init' command",
        ) from None
    return account


def _plain(address: str) -> str:
    return address.lower().removeprefix("0x")


def _decrypt(keystore: Mapping[str, Any], passphrase: str, path: str) -> bytes:
    from eth_account import Account

    for spelling in spellings(passphrase):
        try:
            return bytes(Account.decrypt(dict(keystore), spelling))
        except ValueError as error:
            if "MAC mismatch" not in str(error):
                raise MalformedKeyfileError(path, "it cannot be decrypted") from None
        except (TypeError, KeyError, NotImplementedError):
            raise MalformedKeyfileError(path, "a field is missing or not understood") from None
    raise WrongPassphraseError(path) from None


def _read_keystore(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            require_private_stat(path, os.fstat(file.fileno()))
            raw = file.read(KEYFILE_BYTES + 1)
    except FileNotFoundError:
        raise KeyfileMissingError(str(path)) from None
    except OSError as error:
        raise MalformedKeyfileError(str(path), error.strerror or "it cannot be read") from None
    if len(raw) > KEYFILE_BYTES:
        raise MalformedKeyfileError(str(path), f"it is longer than {KEYFILE_BYTES} bytes")
    try:
        keystore = parse_json(decode(raw, source=str(path)), str(path))
    except UnreadableFileError as error:
        raise MalformedKeyfileError(str(path), error.why) from None
    if keystore.get("version") != 3:
        raise MalformedKeyfileError(str(path), "it is not of version 3")
    return keystore
