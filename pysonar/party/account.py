"""The account of a new home."""

from __future__ import annotations

from pathlib import Path

from pysonar.chain.sending.signer import KeyfileSigner, create_keyfile


def make_account(keyfile: Path, passphrase: str) -> None:
    """Make a new keyfile, sealed by the passphrase. One that an interrupted `init` has left is kept, after
    checking that the passphrase opens it.

    Raises:
        WrongPassphraseError, MalformedKeyfileError: what is there already cannot be opened.
    """
    if keyfile.exists():
        KeyfileSigner.open(keyfile, passphrase)
    else:
        create_keyfile(keyfile, passphrase)
