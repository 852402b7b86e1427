"""The Mine UI for those who read it in large letters, by keyboard, or by a screen reader."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.browser.access.seen import CHART_LETTERS, CUT_OFF
from tests.web.browser.conftest import Visit
from tests.web.browser.mine.conftest import MineSite
from tests.web.browser.mine.test_browser_mine_pages import PAGES, address

pytestmark = pytest.mark.slow


def focus(page: Page) -> str:
    """What has the focus, by its name."""
    name: str = page.evaluate(
        "() => { const one = document.activeElement; const by = one.getAttribute('aria-labelledby');"
        " return (by ? document.getElementById(by)?.textContent : one.getAttribute('aria-label'))"
        " ?? `${one.tagName} ${one.textContent.slice(0, 40)}`; }"
    )
    return name


def test_nothing_is_cut_off_on_a_phone_in_large_letters(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    reader = visit_mine(width=360, letters=32)
    found = {}
    for name in PAGES:
        page = reader.open(*address(lived, name))
        if cut := page.evaluate(CUT_OFF):
            found[name] = cut
        if name in ("earnings", "privacy"):
            assert all(22 <= size <= 26 for size in page.evaluate(CHART_LETTERS)), name
    assert found == {}


def test_what_was_said_of_a_campaign_moves_neither_it_nor_the_focus(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    page = visit_mine().open("/campaigns", "Waits for a word")
    cards = page.locator("main section.card h2")
    before = cards.all_inner_texts()
    approve = page.get_by_role("button", name="Approve Waits for a word")
    approve.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Approved. A running mine goes on").wait_for()
    expect(approve).to_have_count(0)
    assert focus(page) == "Waits for a word"
    assert cards.all_inner_texts() == before
    said = page.get_by_text("your rule “Ask me about each campaign first”")
    expect(said.first).to_be_visible()  # of another one, as the page of rules calls it


def test_what_rules_change_and_that_they_are_saved_comes_into_sight_and_has_the_focus(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    page = visit_mine().open("/rules", "Whose models may learn here")
    stake = page.get_by_label("Largest stake")
    stake.fill("lots")
    show = page.get_by_role("button", name="Show what changes")
    show.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("lots")
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(show).to_be_focused()
    stake.fill("0.001 ether")
    show.focus()
    page.keyboard.press("Enter")
    effect = page.get_by_role("region", name="What these rules change", exact=True)
    expect(effect).to_be_focused()
    expect(effect.get_by_role("heading")).to_be_in_viewport()
    save = page.get_by_role("button", name="Save these rules")
    save.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Saved. Nothing is changed.").wait_for()
    assert focus(page) == "Changes"


def test_a_button_of_what_takes_a_while_keeps_the_focus_and_does_it_once(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    page = visit_mine().open("/", "Latest")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def slowly(route: Route) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route("**/api/pause", slowly)
    pause = page.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    resume = page.get_by_role("button", name="Resume")
    resume.wait_for()
    expect(resume).to_be_focused()
    assert len([url for url in asked if url.endswith("/api/pause")]) == 1
    assert not [url for url in asked if url.endswith("/api/resume")]
