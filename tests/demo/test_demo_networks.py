"""The demo with a neural network: real processes, all weights encrypted from the first to the last."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from openmined_oracle.home import Home
from openmined_oracle.keys.keystore import KeyStore
from pysonar.scientist.result.estimator import Estimator
from scripts._demo.campaign import run_campaign
from scripts._demo.plan import WISHES
from scripts._demo.report import TWIN_DISTANCE, check

PASSPHRASE = "for the test of the demo only"

pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")


@pytest.mark.slow
@pytest.mark.demo
def test_a_network_reaches_its_target_and_every_sum_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    monkeypatch.setenv("APE_DATA_FOLDER", str(tmp_path / "ape"))
    report = run_campaign(
        folder, seed=1, ipfs="embedded", wish=WISHES["mlp"]["none"], passphrases={"capsule": PASSPHRASE}
    )

    check(report, must_reach_target=False)  # the number of evaluations there is for linear models
    assert report.reached
    assert report.start_ppm < 200_000
    assert report.validation_accuracy >= 0.85
    assert report.ledger.contract_balance == 0
    assert abs(report.test_accuracy - report.plaintext_twin_accuracy) <= TWIN_DISTANCE
    assert abs(report.validation_accuracy - report.plaintext_twin_validation_accuracy) <= TWIN_DISTANCE

    # The secret key is nowhere but sealed in Capsule's home, the model with the scientist only.
    home = Home.open(folder / "capsule")
    own = next(iter(home.secret_keys(PASSPHRASE).values()))
    key = KeyStore(home.keys, own).stored_key(bytes.fromhex(report.campaign.removeprefix("0x")))
    saved = folder / "model.safetensors"
    weights = [float(weight) for weight in Estimator.load(saved).weights.ravel() if abs(weight) > 1e-3]
    middle = key.secret[600_000:600_064]  # type: ignore[attr-defined]
    needles = [middle, base64.b64encode(middle[:60])]
    for path in [path for path in folder.rglob("*") if path.is_file() and path != saved]:
        content = path.read_bytes()
        assert not [needle for needle in needles if needle in content], path
        if path.stat().st_size < 10_000_000:
            found = [weight for weight in weights[-20:] if repr(weight).encode() in content]
            assert not found, path
