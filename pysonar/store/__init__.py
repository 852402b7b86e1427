"""The store of artifacts: put bytes, get them by CID, pin what is needed.

Use `open_store(setting)` and the `Store` it gives, or `open_reader(setting)` for a `Reader`, which may be a
gateway; the other modules are how it is done.
"""

from pysonar.store.errors import (
    DaemonDownError,
    DaemonRefusedError,
    LostPinnedError,
    MalformedBlockError,
    NotFoundError,
    OwnerNameError,
    StoreAccessError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreReplacedError,
    StoreSettingError,
    TooLargeError,
    UnprovenStoreError,
    WrongBytesError,
)
from pysonar.store.interface import ByteStream, Collected, Progress, Reader, Store
from pysonar.store.locations import open_reader, open_store
from pysonar.store.unixfs.builder import cid_of, cid_of_stream

__all__ = [
    "ByteStream",
    "Collected",
    "DaemonDownError",
    "DaemonRefusedError",
    "LostPinnedError",
    "MalformedBlockError",
    "NotFoundError",
    "OwnerNameError",
    "Progress",
    "Reader",
    "Store",
    "StoreAccessError",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreReplacedError",
    "StoreSettingError",
    "TooLargeError",
    "UnprovenStoreError",
    "WrongBytesError",
    "cid_of",
    "cid_of_stream",
    "open_reader",
    "open_store",
]
