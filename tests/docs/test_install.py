"""`pip install .`, as the README says it for those who only take part, in an environment that has nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def installing_lines() -> list[str]:
    """The README's own lines for it."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("### Only take part")[1]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found.group(1).splitlines()


@pytest.mark.slow
def test_a_clean_environment_gets_the_command_lines_and_the_library(tmp_path: Path) -> None:
    lines = installing_lines()
    assert lines[:2] == ["python3 -m venv ~/openmined", "~/openmined/bin/pip install ."]
    home = tmp_path / "my projects (2026)" / "openmined"  # a home directory may have any name
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    subprocess.run([home / "bin/pip", "install", "--quiet", "."], cwd=ROOT, check=True)
    (tmp_path / "data.csv").write_text("height,weight,ill\n" + "1.7,70,0\n1.8,90,1\n" * 30)

    def run(*command: str) -> str:
        done = subprocess.run(
            [home / "bin" / command[0], *command[1:]], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for program in ("sonar", "mine-agent", "capsule", "sonar-web"):
        assert run(program, "--version").strip()
        assert "Usage:" in run(program, "--help")
    where = "import pysonar.chain.contract.abi as abi; print(abi.__file__, len(abi.raw_abi()))"
    place, functions = run("python", "-c", where).rsplit(maxsplit=1)
    assert Path(place).is_relative_to(home), "nothing is taken from the source tree"
    assert int(functions) > 20
    assert 'family = "logistic"' in run("sonar", "campaign", "draft", "data.csv")
    assert run("python", "-c", "from pysonar import Campaign, Plan; print(Plan.__name__)") == "Plan\n"
    assert "ape" not in run("python", "-m", "pip", "list").lower().split()
