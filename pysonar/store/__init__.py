"""The store of artifacts: put bytes, get them by CID, pin what is needed.

Use `open_store(setting)` and the `Store` it gives; the other modules are how it is done.
"""

from pysonar.store.errors import (
    DaemonDownError,
    DaemonRefusedError,
    MalformedBlockError,
    NotFoundError,
    OwnerNameError,
    ReadOnlyStoreError,
    StoreAccessError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreSettingError,
    TooLargeError,
    WrongBytesError,
)
from pysonar.store.interface import ByteStream, Collected, Progress, Store
from pysonar.store.opening import open_store
from pysonar.store.unixfs.builder import cid_of, cid_of_stream

__all__ = [
    "ByteStream",
    "Collected",
    "DaemonDownError",
    "DaemonRefusedError",
    "MalformedBlockError",
    "NotFoundError",
    "OwnerNameError",
    "Progress",
    "ReadOnlyStoreError",
    "Store",
    "StoreAccessError",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreSettingError",
    "TooLargeError",
    "WrongBytesError",
    "cid_of",
    "cid_of_stream",
    "open_store",
]
