"""Daemons for the tests against real Kubo: private swarms on the loopback interface, in temporary
directories."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pysonar.store.kubo.daemon import KuboDaemon, write_swarm_key

BUILT = Path(__file__).parents[2] / "build" / "kubo" / "ipfs"


@pytest.fixture(scope="session")
def ipfs_binary() -> Path:
    """Kubo's command: from PATH, else the one that ci/kubo/build made."""
    found = shutil.which("ipfs") or (BUILT if BUILT.exists() else None)
    if found is None:
        pytest.skip("real Kubo: no 'ipfs' on PATH and none built in build/kubo (run ci/kubo/build)")
    return Path(found)


@pytest.fixture(scope="module")
def swarm(ipfs_binary, tmp_path_factory) -> Iterator[Callable[..., KuboDaemon]]:
    """Starts one more daemon of the module's private swarm, connected with all that run; ends them
    afterwards."""
    root = tmp_path_factory.mktemp("swarm")
    write_swarm_key(root / "swarm.key")
    daemons: list[KuboDaemon] = []

    def start(name: str, **config: object) -> KuboDaemon:
        daemon = KuboDaemon(root / name, root / "swarm.key", ipfs_binary, config)
        daemons.append(daemon)
        daemon.start()
        for other in daemons[:-1]:
            if other.pid is not None:
                daemon.connect(other.peer)
        return daemon

    yield start
    for daemon in daemons:
        daemon.stop()
