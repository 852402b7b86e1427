"""Where the parties of the demo exchange models and gradients: one folder, or a Kubo daemon each."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import click

from pysonar.store.kubo.daemon import KuboDaemon, write_swarm_key


def open_stores(folder: Path, ipfs: str, names: list[str], stack: ExitStack) -> dict[str, str]:
    """A `--store` setting for every party.

    Args:
        folder: of the run.
        ipfs: "embedded": one folder of verified blocks that all of them share. "kubo": a daemon for each, in
            a private swarm on the loopback interface.
        names: the parties.
        stack: ends the daemons.
    """
    if ipfs == "embedded":
        return dict.fromkeys(names, f"embedded:{folder / 'store'}")
    if shutil.which("ipfs") is None:
        raise click.ClickException("no `ipfs` on PATH: run `make kubo` first, or install Kubo")
    key = folder / "swarm.key"
    write_swarm_key(key)
    daemons: dict[str, KuboDaemon] = {}
    for name in names:
        home = folder / f"ipfs-{name.replace(' ', '-')}"
        daemon = stack.enter_context(KuboDaemon(home, swarm_key=key))
        for other in daemons.values():
            daemon.connect(other.peer)
        daemons[name] = daemon
    return {name: f"kubo:{daemon.rpc}" for name, daemon in daemons.items()}
