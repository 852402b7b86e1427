"""Where Capsule's heavy arithmetic runs: on threads, in processes of its own, or on a Dask cluster of the
operator's.

Encrypting and decrypting goes there (see `openmined_syft.paillier.kernels.owner_kernel` for how the key is
kept out of files and logs). The search over steps stays in threads of this process: it needs the scientist's
validation records, which no other machine has any business with.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

from openmined_oracle.errors import WorkersError
from openmined_syft.errors import OpenMinedError
from openmined_syft.paillier.kernels import OwnerKernel, load_kernel
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.schemes import PrivateHalf

T = TypeVar("T")
U = TypeVar("U")

EXPECTED = '"threads", "threads:N", "processes:N", or "dask:tls://HOST:PORT" (tcp:// on this machine only)'
MOST, LONGEST = 256, 200
DASK_PARTS = 32
CONNECT_SECONDS = 10
_LOCAL = re.compile(r"(threads|processes)(?::([1-9][0-9]{0,2}))?")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def fits(setting: str) -> bool:
    """Whether it says where to work."""
    local = _LOCAL.fullmatch(setting)
    if local is not None:
        return int(local[2] or 1) <= MOST
    if len(setting) > LONGEST:
        return False
    kind, _, address = setting.partition(":")
    try:
        parts = urlsplit(address)
        named = parts.hostname is not None and parts.port is not None
    except ValueError:
        return False
    # Keys travel there: in clear nowhere but inside this machine.
    safe = parts.scheme == "tls" or (parts.scheme == "tcp" and parts.hostname in _LOOPBACK)
    return kind == "dask" and named and safe


class Workers:
    """The workers that `setting` names. `trouble`: told when they have failed; Capsule goes on without.

    Raises:
        WorkersError: the cluster does not answer, or Dask is not installed.
    """

    def __init__(self, setting: str = "threads", *, trouble: Callable[[str], None] = lambda _: None) -> None:
        local = _LOCAL.fullmatch(setting)
        if not fits(setting):
            raise WorkersError(f"workers is {setting!r}; needs {EXPECTED}")
        kind, _, address = setting.partition(":")
        cores = os.cpu_count() or 1
        count = int(local[2] or cores) if local else DASK_PARTS
        first: list[Executor] = []

        def make() -> Executor:
            if first:
                return first.pop()
            return _dask(address) if local is None else _pool(kind, count)

        if local is None:
            first.append(make())  # what does not answer now is said now
        self._threads = ThreadPoolExecutor(cores, thread_name_prefix="steps")
        self.kernel = OwnerKernel(load_kernel(), make, count, trouble=trouble)

    def give(self, key: PrivateHalf) -> None:
        """Let the workers compute with the key. Schemes whose owner has no slow powers are left alone."""
        if isinstance(key, PrivateKey):
            key.kernel = self.kernel

    def map(self, function: Callable[[T], U], items: Iterable[T]) -> list[U]:
        """What `function` makes of each, in order, on all cores of this process."""
        return list(self._threads.map(function, items))

    def close(self) -> None:
        """Let go of them; what they still do is thrown away."""
        self.kernel.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _pool(kind: str, count: int) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(count, thread_name_prefix="powers")
    # Not forked: a copy of this process would hold every key of this Capsule.
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def _dask(address: str) -> Executor:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise WorkersError(
            "workers names a Dask cluster, and Dask is not installed: pip install distributed, or say"
            ' workers = "threads" in capsule.toml'
        ) from None
    try:
        client: Any = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except OpenMinedError:
        raise
    except Exception as error:  # noqa: BLE001 - Dask's errors are many
        raise WorkersError(
            f"the Dask scheduler at {address} does not answer ({type(error).__name__}): start it, or say"
            ' workers = "threads" in capsule.toml'
        ) from None
    executor: Executor = client.get_executor(pure=False, retries=3)
    return executor
