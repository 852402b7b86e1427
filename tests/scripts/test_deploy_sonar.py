"""The deploy and verify scripts as an operator runs them: once per chain, and never over what is there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pysonar.chain.contract.deployment import read_deployment
from pysonar.chain.node import rpc
from tests.conftest import Anvil

pytestmark = pytest.mark.slow  # Ape takes seconds to start, once per run of a script

ROOT = Path(__file__).parent.parent.parent
OTHER_CHAIN = 31_415


@dataclass(frozen=True)
class Printed:
    """How a script ended, and what it said."""

    code: int
    text: str


def ape_run(script: str, anvil: Anvil, folder: Path, *options: str) -> Printed:
    """One of the scripts, on that chain, with that folder of manifests."""
    command = [str(Path(sys.executable).with_name("ape")), "run", script, "--network", anvil.url]
    environment = {"APE_DATA_FOLDER": str(ROOT / "build" / "ape"), **os.environ}
    done = subprocess.run(
        [*command, *options, "--deployments", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Printed(done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr))


def deploy(anvil: Anvil, folder: Path) -> Printed:
    return ape_run("deploy", anvil, folder, "--account", "TEST::5")


def verify(anvil: Anvil, folder: Path) -> Printed:
    return ape_run("verify-deployment", anvil, folder)


@dataclass(frozen=True)
class Deployed:
    """A chain on which the deploy script has run once."""

    anvil: Anvil
    folder: Path
    manifest: Path


@pytest.fixture(scope="module")
def once(start_anvil: Callable[..., Anvil], tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    anvil, folder = start_anvil(), tmp_path_factory.mktemp("deployments")
    done = deploy(anvil, folder)
    assert done.code == 0, done.text
    return Deployed(anvil, folder, folder / f"{rpc.chain_id(anvil.web3)}.json")


@pytest.fixture
def deployed(once: Deployed) -> Iterator[Deployed]:
    """The same for every test: chain and manifest are put back afterwards."""
    kept, manifest = once.anvil.rpc("evm_snapshot"), once.manifest.read_bytes()
    yield once
    once.anvil.rpc("evm_revert", kept)
    once.manifest.write_bytes(manifest)


def test_the_manifest_says_where_sonar_is(deployed: Deployed) -> None:
    known = read_deployment(deployed.manifest)

    receipt = deployed.anvil.rpc("eth_getTransactionReceipt", known.transaction)
    code = rpc.code(deployed.anvil.web3, known.address)
    assert known.chain_id == int(deployed.anvil.rpc("eth_chainId"), 16)
    assert receipt["contractAddress"].lower() == known.address.lower()
    assert int(receipt["blockNumber"], 16) == known.block
    assert hashlib.sha256(code).hexdigest() == known.runtime_sha256
    assert known.layout["storage_layout"]["_records"]["slot"] == 0
    assert re.fullmatch(r"[0-9a-f]{64}", known.integrity)
    assert known.evm_version == "cancun"


def test_deploying_again_changes_nothing(deployed: Deployed) -> None:
    written = deployed.manifest.read_bytes()
    height = rpc.block_number(deployed.anvil.web3)

    again = deploy(deployed.anvil, deployed.folder)

    assert again.code == 0, again.text
    assert "already deployed" in again.text
    assert deployed.manifest.read_bytes() == written
    assert rpc.block_number(deployed.anvil.web3) == height


def test_deploying_over_other_code_is_refused(deployed: Deployed) -> None:
    address = read_deployment(deployed.manifest).address
    height = rpc.block_number(deployed.anvil.web3)
    deployed.anvil.rpc("anvil_setCode", address, "0x6001600155")

    again = deploy(deployed.anvil, deployed.folder)

    assert again.code == 1
    assert address in again.text
    assert "other code" in again.text
    assert rpc.block_number(deployed.anvil.web3) == height


def test_a_manifest_of_a_chain_that_was_started_anew_is_refused(deployed: Deployed) -> None:
    address = read_deployment(deployed.manifest).address
    deployed.anvil.rpc("anvil_setCode", address, "0x")

    again = deploy(deployed.anvil, deployed.folder)

    assert again.code == 1
    assert "no code" in again.text


def test_a_second_chain_has_its_own_manifest(deployed: Deployed, start_anvil: Callable[..., Anvil]) -> None:
    written = deployed.manifest.read_bytes()
    second = start_anvil()
    second.rpc("anvil_setChainId", OTHER_CHAIN)

    done = deploy(second, deployed.folder)

    assert done.code == 0, done.text
    assert deployed.manifest.read_bytes() == written
    there = read_deployment(deployed.folder / f"{OTHER_CHAIN}.json")
    assert there.chain_id == OTHER_CHAIN
    assert there.integrity == read_deployment(deployed.manifest).integrity


def test_verification_says_that_it_is_the_same(deployed: Deployed) -> None:
    done = verify(deployed.anvil, deployed.folder)

    assert done.code == 0, done.text
    assert "DIFFERENT" not in done.text
    assert done.text.count("same ") == 7


def test_verification_sees_one_changed_byte_of_code(deployed: Deployed) -> None:
    address = read_deployment(deployed.manifest).address
    code = bytearray(rpc.code(deployed.anvil.web3, address))
    code[-1] ^= 1
    deployed.anvil.rpc("anvil_setCode", address, "0x" + code.hex())

    done = verify(deployed.anvil, deployed.folder)

    assert done.code == 1
    assert "DIFFERENT  code on the chain" in done.text


def test_verification_sees_each_change_of_the_manifest(deployed: Deployed) -> None:
    changes = {
        "chain_id": (5, "chain"),
        "runtime_sha256": ("00" * 32, "digest of the code"),
        "evm_version": ("paris", "rule set of the chain"),
        "compiler": ("0.4.2", "compiler"),
        "integrity": ("00" * 32, "integrity of the sources"),
        "layout": ({"storage_layout": {}}, "storage layout"),
    }
    data = json.loads(deployed.manifest.read_text())
    data.update({field: value for field, (value, _) in changes.items()})
    deployed.manifest.write_text(json.dumps(data))

    done = verify(deployed.anvil, deployed.folder)

    assert done.code == 1
    assert set(re.findall(r"^DIFFERENT +(.+)$", done.text, re.M)) == {named for _, named in changes.values()}
    assert re.search(r"^same +code on the chain$", done.text, re.M)


def test_verification_without_a_manifest_says_what_to_do(deployed: Deployed, tmp_path: Path) -> None:
    done = verify(deployed.anvil, tmp_path)

    assert done.code == 1
    assert "ape run deploy" in done.text
    assert "Traceback" not in done.text
