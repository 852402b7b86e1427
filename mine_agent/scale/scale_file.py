"""`scale.toml` in a mine's home: the cluster that sums are taken on. Without the file a mine works alone."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pysonar.files.flat_toml import read_settings, setting

SCALE_FILE = "scale.toml"
_LONGEST = 200
_EXPECTED = "tls://HOST:PORT, or tcp://ADDRESS:PORT with an address of this machine or of a private network"


def _is_own(address: str) -> bool:
    """Whether sums may travel there, which are as private as the records: sealed, or in a private network."""
    try:
        parts = urlsplit(address)
        named = len(address) <= _LONGEST and parts.hostname is not None and parts.port is not None
    except ValueError:
        return False
    return named and (parts.scheme == "tls" or (parts.scheme == "tcp" and _is_private(parts.hostname or "")))


def _is_private(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_private
    except ValueError:  # a name, of which nobody knows where it leads tomorrow
        return False


@dataclass(frozen=True)
class Scale:
    """The file.

    Attributes:
        dask: the scheduler of a Dask cluster that is the owner's own: it sees the records.
        patience_seconds: how long no row group at all may come back before the reading is given up.
        checked_share: share of the row groups and of a visit's blocks, one at least, that this machine works
            out itself and compares.
        visits: whether the rows of encrypted visits are worked on there as well.
    """

    dask: str = setting(_EXPECTED, _is_own)
    patience_seconds: float = setting("seconds from 1 to 86400", lambda v: 1 <= v <= 86_400, default=600.0)
    checked_share: float = setting("a share from 0 to 1", lambda v: 0 <= v <= 1, default=0.02)
    visits: bool = setting("true or false", default=False)


def load_scale(home: Path) -> Scale | None:
    """What the home's file says; None if there is none. Raises SettingsError."""
    path = home / SCALE_FILE
    return read_settings(path, Scale) if path.exists() else None
