"""Run a campaign once in peace and then once for each seed in chaos; the ledgers must be the same.

python -m tests.chaos [--seeds 20] [--first 1] [--folder build/chaos] [--expected FILE]

A seed takes one to two minutes on a machine of its own, 25 seconds of which are chaos. The ledger in peace is
kept in FILE and not made again where it is there already.

In chaos, at random moments: a party is killed with SIGKILL and started again, its node goes away or takes on
the bad habits of `tests.faulty_node` (it lags, gives null, limits, errors, lost and foreign answers), its
disk is full, its clock is wrong by up to a day, and the chain replaces its newest blocks. Then all is well
again, and the campaign must come to its end by itself.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pysonar.chain.contract.events import CampaignCreated, Claimed, Settled, decode_log
from pysonar.chain.contract.types import State
from pysonar.chain.node import rpc
from pysonar.chain.submissions import submissions
from tests.chaos.data import write_files
from tests.chaos.world import CONFIRMATIONS, Party, World, can_mount
from tests.conftest import ROOT
from tests.faulty_node import closing
from tests.node_characters import HABITS

CHAOS_SECONDS = 25.0
END_SECONDS = 600.0
NAME = "irises"
_SAID = {True: "the same", False: "DIFFERENT"}


@dataclass
class Ledger:
    """What a run came to, but for gas."""

    campaigns: int = 0
    verdicts: list[tuple[str, int | None, int]] = field(default_factory=list)
    """Verdict, accuracy in ppm, payout in wei."""
    settled: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Wei paid, refunded, as fees, burned."""
    claimed: dict[str, int] = field(default_factory=dict)
    """Wei by party."""
    left: int = -1
    """Wei that stay in the contract."""
    result: bool = False


@dataclass
class Run:
    """A ledger, and what happened on the way."""

    ledger: Ledger
    seconds: float
    happened: Counter[str]
    troubles: list[str]


def run(folder: Path, data: Path, *, seed: int | None) -> Run:
    """One campaign from its beginning to the last claim; in peace without a seed."""
    began, happened = time.monotonic(), Counter[str]()
    with World(folder, seed=seed or 0) as world:
        code, _ = world.mine.ask("data", "add", "flowers", str(data / "flowers.csv"))
        assert code == 0, f"see {world.mine.log}"
        for agent in world.agents:
            agent.start()
        keeper = threading.Thread(target=_keep, args=(world,))
        keeper.start()
        _until(lambda: world.sonar.certificate(world.capsule.address) is not None, "Capsule to register")
        chaos = threading.Thread(target=_chaos, args=(world, random.Random(seed), happened))
        if seed is not None:
            chaos.start()
        try:
            _create(world, data)
            campaign = _campaigns(world)[0]
            if seed is not None:
                chaos.join()
            _until(lambda: world.sonar.campaign(campaign).state is State.SETTLED, "the end of the campaign")
            _repeat(world.scientist, "campaign", "claim", NAME)
            _until(lambda: not any(_owed(world, campaign)), "all claims")
            ledger = _ledger(world, campaign, data)
        finally:
            world.ending.set()
            keeper.join()
            if seed is not None:
                chaos.join()
        troubles = [trouble for party in world.agents for trouble in party.ended]
    return Run(ledger, time.monotonic() - began, happened, troubles)


def _create(world: World, data: Path) -> None:
    """The command as its help says: again, until it is done."""
    _repeat(
        world.scientist,
        *("campaign", "create", str(data / "plan.toml"), "--validation", str(data / "validation.csv")),
        *("--name", NAME, "--capsule", world.capsule.address, "--yes", "--allow-free-riding"),
    )


def _repeat(party: Party, *arguments: str) -> None:
    def done() -> bool:
        return party.ask(*arguments)[0] == 0

    _until(done, f"`{' '.join(arguments[:2])}` to succeed (see {party.log})")


def _keep(world: World) -> None:
    while not world.ending.wait(0.2):
        for agent in world.agents:
            agent.watch_over()


def _chaos(world: World, draw: random.Random, happened: Counter[str]) -> None:
    """Trouble of all kinds, several at once; afterwards everything is as it was."""
    until = time.monotonic() + CHAOS_SECONDS
    while time.monotonic() < until and not world.ending.is_set():
        party = draw.choice(world.parties)
        kind = draw.choice(["habit", "habit", "habit", "away", "kill", "re-org", "disk", "clock"])
        seconds = draw.uniform(0.5, 2.5)
        happened[kind] += 1
        match kind:
            case "habit":
                name = draw.choice(sorted(HABITS))
                happened[name] += 1
                party.node.behave()
                HABITS[name](party.node)
            case "away":
                party.node.behave()
                party.node.habit(closing)
            case "kill":
                draw.choice(world.agents).kill()
            case "re-org":
                _reorg(world, draw.randint(1, CONFIRMATIONS))
            case "disk":
                with party.full_disk():
                    world.ending.wait(seconds)
            case "clock" if party is not world.scientist:
                party.clock.write_text(str(draw.choice([-1, 1]) * draw.uniform(10, 86_400)))
        world.ending.wait(seconds)
        if draw.random() < 0.5:
            party.node.behave()
            party.clock.write_text("0")
    for party in world.parties:
        party.node.behave()
        party.clock.write_text("0")


def _reorg(world: World, depth: int) -> None:
    if rpc.block_number(world.anvil.web3) > depth + 2:
        world.anvil.reorg(depth)


def _campaigns(world: World) -> list[bytes]:
    head = rpc.block_number(world.anvil.web3)
    logs = (decode_log(log) for log in rpc.logs(world.anvil.web3, world.sonar.address, 0, head))
    return [logged.event.id for logged in logs if isinstance(logged.event, CampaignCreated)]


def _owed(world: World, campaign: bytes) -> list[int]:
    return [world.sonar.owed(campaign, party.address) for party in world.parties]


def _ledger(world: World, campaign: bytes, data: Path) -> Ledger:
    head = rpc.block_number(world.anvil.web3)
    history = [decode_log(log) for log in rpc.logs(world.anvil.web3, world.sonar.address, 0, head)]
    names = {party.address: party.name for party in world.parties}
    ledger = Ledger(campaigns=len(_campaigns(world)), left=world.anvil.balance(world.sonar.address))
    about = [logged for logged in history if getattr(logged.event, "id", None) == campaign]
    for one in submissions(about).values():
        ledger.verdicts.append(("-" if one.verdict is None else one.verdict.name, one.accuracy, one.payout))
    for logged in about:
        match logged.event:
            case Settled(paid=paid, refund=refund, fees=fees, burned=burned):
                ledger.settled = (paid, refund, fees, burned)
            case Claimed(account=account, amount=amount):
                name = names.get(account, account)
                ledger.claimed[name] = ledger.claimed.get(name, 0) + amount
    ledger.claimed = dict(sorted(ledger.claimed.items()))
    code, _ = world.scientist.ask("campaign", "result", NAME, "--test", str(data / "test.csv"))
    ledger.result = code == 0
    return ledger


def _until(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + END_SECONDS
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {END_SECONDS:g} s for {what}")
        time.sleep(0.3)


def _expected(kept: Path | None, folder: Path, data: Path) -> Ledger:
    """The ledger in peace: the one that is kept, or a new one."""
    if kept is not None and kept.exists():
        stored = json.loads(kept.read_text())
        stored["verdicts"] = [tuple(verdict) for verdict in stored["verdicts"]]
        return Ledger(**{**stored, "settled": tuple(stored["settled"])})
    peace = run(folder / "peace", data, seed=None)
    print(f"in peace: {peace.seconds:.0f} s, {peace.ledger}", flush=True)
    if kept is not None:
        kept.write_text(json.dumps(asdict(peace.ledger)))
    return peace.ledger


def main() -> int:
    """Exit code 1 if any run ended otherwise than the one in peace."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos")
    options.add_argument("--seeds", type=int, default=20, help="how many runs in chaos")
    options.add_argument("--first", type=int, default=1, help="the first seed")
    options.add_argument("--expected", type=Path, help="the ledger in peace, as a run before has kept it")
    options.add_argument("--folder", type=Path, default=ROOT / "build" / "chaos")
    given = options.parse_args()
    if not can_mount():
        print("chaos: this needs the right to mount small disks that can be full: run it as root")
        return 2
    given.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=given.folder))
    data = folder / "data"
    write_files(data)
    expected = _expected(given.expected, folder, data)
    bad = 0
    for seed in range(given.first, given.first + given.seeds):
        try:
            found = run(folder / str(seed), data, seed=seed)
        except (TimeoutError, AssertionError) as error:
            print(f"seed {seed}: {error}", flush=True)
            bad += 1
            continue
        same = found.ledger == expected and not found.troubles
        bad += not same
        what = ", ".join(f"{name} {count}" for name, count in sorted(found.happened.items()))
        print(f"seed {seed}: {_SAID[same]}, {found.seconds:.0f} s ({what})", flush=True)
        if not same:
            print(f"  {found.ledger}\n  {found.troubles}", flush=True)
    print(f"{given.seeds - bad} of {given.seeds} runs in chaos ended as the one in peace did")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
