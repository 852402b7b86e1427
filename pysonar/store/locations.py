"""From one setting to a store, or to what can only be read.

    embedded:/path/to/directory            the store of this machine
    kubo:/ip4/127.0.0.1/tcp/5001/http      an IPFS daemon, by the multiaddress of its RPC
    embedded:/path,kubo:/ip4/...           the daemon, with everything also kept and pinned in the directory
    gateway:https://gateway.example        an IPFS gateway, to read only
    embedded:/path,gateway:https://...     the gateway, with what was read kept in the directory, to read only

The path is absolute, or begins with `~`. Options come after a question mark, joined by `&`:
`quota=20GB` (embedded, kubo) is what may be stored; `wait=30` (kubo, gateway) the seconds for one block.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.errors import StoreSettingError
from pysonar.store.interface import Reader, Store

if TYPE_CHECKING:
    from pysonar.store.gateway import GatewayReader
    from pysonar.store.kubo.store import KuboStore

_RIGHT = "'embedded:/absolute/path' or 'kubo:/ip4/127.0.0.1/tcp/5001/http' (more: docs/ipfs.md)"
_BEHIND = re.compile(r"(embedded:.+?),((?:kubo|gateway):.+)")
_UNITS = {"": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_OPTIONS = {"embedded": {"quota"}, "kubo": {"quota", "wait"}, "gateway": {"wait"}}


def open_store(setting: str) -> Store:
    """The store that the setting names. Says nothing yet about a daemon that is down.

    Raises:
        StoreSettingError: the setting cannot be used, or names what can only be read.
    """
    if setting.startswith("gateway:") or _is_gateway_behind(setting):
        raise StoreSettingError(f"{setting!r} can only be read; to put and pin, it must be {_RIGHT}")
    opened = open_reader(setting)
    if isinstance(opened, EmbeddedStore):
        return opened
    from pysonar.store.cached import PublishingStore
    from pysonar.store.kubo.store import KuboStore

    if not isinstance(opened, KuboStore | PublishingStore):
        raise StoreSettingError(f"{setting!r} is not a store setting; expected {_RIGHT}")
    return opened


def open_reader(setting: str) -> Reader:
    """What the setting names, for reading: every store, and gateways. StoreSettingError."""
    pair = _BEHIND.fullmatch(setting)
    if pair is None:
        return _open_one(setting)
    # The clients of the network take 0.2 s to import: only for those who use them.
    from pysonar.store.cached import PublishingStore, ReadThrough
    from pysonar.store.kubo.store import KuboStore

    here, behind = _open_one(pair[1]), _open_one(pair[2])
    if not isinstance(here, EmbeddedStore) or isinstance(behind, EmbeddedStore):  # the pattern forbids it
        raise StoreSettingError(f"{setting!r} is not a store setting; expected {_RIGHT}")
    return PublishingStore(here, behind) if isinstance(behind, KuboStore) else ReadThrough(here, behind)


def _is_gateway_behind(setting: str) -> bool:
    pair = _BEHIND.fullmatch(setting)
    return pair is not None and pair[2].startswith("gateway:")


def _open_one(setting: str) -> EmbeddedStore | KuboStore | GatewayReader:
    kind, _, rest = setting.partition(":")
    where, _, query = rest.partition("?")
    if kind not in _OPTIONS or not where:
        raise StoreSettingError(f"{setting!r} is not a store setting; expected {_RIGHT}")
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - _OPTIONS[kind])
    if unknown:
        known = " and ".join(sorted(_OPTIONS[kind]))
        raise StoreSettingError(f"{setting!r}: {kind} has no option {unknown[0]!r}; it has {known}")
    quota = _quota(setting, options["quota"]) if "quota" in options else None
    wait = _seconds(setting, options["wait"]) if "wait" in options else 60.0
    if kind == "embedded":
        path = Path(where).expanduser()
        if not path.is_absolute():
            raise StoreSettingError(f"{setting!r}: the path is not absolute; expected {_RIGHT}")
        return EmbeddedStore(path, quota_bytes=quota)
    if kind == "kubo":
        from pysonar.store.kubo.store import KuboStore

        return KuboStore(where, quota_bytes=quota, wait_seconds=wait)
    from pysonar.store.gateway import GatewayReader

    return GatewayReader(where, wait_seconds=wait)


def _quota(setting: str, text: str) -> int:
    match = re.fullmatch(r"(\d+)(kB|MB|GB|TB|)", text)
    if match is None:
        raise StoreSettingError(f"{setting!r}: {text!r} is not a quota; expected one like '500MB' or '20GB'")
    return int(match[1]) * _UNITS[match[2]]


def _seconds(setting: str, text: str) -> float:
    match = re.fullmatch(r"\d+(\.\d+)?", text)
    if match is None or not 0 < float(text) <= 3600:
        raise StoreSettingError(
            f"{setting!r}: {text!r} is not a time to wait; expected seconds, 3600 at most"
        )
    return float(text)
