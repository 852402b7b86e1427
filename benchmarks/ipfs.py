"""How fast artifacts go in and out: the embedded store and Kubo against the limit, in one run.

The limit is what any store must do at least: to put, hash the bytes once and write them durably (fsync); to
get, read them and hash them once. "Bitswap" is a get through another daemon that has none of it: the bytes
cross from daemon to daemon in a private swarm on the loopback interface. Rounds of all ways take turns, so
that a busy machine slows all alike; the median counts. Files are read back from the page cache in every
way.

    python benchmarks/ipfs.py [--ipfs BINARY] [--rounds N] [--json FILE]

`make bench-ipfs` runs it. Without an `ipfs` binary only the embedded store is measured, and it says so.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.interface import Store
from pysonar.store.kubo.daemon import KuboDaemon, write_swarm_key

SIZES = {"1 kB": 10**3, "100 kB": 10**5, "1 MB": 10**6, "10 MB": 10**7, "100 MB": 10**8}
LIMIT, EMBEDDED, KUBO, BITSWAP = "limit", "embedded", "Kubo", "Bitswap"


def timed(action: Callable[[], object]) -> float:
    """Seconds that the action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def raw_put(path: Path, data: bytes) -> None:
    """The least that a put can be."""
    hashlib.sha256(data).digest()
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def raw_get(path: Path) -> None:
    """The least that a get can be."""
    hashlib.sha256(path.read_bytes()).digest()


def measure(size: int, rounds: int, folder: Path, stores: dict[str, Store]) -> dict[str, dict[str, float]]:
    """Median seconds by way, for putting and getting `size` fresh random bytes."""
    put: dict[str, list[float]] = {}
    get: dict[str, list[float]] = {}
    raw = folder / "raw"
    for _ in range(rounds):
        data = secrets.token_bytes(size)
        put.setdefault(LIMIT, []).append(timed(lambda data=data: raw_put(raw, data)))
        get.setdefault(LIMIT, []).append(timed(lambda: raw_get(raw)))
        raw.unlink()
        for name in (EMBEDDED, KUBO):
            if name in stores:
                store = stores[name]
                put.setdefault(name, []).append(timed(lambda store=store, data=data: store.put(data)))
                cid = store.put(data)
                get.setdefault(name, []).append(
                    timed(lambda store=store, cid=cid: store.get(cid, max_bytes=size))
                )
        if BITSWAP in stores:
            other = stores[BITSWAP]
            get.setdefault(BITSWAP, []).append(
                timed(lambda other=other, cid=cid: other.get(cid, max_bytes=size))
            )
    middle = {way: statistics.median(times) for way, times in put.items()}
    return {"put": middle, "get": {way: statistics.median(times) for way, times in get.items()}}


def show(results: dict[str, dict[str, dict[str, float]]], ways: list[str]) -> None:
    """A table: milliseconds, and for a MB and more MB/s."""
    for kind in ("put", "get"):
        print(f"\n{kind:8}" + "".join(f"{way:>22}" for way in ways))
        for label, by_kind in results.items():
            cells = []
            for way in ways:
                seconds = by_kind[kind].get(way)
                if seconds is None:
                    cells.append("-")
                elif SIZES[label] >= 10**6:
                    cells.append(f"{seconds * 1e3:.1f} ms {SIZES[label] / seconds / 1e6:6.0f} MB/s")
                else:
                    cells.append(f"{seconds * 1e3:.2f} ms            ")
            print(f"{label:8}" + "".join(f"{cell:>22}" for cell in cells))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ipfs", type=Path, default=None, help="the ipfs binary (default: from PATH)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per size (100 MB: at most 3)")
    parser.add_argument("--json", type=Path, default=None, help="also write the seconds to this file")
    chosen = parser.parse_args()
    binary = chosen.ipfs or (Path(found) if (found := shutil.which("ipfs")) else None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stores: dict[str, Store] = {EMBEDDED: EmbeddedStore(folder / "store")}
        daemons: list[KuboDaemon] = []
        try:
            if binary is None:
                print("no 'ipfs' on PATH (run ci/kubo/build): Kubo is not measured")
            else:
                from pysonar.store.kubo.store import KuboStore

                write_swarm_key(folder / "swarm.key")
                for party in ("near", "far"):
                    daemons.append(KuboDaemon(folder / party, folder / "swarm.key", binary).start())
                daemons[1].connect(daemons[0].peer)
                stores[KUBO] = KuboStore(daemons[0].rpc)
                stores[BITSWAP] = KuboStore(daemons[1].rpc)
            measure(10**6, 1, folder, stores)  # connections and code are warm after this
            results = {
                label: measure(size, chosen.rounds if size < 10**8 else min(3, chosen.rounds), folder, stores)
                for label, size in SIZES.items()
            }
        finally:
            for daemon in daemons:
                daemon.stop()
    show(results, [LIMIT, *stores])
    if chosen.json is not None:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
