"""Pictures of the pages in both themes, small enough for the README; `make screenshots` keeps them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.browser.conftest import Site, Visit
from tests.web.browser.test_browser_pages import address

pytestmark = pytest.mark.slow

MOST_BYTES = 300_000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["list", "open", "settled", "miners", "miner", "capsule", "days"])
def test_a_picture_of_the_page_is_small(
    visit: Callable[..., Visit], site: Site, tmp_path: Path, name: str, theme: str
) -> None:
    kept = os.environ.get("SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    page = visit(theme=theme).open(*address(site, name))
    page.wait_for_timeout(300)
    picture = folder / f"sonar-{name}-{theme}.png"
    page.screenshot(path=picture, full_page=name not in ("list",))
    assert 5_000 < picture.stat().st_size < MOST_BYTES
