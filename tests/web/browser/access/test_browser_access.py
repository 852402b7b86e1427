"""The pages for those who read them in large letters, by keyboard, or by a screen reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.web.browser.access.seen import CHART_LETTERS, CUT_OFF, told
from tests.web.browser.conftest import Site, Visit
from tests.web.browser.creating import write_records
from tests.web.browser.test_browser_pages import PAGES, address

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("letters", [16, 32])
def test_nothing_is_cut_off_on_a_phone_however_large_the_letters_are(
    visit: Callable[..., Visit], site: Site, letters: int
) -> None:
    reader = visit(width=360, letters=letters)
    found = {}
    for name in [*PAGES, "create"]:
        page = reader.open(*(address(site, name) if name in PAGES else ("/create", "Have a model trained")))
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{letters}px"
        if cut := page.evaluate(CUT_OFF):
            found[name] = cut
    assert found == {}


@pytest.mark.parametrize(("width", "letters"), [(1280, 16), (1280, 32), (360, 16), (360, 32)])
def test_the_letters_of_a_chart_are_as_large_as_the_pages_small_ones(
    visit: Callable[..., Visit], site: Site, width: int, letters: int
) -> None:
    reader = visit(width=width, letters=letters)
    for name in ("settled", "days"):
        page = reader.open(*address(site, name))
        page.locator(".chart text").first.wait_for()
        sizes = page.evaluate(CHART_LETTERS)
        assert sizes
        assert all(0.7 * letters <= size <= 0.8 * letters for size in sizes), sizes


def test_a_table_on_a_phone_is_a_list_of_its_rows_and_still_a_table_for_a_screen_reader(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit(width=360).open(*address(site, "miners"))
    value = page.locator("td", has_text="ETH").first
    box = value.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 360
    assert value.evaluate("cell => getComputedStyle(cell, '::before').content").startswith('"Earned"')
    said = [(one["role"], one["name"]) for one in told(page)]
    assert ("columnheader", "Earned") in said
    cells = [name for role, name in said if role == "cell"]
    assert not any("Earned" in name for name in cells)  # its column is read by itself


def test_a_table_is_a_stop_on_the_way_by_keyboard_only_where_it_scrolls(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit().open(*address(site, "miners"))
    frame = page.locator(".table-frame").first
    assert frame.get_attribute("tabindex") is None
    page.set_viewport_size({"width": 580, "height": 900})
    page.wait_for_function("() => document.querySelector('.table-frame').getAttribute('tabindex') === '0'")
    assert frame.get_attribute("role") == "region"


def test_what_a_bar_or_a_chart_shows_is_read_once(visit: Callable[..., Visit], site: Site) -> None:
    page = visit().open(*address(site, "settled"))
    images = [one for one in told(page) if one["role"] == "image"]
    (chart,) = images
    assert chart["name"] == "Accuracy of the model over time"
    assert "the target is 80" in chart["description"]


def test_how_far_away_a_time_is_is_said_in_the_language_of_the_page(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit(locale="de-DE").open(*address(site, "open"))
    assert page.locator("time", has_text="ago").count() > 0
    date = page.locator(".time-line time").first
    assert date.get_attribute("lang") == "de-DE"


def test_whoever_pressed_a_button_that_is_gone_stays_where_it_was(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit().open("/create", "Have a model trained")
    page.get_by_label("Passphrase", exact=True).fill("correct horse battery staple")
    page.get_by_label("Passphrase again").fill("correct horse battery staple")
    make = page.get_by_role("button", name="Make the key and save it")
    make.focus()
    with page.expect_download():
        page.keyboard.press("Enter")
    page.get_by_text("Your key was made").wait_for()
    key = page.get_by_role("region", name="3. Your key")
    expect(key).to_be_focused()
    assert key.get_by_role("status").inner_text().startswith("Your key was made")


def test_a_file_that_was_read_and_what_is_wrong_with_an_input_are_said_aloud(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    page = visit().open("/create", "Have a model trained")
    records = page.get_by_label("Validation records (CSV)")
    records.set_input_files(write_records(tmp_path / "records.csv", rows=300, seed=1))
    read = page.get_by_role("status").filter(has_text="300 records were read.")
    expect(read).to_contain_text("Predicted is species")
    target = page.get_by_label("Target (%)")
    target.fill("33")
    said = page.locator("[aria-live=polite]", has_text="Guessing alone reaches")
    expect(said).to_be_visible()
    expect(target).to_have_attribute("aria-invalid", "true")
