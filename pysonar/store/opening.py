"""From one setting to a store.

    embedded:/path/to/directory            the store of this machine

The path is absolute, or begins with `~`.
"""

from __future__ import annotations

from pathlib import Path

from pysonar.store.embedded import EmbeddedStore
from pysonar.store.errors import StoreSettingError
from pysonar.store.interface import Store

_RIGHT = "'embedded:/absolute/path'"


def open_store(setting: str) -> Store:
    """The store that the setting names. StoreSettingError."""
    kind, separator, where = setting.partition(":")
    if not separator or not where:
        raise StoreSettingError(f"{setting!r} names no store; it would be {_RIGHT}")
    if kind == "embedded":
        path = Path(where).expanduser()
        if not path.is_absolute():
            raise StoreSettingError(f"{setting!r}: the path is not absolute; it would be {_RIGHT}")
        return EmbeddedStore(path)
    raise StoreSettingError(f"{setting!r}: there is no store of the kind {kind!r}; it would be {_RIGHT}")
