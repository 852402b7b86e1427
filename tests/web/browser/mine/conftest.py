"""The Mine UI in a real Chromium, over a miner's home on a real chain with campaigns to work for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mine_agent.agent import Agent
from mine_agent.connection import Connection
from mine_agent.home import Home
from mine_agent.operation.at_work import AtWork
from mine_agent.rules.policy_file import FirstAnswers
from mine_agent.ui.app import make_app
from mine_agent.ui.desk import Desk
from pysonar.chain.contract.types import Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.files.web_pages import BUILT, read_pages
from pysonar.party.browser_sessions import Sessions
from tests.json_types import JsonObject
from tests.mine.campaigns.conftest import campaign_key as campaign_key
from tests.mine.campaigns.conftest import capsule_secret as capsule_secret
from tests.mine.campaigns.conftest import colours as colours
from tests.mine.campaigns.conftest import rows as rows
from tests.mine.campaigns.conftest import small_capsule as small_capsule
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.conftest import happenings as happenings
from tests.mine.conftest import keyfiles as keyfiles
from tests.mine.conftest import make_home as make_home
from tests.mine.conftest import store_folder as store_folder
from tests.mine.conftest import tell as tell
from tests.web.browser.conftest import Visit, visits
from tests.web.serving import served


class Mine:
    """The owner's mine, round by round, by this machine's clock."""

    def __init__(self, home: Home, signer: KeyfileSigner) -> None:
        self.home, self.address = home, signer.address
        self.connection = Connection.open(home)
        self.outbox = self.connection.outbox(signer)
        self.at_work = AtWork(home.at_work_file)
        self.agent = Agent(self.connection, self.outbox, tell=self.at_work.heard(lambda _: None))

    def round(self) -> None:
        """A round, after which its transactions are read."""
        self.agent.round()
        self.at_work.round_done()
        web3 = self.connection.web3
        while rpc.nonce(web3, self.address) < rpc.nonce(web3, self.address, "pending"):
            time.sleep(0.02)
        self.outbox.pump()
        self.connection.follower.poll()

    def updates(self, campaign: bytes) -> list[bytes]:
        """Its gradients for the campaign."""
        return [made.update for made in self.connection.journal.submissions(campaign)]


@dataclass
class MineSite:
    """The Mine UI as a browser meets it, and what is behind it."""

    url: str
    links: list[str]
    home: Home
    mine: Mine
    capsule: SmallCapsule

    @property
    def link(self) -> str:
        """The path that lets the next browser in."""
        return f"/#token={self.links[-1]}"


@contextmanager
def opened(home: Home) -> Iterator[tuple[str, list[str]]]:
    """The Mine UI over a home: its address, and the tokens of its links."""
    files = read_pages(BUILT / "mine")
    if not files:
        pytest.fail("the pages are not built: run `make web`")
    links: list[str] = []
    sessions = Sessions(links.append)
    sessions.begin()
    with served(make_app(Desk(home), sessions, files)) as url:
        yield url, links


@pytest.fixture
def owner_home(make_home: Callable[..., Home]) -> Home:
    """A home that allows everybody and everything under a privacy budget."""
    return make_home(answers=FirstAnswers(scientists=("any",), capsules=("any",), fields=("any",)))


@pytest.fixture
def mine_site(owner_home: Home, small_capsule: SmallCapsule, miner: KeyfileSigner) -> Iterator[MineSite]:
    """A home without data, no campaign, and the pages over it."""
    with opened(owner_home) as (url, links):
        yield MineSite(url, links, owner_home, Mine(owner_home, miner), small_capsule)


@pytest.fixture
def fourth_title() -> str:
    """What a scientist may try with a title."""
    return "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def lived(mine_site: MineSite, colours: Path, fourth_title: str) -> MineSite:
    """A mine that has worked for two campaigns, was paid by one, waits for its owner's word on a third and
    lacks a column for a fourth, whose scientist tries what can be tried with a title.
    """
    home, mine, capsule = mine_site.home, mine_site.mine, mine_site.capsule
    home.data().add("colours", colours, replace=False)
    petals = capsule.open(capsule.spec(title="Petals of three gardens", purpose="research"))
    leaves = capsule.open(capsule.spec(title="Leaves in autumn"), salt=b"\x01" * 32, bounty=2 * 10**18)
    mine.round()
    for campaign, verdict, accuracy in ((petals, Verdict.IMPROVED, 475_000), (leaves, Verdict.NO_GAIN, 0)):
        (update,) = mine.updates(campaign)
        capsule.report(campaign, mine.address, update, verdict, accuracy)
    mine.round()
    for campaign in (petals, leaves):
        mine.connection.decisions.say(campaign, "approved", now=int(time.time()))
    home.save_policy(home.policy().text.replace("ask_first = false", "ask_first = true"))
    capsule.open(capsule.spec(title="Waits for a word"), salt=b"\x02" * 32)
    fields = {**capsule.spec().input_schema}
    capsule.open(
        capsule.spec(
            title=fourth_title,
            input_schema=with_field(fields, "d"),
        ),
        salt=b"\x03" * 32,
    )
    mine.round()
    return mine_site


def with_field(schema: JsonObject, name: str) -> JsonObject:
    """The input schema with one more number."""
    from pysonar.protocol.schema import input_schema, number_field

    return input_schema({one: number_field((-4.0, 4.0)) for one in (*schema["properties"], name)})


@pytest.fixture
def visit_mine(chromium: Browser, mine_site: MineSite) -> Iterator[Callable[..., Visit]]:
    """`visit_mine(theme="dark", width=390)`: a browser that was let in."""
    with visits(chromium, mine_site.url) as begin:

        def enter(**wanted: object) -> Visit:
            reader = begin(**wanted)
            reader.open(mine_site.link, "Overview")
            return reader

        yield enter
