"""What an owner does in the browser is done: rules, the word on a campaign, data, mapping, pause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.web.browser.conftest import Visit
from tests.web.browser.mine.conftest import MineSite

pytestmark = pytest.mark.slow


def test_a_rule_that_is_changed_in_the_browser_is_tried_saved_and_obeyed(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    campaign = lived.capsule.open(lived.capsule.spec(title="After the change"), salt=b"\x09" * 32)
    lived.mine.connection.decisions.say(campaign, "approved", now=0)
    reader = visit_mine()
    page = reader.open("/rules", "Whose models may learn here")
    before = lived.home.policy().text
    scientists = page.get_by_role("group", name="Whose models may learn here")
    scientists.get_by_label("Nothing").check()
    page.get_by_text("1 rule changed, not saved.").wait_for()
    expect(page.get_by_role("button", name="Save these rules")).to_be_disabled()
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_text("What these rules change").wait_for()
    row = page.get_by_role("row").filter(has_text="After the change")
    expect(row).to_contain_text("does not join")
    assert reader.audit() == ""
    assert lived.home.policy().text == before
    page.get_by_role("button", name="Save these rules").click()
    page.get_by_text("Nothing is changed.").wait_for()
    assert "scientists = []" in lived.home.policy().text
    lived.mine.round()
    assert lived.mine.updates(campaign) == []
    (decision,) = lived.mine.connection.decisions.of(campaign)
    assert "scientists" in [reason.rule for reason in decision.reasons]
    reader.open(f"/log?campaign=0x{campaign.hex()}", "Decisions about")
    page.get_by_text("not allowed").first.wait_for()
    # and back: only the scientist of the open campaigns, by a click on the offer
    page = reader.open("/rules", "Whose models may learn here")
    scientists = page.get_by_role("group", name="Whose models may learn here")
    scientists.get_by_role("button", name="scientist 0x").first.click()
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_role("row").filter(has_text="After the change")).to_contain_text("joins")
    page.get_by_role("button", name="Save these rules").click()
    page.get_by_text("Nothing is changed.").wait_for()
    lived.mine.round()
    assert len(lived.mine.updates(campaign)) == 1


def test_a_rule_that_cannot_be_is_refused_in_words_and_one_changed_elsewhere_is_not_overwritten(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    page = visit_mine().open("/rules", "Whose models may learn here")
    page.get_by_label("Margin over the cost").fill("much")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_text("the setting 'margin' is 'much'").wait_for()
    page.get_by_label("Margin over the cost").fill("0.5")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_text("What these rules change").wait_for()
    elsewhere = lived.home.policy().text + "# by hand\n"
    lived.home.save_policy(elsewhere)
    page.get_by_role("button", name="Save these rules").click()
    page.get_by_text("policy.toml changed since this page showed it").wait_for()
    assert lived.home.policy().text == elsewhere


def test_a_campaign_that_waits_is_approved_in_the_browser_and_another_refused(
    lived: MineSite, visit_mine: Callable[..., Visit]
) -> None:
    waiting = lived.mine.connection.campaign_ids()[2]
    reader = visit_mine()
    page = reader.open("/", "1 campaign waits for your word")
    page.get_by_text("it waits for your word").wait_for()
    page.get_by_text("open campaigns that it works for").wait_for()
    assert "mine-agent approve" not in page.inner_text("main")  # a button does it here
    page.get_by_role("link", name="Log", exact=True).click()
    page.get_by_text("it waits for your word").first.wait_for()
    assert "mine-agent" not in page.inner_text("main")
    page.get_by_role("link", name="Approve or refuse").first.click()
    page.get_by_text("Waits for your word").first.wait_for()
    assert "unstated" not in page.inner_text("main")
    page.get_by_text("not stated").first.wait_for()
    expect(page.get_by_role("link", name="Map your columns")).to_have_attribute("href", "/data")
    page.get_by_role("button", name="Refuse Waits for a word").click()
    page.get_by_text("Refused. Nothing new is begun for it.").wait_for()
    page.get_by_text("you have refused it").wait_for()
    assert "mine-agent approve" not in page.inner_text("main")
    lived.mine.round()
    assert lived.mine.updates(waiting) == []
    page.get_by_role("button", name="Approve Waits for a word").click()
    page.get_by_text("Approved. A running mine goes on").wait_for()
    assert lived.mine.connection.decisions.word(waiting) == "approved"
    lived.mine.round()
    assert len(lived.mine.updates(waiting)) == 1
    assert reader.audit() == ""


def test_data_are_added_after_a_preview_mapped_by_select_and_forgotten(
    lived: MineSite, visit_mine: Callable[..., Visit], colours: Path
) -> None:
    own = colours.with_name("own.csv")
    own.write_text(colours.read_text().replace("a,b", "Alpha (mm),b", 1))
    reader = visit_mine()
    page = reader.open("/data/add", "Look at the data")
    page.get_by_label("Name", exact=True).fill("own")
    page.get_by_label("Place", exact=True).fill(str(own.with_name("nothing.csv")))
    page.get_by_role("button", name="Look at the data").click()
    page.get_by_role("alert").wait_for()
    assert lived.home.data().all()[-1].name == "colours"
    page.get_by_label("Place", exact=True).fill(str(own))
    page.get_by_role("button", name="Look at the data").click()
    page.get_by_text("What was understood").wait_for()
    page.get_by_text("60 records were read. Nothing is kept yet.").wait_for()
    expect(page.get_by_role("row").filter(has_text="Alpha (mm)")).to_be_visible()
    assert reader.audit() == ""
    assert [data.name for data in lived.home.data().all()] == ["colours"]
    page.get_by_role("button", name="Keep these data").click()
    page.get_by_role("heading", name="own").wait_for()
    assert [data.name for data in lived.home.data().all()] == ["colours", "own"]
    page.get_by_text("lacks a").first.wait_for()
    page.get_by_role("link", name="Map own to Petals of three gardens").click()
    page.get_by_label("Column for a").select_option("Alpha (mm)")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved. This is how your data fit now:").wait_for()
    mapping = lived.home.data().get("own").mapping
    assert mapping is not None
    assert {name: origin.column for name, origin in mapping.origins.items()} == {"a": "Alpha (mm)"}
    page = reader.open("/data", "all 4")
    own_card = page.locator("section.card").filter(has=page.get_by_role("heading", name="own"))
    own_card.get_by_role("button", name="Check the values").click()
    page.get_by_text("Every value of 60 records was read.").wait_for()
    own_card.get_by_role("button", name="Forget").click()
    own_card.get_by_role("button", name="Yes, forget").click()
    expect(page.get_by_role("heading", name="own")).to_have_count(0)
    assert [data.name for data in lived.home.data().all()] == ["colours"]
    assert own.exists()


def test_pause_in_the_browser_keeps_the_mine_from_new_work_until_resume(
    mine_site: MineSite, visit_mine: Callable[..., Visit], colours: Path
) -> None:
    page = visit_mine().page
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused: nothing new is begun").wait_for()
    assert mine_site.home.is_paused
    mine_site.home.data().add("colours", colours, replace=False)
    campaign = mine_site.capsule.open()
    mine_site.mine.round()
    assert mine_site.mine.updates(campaign) == []
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").wait_for()
    mine_site.mine.round()
    assert len(mine_site.mine.updates(campaign)) == 1
