"""The other demos: texts and images under ring-LWE, with real processes on a real chain; `make text-data`
first.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._demo.campaign import run_campaign
from scripts._demo.plan import WISHES
from scripts._demo.report import TWIN_DISTANCE, check

pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")


@pytest.mark.slow
@pytest.mark.demo
@pytest.mark.parametrize("model", ["reviews", "hashtags", "mnist"])
def test_a_campaign_comes_near_its_plaintext_and_every_sum_agrees(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Film reviews in a mail box, a maildir and an archive of X; posts in archives; images in Parquet."""
    monkeypatch.setenv("APE_DATA_FOLDER", str(tmp_path / "ape"))
    wish = WISHES[model]["none"]
    report = run_campaign(tmp_path / "run", seed=0, ipfs="embedded", wish=wish)
    check(report, must_reach_target=False)
    assert report.ledger.contract_balance == 0
    assert report.final_ppm > report.start_ppm + 150_000
    if wish.ceiling:
        assert report.ceiling_accuracy is not None
        assert report.test_accuracy >= report.ceiling_accuracy - TWIN_DISTANCE
