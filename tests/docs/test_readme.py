"""The README keeps its word: its walkthroughs run line by line as a reader would type them, its links and
make targets exist.
"""

import os
import re
import shlex
import socket
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mine_agent.cli import app as mine
from pysonar.scientist.cli import app as sonar

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def walkthroughs() -> str:
    """Everything in the section of that name that a reader would type, as one shell script."""
    section = README.split("\n## Walkthroughs\n")[1].split("\n## ")[0]
    script = []
    for language, block in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL):
        if language == "sh":
            script.append(block)
        elif language == "python":
            script.append(f"python - <<'SNIPPET'\n{block}SNIPPET\n")
        else:
            raise AssertionError(f"a block of the walkthroughs is neither sh nor python but {language}")
    return "\n".join(script)


@pytest.mark.slow
def test_every_line_of_the_walkthroughs_runs(checkout: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    script = walkthroughs().replace("8545", port)
    assert script.count("anvil ") == 1, "the reader starts one chain"
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OPENMINED_", "APE_", "PYTEST_", "VIRTUAL_ENV"))
    }

    done = subprocess.run(
        # Whatever the reader left running ends with the script.
        ["bash", "-c", f"set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{script}"],
        cwd=checkout, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip

    logs = "".join(f"--- {log.name}\n{log.read_text()}" for log in (checkout / "build/iris").glob("*.log"))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{logs}"
    assert (checkout / "build/iris/model.safetensors").exists()
    assert "IMPROVED" in done.stdout


def test_the_commands_for_own_tables_are_ones_that_the_programs_take() -> None:
    """They need files of the reader's own, so that they are parsed, and not run."""
    section = README.split("\n## With tables of your own\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    commands = [
        shlex.split(line.split(" | ")[0].split(" > ")[0].removeprefix("CAMPAIGN=$("))
        for line in map(str.strip, "".join(blocks).splitlines())
        if line.startswith(("sonar ", "mine-agent ", "CAMPAIGN=$(sonar "))
    ]
    assert len(commands) == 14
    for name, *words in commands:
        # An option that is not there is refused before the help is shown.
        shown = CliRunner().invoke({"sonar": sonar, "mine-agent": mine}[name], [*words, "--help"])
        assert shown.exit_code == 0, f"{name} {words}: {shown.output}"


def test_the_two_commands_are_targets_of_make() -> None:
    block = re.search(r"```sh\n(make .*?)```", README, re.DOTALL)

    assert block is not None
    assert block[1].split("\n")[:2] == ["make demo", "make test"]
    named = [*re.findall(r"`(make [^`\n]*)`", README), block[1]]
    for target in re.findall(r"make ([a-z-]+)", "\n".join(named)):
        shown = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert shown.returncode == 0, f"make {target}: {shown.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"
