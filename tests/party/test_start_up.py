"""What a command loads before it does anything. Seconds depend on the machine; what is loaded does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.party.home.passphrase import PASSPHRASE_VARIABLE
from tests.conftest import Anvil

OF_ETHEREUM = ("web3", "eth_abi", "eth_account", "eth_utils", "pydantic", "aiohttp")
"""Each brings in half of the others: 0.2 to 0.6 s of processor time."""
OF_NUMBERS = ("numpy", "pyarrow", "gmpy2", "phe", "tenseal", "llvmlite", "sklearn")
OF_SEALS_AND_WIRES = ("pysequoia", "Crypto", "requests")
PROGRAMS = {
    "sonar": "pysonar.scientist.cli",
    "capsule": "openmined_oracle.cli",
    "mine-agent": "mine_agent.cli",
    "sonar-web": "sonar_web.cli",
    "openmined-syft": "openmined_syft.cli",
}


def loaded_by(code: str) -> set[str]:
    """The packages in `sys.modules` after the code, in a process of its own."""
    tail = "\nimport json, sys; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def running(module: str, *arguments: str) -> str:
    """Code that runs a command line in the process."""
    return (
        f"import sys; sys.argv = {['command', *arguments]!r}\n"
        f"from {module} import app\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_help_loads_nothing_that_only_work_needs(program: str) -> None:
    loaded = loaded_by(running(PROGRAMS[program], "--help"))
    assert loaded & {*OF_ETHEREUM, *OF_NUMBERS, *OF_SEALS_AND_WIRES} == set()


@pytest.mark.parametrize(
    "module", ["mine_agent.agent", "openmined_oracle.agent", "pysonar.scientist.connection"]
)
def test_an_agent_reads_the_chain_without_the_libraries_of_ethereum(module: str) -> None:
    """Only an account's key, a token's name, `report` and `decline` need them."""
    assert loaded_by(f"import {module}") & set(OF_ETHEREUM) == set()


@pytest.mark.parametrize("program", ["capsule", "mine-agent", "sonar"])
def test_a_reading_command_asks_the_contract_without_them_either(
    program: str, node: Anvil, sonar: Sonar, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    place = ["--rpc", node.url, "--contract", sonar.address, "--store", f"embedded:{tmp_path}/store"]
    environment = {**os.environ, PASSPHRASE_VARIABLE: "a passphrase of the tests"}
    making = running(PROGRAMS[program], "init", "--home", str(home), *place)
    subprocess.run([sys.executable, "-c", making], check=True, capture_output=True, env=environment)
    reading = ["campaign", "list"] if program == "sonar" else ["campaigns"]
    loaded = loaded_by(running(PROGRAMS[program], *reading, "--home", str(home)))
    assert "requests" in loaded  # it did speak with the node
    assert loaded & {*OF_ETHEREUM, "tenseal", "sklearn"} - {"pydantic"} == set()  # typer reads options by it
