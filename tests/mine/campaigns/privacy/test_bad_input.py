"""Whatever is wrong with data, spec, rules or ledger: a clear error, nothing submitted, nothing charged, and
the mine goes on once it is put right.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mine_agent.privacy.errors import LedgerDamagedError
from pysonar.chain.contract.types import Verdict
from pysonar.files.flat_toml import SettingsError
from pysonar.protocol.canonical import dumps_json
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.ledgers import charges
from tests.mine.campaigns.small_capsule import SmallCapsule


def test_data_that_change_after_their_release_are_not_trained_on_from_it(
    mine: Mine, small_capsule: SmallCapsule, colours: Path
) -> None:
    campaign = small_capsule.open()
    mine.round()
    (event,) = mine.submitted(campaign)
    small_capsule.report(campaign, mine.address, event.update, Verdict.IMPROVED, 300_000)
    whole = colours.read_text()
    colours.write_text(whole + "0.5,0.5,0.5,red,someone\n")
    errors = [*mine.errors(), *mine.errors()]
    assert "is not what was registered" in str(errors[0])
    assert "mine-agent data add colours" in str(errors[0])
    assert (len(mine.submitted(campaign)), len(charges(mine))) == (1, 1)
    colours.write_text(whole)
    mine.time += 1000
    assert mine.round() == []
    assert (len(mine.submitted(campaign)), len(charges(mine))) == (2, 1)


def test_a_spec_without_a_clip_is_refused_and_charges_nothing(
    mine: Mine, small_capsule: SmallCapsule
) -> None:
    """What one record can do would have no bound."""
    document = json.loads(small_capsule.spec().to_bytes())
    del document["input_schema"]["properties"]["b"]["openmined"]["clip"]
    small_capsule.opened_with(dumps_json(document))
    (error,) = mine.errors()
    assert "input_schema.properties.b.openmined.clip" in str(error)
    assert (mine.submitted(), charges(mine)) == ([], [])


MEANINGLESS = [(name, value) for name in ("budget", "price") for value in ("0.0", "-1.0", "inf", "nan")] + [
    ("price", "10.5"), ("delta", "0.0"), ("delta", "1.0"), ("delta", "nan"),
]  # fmt: skip


def test_a_budget_that_means_nothing_stops_the_mine_until_it_is_put_right(
    mine: Mine, small_capsule: SmallCapsule
) -> None:
    campaign, file = small_capsule.open(), mine.connection.home.policy_file
    whole = file.read_text()
    for rule, value in MEANINGLESS:
        lines = [line for line in whole.splitlines() if not line.startswith(f"privacy_{rule} =")]
        file.write_text("\n".join([*lines, f"privacy_{rule} = {value}", ""]))
        with pytest.raises(SettingsError, match=value.removesuffix(".0")) as refused:
            mine.agent.round()
        assert str(file) in str(refused.value)
        assert (mine.submitted(), charges(mine)) == ([], [])
    file.write_text(whole)
    assert mine.round() == []
    assert (len(mine.submitted(campaign)), len(charges(mine))) == (1, 1)


@pytest.mark.parametrize("harm", ["edited", "truncated", "lost"])
def test_a_ledger_that_is_harmed_under_the_running_mine_stops_it(
    harm: str, mine: Mine, small_capsule: SmallCapsule
) -> None:
    first = small_capsule.open()
    mine.round()
    path = mine.connection.home.path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as database:
        for trigger in ("entries_stay", "entries_remain"):
            database.execute(f"drop trigger {trigger}")
        statement = {
            "edited": "update entry set rho = '1/1000000' where kind = 'charged'",
            "truncated": "delete from entry where number > 2",
            "lost": "delete from entry",
        }
        database.execute(statement[harm])
        database.commit()
    second = small_capsule.open(salt=b"\5" * 32)
    with pytest.raises(LedgerDamagedError, match="nothing is released from it"):
        mine.agent.round()
    assert [len(mine.submitted(campaign)) for campaign in (first, second)] == [1, 0]


def as_database(colours: Path) -> Path:
    path = colours.with_suffix(".sqlite")
    lines = colours.read_text().splitlines()[1:]
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table colours (a real, b real, c real, colour text, name text)")
        rows = [line.split(",") for line in lines]
        database.executemany("insert into colours values (?, ?, ?, ?, ?)", rows)
        database.commit()
    return path


def test_whether_a_database_changed_does_not_show(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule, colours: Path
) -> None:
    """It may change; it was released as it was, and is released anew once its owner registers it anew."""
    mine, path = make_mine(), as_database(colours)
    mine.connection.home.data().add("colours", path, replace=True)
    first = small_capsule.open()
    assert mine.round() == []
    with closing(sqlite3.connect(path)) as database:
        database.execute("delete from colours where rowid = 1")
        database.commit()
    second = small_capsule.open(salt=b"\5" * 32)
    assert mine.round() == []
    assert [len(mine.submitted(campaign)) for campaign in (first, second)] == [1, 1]
    assert len(charges(mine)) == 1
    mine.connection.home.data().add("colours", path, replace=True)
    third = small_capsule.open(salt=b"\6" * 32)
    assert mine.round() == []
    assert (len(mine.submitted(third)), len(charges(mine))) == (1, 2)


def test_without_a_budget_a_database_is_learned_from_as_it_is(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule, colours: Path
) -> None:
    mine, path = make_mine(privacy="none"), as_database(colours)
    mine.connection.home.data().add("colours", path, replace=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("update colours set a = a + 1 where rowid < 9")
        database.commit()
    campaign = small_capsule.open()
    assert mine.round() == []
    assert len(mine.submitted(campaign)) == 1
