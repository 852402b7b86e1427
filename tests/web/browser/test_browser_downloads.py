"""A table that is downloaded in the browser is what the chain's raw logs say, counted by other code."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.contract.types import Verdict
from tests.web.browser.conftest import Site, Visit
from tests.web.recount import recounted

pytestmark = pytest.mark.slow

TABLES = {"miner": ("/miners", "Data owners are known")}


@pytest.mark.parametrize("table", TABLES)
def test_the_csv_that_is_downloaded_is_what_the_chains_raw_logs_come_to(
    visit: Callable[..., Visit], site: Site, tmp_path: Path, table: str
) -> None:
    story, (miner, *_) = site.scene.story, site.scene.miners
    campaign = story.opened(bounty=3 * 10**18)
    story.submit(campaign, miner, f"for the download {table}")
    story.report(campaign, (miner, f"for the download {table}", Verdict.IMPROVED, 123_457))
    block = int(story.node.rpc("eth_blockNumber"), 16)
    page = visit().open(*TABLES[table])
    page.get_by_text(f"Read up to block {block:,}").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    waiting.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        found = {row["address"].lower(): row for row in csv.DictReader(file)}
    expected = recounted(story.node, story.sonar)[table]
    assert set(found) == set(expected)
    for who, totals in expected.items():
        assert {name: int(found[who][name]) for name in totals} == totals
