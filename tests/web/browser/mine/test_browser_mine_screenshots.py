"""Pictures of the Mine UI in both themes, small enough for the README; `make screenshots` keeps them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mine_agent.happenings import Progress
from pysonar.party.home.home_lock import home_lock
from tests.web.browser.conftest import Visit
from tests.web.browser.mine.conftest import MineSite
from tests.web.browser.mine.test_browser_mine_pages import address
from tests.web.browser.test_browser_screenshots import keep

pytestmark = pytest.mark.slow


@pytest.fixture
def colours(rows: list[tuple[float, float, float, str]]) -> Iterator[Path]:
    """The records at a place that a picture may show."""
    with tempfile.TemporaryDirectory(prefix="garden-") as folder:
        path = Path(folder) / "flowers.csv"
        lines = [f"{a},{b},{c},{colour},plant-{number}" for number, (a, b, c, colour) in enumerate(rows)]
        path.write_text("\n".join(["a,b,c,colour,name", *lines]) + "\n")
        yield path


@pytest.fixture
def fourth_title() -> str:
    """Nobody tries anything in a picture."""
    return "Seeds by their weight"


def effect(page: Page) -> None:
    """A rule is changed, and what that changes is shown."""
    page.get_by_role("group", name="Whose models may learn here").get_by_label("Nothing").check()
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_text("What these rules change").scroll_into_view_if_needed()


def preview(page: Page, place: Path) -> None:
    """Data are looked at."""
    page.get_by_label("Name", exact=True).fill("flowers")
    page.get_by_label("Place", exact=True).fill(str(place))
    page.get_by_role("button", name="Look at the data").click()
    page.get_by_text("What was understood").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_each_page_is_small(
    lived: MineSite, visit_mine: Callable[..., Visit], colours: Path, tmp_path: Path, theme: str
) -> None:
    campaign = lived.mine.connection.campaign_ids()[0]
    reader = visit_mine(theme=theme)
    for name in ("data", "add", "mapping", "campaigns", "rules", "earnings", "privacy", "log"):
        page = reader.open(*address(lived, name))
        if name == "rules":
            effect(page)
        elif name == "add":
            page.set_viewport_size({"width": 1280, "height": 1250})
            preview(page, colours)
        page.wait_for_timeout(300)  # what is drawn anew is drawn
        keep(page, f"mine-{name}-{theme}.png", tmp_path, whole=name in ("data", "earnings", "privacy"))
        page.set_viewport_size({"width": 1280, "height": 900})
    with home_lock(lived.home.lock):
        lived.mine.at_work.note(
            Progress(campaign=campaign, data="colours", what="training on", share=0.4, seconds_left=75.0)
        )
        page = reader.open("/", "About 1 min 15 s left.")
        keep(page, f"mine-overview-{theme}.png", tmp_path)
