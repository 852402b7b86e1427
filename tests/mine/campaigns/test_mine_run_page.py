"""docs/run-mine.md keeps its word: its commands run, in their order, as an owner would type them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.conftest import PASSPHRASE

PAGE = (Path(__file__).parents[3] / "docs/run-mine.md").read_text()


@pytest.mark.slow
def test_every_command_of_the_page_runs(
    node_url: str,
    sonar: Sonar,
    keyfiles: dict[str, Path],
    store_folder: Path,
    colours: Path,
    capsule: KeyfileSigner,
    small_capsule: SmallCapsule,
    tmp_path: Path,
) -> None:
    campaign = small_capsule.open(small_capsule.spec(purpose="research"))
    script = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    environment = {
        "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OPENMINED_PASSPHRASE": PASSPHRASE, "RPC": node_url, "CONTRACT": sonar.address,
        "STORE": f"embedded:{store_folder}", "KEYFILE": str(keyfiles["miner"]), "CAPSULE": capsule.address,
        "DATA": str(colours), "CAMPAIGN": "0x" + campaign.hex(), "XDG_DATA_HOME": str(tmp_path / "share"),
    }  # fmt: skip
    # The chain of the tests confirms at once; the page's reader waits for twelve blocks.
    script = script.replace("mine-agent init ", "mine-agent init --confirmations 0 ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "mine-agent approve" in done.stdout
    assert "the same" in done.stdout
    assert "paused" in done.stdout
    assert (tmp_path / "earnings.svg").read_text().startswith("<svg")
    assert (tmp_path / "earnings.csv").read_text().startswith("campaign,state,submitted")
    assert "ask_first = true" in (tmp_path / "share/openmined/mine/policy.toml").read_text()


def test_the_page_names_files_and_rules_that_there_are() -> None:
    from dataclasses import fields

    from mine_agent.rules.policy_file import PolicyFile

    root = Path(__file__).parents[3]
    files = re.findall(r"deploy/[\w./-]+\w", PAGE)
    assert len(files) == 2
    for name in files:
        assert (root / name).is_file()
    table = PAGE.split("| rule | question |")[1].split("\n\n")[0]
    named = re.findall(r"`([a-z_]+)`", table)
    assert set(named) <= {one.name for one in fields(PolicyFile)}
    assert len(named) > 15
