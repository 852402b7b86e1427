"""Prints docs/cli.md: every command of every program, as Typer documents it from the code."""

import subprocess
import sys

PROGRAMS = {
    "sonar": "pysonar.scientist.cli",
    "capsule": "openmined_oracle.cli",
    "mine-agent": "mine_agent.cli",
    "openmined-syft": "openmined_syft.cli",
    "sonar-web": "sonar_web.cli",
}
HEAD = """# Command lines

Written from the programs' own help by `make cli-docs`; a test compares the two.
"""


def reference(program: str, module: str) -> str:
    """The Markdown that Typer makes of one program, its headings one level down."""
    command = [sys.executable, "-m", "typer", module, "utils", "docs", "--name", program]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    lines = [f"#{line}" if line.startswith("#") else line for line in printed.strip().splitlines()]
    return "\n".join(lines)


def main() -> None:
    """All programs, one after another."""
    pages = [reference(program, module) for program, module in PROGRAMS.items()]
    sys.stdout.write("\n".join([HEAD, "\n\n".join(pages), ""]))


if __name__ == "__main__":
    main()
