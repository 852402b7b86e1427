"""Mines of the tests: a home directory, an account with ether, a store, all on the session's real chain."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import pytest

from tests.builders.answers import EVERYTHING
from tests.builders.changes import with_fields
from tests.builders.terms import TermsChanges, terms_of
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.mine.mine_commands import CHOSEN, MINES, MineCommand, command_of, is_built
from tests.roles import Tell, Transact

if TYPE_CHECKING:
    from mine_agent.connection import Connection
    from mine_agent.home import Home
    from pysonar.chain.contract.sonar import Sonar
    from pysonar.chain.sending.outbox import Outbox
    from pysonar.chain.sending.signer import KeyfileSigner
    from pysonar.party.happenings import Happening

PASSPHRASE = "a passphrase of the tests"
HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `MINE=js` only what goes through the command line, less what Mine.js leaves to Mine.py by name."""
    if CHOSEN == "py":
        return
    if CHOSEN not in MINES:
        raise pytest.UsageError(f"MINE is {CHOSEN!r}; expected one of {', '.join(MINES)}")
    if not is_built():
        raise pytest.UsageError("MINE=js needs a Mine.js: make build/stamps/mine-js")
    here = [item for item in items if HERE in item.path.parents]
    others = [item for item in here if "mine_agent" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
    for item in here:
        left = item.get_closest_marker("only_mine_py")
        if left is not None:
            item.add_marker(pytest.mark.skip(reason=f"Mine.js has not: {left.args[0]}"))


@pytest.fixture(scope="session")
def keyfiles(role_keys: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A keyfile for each role, with a key derivation that is quick enough for tests."""
    from eth_account import Account

    folder = tmp_path_factory.mktemp("keyfiles")
    made = {}
    for role, key in role_keys.items():
        keystore = Account.encrypt(key, PASSPHRASE, kdf="pbkdf2", iterations=1000)
        made[role] = folder / f"{role}.json"
        made[role].write_text(json.dumps(keystore))
        made[role].chmod(0o600)
    return made


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    """The embedded store that all parties of a test share."""
    return tmp_path / "store"


@pytest.fixture
def make_home(
    node: Anvil, node_url: str, sonar: Sonar, keyfiles: dict[str, Path], tmp_path: Path, store_folder: Path
) -> Callable[..., Home]:
    """`make_home(role="miner", **settings) -> Home`: a mine that allows everybody and everything."""
    from mine_agent.home import Home
    from mine_agent.rules.policy_file import FirstAnswers
    from pysonar.party.home.settings import Settings

    def make(role: str = "miner", answers: FirstAnswers | None = None, **changes: object) -> Home:
        settings = Settings(
            rpc=node_url,
            chain_id=1337,
            contract=sonar.address,
            store=f"embedded:{store_folder}",
            keyfile=str(keyfiles[role]),
            confirmations=0,
            poll_seconds=0.05,
        )
        everything = replace(EVERYTHING, privacy="none")
        return Home.create(tmp_path / role, with_fields(settings, changes), answers or everything)

    return make


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    """The miner's home."""
    return make_home()


@pytest.fixture
def connection(home: Home) -> Iterator[Connection]:
    """The miner's home, connected."""
    from mine_agent.connection import Connection

    opened = Connection.open(home)
    yield opened
    opened.database.close()


@pytest.fixture
def outbox(connection: Connection, miner: KeyfileSigner) -> Outbox:
    """The miner's outbox."""
    return connection.outbox(miner)


@pytest.fixture
def happenings() -> list[JsonObject]:
    """What a mine told; filled by `tell`."""
    return []


@pytest.fixture
def tell(happenings: list[JsonObject]) -> Tell:
    """What is handed to a mine to tell things."""

    def note(happening: Happening) -> None:
        assert happening.sentence()
        happenings.append(happening.as_record())

    return note


@pytest.fixture
def open_bare_campaign(
    node: Anvil, sonar: Sonar, scientist: KeyfileSigner, capsule: KeyfileSigner, transact: Transact
) -> Callable[..., bytes]:
    """`open_bare_campaign(**terms) -> id`: open on chain, with made-up CIDs behind it."""
    from pysonar.chain.contract.events import CampaignCreated

    def open_(*, start: int = 100_000, salt: bytes = bytes(32), **changes: Unpack[TermsChanges]) -> bytes:
        terms = terms_of(capsule.address, node.now(), **changes)
        events = transact(node, scientist, sonar.calls.create_campaign(terms, salt))
        (campaign,) = [entry.event.id for entry in events if isinstance(entry.event, CampaignCreated)]
        transact(node, capsule, sonar.calls.open_campaign(campaign, b"\x22" * 32, b"\x33" * 32, start))
        return campaign

    return open_


@pytest.fixture
def mine_agent(monkeypatch: pytest.MonkeyPatch) -> MineCommand:
    """`mine_agent(*arguments) -> Result` with the tests' passphrase in the environment."""
    from pysonar.party.home.passphrase import PASSPHRASE_VARIABLE

    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "100000")
    return command_of(CHOSEN)


@pytest.fixture
def dead_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
