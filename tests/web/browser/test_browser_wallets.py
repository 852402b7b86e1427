"""Campaigns by a wallet that replaces what it sent, in a token, and by the account of this machine."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pysonar.protocol.openpgp import SecretKey
from tests.token_under_test import STRICT, UNIT, GivenToken
from tests.web.browser.conftest import Site, Visit, visits
from tests.web.browser.creating import ENVIRONMENT, fill, make_home, make_key, program, write_records
from tests.web.browser.wallet import TestWallet

pytestmark = pytest.mark.slow


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A validation file as scientists have them."""
    return write_records(tmp_path / "validation.csv", rows=300, seed=7)


@pytest.fixture
def wallet(site: Site) -> TestWallet:
    """The scientist's, with one of the chain's own accounts."""
    account = site.node.rpc("eth_accounts")[3]
    return TestWallet(site.node.url, account, site.scene.story.sonar.chain_id)


@pytest.fixture
def capsule(site: Site) -> str:
    """The scene's own Capsule, which has a certificate and no terms; its address."""
    register_by_hand(site)
    return site.scene.story.capsule.address


@pytest.mark.parametrize("what", ["faster", "cancelled"])
def test_a_transaction_that_the_wallet_replaces_is_found_out_by_what_the_chain_holds(
    visit: Callable[..., Visit],
    site: Site,
    capsule: str,
    records: Path,
    wallet: TestWallet,
    tmp_path: Path,
    what: str,
) -> None:
    reader = visit()
    wallet.install(reader.page)
    page = reader.open("/create", "Have a model trained")
    fill(page, records, capsule, bounty="0.5", title=f"Sped up or not: {what}")
    make_key(page, tmp_path)
    page.get_by_role("button", name="Check with Test wallet").click()
    sign = page.get_by_role("button", name="Sign in Test wallet")
    sign.wait_for(timeout=60_000)
    wallet.replacing = what
    site.node.rpc("evm_setAutomine", False)
    try:
        sign.click()
        page.get_by_text("It was sent. Waiting for its block").wait_for()
    finally:
        site.node.rpc("evm_mine")
        site.node.rpc("evm_setAutomine", True)
    assert len(wallet.sent) == 2  # the page asked for one
    if what == "faster":
        page.get_by_text("Your wallet sped it up").wait_for(timeout=60_000)
        page.get_by_role("link", name="Go to its page").click()
        page.get_by_role("heading", name=f"Sped up or not: {what}").wait_for()
        return
    page.get_by_text("it was cancelled. Nothing is in escrow").wait_for(timeout=60_000)
    wallet.replacing = None
    sign.click()
    page.get_by_text("Your campaign is on chain").wait_for(timeout=60_000)
    assert len(wallet.sent) == 3


def test_a_bounty_in_a_token_is_approved_exactly_and_shown_in_its_own_units(
    visit: Callable[..., Visit],
    site: Site,
    capsule: str,
    records: Path,
    wallet: TestWallet,
    tmp_path: Path,
    deploy: Callable[..., str],
) -> None:
    story = site.scene.story
    token = GivenToken(site.node, deploy(site.node, STRICT), story.transact)
    token.give(story.scientist, wallet.account, 7 * UNIT)
    reader = visit()
    wallet.install(reader.page)
    page = reader.open("/create", "Have a model trained")
    fill(page, records, capsule, bounty="8.000001", title="Paid in a token")
    page.get_by_label("Pay in a token").fill("0x12")
    page.get_by_text("A token's address, 0x and 40 hex digits").first.wait_for()
    page.get_by_label("Pay in a token").fill(token.address)
    page.get_by_label("Bounty (USDX)").wait_for()
    make_key(page, tmp_path)
    check = page.get_by_role("button", name="Check with Test wallet")
    check.click()
    page.get_by_text("The account holds 7 USDX; the bounty is 8.000001 USDX").wait_for(timeout=60_000)
    page.get_by_label("Bounty (USDX)").fill("6.5")
    older = token.token.approve(story.sonar.address, 1)
    sent = {"from": wallet.account, "to": token.address, "data": "0x" + older.data.hex()}
    site.node.rpc("eth_sendTransaction", sent)
    check.click()
    approve = page.get_by_role("button", name="Approve in Test wallet")
    page.get_by_text("it is taken back first").wait_for(timeout=60_000)
    approve.click()
    page.get_by_text("for exactly the bounty, and nothing more").wait_for(timeout=60_000)
    assert reader.audit() == ""
    approve.click()
    page.get_by_text("published no terms").wait_for(timeout=60_000)
    page.get_by_role("button", name="Sign in Test wallet").click()
    page.get_by_text("Your campaign is on chain").wait_for(timeout=60_000)
    assert token.token.balance(story.sonar.address) == 65 * UNIT // 10
    assert token.token.allowance(wallet.account, story.sonar.address) == 0
    page.get_by_role("link", name="Go to its page").click()
    page.get_by_text("6.5 USDX").first.wait_for()


def register_by_hand(site: Site) -> None:
    """The scene's own Capsule gets a certificate, without terms."""
    story = site.scene.story
    certificate = site.store.put(SecretKey.generate("Capsule").certificate.to_bytes())
    story.transact(story.node, story.capsule, story.sonar.calls.register_capsule(certificate.digest))


@pytest.fixture
def account_of_this_machine(
    site: Site, chromium: Browser, tmp_path: Path
) -> Iterator[tuple[str, Callable[..., Visit]]]:
    """`sonar-web run --account`, as somebody starts it on their own machine: its link, and readers of it."""
    home, story = tmp_path / "scientist", site.scene.story
    make_home(site, "sonar", home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [program("sonar-web"), "run", "--contract", story.sonar.address, "--rpc", site.node.url]
    command += ["--account", str(home), "--store", f"embedded:{site.store_path}", "--port", port]
    command += ["--confirmations", "0", "--poll-seconds", "0.3", "--database", str(tmp_path / "own.sqlite")]
    running = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    link = next(word for line in running.stderr for word in line.split() if "#token=" in word)
    with visits(chromium, f"http://127.0.0.1:{port}") as begin:
        yield link, begin
    running.terminate()
    running.communicate(timeout=60)


def test_without_a_wallet_the_account_of_this_machine_creates_and_cancels(
    account_of_this_machine: tuple[str, Callable[..., Visit]], capsule: str, records: Path, tmp_path: Path
) -> None:
    link, begin = account_of_this_machine
    reader = begin()
    reader.page.goto(link)
    reader.page.get_by_role("link", name="New campaign").first.click()
    page = reader.page
    assert "token" not in page.url
    fill(page, records, capsule, bounty="0.5", title="From this machine")
    make_key(page, tmp_path)
    page.get_by_role("button", name="Check with this machine's account").click()
    page.get_by_role("button", name="Sign in this machine's account").click(timeout=90_000)
    page.get_by_text("Your campaign is on chain").wait_for(timeout=60_000)
    page.get_by_role("link", name="Go to its page").click()
    page.get_by_role("heading", name="From this machine").wait_for()
    stranger = begin()
    stranger.page.goto(link)
    stranger.page.goto("/create")
    stranger.page.get_by_text("This browser has no wallet").wait_for()
