"""One chain and the parties of one campaign, each with a faulty node and a small disk of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eth_utils.address import to_checksum_address

from pysonar.chain.contract.sonar import Sonar
from tests.conftest import ETHER, ROOT, Anvil, compiled
from tests.faulty_node import FaultyNode
from tests.json_types import JsonObject

CONFIRMATIONS = 2
DISK_MEGABYTES = 16
COMMAND_SECONDS = 180
"""Until a command is killed: long enough for a machine that others use, too."""
PASSPHRASE = "only for the tests of chaos"


@dataclass
class Party:
    """Somebody with a home on a small disk, a clock, and a node that may be faulty."""

    name: str
    command: str
    folder: Path
    node: FaultyNode
    address: str = ""
    running: subprocess.Popen[bytes] | None = None
    ended: list[str] = field(default_factory=list)
    """How its agent ended by itself, which it never should."""
    kills: int = 0

    def __post_init__(self) -> None:
        self.disk = self.folder / f"{self.name}-disk"
        self.home = self.disk / "home"
        self.clock = self.folder / f"{self.name}-clock"
        self.log = self.folder / f"{self.name}.log"
        self.clock.write_text("0")

    def ask(self, *arguments: str) -> tuple[int, str]:
        """One command to its end: exit code, and what it said. One that takes too long is killed."""
        with self.log.open("a") as log:
            try:
                done = subprocess.run(
                    self._line(arguments), env=_environment(), stdout=subprocess.PIPE, stderr=log, text=True,
                    timeout=COMMAND_SECONDS, cwd=ROOT, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                log.write(f"{arguments[0]} killed after {COMMAND_SECONDS} s\n")
                return -signal.SIGKILL, ""
            log.write(f"{arguments[0]} -> {done.returncode}\n{done.stdout}\n")
        return done.returncode, done.stdout

    def start(self) -> None:
        """Begin (or begin again) to run."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self._line(("run",)), env=_environment(), stdout=log, stderr=subprocess.STDOUT, cwd=ROOT
            )

    def kill(self) -> None:
        """As a power cut would."""
        if self.running is not None and self.running.poll() is None:
            self.running.kill()
            self.running.wait()
            self.kills += 1

    def watch_over(self) -> None:
        """Start it again, if it is not running, and remember if it ended by itself."""
        if self.running is not None and self.running.poll() is not None:
            if self.running.returncode != -signal.SIGKILL:
                self.ended.append(f"{self.name} ended with {self.running.returncode}")
            self.start()

    def stop(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
            try:
                self.running.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.running.kill()
                self.running.wait()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """No byte is left on its disk meanwhile."""
        ballast = self.disk / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                block = bytes(1 << 16)
                while True:
                    file.write(block)
        except OSError:
            pass
        try:
            yield
        finally:
            ballast.unlink(missing_ok=True)

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        program = [sys.executable, "-m", "tests.chaos.party", str(self.clock), self.command]
        return [*program, *arguments, "--home", str(self.home)]


class World:
    """Everything that one run needs; ended with the `with` block."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.anvil = Anvil.start("--block-time", "1", "--mixed-mining")
        (payer, *_) = self.anvil.rpc("eth_accounts")
        request = {"from": payer, "data": "0x" + compiled("contracts/Sonar.vy").hex()}
        receipt = self.anvil.receipt(self.anvil.rpc("eth_sendTransaction", request))
        self.sonar = Sonar(self.anvil.web3, str(to_checksum_address(receipt["contractAddress"])))
        self.scientist, self.capsule, self.mine = (
            Party(name, command, folder, FaultyNode(self.anvil.url, seed=seed * 10 + place))
            for place, (name, command) in enumerate(
                [("scientist", "sonar"), ("capsule", "capsule"), ("mine", "mine-agent")]
            )
        )
        self.parties = [self.scientist, self.capsule, self.mine]
        self.agents = [self.capsule, self.mine]
        self.ending = threading.Event()

    def __enter__(self) -> World:
        for party in self.parties:
            party.disk.mkdir()
            _mount(party.disk)
        with ThreadPoolExecutor(len(self.parties)) as together:
            list(together.map(self._init, self.parties))
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        for party in self.parties:
            party.stop()
            party.node.__exit__(None, None, None)
            subprocess.run(["umount", "-l", str(party.disk)], check=False)
        self.anvil.stop()

    def _init(self, party: Party) -> None:
        options = [
            *("--rpc", party.node.url, "--contract", self.sonar.address, "--poll-seconds", "0.3"),
            *("--store", f"embedded:{self.folder / 'store'}", "--confirmations", str(CONFIRMATIONS)),
        ]
        if party is self.mine:
            options += ["--allow-scientist", "any", "--allow-capsule", "any", "--allow-field", "any"]
            options += ["--privacy", "none"]  # noise would make every run another one
        code, said = party.ask("init", *options, "--format", "json")
        assert code == 0, f"{party.name}: see {party.log}"
        party.address = str(json.loads(said)["address"])
        self.anvil.fund(party.address, 100 * ETHER)


def _mount(folder: Path) -> None:
    """A disk of its own, that can be full: needs the right to mount."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=0700", "none", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


def can_mount() -> bool:
    """Whether this user may mount a disk of their own here."""
    return os.geteuid() == 0


def _environment() -> JsonObject:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENMINED_")}
    return {**kept, "OPENMINED_PASSPHRASE": PASSPHRASE, "COLUMNS": "200"}
