"""SEAL through the bindings of TenSEAL (extra `nn`), and its objects as bytes.

SEAL saves to files only; anonymous memory files keep keys off the disk.
"""

import functools
import importlib
import os
from typing import Any

from openmined_syft.errors import KernelError


@functools.cache
def seal() -> Any:
    """The SEAL bindings.

    Raises:
        KernelError: TenSEAL is not installed.
    """
    try:
        return importlib.import_module("tenseal.sealapi")
    except ImportError:
        raise KernelError("neural networks need TenSEAL: install the extra 'nn'") from None


def to_bytes(thing: Any) -> bytes:
    """What SEAL saves, without a file on any disk."""
    handle = os.memfd_create("seal")
    try:
        thing.save(f"/proc/self/fd/{handle}")
        size = os.lseek(handle, 0, os.SEEK_END)
        return os.pread(handle, size, 0)
    finally:
        os.close(handle)


def fill(thing: Any, context: Any, data: bytes) -> None:
    """Let SEAL read an object from bytes and check it against the context's parameters.

    Raises:
        ValueError: SEAL does not accept them.
    """
    handle = os.memfd_create("seal")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        thing.load(context, f"/proc/self/fd/{handle}")
    except (RuntimeError, ValueError, IndexError, MemoryError, OverflowError):
        raise ValueError("SEAL does not accept these bytes") from None
    finally:
        os.close(handle)
