"""The demo under ring-LWE: real processes, a real chain, the same model as under Paillier."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from openmined_oracle.home import Home
from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.rlwe.keys import RlwePrivateKey
from scripts._demo.campaign import run_campaign
from scripts._demo.plan import WISHES
from scripts._demo.report import TWIN_DISTANCE, check

PASSPHRASE = "for the test of the demo only"


@pytest.mark.slow
@pytest.mark.demo
def test_a_whole_campaign_under_ring_lwe_reaches_its_target_and_every_sum_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    monkeypatch.setenv("APE_DATA_FOLDER", str(tmp_path / "ape"))
    report = run_campaign(
        folder, seed=1, ipfs="embedded", wish=WISHES["rlwe"]["none"], passphrases={"capsule": PASSPHRASE}
    )
    check(report, must_reach_target=True)
    assert report.ledger.contract_balance == 0
    assert abs(report.test_accuracy - report.plaintext_twin_accuracy) <= TWIN_DISTANCE

    # The master secret is nowhere but sealed in Capsule's home.
    home = Home.open(folder / "capsule")
    own = next(iter(home.secret_keys(PASSPHRASE).values()))
    key = KeyStore(home.keys, own).stored_key(bytes.fromhex(report.campaign.removeprefix("0x")))
    assert isinstance(key, RlwePrivateKey)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        assert key.master not in content, path
        assert base64.b64encode(key.master) not in content, path
