"""`capsule store ...`: what lies in the store, whether it is whole, and what can go. `mine-agent` and `sonar`
have the same commands from the same code.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from mine_agent.cli import app as mine_app
from openmined_oracle.agenda import Agenda
from openmined_oracle.cli import app as capsule_app
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from pysonar.scientist.cli import app as scientist_app
from pysonar.store.embedded.store import EmbeddedStore
from tests.json_types import Json
from tests.oracle.capsule_world import World

StoreCommand = Callable[..., tuple[int, Json]]


@pytest.fixture
def store_command(installed: World) -> StoreCommand:
    """`store_command("check")`: exit code and JSON document."""

    def run(*arguments: str) -> tuple[int, Json]:
        command = ["store", *arguments, "--home", str(installed.home.path), "--format", "json"]
        done = CliRunner().invoke(capsule_app, command)
        return done.exit_code, json.loads(done.stdout)

    return run


def block(world: World, cid: Cid) -> Path:
    (path,) = (world.store_path / "blocks").rglob(str(cid))
    return path


def test_usage_says_what_is_taken_and_pinned(installed: World, store_command: StoreCommand) -> None:
    installed.store.put_pinned(b"x" * 1000, "capsule/0x01")
    code, shown = store_command("usage")
    assert code == 0
    assert shown["used_bytes"] > 1000
    assert (shown["quota_bytes"], shown["owners"], shown["pins"]) == (None, 1, 1)


def test_check_lists_what_is_gone_and_repair_says_what_stays_gone(
    installed: World, store_command: StoreCommand
) -> None:
    whole = installed.store.put_pinned(b"whole", "capsule/0x01")
    gone = installed.store.put_pinned(b"gone", "capsule/0x01")
    foreign = installed.store.put_pinned(b"another party's", "mine/0x02")
    assert store_command("check") == (0, [])
    block(installed, gone).unlink()
    block(installed, foreign).unlink()
    code, broken = store_command("check")
    assert code == 1
    assert broken == [{"cid": str(gone), "owners": ["capsule/0x01"], "problem": "is not here"}]
    assert {row["cid"] for row in store_command("check", "--all")[1]} == {str(gone), str(foreign)}
    code, results = store_command("repair")
    assert code == 1
    assert {row["cid"] for row in results} == {str(gone), str(foreign)}
    assert all("still damaged" in row["result"] for row in results)
    installed.store.put(b"gone")
    installed.store.put(b"another party's")
    assert store_command("check", "--all") == (0, [])
    assert store_command("repair") == (0, [])
    assert installed.store.has(whole)


def test_gc_takes_what_nobody_pins_and_nothing_while_something_is_damaged(
    installed: World, store_command: StoreCommand
) -> None:
    kept = installed.store.put_pinned(b"kept", "capsule/0x01")
    nobodys = installed.store.put(b"nobody's")
    put_at = time.time() - 2 * 3600
    os.utime(block(installed, nobodys), (put_at, put_at))
    damaged = block(installed, kept)
    damaged.unlink()
    command = ["store", "gc", "--home", str(installed.home.path)]
    refused = CliRunner().invoke(capsule_app, command)
    assert refused.exit_code == 1
    assert "no garbage was collected" in refused.stderr
    installed.store.put(b"kept")
    code, taken = store_command("gc")
    assert (code, taken["blocks"]) == (0, 1)
    assert EmbeddedStore(installed.store_path).has(kept)


@pytest.mark.parametrize("app", [capsule_app, mine_app, scientist_app])
@pytest.mark.parametrize("name", ["usage", "check", "repair", "gc"])
def test_every_command_line_has_them_and_explains_them(app: Typer, name: str) -> None:
    done = CliRunner().invoke(app, ["store", name, "--help"])
    assert done.exit_code == 0
    assert "--home" in done.stdout


def test_capsule_puts_back_the_version_that_mines_train_from(world: World, miner: KeyfileSigner) -> None:
    """The running agent has it in memory: nobody's training waits for an operator."""
    campaign = world.opened()
    agent = world.agent()
    world.submit(campaign, miner)
    agent.run_once()
    model = Cid.from_bytes32(world.record(campaign).model)
    block(world, model).unlink()
    assert not world.store.has(model)
    bench = agent._lifecycle._benches._benches[campaign]
    bench._whole_until = 0.0
    agent.agenda = Agenda()  # looks at everything anew
    agent.round()
    agent.close()
    assert world.store.has(model)
    assert "put_back" in repr(world.told)
