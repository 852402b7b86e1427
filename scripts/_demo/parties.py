"""A party of the demo: a person with an own folder who uses the public commands, each in a process."""

import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


class CommandFailedError(RuntimeError):
    """A public command ended with another exit code than 0."""


class Party:
    """Runs the public commands as one person, with that person's home folder and passphrase only."""

    def __init__(self, name: str, home: Path, command: str) -> None:
        self.name = name
        self.home = home
        self._program = str(Path(sys.executable).parent / command)
        # Told by the environment of this party's processes only; never written anywhere.
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("OPENMINED_")},
            "OPENMINED_PASSPHRASE": secrets.token_urlsafe(16),
            "COLUMNS": "120",
        }
        self._agent: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the party's agent prints."""
        return self.home.with_suffix(".log")

    def run(self, *arguments: str) -> str:
        """One command, to its end; what it prints."""
        done = subprocess.run(
            self._line(arguments), env=self._environment, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise CommandFailedError(
                f"{self.name}: `{' '.join([Path(self._program).name, *arguments])}` ended with exit code "
                f"{done.returncode}\n{done.stdout}{done.stderr}".rstrip()
            )
        return done.stdout

    def ask(self, *arguments: str) -> Any:
        """One command with `--format json`; what it answers."""
        return json.loads(self.run(*arguments, "--format", "json"))

    def start(self, *arguments: str) -> None:
        """Start the party's long-running agent."""
        with self.log.open("ab") as log:
            self._agent = subprocess.Popen(
                self._line(arguments), env=self._environment, stdout=log, stderr=subprocess.STDOUT
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
        return [self._program, *arguments, "--home", str(self.home)]
