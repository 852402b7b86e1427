"""A thousand campaigns in the list: little is loaded, little is in the page, and no scrolling shows a gap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from pysonar.chain.contract.sonar import Sonar
from pysonar.files.web_pages import BUILT, read_pages
from pysonar.store.embedded.store import EmbeddedStore
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.index.indexer import Indexer
from sonar_web.index.reading import open_for_reading
from sonar_web.index.titles import TitleReader
from tests.builders.terms import ETHER, terms_of
from tests.conftest import Anvil
from tests.web.browser.conftest import Visit, visits
from tests.web.serving import served

pytestmark = pytest.mark.slow

CAMPAIGNS = 1_000
IN_ONE_BLOCK = 100
MOST_ROWS = 40  # in the page at a time, of 88 px each in a window of 900
MOST_NODES = 1_500
FRAMES = 3  # after which a place that was scrolled to shows its rows

_IN_SIGHT = """async ([top, frames]) => {
  window.scrollTo(0, top);
  for (let frame = 0; frame < frames; frame += 1) await new Promise((done) => requestAnimationFrame(done));
  const list = document.querySelector(".campaigns").getBoundingClientRect();
  const places = [0.3, 0.5, 0.7].map((share) => share * innerHeight).filter((y) => y > list.top + 1 && y < list.bottom - 1);
  return {
    gaps: places.filter((y) => document.elementFromPoint(innerWidth / 2, y)?.closest(".campaigns > li") == null).length,
    rows: document.querySelectorAll(".campaigns > li").length,
    nodes: document.querySelectorAll("*").length,
    left: Math.round(list.bottom - innerHeight),
  };
}"""  # noqa: E501 - a script


@dataclass
class Crowd:
    """The pages over a chain with a thousand campaigns."""

    url: str


def create_all(node: Anvil, sonar: Sonar, store: EmbeddedStore) -> None:
    """Campaigns by one of the chain's unlocked accounts, a hundred in a block; every tenth is about bees."""
    account, capsule = node.rpc("eth_accounts")[1:3]
    now = int(node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    node.rpc("anvil_setBalance", account, hex(10**6 * ETHER))
    node.rpc("evm_setAutomine", False)
    for number in range(CAMPAIGNS):
        title = f"{'Bees' if number % 10 == 0 else 'Birds'} of garden {number}"
        spec = store.put(b'{"title": "%s"}' % title.encode()).digest
        terms = terms_of(
            capsule, spec=spec, bounty=ETHER, submit_until=now + 10**6, review_until=now + 2 * 10**6
        )
        call = sonar.calls.create_campaign(terms, number.to_bytes(32, "big"))
        sent = {"from": account, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(call.value)}
        node.rpc("eth_sendTransaction", sent | {"gas": hex(250_000), "nonce": hex(number)})
        if number % IN_ONE_BLOCK == IN_ONE_BLOCK - 1:
            node.rpc("evm_mine")
    node.rpc("evm_setAutomine", True)


@pytest.fixture(scope="module")
def crowd(
    start_anvil: Callable[..., Anvil],
    deploy_sonar: Callable[[Anvil], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Crowd]:
    """All of them read into an index, with their titles, and the pages over it."""
    files = read_pages(BUILT / "sonar")
    if not files:
        pytest.fail("the pages are not built: run `make web`")
    node = start_anvil()
    sonar = Sonar.open(node.web3, deploy_sonar(node))
    folder = tmp_path_factory.mktemp("crowd")
    store = EmbeddedStore(folder / "store")
    create_all(node, sonar, store)
    database = str(folder / "index.sqlite")
    indexer = Indexer(node.web3, sonar, database, confirmations=0, start_block=0)
    indexer.poll()
    titles = TitleReader(indexer.another_connection, store)
    while titles.round():
        pass
    reader = Reader(Place(sonar.chain_id, sonar.address), lambda: open_for_reading(database))
    serving = Serving(requests_a_minute=100_000, store=store, pages=files)
    with served(make_app(reader, indexer.progress, serving)) as url:
        yield Crowd(url)
    indexer.close()


@pytest.fixture
def visit_crowd(chromium: Browser, crowd: Crowd) -> Iterator[Callable[..., Visit]]:
    """A reader of the thousand."""
    with visits(chromium, crowd.url) as begin:
        yield begin


def scroll_through(page: Page, *, step: int) -> int:
    """To the end of the list, step by step: no gap, few rows, few nodes. How many steps it took."""
    top = 0
    for steps in range(1, 1_000):
        top += step
        seen = page.evaluate(_IN_SIGHT, [top, FRAMES])
        assert seen["gaps"] == 0, (top, seen)
        assert 0 < seen["rows"] <= MOST_ROWS, (top, seen)
        assert seen["nodes"] <= MOST_NODES, (top, seen)
        if seen["left"] <= 0:
            if page.get_by_text("scroll for more").count() == 0:
                return steps
            page.get_by_text("loaded").first.wait_for()
            top -= step  # the next rows are on their way
    raise AssertionError("the end of the list never came")


def test_a_thousand_campaigns_stay_fluid(visit_crowd: Callable[..., Visit]) -> None:
    reader = visit_crowd()
    answers: list[Response] = []
    reader.page.on("response", lambda answer: answers.append(answer))
    page = reader.open("/", "50 campaigns loaded; scroll for more")
    first = [answer for answer in answers if "/api/v1/campaigns" in answer.url]
    assert 1 <= len(first) <= 2  # once more, where the first news of the chain come meanwhile
    assert len(first[0].body()) < 100_000
    page.get_by_text("Read up to block").wait_for()
    scroll_through(page, step=880)  # ten rows at a time
    page.get_by_text(f"{CAMPAIGNS} campaigns loaded.").or_(
        page.get_by_text("1,000 campaigns loaded.")
    ).wait_for()
    pages = Counter(url for url in reader.asked if "/api/v1/campaigns?" in url)
    assert len(pages) == CAMPAIGNS // 50
    assert sum(pages.values()) <= CAMPAIGNS // 50 + 1
    # back and forth over what is loaded asks for nothing
    for top in (0, 40_000, 10_000, 80_000):
        assert page.evaluate(_IN_SIGHT, [top, FRAMES])["gaps"] == 0
    assert Counter(url for url in reader.asked if "/api/v1/campaigns?" in url) == pages


def test_a_filter_over_a_thousand_campaigns_asks_once_and_shows_only_what_matches(
    visit_crowd: Callable[..., Visit],
) -> None:
    reader = visit_crowd()
    page = reader.open("/", "50 campaigns loaded; scroll for more")
    asked = len([url for url in reader.asked if "/api/v1/campaigns?" in url])
    page.get_by_label("Search").press_sequentially("bees", delay=5)
    expect(page.get_by_text("Birds of")).to_have_count(0)
    page.get_by_text("Bees of garden").first.wait_for()
    # not one question for each letter: at most one in between and the last
    assert len([url for url in reader.asked if "/api/v1/campaigns?" in url]) - asked <= 2
    scroll_through(page, step=440)
    page.get_by_text("100 campaigns loaded.").wait_for()
