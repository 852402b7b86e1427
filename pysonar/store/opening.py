"""From one setting to a store.

    embedded:/path/to/directory            the store of this machine
    kubo:/ip4/127.0.0.1/tcp/5001/http      an IPFS daemon, by the multiaddress of its RPC

The path is absolute, or begins with `~`.
"""

from __future__ import annotations

from pathlib import Path

from pysonar.store.embedded import EmbeddedStore
from pysonar.store.errors import StoreSettingError
from pysonar.store.interface import Store

_RIGHT = "'embedded:/absolute/path' or 'kubo:/ip4/127.0.0.1/tcp/5001/http'"


def open_store(setting: str) -> Store:
    """The store that the setting names. StoreSettingError; says nothing yet about a daemon that is down."""
    kind, separator, where = setting.partition(":")
    if not separator or not where:
        raise StoreSettingError(f"{setting!r} names no store; it would be {_RIGHT}")
    if kind == "embedded":
        path = Path(where).expanduser()
        if not path.is_absolute():
            raise StoreSettingError(f"{setting!r}: the path is not absolute; it would be {_RIGHT}")
        return EmbeddedStore(path)
    if kind == "kubo":
        # Its client takes 0.2 s to import: only for those who use it.
        from pysonar.store.kubo import KuboStore

        return KuboStore(where)
    raise StoreSettingError(f"{setting!r}: there is no store of the kind {kind!r}; it would be {_RIGHT}")
