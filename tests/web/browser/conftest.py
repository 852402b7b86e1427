"""Sonar's pages in a real Chromium, over a real chain on which campaigns were lived."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.files.web_pages import BUILT, read_pages
from pysonar.store.embedded.store import EmbeddedStore
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.desk.routes import advice_router
from sonar_web.index.beside import BesideReader, read_beside
from sonar_web.index.gas import GasReader
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from sonar_web.index.titles import TitleReader
from sonar_web.index.tokens import TokenReader, token_at
from tests.conftest import Anvil
from tests.roles import Transact
from tests.web.browser.scene import Scene
from tests.web.chain_story import HOUR, Story
from tests.web.serving import served

CROWD = 60
HOURS_OF_THE_STORY = 89


@dataclass
class Site:
    """The service as a browser meets it, and what is behind it."""

    url: str
    scene: Scene
    node: Anvil
    store: EmbeddedStore
    store_path: Path
    indexer: Indexer


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or Chrome; without one the browser tests are skipped by name."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no browser for the tests of the pages (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(
    start_anvil: Callable[..., Anvil],
    deploy_sonar: Callable[..., str],
    fund_roles: Callable[[Anvil], None],
    role_keys: Mapping[str, bytes],
    transact: Transact,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Campaigns of the last days, an index over them, and the pages."""
    files = read_pages(BUILT / "sonar")
    if not files:
        pytest.fail("the pages are not built: run `make web`")
    node = start_anvil("--timestamp", str(int(time.time()) - HOURS_OF_THE_STORY * HOUR))
    fund_roles(node)
    sonar = Sonar.open(node.web3, deploy_sonar(node))
    roles = {role: KeyfileSigner.from_key(key) for role, key in role_keys.items()}
    folder = tmp_path_factory.mktemp("site")
    store = EmbeddedStore(folder / "store")
    story = Story(node, sonar, transact, roles["scientist"], roles["capsule"])
    miners = [roles[name] for name in ("miner", "second_miner", "third_miner")]
    scene = Scene(story, store, miners).play(CROWD)
    database = str(folder / "index.sqlite")
    indexer = Indexer(node.web3, sonar, database, confirmations=0, start_block=0, poll_seconds=0.3)
    beside: list[BesideReader] = [
        TitleReader(indexer.another_connection, store),
        TokenReader(indexer.another_connection, node.web3),
        GasReader(indexer.another_connection, node.web3),
    ]
    serving = Serving(
        requests_a_minute=100_000,
        store=store,
        taker=store,
        pages=files,
        beside=lambda: sum(one.found for one in beside),
        ask_token=lambda token: token_at(node.web3, token),
        desk=[advice_router()],
    )
    reader = Reader(Place(sonar.chain_id, sonar.address), lambda: open_for_reading(database))
    with served(make_app(reader, indexer.progress, serving)) as url:
        stop = threading.Event()
        threads = [
            threading.Thread(target=indexer.run, args=(stop,)),
            threading.Thread(target=read_beside, args=(beside, stop, 0.3)),
        ]
        for thread in threads:
            thread.start()
        yield Site(url, scene, node, store, folder / "store", indexer)
        stop.set()
        for thread in threads:
            thread.join()


class Wanted(TypedDict, total=False):
    """How somebody reads the pages; what is left out is as most have it."""

    theme: str
    width: int
    locale: str
    is_calm: bool
    letters: int


class Visit:
    """One reader's browser. Keeps every address that it asked, and everything that went wrong in it."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        theme: str = "light",
        width: int = 1280,
        locale: str = "en-GB",
        is_calm: bool = True,
        letters: int = 16,
    ) -> None:
        self.context = browser.new_context(
            base_url=url,
            color_scheme="dark" if theme == "dark" else "light",
            viewport={"width": width, "height": 900},
            locale=locale,
            timezone_id="Europe/Vienna",
            reduced_motion="reduce" if is_calm else "no-preference",
        )
        self.url = url
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)  # a machine may be busy
        if letters != 16:
            sizes = {"standard": letters, "fixed": letters * 13 // 16}
            self.context.new_cdp_session(self.page).send("Page.setFontSizes", {"fontSizes": sizes})
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._said)

    def open(self, path: str, until: str) -> Page:
        """Go to a path and wait for a text to be there."""
        self.page.goto(path)
        self.page.get_by_text(until).first.wait_for()
        return self.page

    def audit(self) -> str:
        """What axe finds on the page as it is; "" if nothing."""
        found = Axe().run(self.page)
        return found.generate_report() if found.violations_count else ""

    def _said(self, message: ConsoleMessage) -> None:
        # A status of 4xx or 5xx is part of some tests and shown; the policy's complaints never are.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)


@contextmanager
def visits(browser: Browser, url: str) -> Iterator[Callable[..., Visit]]:
    """`begin(theme="dark", width=390, locale="de-DE")`: a reader; `is_calm`: who wants no motion; `letters`:
    the size of letters that the browser is set to, in pixels.

    In the end no page failed or asked another host.
    """
    begun: list[Visit] = []

    def begin(**wanted: Unpack[Wanted]) -> Visit:
        begun.append(Visit(browser, url, **wanted))
        return begun[-1]

    yield begin
    for one in begun:
        one.context.close()
        assert one.faults == []
        assert {url.split("/")[2] for url in one.asked} <= {one.url.split("/")[2]}


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """`visit(theme="dark", width=390)`: a reader of Sonar's pages."""
    with visits(chromium, site.url) as begin:
        yield begin
