"""What a backup of a Capsule's home says of itself: its list of contents."""

from __future__ import annotations

import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from openmined_oracle.errors import BackupError
from openmined_oracle.home import CAPSULE_FILE
from pysonar.chain.address import checksum
from pysonar.files.nesting import shallow_json
from pysonar.party.home.settings import FILE_NAME

FORMAT = "openmined/capsule_backup/1"
MANIFEST = "manifest.json"
KEYFILE = "keyfile.json"
_MOST_MANIFEST = 64 * 1024 * 1024
_MOST_BYTES = 1 << 36
NAMES = re.compile(
    r"settings\.toml|capsule\.toml|keyfile\.json|announced\.pgp|capsule\.sqlite"
    r"|certificates/[0-9A-F]{40,64}\.json|keys/[0-9a-f]{64}\.pgp"
)
_NEEDED = (FILE_NAME, CAPSULE_FILE, KEYFILE)


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `files`: name -> (bytes, sha256 in hexadecimal digits)."""

    account: str
    chain_id: int
    contract: str
    made: str
    files: dict[str, tuple[int, str]]

    @property
    def certificates(self) -> list[str]:
        """Fingerprints of the OpenPGP keys in it."""
        return [Path(name).stem for name in self.files if name.startswith("certificates/")]

    @property
    def campaign_keys(self) -> int:
        """How many keys of campaigns are in it."""
        return sum(name.startswith("keys/") for name in self.files)

    def to_bytes(self) -> bytes:
        """The first member."""
        return json.dumps({"format": FORMAT, **vars(self)}, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes, path: Path) -> Manifest:
        """The inverse. BackupError."""
        try:
            document = shallow_json(data)
            if document.pop("format") != FORMAT:
                raise ValueError
            files = {str(n): (int(size), str(digest)) for n, (size, digest) in document["files"].items()}
            made = cls(**{**document, "files": files})
            checksum(made.account)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BackupError(f"{path}: is not a backup of format {FORMAT}") from None
        for name in files:
            if not NAMES.fullmatch(name):
                raise BackupError(f"{path}: holds {name!r}, which no backup has; nothing was restored")
        for name in _NEEDED:
            if name not in files:
                raise BackupError(f"{path}: lacks {name}; nothing was restored")
        if sum(size for size, _ in files.values()) > _MOST_BYTES:
            raise BackupError(f"{path}: says that it holds over {_MOST_BYTES} bytes; nothing was restored")
        return made


def manifest_of(tar: tarfile.TarFile, path: Path) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > _MOST_MANIFEST:
        raise BackupError(f"{path}: is not a backup of format {FORMAT}")
    source = tar.extractfile(first)
    return Manifest.parse(source.read() if source is not None else b"", path)
