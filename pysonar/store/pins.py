"""Who needs what: `pins/<owner>/<cid>`, an empty file each.

One file per pin makes pinning and unpinning a single step of the file system, safe between processes and
idempotent. The count of a CID's pins is the number of owners that have one; it is never stored, so it
cannot be wrong.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote

from pysonar.protocol.cid import Cid, CidError
from pysonar.store.embedded.disk import StoreDirectory, disk_error
from pysonar.store.errors import OwnerNameError


def owner_folder(owner: str) -> str:
    """The owner's name as one safe path component; OwnerNameError if it is empty or too long."""
    name = quote(owner, safe="").replace(".", "%2E")
    if not owner or len(name) > 240:
        raise OwnerNameError(
            f"{owner[:80]!r} cannot own a pin: an owner's name has 1 to 240 characters after "
            f"percent-encoding, not {len(name)}"
        )
    return name


def owner_of_folder(folder: str) -> str:
    """The inverse of owner_folder."""
    return unquote(folder)


class PinFiles:
    """The pins of one store directory. Hold its `writing` lock around add."""

    def __init__(self, directory: StoreDirectory) -> None:
        self._directory = directory
        self._root = directory.root / "pins"
        directory.make(self._root)

    def add(self, cid: Cid, owner: str) -> None:
        """Durable when it returns."""
        folder = self._root / owner_folder(owner)
        self._directory.make(folder)
        self._directory.finish([self._directory.begin(folder / str(cid), b"", cid=cid)])
        self._directory.settle([folder, self._root])

    def remove(self, cid: Cid, owner: str) -> None:
        """No error if there is no such pin."""
        path = self._root / owner_folder(owner) / str(cid)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, path, cid) from None

    def of(self, owner: str) -> list[Cid]:
        """What the owner pins, sorted by digest."""
        return self._listed(self._root / owner_folder(owner))

    def owners(self) -> list[str]:
        """Everybody who has a pin, sorted."""
        return sorted(owner_of_folder(p.name) for p in self._folders() if self._listed(p))

    def all(self) -> set[Cid]:
        """Every CID that anybody pins."""
        return {cid for folder in self._folders() for cid in self._listed(folder)}

    def _folders(self) -> list[Path]:
        try:
            return list(self._root.iterdir())
        except OSError as error:
            raise disk_error(error, self._root) from None

    def _listed(self, folder: Path) -> list[Cid]:
        found = []
        try:
            names = [path.name for path in folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise disk_error(error, folder) from None
        for name in names:
            try:
                found.append(Cid.parse(name))
            except CidError:
                continue  # a stray file of a file manager or a backup: no pin
        return sorted(found)
