"""A gradient that the store loses before its verdict: the mine has it still, and nobody's stake burns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mine_agent.cli import app
from mine_agent.home import Home
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.deeds import mine_pins
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from tests.json_types import Json, JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell


@pytest.fixture
def mine(home: Home, miner: KeyfileSigner, tell: Tell, colours: Path) -> Mine:
    """The miner's mine with the colours registered."""
    home.data().add("colours", colours, replace=False)
    return Mine(home, miner, tell)


@pytest.fixture
def gradient(mine: Mine, small_capsule: SmallCapsule) -> Cid:
    """A gradient that waits for its verdict."""
    small_capsule.open()
    mine.round()
    (event,) = mine.submitted()
    return Cid.from_bytes32(event.update)


def lose(store_folder: Path, cid: Cid) -> None:
    """The block is gone; who pinned it is still written down."""
    (path,) = (store_folder / "blocks").rglob(str(cid))
    path.unlink()


def test_a_running_mine_puts_back_a_gradient_that_waits_for_its_verdict(
    mine: Mine, gradient: Cid, store_folder: Path, happenings: list[JsonObject]
) -> None:
    (event,) = mine.submitted()
    lose(store_folder, gradient)
    mine.round()
    store = mine.connection.store
    assert store.has(gradient)
    assert store.pins(mine_pins(mine.address, event.id)) == [gradient]
    assert [told["event"] for told in happenings].count("put_back") == 1
    mine.round()
    assert [told["event"] for told in happenings].count("put_back") == 1


def test_what_has_its_verdict_is_not_put_back(
    mine: Mine,
    gradient: Cid,
    small_capsule: SmallCapsule,
    store_folder: Path,
    happenings: list[JsonObject],
) -> None:
    (event,) = mine.submitted()
    small_capsule.report(event.id, mine.address, event.update, Verdict.NO_GAIN)
    mine.round()
    lose(store_folder, gradient)
    mine.round()
    assert not mine.connection.store.has(gradient)
    assert "put_back" not in [told["event"] for told in happenings]


def test_the_command_puts_it_back_beside_a_mine_that_does_not_run(
    mine: Mine, gradient: Cid, home: Home, store_folder: Path
) -> None:
    def store(command: str) -> tuple[int, Json]:
        done = CliRunner().invoke(app, ["store", command, "--home", str(home.path), "--format", "json"])
        return done.exit_code, json.loads(done.stdout)

    lose(store_folder, gradient)
    code, broken = store("check")
    assert (code, [row["cid"] for row in broken]) == (1, [str(gradient)])
    assert store("repair") == (
        0, [{"cid": str(gradient), "result": "put back from this home's records"}],
    )  # fmt: skip
    assert store("check") == (0, [])
