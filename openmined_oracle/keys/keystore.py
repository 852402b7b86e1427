"""The keys of Capsule's campaigns, at rest.

One file per campaign, sealed to and signed by the OpenPGP key of Capsule's that was in use then. A key is in
its file, synced to the disk, before `key_for` gives it out, so nothing is ever published under a key that a
crash could take away; and a file, once there, is never replaced, so a campaign never gets a second key. The
same holds for its copy in a second directory, if the operator wants one.

The certificates' own secrets (`SecretKey`, sealed by the passphrase) are in `home`, not here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from openmined_oracle.errors import KeyStoreError
from openmined_oracle.workers import Workers
from openmined_syft.errors import KernelError, SyftError
from openmined_syft.schemes import PAILLIER, PrivateHalf, scheme_named
from pysonar.files.secret_file import create_secret_file, make_private_directory
from pysonar.protocol.openpgp import (
    ClockBehindError,
    NotForThisKeyError,
    SealError,
    SecretKey,
    open_sealed,
    seal,
)

FORMAT = "openmined/campaign_key/1"
MAX_FILE_BYTES = 4 * 1024 * 1024

Generate = Callable[[str, int], PrivateHalf]


def generate_key(scheme: str, bits: int) -> PrivateHalf:
    """A new key of a scheme, of `bits` bits."""
    return scheme_named(scheme).generate(bits)


class KeyStore:
    """The directory of campaign keys.

    Args:
        directory: made if missing, mode 0700.
        own: Capsule's OpenPGP key.
        generate: makes a new key of a scheme and a size. Tests may hand in a prepared one.
        older: the OpenPGP keys that were in use before.
        copies: a second directory for the same files; None for none.
        workers: compute with the keys.
    """

    def __init__(
        self,
        directory: Path,
        own: SecretKey,
        *,
        generate: Generate = generate_key,
        older: Sequence[SecretKey] = (),
        copies: Path | None = None,
        workers: Workers | None = None,
    ) -> None:
        self._directory = directory
        self._own = own
        self._generate = generate
        self._older = older
        self._copies = copies
        self._workers = workers
        make_private_directory(directory)

    def key_for(self, campaign: bytes, scheme: str, bits: int) -> PrivateHalf:
        """The campaign's key: the stored one, or a new one that is stored before this returns.

        Raises:
            KeyStoreError: the file is damaged, or holds a key of another scheme, size or campaign; or its
                copy cannot be made.
            KernelError: the scheme needs a package that is not here.
            ClockBehindError: by this machine's clock, key or file is of the future; try again.
        """
        if not self._path(campaign).exists():
            self._store_new(campaign, scheme, self._generate(scheme, bits))
        self._copy(campaign)
        # Read back even when just made: what the disk gives is what a restart will have.
        found, key = self._read(campaign)
        size = scheme_named(found).size_of(key)
        if (found, size) != (scheme, bits):
            raise KeyStoreError(
                f"the stored key of campaign 0x{campaign.hex()} is {found} with {size} bits, "
                f"the spec says {scheme} with {bits}"
            )
        return key

    def stored_key(self, campaign: bytes) -> PrivateHalf:
        """The campaign's key; `KeyStoreError` if none was ever made or its file is damaged; KernelError and
        ClockBehindError as above.
        """
        return self._read(campaign)[1]

    def _read(self, campaign: bytes) -> tuple[str, PrivateHalf]:
        path = self._path(campaign)
        try:
            with path.open("rb") as file:
                sealed, there_at = file.read(MAX_FILE_BYTES + 1), os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            raise KeyStoreError(f"{path}: no key was stored for this campaign") from None
        except OSError as error:
            raise KeyStoreError(f"{path}: cannot be read ({error.strerror})") from None
        try:
            document = json.loads(self._opened(sealed, there_at))
            if document["format"] != FORMAT or document["campaign"] != campaign.hex():
                raise KeyStoreError(f"{path}: holds something other than this campaign's key")
            scheme = str(document.get("scheme", PAILLIER))  # the first files did not say
            key = scheme_named(scheme).key_from_secret(document)
        except (KernelError, ClockBehindError):
            raise  # a package is missing here, or the clock is behind; the file may be sound
        except (SealError, SyftError, ValueError, KeyError, TypeError):
            raise KeyStoreError(
                f"{path}: is damaged, or not sealed by a certificate of this Capsule's"
                f" ({', '.join(own.certificate.fingerprint for own in (self._own, *self._older))})"
            ) from None
        if self._workers is not None:
            self._workers.give(key)
        return scheme, key

    def _opened(self, sealed: bytes, there_at: float) -> bytes:
        """What one of our keys has sealed to itself. SealError."""
        for key in (self._own, *self._older):
            try:
                return open_sealed(sealed, key, expected_signer=key.certificate, there_at=there_at)
            except NotForThisKeyError:
                continue
        raise NotForThisKeyError("sealed to none of this Capsule's certificates")

    def _path(self, campaign: bytes) -> Path:
        return self._directory / f"{campaign.hex()}.pgp"

    def _store_new(self, campaign: bytes, scheme: str, key: PrivateHalf) -> None:
        about = {"format": FORMAT, "campaign": campaign.hex(), "scheme": scheme}
        document = about | scheme_named(scheme).secret_fields(key)
        sealed = seal(json.dumps(document).encode(), [self._own.certificate], self._own)
        try:
            create_secret_file(self._path(campaign), sealed)
        except FileExistsError:
            return  # somebody was first: theirs is the campaign's key, and the caller reads it back
        except OSError as error:
            raise KeyStoreError(f"{self._path(campaign)}: cannot be written ({error.strerror})") from None

    def _copy(self, campaign: bytes) -> None:
        """See to it that the file has its copy, before anything is published under the key."""
        if self._copies is None:
            return
        copy = self._copies / self._path(campaign).name
        try:
            if not copy.exists():
                create_secret_file(copy, self._path(campaign).read_bytes())
        except FileExistsError:
            return
        except OSError as error:
            raise KeyStoreError(
                f"{copy}: the copy of a campaign's key cannot be written ({error.strerror}); it waits"
            ) from None
