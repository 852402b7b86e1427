"""The parties of the demo: people with own folders who use the public commands, each in a process."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console

from scripts._demo.subjects.subject import Files

WAIT_SECONDS = 60
COMMAND_SECONDS = 300
"""So long may one command take: seconds, but five begin at once, and maybe the machine has other work."""


class CommandFailedError(RuntimeError):
    """A public command ended with another exit code than 0."""


MINE_JS = Path(__file__).parents[2] / "mine_js" / "dist" / "bin.js"


def program_of(command: str) -> list[str]:
    """How a public command is started: from this environment, or by the Node that `make` installs."""
    if command == "mine-agent-js":
        return ["node", "--disable-warning=ExperimentalWarning", str(MINE_JS)]
    return [str(Path(sys.executable).parent / command)]


class Party:
    """Runs the public commands as one person, with that person's home folder and passphrase only."""

    def __init__(self, name: str, home: Path, command: str, passphrase: str) -> None:
        self.name = name
        self.home = home
        self.command = command
        self._program = program_of(command)
        # Told by the environment of this party's processes only; never written anywhere.
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("OPENMINED_")},
            "OPENMINED_PASSPHRASE": passphrase,
            "COLUMNS": "120",
        }
        self._agent: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the party's agent prints."""
        return self.home.with_suffix(".log")

    def run(self, *arguments: str) -> str:
        """One command, to its end; what it prints."""
        told = f"{self.name}: `{' '.join([self.command, *arguments])}`"
        try:
            done = subprocess.run(
                self._line(arguments),
                env=self._environment,
                stdin=subprocess.DEVNULL,  # nobody sees a question of it, so that nobody can answer one
                capture_output=True,
                text=True,
                timeout=COMMAND_SECONDS,
            )
        except subprocess.TimeoutExpired as slow:
            said = b"".join(part for part in (slow.stdout, slow.stderr) if part).decode(errors="replace")
            raise CommandFailedError(
                f"{told} had not ended after {COMMAND_SECONDS} s\n{said}".rstrip()
            ) from None
        if done.returncode != 0:
            raise CommandFailedError(
                f"{told} ended with exit code {done.returncode}\n{done.stdout}{done.stderr}".rstrip()
            )
        return done.stdout

    def ask(self, *arguments: str) -> Any:
        """One command with `--format json`; what it answers."""
        return json.loads(self.run(*arguments, "--format", "json"))

    def show(self, *arguments: str) -> None:
        """One command, with what it prints going straight to the screen."""
        code = subprocess.run(self._line(arguments), env=self._environment).returncode
        if code != 0:
            told = " ".join([self.command, *arguments])
            raise CommandFailedError(f"{self.name}: `{told}` ended with exit code {code}")

    def start(self, *arguments: str) -> None:
        """Start the party's long-running agent."""
        with self.log.open("ab") as log:
            self._agent = subprocess.Popen(
                self._line(arguments), env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def piped(self, *arguments: str) -> subprocess.Popen[str]:
        """Another process of this party, whose output the caller reads, and which the caller ends."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._line(arguments), env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def lend_to(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        """Another public command with this party's passphrase; the caller reads its notes, and ends it."""
        return subprocess.Popen(
            [*program_of(command), *arguments], env=self._environment, stderr=subprocess.PIPE, text=True
        )

    def check(self) -> None:
        """Complain if the agent has ended by itself."""
        if self._agent is not None and self._agent.poll() is not None:
            raise CommandFailedError(
                f"{self.name}: its agent ended with exit code {self._agent.returncode}: see {self.log}"
            )

    def stop(self) -> None:
        """End the agent as an operator would, and wait for it."""
        if self._agent is None:
            return
        if self._agent.poll() is None:
            self._agent.send_signal(signal.SIGTERM)
            try:
                self._agent.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._agent.kill()
                self._agent.wait()
        self._agent = None

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        return [*self._program, *arguments, "--home", str(self.home)]


class Parties:
    """A scientist, a Capsule and some mines; their agents end with the `with` block."""

    def __init__(
        self, folder: Path, mines: Sequence[str], passphrases: Mapping[str, str] | None = None
    ) -> None:
        """`mines`: the command of each. `passphrases` by party; made up for those without one."""
        given = passphrases or {}

        def party(name: str, command: str) -> Party:
            home = folder / name.replace(" ", "-")
            return Party(name, home, command, given.get(name) or secrets.token_urlsafe(16))

        self.scientist = party("scientist", "sonar")
        self.capsule = party("capsule", "capsule")
        self.mines = [party(f"mine {number}", command) for number, command in enumerate(mines, start=1)]
        self.addresses: dict[str, str] = {}

    @property
    def all(self) -> list[Party]:
        """Everybody."""
        return [self.scientist, self.capsule, *self.mines]

    @property
    def names(self) -> list[str]:
        """Everybody's name."""
        return [party.name for party in self.all]

    def init(self, common: tuple[str, ...], stores: Mapping[str, str], *, privacy: str) -> None:
        """Make everybody's home and account, all at once; `privacy` is what the mines' owners choose."""
        allowed = (
            *("--allow-scientist", "any", "--allow-capsule", "any", "--allow-field", "any"),
            *("--privacy", privacy),
            *(("--allow-networks",) if privacy == "none" else ()),
        )

        def init(party: Party) -> str:
            rules = allowed if party in self.mines else ()
            made = party.ask("init", *common, "--store", stores[party.name], *rules)
            return str(made["address"])

        with ThreadPoolExecutor() as pool:
            made = pool.map(init, self.all)
            self.addresses = dict(zip(self.names, made, strict=True))

    def add_data(self, name: str, files: Files) -> None:
        """Each mine registers its own data, all at once, with the mapping that its owner wrote."""

        def add(place: int) -> None:
            mine = self.mines[place]
            mine.run("data", "add", name, str(files.mines[place]))
            if place in files.mappings:
                mine.run("data", "map", name, "--file", str(files.mappings[place]), "--yes")

        with ThreadPoolExecutor() as pool:
            list(pool.map(add, range(len(self.mines))))

    def print_table(self, console: Console) -> None:
        """Who is who."""
        for name, address in self.addresses.items():
            console.print(f"         {name:10} {address}")

    def check(self) -> None:
        """Complain if an agent has ended by itself."""
        for party in self.all:
            party.check()

    def stop(self) -> None:
        """End all agents, at once."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Party.stop, self.all))

    def wait_until(self, done: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Look until it is so; CommandFailedError if it is not in time or an agent ends."""
        deadline = time.monotonic() + seconds
        while not done():
            self.check()
            if time.monotonic() > deadline:
                raise CommandFailedError(
                    f"waited {seconds:g} s for {what}, in vain: see the logs beside the homes"
                )
            time.sleep(0.1)

    def __enter__(self) -> "Parties":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
