"""A mine at work outlives what its own database goes through."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from mine_agent.home import Home
from mine_agent.rounds import rounds_until
from pysonar.chain import database
from pysonar.chain.database_errors import DatabaseDamagedError
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.happenings import Happening
from pysonar.party.patience import Patience
from tests.json_types import JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell


def test_a_database_that_another_program_holds_is_waited_for(
    home: Home,
    miner: KeyfileSigner,
    tell: Tell,
    happenings: list[JsonObject],
    small_capsule: SmallCapsule,
    colours: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    home.data().add("colours", colours, replace=False)
    mine, stop = Mine(home, miner, tell), threading.Event()
    campaign = small_capsule.open()
    holder = sqlite3.connect(home.database, isolation_level=None, check_same_thread=False)
    holder.execute("begin immediate")

    def watch(happening: Happening) -> None:
        tell(happening)
        if happening.event == "waiting":
            threading.Timer(0.5, holder.execute, ["rollback"]).start()
        if happening.event == "submitted":
            stop.set()

    mine.agent._tell = mine.agent._new._tell = watch
    give_up = threading.Timer(60, stop.set)
    give_up.start()
    rounds_until(mine.agent, stop, 0.05, Patience(watch, stop))
    give_up.cancel()
    assert [told["event"] for told in happenings] == ["waiting", "training", "submitted"]
    assert "another program has locked it" in happenings[0]["reason"]
    assert len(mine.submitted(campaign)) <= 1


def test_a_damaged_database_ends_it_for_without_it_a_gradient_could_go_out_twice(
    home: Home, miner: KeyfileSigner, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, stop = Mine(home, miner, tell), threading.Event()

    def damaged() -> int:
        raise DatabaseDamagedError(str(home.database))

    monkeypatch.setattr(mine.connection.follower, "poll", damaged)
    with pytest.raises(DatabaseDamagedError):
        rounds_until(mine.agent, stop, 0.05, Patience(tell, stop))
