"""The pages as people meet them: by eye, by keyboard, by screen reader, on a phone."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.contract.types import Verdict
from pysonar.files.web_pages import BUILT
from pysonar.store import cid_of
from tests.web.browser.conftest import Site, Visit

pytestmark = pytest.mark.slow

PAGES = {
    "list": ("/", "Irises of three botanical gardens"),
    "open": ("/campaigns/{open}", "gardeners measure them"),
    "settled": ("/campaigns/{settled}", "every ward writes down"),
    "result": ("/campaigns/{settled}/result", "Open the model"),
    "requested": ("/campaigns/{requested}", "No recording leaves"),
    "declined": ("/campaigns/{declined}", "Photos of pets"),
    "lost": ("/campaigns/{lost}", "cannot be fetched from the store"),
    "hostile": ("/campaigns/{hostile}", "Not yet; if it stays so"),
    "unknown": ("/campaigns/0x" + "11" * 32, "is not known here"),
    "miners": ("/miners", "No gain"),
    "miner": ("/miners/{miner}", "Improved a model"),
    "capsules": ("/capsules", "Time to open"),
    "capsule": ("/capsules/{capsule}", "Its campaigns"),
    "days": ("/days", "Put in escrow"),
    "nowhere": ("/no/such/page", "There is no such page"),
}


def address(site: Site, name: str) -> tuple[str, str]:
    """A page's path, and a text that is there once it is loaded."""
    path, until = PAGES[name]
    story = site.scene.story
    names = site.scene.named | {"miner": site.scene.miners[0].address, "capsule": story.capsule.address}
    return path.format(**names), until


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(visit: Callable[..., Visit], site: Site, theme: str) -> None:
    reader = visit(theme=theme)
    found = {}
    for name in PAGES:
        reader.open(*address(site, name))
        if report := reader.audit():
            found[name] = report
    assert found == {}


def test_no_page_is_wider_than_a_phone(visit: Callable[..., Visit], site: Site) -> None:
    reader = visit(width=360)
    for name in PAGES:
        page = reader.open(*address(site, name))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name


def test_a_row_of_the_list_is_whole_on_a_phone(visit: Callable[..., Visit], site: Site) -> None:
    page = visit(width=360).open(*address(site, "list"))
    cut = """rows => rows.map(row => [row.scrollHeight - row.clientHeight, row.querySelector(".money").getBoundingClientRect().bottom - row.getBoundingClientRect().bottom]).filter(([inside, below]) => inside > 0 || below > 0)"""  # noqa: E501 - a script
    assert page.locator(".campaign-row").evaluate_all(cut) == []


def test_what_happened_is_past_though_the_readers_clock_is_behind(
    visit: Callable[..., Visit], site: Site
) -> None:
    reader = visit()
    story, (miner, *_) = site.scene.story, site.scene.miners
    campaign = story.opened(bounty=10**18)
    story.submit(campaign, miner, "the first")
    story.submit(campaign, miner, "the second")
    story.report(campaign, (miner, "the first", Verdict.IMPROVED, 800_000))
    story.finish(campaign)
    reader.page.clock.set_fixed_time((time.time() - 30 * 24 * 3600) * 1000)
    page = reader.open(f"/campaigns/0x{campaign.hex()}", "Settled")
    page.get_by_text("1 was not judged").wait_for()
    line = page.locator(".time-line")
    line.get_by_text("Opened by Capsule (past)").wait_for()
    assert line.get_by_text("(to come)").count() == 0
    assert page.locator("main time").filter(has_text=re.compile(r"^in \d")).count() == 0


def test_a_hostile_title_is_text_and_nothing_else(visit: Callable[..., Visit], site: Site) -> None:
    page = visit().open(*address(site, "hostile"))
    title = page.locator("h1").inner_text()
    assert title.startswith("<script>alert(1)</script>txt.exe<img")
    assert len(title) <= 201
    assert page.locator("main script, main img").count() == 0
    assert "\u202e" not in page.content()
    for path, _ in (address(site, "list"), address(site, "capsule")):
        page.goto(path)
        row = page.get_by_text("<script>alert(1)").first
        row.wait_for()
        box = row.bounding_box()
        assert box is not None
        assert box["height"] < 60
        assert "\u202e" not in page.content()


def test_a_submission_and_its_verdict_appear_without_a_reload(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit().open(*address(site, "open"))
    page.get_by_text("68.75").first.wait_for()
    campaign = bytes.fromhex(site.scene.named["open"][2:])
    story, miners = site.scene.story, site.scene.miners
    story.report(
        campaign,
        (miners[0], "waiting 0", Verdict.IMPROVED, 712_345),
        (miners[2], "waiting 2", Verdict.NO_GAIN, 0),
    )
    page.get_by_text("71.2345").first.wait_for()
    assert page.get_by_text("none is waiting").is_visible()


def test_an_open_list_takes_in_a_new_campaign_and_its_title_without_being_loaded_anew(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit().open(*address(site, "list"))
    spec = b'{"title": "Bees of one summer"}'
    campaign = site.scene.story.create(spec=cid_of(spec).digest)
    page.get_by_text(f"Campaign 0x{campaign.hex()[:8]}…").wait_for()  # its spec comes later than it
    site.store.put(spec)
    page.get_by_text("Bees of one summer").wait_for()


def test_a_reorg_of_twelve_blocks_under_an_open_page_takes_back_what_it_showed(
    visit: Callable[..., Visit], site: Site
) -> None:
    story, miners = site.scene.story, site.scene.miners
    campaign = story.opened(bounty=10**18)
    page = visit().open(f"/campaigns/0x{campaign.hex()}", "none is waiting")
    story.submit(campaign, miners[0], "orphaned")
    page.get_by_text("1 is waiting for Capsule").wait_for()
    site.node.rpc("anvil_mine", hex(11))
    site.node.reorg(12)
    page.get_by_text("none is waiting").wait_for()
    story.submit(campaign, miners[1], "on the new chain")
    page.get_by_text("1 is waiting for Capsule").wait_for()
    (there,) = page.evaluate(
        "id => fetch(`/api/v1/campaigns/${id}/submissions`).then((answer) => answer.json())",
        f"0x{campaign.hex()}",
    )["data"]
    assert there["miner"] == miners[1].address


def test_everything_can_be_reached_by_keyboard(visit: Callable[..., Visit], site: Site) -> None:
    page = visit().open(*address(site, "list"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.get_by_label("Search").focus()
    page.keyboard.type("botanical")
    page.get_by_text("1 campaign loaded").wait_for()
    page.keyboard.press("Tab")  # to the state
    page.keyboard.press("Tab")  # to the first row
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Irises of three botanical gardens").wait_for()
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_long_list_holds_few_rows_at_a_time_and_loads_as_it_is_scrolled(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit().open(*address(site, "list"))
    page.get_by_text("50 campaigns loaded; scroll for more").wait_for()
    whole = page.get_by_text(re.compile(r"^\d+ campaigns loaded\.$"))
    for _ in range(100):
        page.mouse.wheel(0, 900)
        if whole.count():
            break
        page.wait_for_timeout(50)
    assert int(whole.inner_text().split()[0]) >= 66
    page.keyboard.press("End")
    page.get_by_text("Crowd 1", exact=True).wait_for()
    assert page.locator(".campaigns > li").count() < 40


def test_filters_say_when_nothing_matches_and_lead_back(visit: Callable[..., Visit], site: Site) -> None:
    page = visit().open(*address(site, "list"))
    page.get_by_label("State").select_option("declined")
    page.get_by_text("1 campaign loaded").wait_for()
    page.get_by_label("Search").fill("no such words")
    page.get_by_role("button", name="Show all campaigns").click()
    page.get_by_text("50 campaigns loaded").wait_for()
    assert page.get_by_label("Search").input_value() == ""


def test_the_theme_that_was_chosen_stays(visit: Callable[..., Visit], site: Site) -> None:
    page = visit(theme="light").open(*address(site, "list"))
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Colours").select_option("dark")
    dark = page.evaluate(ground)
    page.reload()
    assert dark != light
    assert page.evaluate(ground) == dark


def test_a_server_that_goes_away_is_said_and_what_was_loaded_stays(
    visit: Callable[..., Visit], site: Site
) -> None:
    reader = visit()
    page = reader.open(*address(site, "list"))
    page.route("**/api/v1/campaigns**", lambda route: route.abort())
    page.get_by_label("State").select_option("open")
    page.get_by_text("The server does not answer").wait_for()
    page.unroute("**/api/v1/campaigns**")
    loaded = page.get_by_text(re.compile(r"^\d+ campaigns? loaded"))
    page.get_by_role("button", name="Try again").or_(loaded).first.wait_for()
    reader.faults.clear()


def test_a_chain_that_is_away_is_said_over_every_page_until_it_is_back(
    visit: Callable[..., Visit], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = visit()
    page = reader.open("/", "Irises of three botanical gardens")
    with monkeypatch.context() as patch:
        patch.setattr(site.indexer, "_round", lambda: "no answer from the node at http://127.0.0.1:8545")
        page.get_by_text("does not keep up with the chain now").wait_for()
        page.get_by_text("Not up to date").wait_for()
        page.get_by_text("Irises of three botanical gardens").wait_for()
        assert reader.audit() == ""
    page.get_by_text("does not keep up with the chain now").wait_for(state="detached")


def test_the_first_page_is_small_and_quick(visit: Callable[..., Visit], site: Site) -> None:
    first = (BUILT / "sonar" / "index.html").read_text()
    names = [name for name in (path.name for path in (BUILT / "sonar" / "assets").iterdir()) if name in first]
    sizes = {name: len(gzip.compress((BUILT / "sonar" / "assets" / name).read_bytes(), 6)) for name in names}
    assert len(names) >= 2
    assert sum(sizes.values()) < 200_000
    page = visit().open(*address(site, "list"))
    seconds = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive") / 1000
    assert seconds < 1
    rows = page.evaluate("fetch('/api/v1/campaigns?limit=50').then((answer) => answer.text())")
    assert len(rows) < 100_000


def test_numbers_are_in_the_readers_locale(visit: Callable[..., Visit], site: Site) -> None:
    for locale, written, other in (("de-DE", "60,4166", "60.4166"), ("en-GB", "60.4166", "60,4166")):
        page = visit(locale=locale).open(*address(site, "settled"))
        page.locator("details", has_text=written).wait_for()
        assert other not in (page.locator("main").text_content() or "")


def test_nothing_moves_for_a_reader_who_wants_no_motion(visit: Callable[..., Visit], site: Site) -> None:
    moving = """() => {
        const waiting = document.createElement("div");
        waiting.className = "waiting";
        document.body.append(waiting);
        return document.getAnimations().length;
    }"""
    assert visit(is_calm=False).open(*address(site, "list")).evaluate(moving) > 0
    assert visit(is_calm=True).open(*address(site, "list")).evaluate(moving) == 0


@pytest.mark.parametrize("name", ["settled", "days"])
def test_each_chart_has_a_name_and_its_numbers_in_a_table(
    visit: Callable[..., Visit], site: Site, name: str
) -> None:
    page = visit().open(*address(site, name))
    charts = page.locator("figure.chart svg[role=img]")
    charts.first.wait_for()  # its numbers are asked for after the page is there
    assert page.locator("main table").count() > 0
    for chart in charts.all():
        assert chart.locator("title").first.text_content()


def test_times_are_in_the_readers_zone(visit: Callable[..., Visit], site: Site, tmp_path: Path) -> None:
    page = visit().open(*address(site, "open"))
    assert page.locator(".time-line time").first.inner_text().endswith(("CET", "CEST", "GMT+1", "GMT+2"))
