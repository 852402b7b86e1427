"""A scientist creates a campaign in the browser: a real Capsule opens it, or the page says why not."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from pysonar import Estimator
from tests.builders.terms import ETHER
from tests.web.browser.conftest import Site, Visit
from tests.web.browser.creating import (
    ENVIRONMENT,
    PASSPHRASE,
    fill,
    make_home,
    make_key,
    program,
    write_records,
)
from tests.web.browser.wallet import TestWallet

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def mine_at_work(site: Site, folder: Path, data: Path) -> Iterator[None]:
    """A real mine that trains on a file of its own."""
    home = folder / "mine"
    rules = ["--allow-scientist", "any", "--allow-capsule", "any", "--allow-field", "any"]
    make_home(site, "mine-agent", home, *rules, "--privacy", "none")
    add = [program("mine-agent"), "data", "add", "flowers", str(data), "--home", str(home)]
    subprocess.run(add, env=ENVIRONMENT, check=True, capture_output=True)
    run = [program("mine-agent"), "run", "--home", str(home)]
    with (folder / "mine.log").open("w") as log:
        running = subprocess.Popen(run, env=ENVIRONMENT, stdout=log, stderr=subprocess.STDOUT)
        yield
        running.terminate()
        running.wait(timeout=60)


@pytest.fixture(scope="module")
def capsule_process(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Capsule at work on the site's chain and store; its address."""
    home = tmp_path_factory.mktemp("capsule") / "home"
    story = site.scene.story
    address = make_home(site, "capsule", home)
    with (home.parent / "capsule.log").open("w") as log:
        running = subprocess.Popen(
            [program("capsule"), "run", "--home", str(home)],
            env=ENVIRONMENT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        until = time.monotonic() + 60
        while story.sonar.certificate(address) is None:
            told = Path(log.name).read_text()[-2000:]
            assert running.poll() is None, told
            assert time.monotonic() < until, told
            time.sleep(0.2)
        yield address
        running.terminate()
        running.wait(timeout=60)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A validation file as scientists have them: two kinds of column and a label."""
    return write_records(tmp_path / "validation.csv", rows=300, seed=7)


@pytest.fixture
def wallet(site: Site) -> TestWallet:
    """The scientist's, with one of the chain's own accounts."""
    account = site.node.rpc("eth_accounts")[3]
    return TestWallet(site.node.url, account, site.scene.story.sonar.chain_id)


def test_a_campaign_from_the_browser_is_opened_trained_delivered_and_claimed(
    visit: Callable[..., Visit],
    site: Site,
    capsule_process: str,
    records: Path,
    wallet: TestWallet,
    tmp_path: Path,
) -> None:
    reader = visit()
    wallet.install(reader.page)
    page = reader.open("/create", "Have a model trained")
    assert reader.audit() == ""
    fill(page, records, capsule_process, target="50")
    page.get_by_text("The model starts at 33.3333").wait_for()
    key = make_key(page, tmp_path).read_text()
    assert key.startswith("-----BEGIN PGP PRIVATE KEY BLOCK-----")
    assert reader.audit() == ""
    page.get_by_role("button", name="Check with Test wallet").click()
    page.get_by_text("The contract would take it").wait_for(timeout=60_000)
    assert wallet.sent == []
    assert reader.audit() == ""
    before = int(site.node.rpc("eth_getBalance", wallet.account, "latest"), 16)
    page.get_by_role("button", name="Sign in Test wallet").click()
    page.get_by_text("Your campaign is on chain").wait_for(timeout=60_000)
    expect(page.get_by_role("region", name="4. Put the bounty in escrow")).to_be_focused()
    assert len(wallet.sent) == 1
    spent = before - int(site.node.rpc("eth_getBalance", wallet.account, "latest"), 16)
    assert 1.5 * ETHER < spent < 1.51 * ETHER
    page.get_by_role("link", name="Go to its page").click()
    page.get_by_role("heading", name="Irises, from a browser").wait_for()
    page.locator(".badge", has_text="Open").wait_for(timeout=90_000)
    page.get_by_text("petal_width").first.wait_for()
    plain = records.read_bytes().splitlines()[1]
    stored = [path.read_bytes() for path in Path(site.store_path).rglob("*") if path.is_file()]
    assert not any(plain in content or PASSPHRASE.encode() in content for content in stored)

    with mine_at_work(site, tmp_path, write_records(tmp_path / "flowers.csv", rows=240, seed=8)):
        page.get_by_role("link", name="Open the result").click(timeout=150_000)
    page.get_by_role("heading", name="Open the model").wait_for()
    page.get_by_label("Your key").set_input_files(tmp_path / "key.asc")
    page.get_by_label("Its passphrase").fill("not the passphrase")
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_text("The passphrase does not open this key.").wait_for(timeout=60_000)
    page.get_by_label("Its passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_text("it agrees with the chain").wait_for(timeout=60_000)
    expect(page.get_by_role("region", name="The opened result")).to_be_focused()
    assert reader.audit() == ""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the model").click()
    waiting.value.save_as(tmp_path / "model.safetensors")
    assert Estimator.load(tmp_path / "model.safetensors").score(records) > 0.4
    settle = page.get_by_role("button", name="Settle with Test wallet")
    claim = page.get_by_role("button", name="Claim with Test wallet")
    page.get_by_text("It is settled").or_(settle).first.wait_for()
    if settle.count():
        settle.click()
    page.get_by_text("It is settled").wait_for(timeout=60_000)
    owned = int(site.node.rpc("eth_getBalance", wallet.account, "latest"), 16)
    claim.click()
    page.get_by_text("Done: it is on chain.").wait_for(timeout=60_000)
    page.get_by_text("This account was paid").wait_for()
    expect(claim).to_be_focused()
    back = int(site.node.rpc("eth_getBalance", wallet.account, "latest"), 16) - owned
    assert 0 < back < 1.5 * ETHER


def test_what_a_wallet_or_the_contract_refuses_is_said_and_nothing_is_sent(
    visit: Callable[..., Visit],
    site: Site,
    capsule_process: str,
    records: Path,
    wallet: TestWallet,
    tmp_path: Path,
) -> None:
    reader = visit()
    wallet.install(reader.page)
    page = reader.open("/create", "Have a model trained")
    fill(page, records, capsule_process, bounty="50000")
    make_key(page, tmp_path)
    check = page.get_by_role("button", name="Check with Test wallet")
    wallet.chain_id, wallet.switches = 1, False
    check.click()
    page.get_by_text("does not know this chain").wait_for()
    wallet.switches = True
    check.click()
    page.get_by_text("too little ether").wait_for(timeout=60_000)
    page.get_by_label("Bounty (ETH)").fill("0.5")
    check.click()
    wallet.rejects = True
    page.get_by_role("button", name="Sign in Test wallet").click(timeout=60_000)
    page.get_by_text("You declined in Test wallet. Nothing was sent.").wait_for()
    assert wallet.sent == []


def test_what_the_capsule_declines_is_said_before_anything_is_sealed_or_paid(
    visit: Callable[..., Visit], capsule_process: str, records: Path, wallet: TestWallet, tmp_path: Path
) -> None:
    reader = visit()
    wallet.install(reader.page)
    page = reader.open("/create", "Have a model trained")
    fill(page, records, capsule_process, bounty="0.00001", title="For next to nothing")
    make_key(page, tmp_path)
    page.get_by_text("This Capsule declines 0.00001 ETH").first.wait_for(timeout=60_000)
    assert page.get_by_role("button", name="Check with Test wallet").is_disabled()
    assert reader.audit() == ""
    page.get_by_label("Bounty (ETH)").fill("1.5")
    page.get_by_text("s visit takes").wait_for(timeout=60_000)
    assert page.get_by_role("button", name="Check with Test wallet").is_enabled()


def test_a_file_that_does_not_fit_is_said_by_row_and_column(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    page = visit().open("/create", "Have a model trained")
    choose = page.get_by_label("Validation records (CSV)")
    cases = (
        ("a,b\n1,2\n3\n", "Row 3 has 1 values; the head has 2 names."),
        ("a,a\n1,2\n", 'Two columns are called "a".'),
        ("", "The file has no records"),
        ("a,kind\n1,x\n2,\n3,y\n", 'Row 3, column "kind" is empty'),
    )
    for number, (content, said) in enumerate(cases):
        path = tmp_path / f"records {number}.csv"
        path.write_text(content)
        choose.set_input_files(path)
        page.get_by_text(said).wait_for()
    assert page.get_by_role("button", name="Check with").count() == 0
    page.get_by_text("This browser has no wallet").wait_for()


def test_a_target_below_what_guessing_reaches_is_refused(
    visit: Callable[..., Visit], site: Site, records: Path
) -> None:
    page = visit().open("/create", "Have a model trained")
    page.get_by_label("Validation records (CSV)").set_input_files(records)
    page.get_by_label("Target (%)").fill("33")
    page.get_by_text("Guessing alone reaches").wait_for()


def test_a_grey_button_says_what_is_missing_until_nothing_is(
    visit: Callable[..., Visit], capsule_process: str, wallet: TestWallet, tmp_path: Path
) -> None:
    def the_only_one(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        mine = [one for one in told["data"] if one["address"] == capsule_process]
        route.fulfill(response=answer, json=told | {"data": mine})

    reader = visit()
    wallet.install(reader.page)
    reader.page.route("**/api/v1/certificates", the_only_one)
    page = reader.open("/create", "Have a model trained")
    missing = page.get_by_role("list", name="Still missing").get_by_role("listitem")
    check = page.get_by_role("button", name="Check with Test wallet")
    expect(missing).to_have_text(
        [
            "Title: Give it a title of up to 200 characters.",
            "Validation records: Choose the file with your validation records.",
            "Your key: choose a passphrase and make it, in step 3.",
        ]
    )
    expect(check).to_be_disabled()
    assert reader.audit() == ""
    capsule = page.get_by_role("combobox", name="Capsule")
    assert capsule.locator("option").count() == 1  # the only one is not asked for
    assert capsule.input_value() == capsule_process

    page.get_by_label("Title").fill("Irises")
    records = page.get_by_label("Validation records (CSV)")
    records.set_input_files(write_records(tmp_path / "few.csv", rows=60, seed=1))
    few = "60 records cannot be told from luck"
    expect(page.locator(".field", has=records).get_by_text(few)).to_be_visible()
    expect(missing.filter(has_text=few)).to_have_count(1)

    records.set_input_files(write_records(tmp_path / "enough.csv", rows=300, seed=1))
    expect(page.get_by_text("Predicted is species, from 3 other columns.")).to_be_visible()
    expect(missing).to_have_text(["Your key: choose a passphrase and make it, in step 3."], timeout=60_000)
    make_key(page, tmp_path)
    expect(missing).to_have_count(0)
    expect(check).to_be_enabled()
    assert PASSPHRASE not in page.content()


def test_the_values_of_a_column_can_be_typed_with_their_commas(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    page = visit().open("/create", "Have a model trained")
    path = write_records(tmp_path / "records.csv", rows=120, seed=1)
    page.get_by_label("Validation records (CSV)").set_input_files(path)
    values = page.get_by_label("Values of species, separated by commas")
    values.press("End")
    values.press_sequentially(", sibirica,")
    expect(values).to_have_value("setosa, versicolor, virginica, sibirica,")
    values.press("Tab")
    expect(values).to_have_value("setosa, versicolor, virginica, sibirica")
