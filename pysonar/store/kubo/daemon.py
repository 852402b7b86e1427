"""A Kubo daemon of a private swarm, for one party: prepare, start, connect, stop.

A private swarm is a closed IPFS network: only daemons with the same swarm key talk to each other, nothing is
announced to or looked up in the public one, and here everything listens on the loopback interface only. It is
what the demo and the tests run on, and a pattern for parties who want a closed network; whoever has an IPFS
node already simply names its RPC in the setting and needs none of this.

    python -m pysonar.store.kubo.daemon HOME --swarm-key FILE [--peer MULTIADDRESS ...] [--ipfs BINARY]

prepares HOME if it is new (and the key file, if there is none yet), prints one line of JSON with `rpc` (for
the setting `kubo:...`), `gateway` and `peer` (for the `--peer` of the next), and runs until it is told to
end by SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pysonar.store.errors import DaemonDownError, StoreSettingError

_LOOPBACK = "/ip4/127.0.0.1/tcp/0"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_STEP_SECONDS = 0.05


def write_swarm_key(path: Path) -> None:
    """Make a new swarm key file (0600). FileExistsError if there is one: whoever has it is in the swarm."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"/key/swarm/psk/1.0.0/\n/base16/\n{secrets.token_hex(32)}\n")


@dataclass
class KuboDaemon:
    """One daemon with its repository in `home`. Use it as a context, or call stop.

    The first start chooses free ports; later starts keep them.
    """

    home: Path
    swarm_key: Path
    binary: Path | None = None
    config: dict[str, Any] = field(default_factory=dict)
    """More of Kubo's configuration, by dotted name, over what is set here."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        found = self.binary or shutil.which("ipfs")
        if found is None:
            raise StoreSettingError("there is no 'ipfs' on PATH: install Kubo 0.43, or run ci/kubo/build")
        self._ipfs = str(found)

    @property
    def rpc(self) -> str:
        """The multiaddress for the setting `kubo:<this>`."""
        return f"{self._address('API')}/http"

    @property
    def gateway(self) -> str:
        """The address for the setting `gateway:<this>`."""
        _, _, host, _, port = self._address("Gateway").split("/")
        return f"http://{host}:{port}"

    @property
    def peer(self) -> str:
        """The multiaddress by which other daemons of the swarm find this one."""
        config = self._read_config()
        return f"{config['Addresses']['Swarm'][0]}/p2p/{config['Identity']['PeerID']}"

    @property
    def pid(self) -> int | None:
        """The daemon's process, while it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self) -> Self:
        """Start it and wait until it answers. DaemonDownError if it does not."""
        if not (self.home / "config").exists():
            self._prepare()
        for name in ("api", "gateway"):
            (self.home / name).unlink(missing_ok=True)
        with (self.home / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the binary is the operator's
                [self._ipfs, "daemon", "--migrate=false"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an interrupt at the terminal is for us: we end it in order
            )
        end = time.monotonic() + _START_SECONDS
        while not (self.home / "api").exists() or self._run("id").returncode != 0:
            if self.pid is None or time.monotonic() > end:
                self.stop()
                raise DaemonDownError(f"the IPFS daemon did not start; see {self.home / 'daemon.log'}")
            time.sleep(_STEP_SECONDS)
        self._keep_ports()
        return self

    def connect(self, peer: str) -> None:
        """Stay connected with another daemon of the swarm, also when the connection is lost.
        DaemonDownError."""
        if self._run("swarm", "peering", "add", peer).returncode != 0:
            raise DaemonDownError(f"the IPFS daemon in {self.home} cannot connect to {peer}")
        end = time.monotonic() + _START_SECONDS
        name = peer.rsplit("/", 1)[1].encode()
        while name not in self._run("swarm", "peers").stdout:
            if time.monotonic() > end:
                raise DaemonDownError(f"the IPFS daemon in {self.home} found no connection to {peer}")
            self._run("swarm", "connect", peer)
            time.sleep(_STEP_SECONDS)

    def stop(self) -> None:
        """End the daemon, in order if it can, and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _prepare(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        done = self._run("init", "--empty-repo")
        if done.returncode != 0:
            raise DaemonDownError(f"no IPFS repository could be made in {self.home}")
        shutil.copyfile(self.swarm_key, self.home / "swarm.key")
        (self.home / "swarm.key").chmod(0o600)
        closed = {
            "Bootstrap": [],
            "AutoConf.Enabled": False,
            "DNS.Resolvers": {},
            "Routing.Type": "none",
            "Routing.DelegatedRouters": [],
            "Ipns.DelegatedPublishers": [],
            "Provide.Enabled": False,
            "Discovery.MDNS.Enabled": False,
            "AutoTLS.Enabled": False,
            "AutoNAT.ServiceMode": "disabled",
            "Swarm.DisableNatPortMap": True,
            "Swarm.RelayClient.Enabled": False,
            "Swarm.RelayService.Enabled": False,
            "Swarm.Transports.Network.QUIC": False,
            "Swarm.Transports.Network.WebTransport": False,
            "Swarm.Transports.Network.WebRTCDirect": False,
            "Swarm.Transports.Network.Websocket": False,
            "Swarm.Transports.Network.Relay": False,
            "Addresses.Swarm": [_LOOPBACK],
            "Addresses.API": _LOOPBACK,
            "Addresses.Gateway": _LOOPBACK,
            "Gateway.NoFetch": False,
            "Version.SwarmCheckEnabled": False,
            "Plugins.Plugins.telemetry.Config.Mode": "off",
        }
        config = self._read_config()
        for name, value in (closed | self.config).items():
            _set(config, name, value)
        self._write_config(config)

    def _keep_ports(self) -> None:
        """Write the ports that the system chose into the configuration."""
        config = self._read_config()
        own = json.loads(self._run("id", "--format=<addrs>", "--enc=json").stdout)
        swarm = next(a for a in own["Addresses"] if a.startswith("/ip4/127.0.0.1/tcp/"))
        config["Addresses"]["Swarm"] = [swarm.split("/p2p/")[0]]
        config["Addresses"]["API"] = (self.home / "api").read_text().strip()
        gateway = (self.home / "gateway").read_text().strip()  # an http:// address
        config["Addresses"]["Gateway"] = f"/ip4/127.0.0.1/tcp/{gateway.rsplit(':', 1)[1].strip('/')}"
        self._write_config(config)

    def _address(self, kind: str) -> str:
        address: str = self._read_config()["Addresses"][kind]
        if address == _LOOPBACK:
            raise DaemonDownError(f"the IPFS daemon in {self.home} has no ports before its first start")
        return address

    def _read_config(self) -> dict[str, Any]:
        config: dict[str, Any] = json.loads((self.home / "config").read_text())
        return config

    def _write_config(self, config: dict[str, Any]) -> None:
        new = self.home / "config.new"
        new.touch(mode=0o600)  # the daemon's identity is in it
        new.write_text(json.dumps(config, indent=2))
        new.rename(self.home / "config")

    def _environment(self) -> dict[str, str]:
        closed = {"IPFS_PATH": str(self.home), "LIBP2P_FORCE_PNET": "1", "IPFS_TELEMETRY": "off"}
        return {**os.environ, **closed}

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [self._ipfs, *arguments]
        return subprocess.run(command, env=self._environment(), capture_output=True, check=False)  # noqa: S603


def _set(config: dict[str, Any], name: str, value: object) -> None:
    *path, last = name.split(".")
    for part in path:
        inner = config.get(part)
        if not isinstance(inner, dict):
            inner = config[part] = {}
        config = inner
    config[last] = value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one daemon in the foreground; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m pysonar.store.kubo.daemon", description=__doc__)
    parser.add_argument("home", type=Path, help="directory of the daemon's repository")
    parser.add_argument("--swarm-key", type=Path, required=True, help="the swarm's key; made if missing")
    parser.add_argument("--peer", action="append", default=[], help="another daemon to stay connected to")
    parser.add_argument("--ipfs", type=Path, default=None, help="the ipfs binary (default: from PATH)")
    chosen = parser.parse_args(arguments)
    if not chosen.swarm_key.exists():
        write_swarm_key(chosen.swarm_key)

    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stopping.append(received))
    with KuboDaemon(chosen.home, chosen.swarm_key, chosen.ipfs) as daemon:
        for peer in chosen.peer:
            daemon.connect(peer)
        line = {"rpc": daemon.rpc, "gateway": daemon.gateway, "peer": daemon.peer}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        while not stopping and daemon.pid is not None:
            time.sleep(0.2)
    return 0 if stopping else 1


if __name__ == "__main__":
    sys.exit(main())
