"""The Mine UI as its owner meets it: by eye, keyboard, screen reader, on a phone; let in by a link, once."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from mine_agent.happenings import Progress
from pysonar.files.web_pages import BUILT
from pysonar.party.home.home_lock import home_lock
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.web.browser.conftest import Visit, visits
from tests.web.browser.mine.conftest import MineSite, opened

pytestmark = pytest.mark.slow

PAGES = {
    "overview": ("/", "Why it is quiet"),
    "data": ("/data", "all 4"),
    "add": ("/data/add", "Look at the data"),
    "mapping": ("/data/colours/map/{petals}", "what the model is to tell"),
    "campaigns": ("/campaigns", "Petals of three gardens"),
    "rules": ("/rules", "Whose models may learn here"),
    "earnings": ("/earnings", "By campaign"),
    "privacy": ("/privacy", "What each release cost"),
    "log": ("/log", "rules that were asked"),
    "nowhere": ("/no/such/page", "There is no such page"),
}


def address(site: MineSite, name: str) -> tuple[str, str]:
    """A page's path, and a text that is there once it is loaded."""
    path, until = PAGES[name]
    return path.format(petals="0x" + site.mine.connection.campaign_ids()[0].hex()), until


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_a_phone(
    lived: MineSite, visit_mine: Callable[..., Visit], theme: str
) -> None:
    reader = visit_mine(theme=theme)
    found = {}
    for name in PAGES:
        page = reader.open(*address(lived, name))
        if report := reader.audit():
            found[name] = report
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        page.set_viewport_size({"width": 1280, "height": 900})
    assert found == {}


def test_an_empty_home_says_what_to_do_on_every_page(
    mine_site: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    reader = visit_mine()
    for path, until in {
        "/": "mine-agent run",
        "/data": "No data set is registered",
        "/campaigns": "No campaign is open",
        "/earnings": "Nothing was earned or spent yet",
        "/privacy": "Nothing was released yet",
        "/log": "Nothing has been decided yet",
    }.items():
        reader.open(path, until)
        assert reader.audit() == "", path


def test_what_is_not_let_in_sees_nothing_and_a_link_works_once(
    lived: MineSite, visit_mine: Callable[..., Visit], chromium: Browser
) -> None:
    link = lived.link
    page = visit_mine().page
    assert "token" not in page.url
    assert page.evaluate("history.length") == 2  # the link itself is not kept in the history
    with visits(chromium, lived.url) as begin:
        stranger = begin()
        stranger.open("/", "Open the link that mine-agent ui printed")
        assert stranger.audit() == ""
        stranger.page.goto("about:blank")
        stranger.open(link, "this link is not valid any more")
        assert "colours" not in stranger.page.content()
        stranger.page.goto("about:blank")
        stranger.open(lived.link, "Overview")


def test_what_strangers_wrote_is_text_and_nothing_else(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    reader = visit_mine()
    for name in ("campaigns", "data", "overview"):
        page = reader.open(*address(lived, name))
        if name != "overview":
            page.get_by_text("<script>alert(1)</script>").first.wait_for()
        assert page.locator("main script, main img").count() == 0


def test_the_work_at_hand_is_shown_with_how_far_it_is(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    with home_lock(lived.home.lock):
        campaign = lived.mine.connection.campaign_ids()[0]
        lived.mine.at_work.note(
            Progress(campaign=campaign, data="colours", what="training on", share=0.4, seconds_left=75.0)
        )
        reader = visit_mine()
        page = reader.open("/", "At hand")
        page.get_by_text("40 % are done. About 1 min 15 s left.").wait_for()
        assert reader.audit() == ""
        lived.mine.at_work.round_done()
        page.get_by_text("Why it is quiet").wait_for()


def test_every_place_is_reached_by_keyboard_and_has_its_title(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    page = visit_mine().page
    for name in ("Overview", "Data", "Campaigns", "Rules", "Earnings", "Privacy", "Log"):
        link = page.get_by_role("link", name=name, exact=True).first
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("name => document.title.startsWith(name)", arg=name)
        assert page.evaluate("document.activeElement.id") == "main" or name == "Overview"
        assert link.get_attribute("aria-current") == "page"


def test_while_the_chain_or_the_store_is_away_the_pages_say_so(
    make_home: Callable[..., object], small_capsule: SmallCapsule, chromium: Browser, store_folder: object
) -> None:
    from mine_agent.home import Home

    home = make_home(rpc="http://127.0.0.1:9")
    assert isinstance(home, Home)
    with home_lock(home.lock), opened(home) as (url, links), visits(chromium, url) as begin:
        reader = begin()
        reader.open(f"/#token={links[-1]}", "the open campaigns cannot be read")
        reader.page.get_by_text("Waits for the chain").wait_for()
        for path in ("/campaigns", "/earnings", "/log"):
            page = reader.open(path, "no Ethereum node answers")
            assert page.get_by_role("alert").count() == 1
            assert page.get_by_role("button", name="Try again").count() == 1
            assert "some seconds could not" not in page.get_by_role("alert").inner_text()
            assert reader.audit() == "", path
        reader.open("/rules", "Whose models may learn here")
    away = make_home("second_miner", store="kubo:/ip4/127.0.0.1/tcp/9/http")
    assert isinstance(away, Home)
    small_capsule.open()
    with opened(away) as (url, links), visits(chromium, url) as begin:
        reader = begin()
        reader.open(f"/#token={links[-1]}", "its spec cannot be used")
        reader.open("/campaigns", "Its spec cannot be used")


def test_the_first_page_is_small() -> None:
    first = (BUILT / "mine" / "index.html").read_text()
    names = re.findall(r'"\.?/?(assets/[^"]+)"', first)
    assert names
    sizes = {name: len(gzip.compress((BUILT / "mine" / name).read_bytes(), 6)) for name in names}
    assert sum(sizes.values()) < 200_000, sizes
