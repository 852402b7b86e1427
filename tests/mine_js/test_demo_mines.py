"""Whole campaigns with mines in JavaScript: real processes, a real chain, a ledger right to the wei."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mine_agent.home import Home
from pysonar.protocol.amounts import parse_wei
from scripts._demo.campaign import MINES, run_campaign
from scripts._demo.plan import WISHES
from scripts._demo.report import TWIN_DISTANCE, check
from tests.mine.mine_commands import NODE, is_built

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js"),
]


@pytest.mark.parametrize(
    ("model", "mines", "ipfs"),
    [
        ("one_vs_rest", "js", "embedded"),
        ("one_vs_rest", "mixed", "embedded"),
        ("one_vs_rest", "js", "kubo"),
        ("rlwe", "js", "embedded"),
    ],
)
def test_a_campaign_with_mines_in_javascript_pays_out_to_the_wei(
    model: str, mines: str, ipfs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ipfs == "kubo" and shutil.which("ipfs") is None:
        pytest.skip("real Kubo: no 'ipfs' on PATH (make kubo)")
    monkeypatch.setenv("APE_DATA_FOLDER", str(tmp_path / "ape"))
    monkeypatch.setenv("PATH", f"{NODE.parent}{os.pathsep}{os.environ['PATH']}")
    folder = tmp_path / "run"

    wish = WISHES[model]["differential"]
    report = run_campaign(folder, seed=1, ipfs=ipfs, wish=wish, mines=mines)

    check(report, must_reach_target=True)
    ledger = report.ledger
    assert ledger.contract_balance == 0
    assert sum(payout.earned for payout in ledger.payouts) + ledger.refund == parse_wei("10 ETH")
    assert abs(report.test_accuracy - report.plaintext_twin_accuracy) <= TWIN_DISTANCE
    # Every mine of either kind has paid in and was paid out.
    by_address = {Home.open(folder / f"mine-{number}").address for number, _ in enumerate(MINES[mines], 1)}
    assert {payout.miner for payout in ledger.payouts} == by_address
    for mine in report.privacy:
        assert 0 < mine["spent_epsilon"] <= 3.0
        assert mine["unprotected_gradients"] == 0
