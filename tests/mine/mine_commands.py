"""The two mines' command lines, as the tests call them: `MINE=py` (the default) or `MINE=js`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NODE = ROOT / "build" / "nodejs" / "bin" / "node"
MINE_JS = ROOT / "mine_js" / "dist" / "bin.js"
SECONDS = 120
MINES = ("py", "js")
CHOSEN = os.environ.get("MINE", "py")
"""Which of the two the tests of the command line run."""
PROGRAM = {"py": "mine-agent", "js": "mine-agent-js"}.get(CHOSEN, CHOSEN)
"""What it calls itself where it says which command to give."""


@dataclass(frozen=True)
class Told:
    """What a command said, and the code it ended with."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All of it."""
        return self.stdout + self.stderr


MineCommand = Callable[..., Told]
"""`mine_agent(*arguments) -> Told`."""


def is_built() -> bool:
    """Whether there is a Mine.js to run: `make build/stamps/mine-js`."""
    return NODE.exists() and MINE_JS.exists()


def line_of(mine: str) -> list[str]:
    """How one of `MINES` is started in a process of its own."""
    if mine == "py":
        return [sys.executable, "-c", "from mine_agent.cli import app; app()"]
    return [str(NODE), "--disable-warning=ExperimentalWarning", str(MINE_JS)]


def by_node(*arguments: object) -> Told:
    """Mine.js as its users start it, in a process of its own."""
    done = subprocess.run(
        [*line_of("js"), *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS
    )
    return Told(done.returncode, done.stdout, done.stderr)


def in_python(*arguments: object) -> Told:
    """Mine.py, in this process."""
    from typer.testing import CliRunner

    from mine_agent.cli import app

    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return Told(done.exit_code, done.stdout, done.stderr)


def command_of(mine: str) -> MineCommand:
    """The command line of one of `MINES`."""
    return {"py": in_python, "js": by_node}[mine]
