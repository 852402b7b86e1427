"""docs/contract.md keeps its word: its commands run, its gas table is the snapshot, its functions the ABI's.

`SONAR_WRITE_SNAPSHOTS=1` writes the gas table anew, as it does with the snapshot itself.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.contract.deployment import read_deployment
from tests.conftest import Anvil

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "contract.md"
TABLE = re.compile(r"(<!-- gas table: [^>]*-->\n)(.*?)(<!-- end of the gas table -->)", re.DOTALL)


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def gas_table() -> str:
    """The table that the snapshot makes."""
    snapshot = json.loads((ROOT / "snapshots" / "gas.json").read_text(encoding="utf-8"))
    rows = [
        f"| {call} | {used['gas']:,} | {used['limit']:,} | {used['gas'] / used['limit'] - 1:.1%} |"
        for call, used in snapshot.items()
    ]
    return "\n".join(["| call | gas | lower limit | above it |", "| --- | ---: | ---: | ---: |", *rows, ""])


def test_the_gas_table_is_the_snapshot() -> None:
    if os.environ.get("SONAR_WRITE_SNAPSHOTS"):
        PAGE.write_text(TABLE.sub(lambda found: found[1] + gas_table() + found[3], text()), encoding="utf-8")

    found = TABLE.search(text())

    assert found is not None
    assert found[2] == gas_table(), "run this test with SONAR_WRITE_SNAPSHOTS=1 and look at the difference"


def test_every_function_of_the_abi_is_there_and_no_other() -> None:
    abi = json.loads((ROOT / "pysonar/chain/contract/Sonar.json").read_text(encoding="utf-8"))
    functions = {
        (entry["name"], entry["stateMutability"] in ("view", "pure"))
        for entry in abi
        if entry["type"] == "function"
    }
    section = text().split("\n## Who may do what\n")[1].split("\n## ")[0]

    changing = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    reading = re.findall(r"`(\w+)`", section.split("Reading is free")[1])

    assert {(name, False) for name in changing} | {(name, True) for name in reading} == functions
    assert len(changing) + len(reading) == len(functions)


def test_its_make_targets_exist() -> None:
    targets = set(re.findall(r"`make ([a-z-]+)`", text()))

    assert {"test-fork", "prove"} <= targets
    for target in targets:
        shown = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, f"make {target}: {shown.stderr}"


@pytest.mark.slow
def test_its_commands_run(start_anvil: Callable[..., Anvil], tmp_path: Path) -> None:
    for name in ("contracts", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "ape-config.yaml", tmp_path)
    commands = re.findall(r"```sh\n(.*?)```", text(), re.DOTALL)
    script = "".join(commands).replace("http://127.0.0.1:8545", start_anvil().url)
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": programs, "APE_DATA_FOLDER": str(ROOT / "build" / "ape")}

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(commands) == 3
    known = read_deployment(tmp_path / "deployments" / "1337.json")
    assert f"Sonar is already deployed at {known.address}" in done.stdout
    assert f"{known.address} on chain 1337 is the Sonar of this tree" in done.stdout
