"""Agents wait for a node that is away, at their start as later, and say so once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import NodeBusyError, NodeDownError, NodeRefusedError, WrongChainError
from pysonar.chain.node.connect import connect
from pysonar.party import patience as waiting
from pysonar.party.happenings import Happening
from pysonar.party.home.settings import Settings, load_settings, save_settings
from pysonar.party.patience import Patience
from pysonar.protocol.openpgp import ClockBehindError
from tests.faulty_node import Act, FaultyNode, answering, closing, http


class Stop(threading.Event):
    """A stop that notes the pauses instead of making them."""

    def __init__(self) -> None:
        super().__init__()
        self.paused: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.paused.append(timeout or 0.0)
        return self.is_set()


@pytest.fixture
def told() -> list[Happening]:
    return []


@pytest.fixture
def stop() -> Stop:
    return Stop()


def failing(*errors: Exception) -> Callable[[], str]:
    """Work that fails so often, and then is done."""
    left = list(errors)

    def work() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return work


def test_a_node_that_is_away_at_the_start_is_waited_for_and_told_once(
    stop: Stop, told: list[Happening]
) -> None:
    away = [NodeDownError("http://127.0.0.1:1", "nobody is there")] * 4
    assert (
        Patience(told.append, stop).until_done(failing(*away, NodeRefusedError("eth_call", 1, "x"))) == "done"
    )
    assert stop.paused == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert [one.event for one in told] == ["waiting", "waiting"]
    assert "no Ethereum node answers at http://127.0.0.1:1" in told[0].sentence()


def test_a_clock_that_is_behind_a_key_is_waited_for_and_told_once_while_it_goes_on(
    stop: Stop, told: list[Happening]
) -> None:
    behind = [ClockBehindError("certificate X", 20_000.0, now) for now in (10_000.0, 13_000.0, 19_999.0)]
    assert Patience(told.append, stop).until_done(failing(*behind)) == "done"
    assert stop.paused == [1.0, 2.0, 4.0]
    (waits,) = told
    assert "clock is behind certificate X, of 1970-01-01 05:33:20 UTC" in waits.sentence()


def test_a_pause_grows_to_a_minute_and_is_never_shorter_than_the_node_asks(
    stop: Stop, told: list[Happening]
) -> None:
    patience = Patience(told.append, stop)
    for _ in range(9):
        patience.wait(NodeDownError("http://127.0.0.1:1", "x"))
    assert stop.paused[-1] == waiting.PAUSE.longest
    patience.wait(NodeBusyError("http://127.0.0.1:1", "HTTP 429", 900.0, limited=True))
    assert stop.paused[-1] == 900.0
    patience.over()
    patience.wait(NodeDownError("http://127.0.0.1:1", "x"))
    assert stop.paused[-1] == waiting.PAUSE.first


def test_whoever_stops_an_agent_that_waits_need_not_wait(stop: Stop, told: list[Happening]) -> None:
    def work() -> str:
        stop.set()
        raise NodeDownError("http://127.0.0.1:1", "x")

    assert Patience(told.append, stop).until_done(work) is None


def test_one_wrong_answer_about_the_chain_ends_no_agent_and_several_do(
    faulty: FaultyNode, stop: Stop, told: list[Happening]
) -> None:
    faulty.habit(answering("0x1"), "eth_chainId", first=1)
    patience = Patience(told.append, stop)
    assert patience.until_done(lambda: connect(faulty.url, expected_chain_id=1337)) is not None
    faulty.habit(answering("0x1"), "eth_chainId")
    with pytest.raises(WrongChainError, match="serves chain 1, expected chain 1337"):
        patience.until_done(lambda: connect(faulty.url, expected_chain_id=1337))
    assert len(stop.paused) == 1 + waiting.WRONG_CHAIN_TRIES - 1


def test_trouble_is_told_when_it_changes(stop: Stop, told: list[Happening]) -> None:
    patience = Patience(told.append, stop)
    for trouble in (None, "a gap", "a gap", None, None):
        patience.note_trouble(trouble)
    assert [one.sentence() for one in told] == ["a gap", "the nodes give all events again, and agree"]


@pytest.mark.parametrize("habit", [closing, http(503), http(429)])
def test_a_connection_is_made_once_the_node_lets_it(
    faulty: FaultyNode, sonar: Sonar, stop: Stop, told: list[Happening], habit: Act
) -> None:
    faulty.habit(habit, first=9)
    opened = Patience(told.append, stop).until_done(lambda: Sonar.open(connect(faulty.url), sonar.address))
    assert opened is not None
    assert [one.event for one in told] in ([], ["waiting"])


def test_several_nodes_are_a_setting(tmp_path: Path) -> None:
    one = Settings(rpc="http://a.example", chain_id=1, contract="0x" + "11" * 20, store="embedded:/x")
    several = Settings(
        rpc=("http://a.example", "https://b.example/key"),
        chain_id=1,
        contract="0x" + "11" * 20,
        store="embedded:/x",
    )
    for name, settings in (("one", one), ("several", several)):
        save_settings(tmp_path / name, settings)
        assert load_settings(tmp_path / name) == settings
    assert "rpc = [" in (tmp_path / "several" / "settings.toml").read_text()
    assert "b.example" not in repr(several)
    for wrong in ((), ("http://a.example", "ftp://b.example"), ""):
        with pytest.raises(Exception, match="or a list of them"):
            Settings(rpc=wrong, chain_id=1, contract="0x" + "11" * 20, store="embedded:/x")
