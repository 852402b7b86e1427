"""Pictures of the pages in both themes, small enough for the README; `make screenshots` keeps them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.web.browser.conftest import Site, Visit
from tests.web.browser.test_browser_create import write_records
from tests.web.browser.test_browser_pages import address

pytestmark = pytest.mark.slow

MOST_BYTES = 300_000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", ["list", "open", "settled", "miners", "miner", "capsules", "capsule", "days", "result"]
)
def test_a_picture_of_the_page_is_small(
    visit: Callable[..., Visit], site: Site, tmp_path: Path, name: str, theme: str
) -> None:
    page = visit(theme=theme).open(*address(site, name))
    page.wait_for_timeout(300)
    keep(page, f"sonar-{name}-{theme}.png", tmp_path, whole=name not in ("list", "capsule"))


def keep(page: Page, name: str, folder: Path, *, whole: bool = True) -> None:
    """A picture into the folder that `make screenshots` names, else into that of the test."""
    kept = os.environ.get("SCREENSHOTS")
    picture = (Path(kept) if kept else folder) / name
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture, full_page=whole)
    # Few colours are used: a palette of them takes a third of the bytes and looks the same.
    Image.open(picture).convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(picture, optimize=True)
    assert 5_000 < picture.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_a_campaign_that_is_created_is_small(
    visit: Callable[..., Visit], site: Site, tmp_path: Path, theme: str
) -> None:
    page = visit(theme=theme).open("/create", "Have a model trained")
    records = write_records(tmp_path / "validation.csv", rows=240, seed=1)
    page.get_by_label("Title").fill("Irises of three botanical gardens")
    page.get_by_label("Description").fill("Which iris is it? Petals in centimetres.")
    page.get_by_label("Purpose").select_option("research")
    page.get_by_label("Validation records (CSV)").set_input_files(records)
    page.get_by_text("240 records, 4 columns").wait_for()
    keep(page, f"sonar-create-{theme}.png", tmp_path)
