"""The systemd unit and the Dockerfile, as far as a machine without Docker can try them: checked by systemd
and hadolint, and the commands of the container run here in a folder of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy/mine/mine-agent.service"
DOCKERFILE = ROOT / "deploy/mine/Dockerfile"
VERIFIER = shutil.which("systemd-analyze")


def instructions(name: str) -> list[str]:
    """What follows each instruction of that name, lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text())
    return [line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{name} ")]


def verified(unit: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What systemd says of the unit, with this environment's program in place of the user's."""
    assert VERIFIER is not None
    program = Path(sys.executable).parent / "mine-agent"
    file = folder / "mine-agent.service"
    file.write_text(unit.replace("%h/openmined/.venv/bin/mine-agent", str(program)))
    return subprocess.run(
        [VERIFIER, "verify", "--user", "--man=no", str(file)],
        capture_output=True, text=True, env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
    )  # fmt: skip


@pytest.mark.skipif(
    VERIFIER is None, reason="systemd-analyze is not installed (Debian: apt-get install systemd)"
)
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    found = verified(UNIT.read_text(), tmp_path)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(
    VERIFIER is None, reason="systemd-analyze is not installed (Debian: apt-get install systemd)"
)
@pytest.mark.parametrize(
    ("right", "wrong"),
    [("Restart=on-failure", "Restart=sometimes"), ("mine-agent run", "/no/such/program run")],
)
def test_the_verifier_would_see_a_slip(right: str, wrong: str, tmp_path: Path) -> None:
    unit = UNIT.read_text().replace(right, wrong).replace("%h/openmined/.venv/bin//no", "/no")
    found = verified(unit, tmp_path)
    assert found.returncode != 0 or found.stderr


def test_the_unit_runs_a_command_that_there_is_and_stops_it_as_it_wants_to_be_stopped() -> None:
    from typer.testing import CliRunner

    from mine_agent.cli import app
    from pysonar.party.signals import GOODBYE_SECONDS

    text = UNIT.read_text()
    (start,) = re.findall(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)
    command, *options = start.split()
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout
    assert all(option in shown for option in options if option.startswith("--"))
    assert int(re.findall(r"TimeoutStopSec=(\d+)", text)[0]) > GOODBYE_SECONDS


def test_hadolint_finds_nothing_in_the_dockerfiles(tmp_path: Path) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    files = sorted(ROOT.glob("deploy/*/Dockerfile"))
    assert len(files) == 2
    found = subprocess.run([hadolint, *files], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")
    worse = tmp_path / "Dockerfile"
    worse.write_text(DOCKERFILE.read_text().replace("python:3.11-slim-bookworm", "python"))
    assert "DL3006" in subprocess.run([hadolint, worse], capture_output=True, text=True).stdout


def test_the_container_holds_every_package_of_the_project() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = {line.split()[0] for line in instructions("COPY") if (ROOT / line.split()[0]).is_dir()}
    assert copied == wanted
    for line in instructions("COPY"):
        for name in line.split()[:-1]:
            assert name.startswith(("--from=", "/opt/")) or (ROOT / name).exists(), name


@pytest.mark.rehearsal
def test_the_commands_of_the_container_make_a_mine_that_runs(tmp_path: Path) -> None:
    source, opt, home = (tmp_path / name for name in ("src", "opt", "home"))
    source.mkdir()
    for line in instructions("COPY"):
        *names, _ = line.split()
        for name in names if not line.startswith("--from=") else ():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, source / name)
    for command in instructions("RUN"):
        here = command.replace("/opt/openmined", str(opt)).replace("/home/mine", str(home))
        if os.geteuid():
            here = here.replace(" -o 10001 -g 10001", "")
        here = here.replace("python -m venv", f"{sys.executable} -m venv")
        subprocess.run(["sh", "-euc", here], cwd=source, check=True, capture_output=True, text=True)
    assert oct(home.stat().st_mode)[-3:] == "700"
    (entry,) = [eval(line) for line in instructions("ENTRYPOINT")]  # noqa: S307 - our own file
    environment = {"HOME": str(tmp_path), "PATH": f"{opt}/bin:/usr/bin:/bin"}
    shown = subprocess.run([*entry, "--version"], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.strip()
    kinds = subprocess.run(
        [*entry, "data", "kinds"], env=environment, capture_output=True, text=True, check=True
    )
    assert "sqlite" in kinds.stdout
