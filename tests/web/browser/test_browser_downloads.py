"""A table that is downloaded in the browser is what the chain's raw logs say, counted by other code."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.contract.types import Verdict
from tests.json_types import JsonObject
from tests.web.browser.conftest import Site, Visit
from tests.web.recount import KEYS, recounted

pytestmark = pytest.mark.slow

TABLES = {
    "miner": ("/miners", "Data owners are known"),
    "capsule": ("/capsules", "A Capsule keeps a campaign's keys"),
    "day": ("/days", "What happened on each day"),
}


def in_the_files_units(row: JsonObject) -> JsonObject:
    """A recounted row as the file has it: means and hours stand beside the sums of seconds."""
    if "opening_seconds" not in row:
        return row
    verdicts = row["improved"] + row["no_gain"] + row["malformed"] + row["unavailable"]
    return row | {
        "mean_opening_seconds": row["opening_seconds"] / row["opened"] if row["opened"] else None,
        "mean_verdict_seconds": row["verdict_seconds"] / verdicts if verdicts else None,
        "unavailable_hours": row["unavailable_seconds"] / 3600,
    }


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
        page.get_by_role("link", name="CSV").first.click()  # days: gas is the second
    waiting.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {tuple(row[name].lower() for name in KEYS[table]): row for row in rows}
    assert len(found) == len(rows)
    wanted = {
        tuple(row[name] for name in KEYS[table]): in_the_files_units(row)
        for row in recounted(story.node, story.sonar)[table]
    }
    assert set(found) == set(wanted)
    for key, expected in wanted.items():
        assert set(found[key]) == set(expected)
        for name, value in expected.items():
            cell = found[key][name]
            if value is None:
                assert cell == "", (key, name)
            elif isinstance(value, float):  # the file rounds
                rounding = 0.00501 if name.endswith("hours") else 0.0501
                assert float(cell) == pytest.approx(value, rel=0, abs=rounding), (key, name)
            elif isinstance(value, int):
                assert int(cell) == value, (key, name)
            else:
                assert cell.lower() == value, (key, name)
