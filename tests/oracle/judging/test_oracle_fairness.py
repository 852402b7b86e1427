"""One slow, huge or hostile campaign never delays another's deadline.

What this machine's load cannot change is measured: the processor time of the one thread that goes round, and
who is judged before whom. `test_oracle_heavy` holds what large work does, `test_oracle_hostile` what a slow
store does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.capsule.party import Size
from openmined_oracle.agent import Agent
from openmined_oracle.campaigns import assignment
from openmined_oracle.errors import Decline
from openmined_oracle.judging import queue
from openmined_oracle.waiting import Waiting
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import SealedInput, Spec, Validation
from pysonar.protocol.schema import Schema, input_schema, number_field
from tests.oracle.capsule_world import OUTPUT, World

LONGEST_ROUND = 1.5
"""Seconds of processor time that going round once may take with a handful of campaigns."""


@dataclass
class Rounds:
    """Goes round, and remembers the dearest round."""

    agent: Agent
    dearest: float = 0.0

    def until(self, done: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, self.agent.failures
            began = time.thread_time()
            self.agent.round()
            self.dearest = max(self.dearest, time.thread_time() - began)
            time.sleep(0.01)


@pytest.fixture
def going(world: World) -> Iterator[Rounds]:
    agent = world.agent()
    yield Rounds(agent)
    agent.close()


def state(world: World, campaign: bytes) -> Callable[[], bool]:
    return lambda: world.record(campaign).state is State.OPEN


def sized_spec(world: World, size: Size, rows: int) -> Spec:
    sealed = SealedInput.of_records(size.table(rows, 1), size.schema, **world.binding)
    cid = world.store.put(sealed.seal(world.own.certificate))
    return world.spec(
        input_schema=size.input_schema,
        output_schema=size.output_schema,
        validation=Validation(cid, sealed.salted_digest(), rows),
        start_ppm=round(1e6 / size.classes),
        start_tolerance_ppm=100_000,
    )


def test_huge_specs_are_read_beside_the_rounds_and_once(
    world: World, miner: KeyfileSigner, going: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six of them, 3,000 fields each, which do not fit their validation set: asked for again and again."""
    names = {f"field {place}": number_field((-8.0, 8.0)) for place in range(3_000)}
    huge = world.spec(input_schema=input_schema(names)).to_bytes()
    assert len(huge) > assignment.LARGE_SPEC_BYTES
    read: list[str] = []
    parse = Spec.parse.__func__  # type: ignore[attr-defined]

    def noted(cls: type[Spec], data: bytes, **named: object) -> Spec:
        if len(data) > assignment.LARGE_SPEC_BYTES:
            read.append(threading.current_thread().name)
        return parse(cls, data, **named)

    monkeypatch.setattr(Spec, "parse", classmethod(noted))
    others = [world.create(world.store.put(huge)) for _ in range(6)]
    honest = world.create()
    going.until(state(world, honest))
    world.submit(honest, miner)
    going.until(lambda: world.verdicts(honest) == [Verdict.IMPROVED])
    assert set(read) <= {"heavy work_0"}
    assert len(read) <= len(others)  # the same file each time: kept
    assert going.dearest < LONGEST_ROUND


@pytest.mark.slow
def test_a_round_waits_no_longer_for_many_campaigns_than_for_a_few(
    world: World, going: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty validation sets that take for ever to read, asked for before the honest one: that is opened all
    the same, and rounds stay short.
    """
    go, read = threading.Event(), assignment._validation
    held = [world.create() for _ in range(20)]

    def slow(context: object, record: object, *rest: object) -> object:
        if record.id in held:  # type: ignore[attr-defined]
            go.wait(240)
        return read(context, record, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(assignment, "_validation", slow)
    monkeypatch.setattr(assignment, "CELLS_OF_EFFORT", 0.5)  # theirs are heavy work
    going.agent.context.waiting._seconds = 0.3
    begun = going.agent.context.workshop._jobs
    going.until(lambda: len(begun) == len(held))  # as heavy work, all of them
    monkeypatch.setattr(assignment, "CELLS_OF_EFFORT", 4_000)
    began, used = time.monotonic(), time.process_time()
    for _ in range(3):
        going.agent.round()
    assert time.monotonic() - began - (time.process_time() - used) < 3 * 20 * 0.25
    honest = world.create()
    going.until(state(world, honest))
    assert not any(state(world, one)() for one in held)
    go.set()
    going.until(lambda: all(world.record(one).state is State.OPEN for one in held))


def test_what_is_left_to_wait_is_renewed_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """And who was waited for longest ago is looked at first."""
    now = [0.0]
    monkeypatch.setattr("openmined_oracle.waiting.time.monotonic", lambda: now[0])
    waiting, names = Waiting(1.0), [bytes([number]) * 32 for number in range(5)]
    assert waiting.renew(names) == names
    for name, expected in zip(names, (0.4, 0.4, 0.2, 0.0, 0.0), strict=True):
        with waiting.up_to(0.4, b"validation set of " + name) as patience:
            assert patience == pytest.approx(expected)
            now[0] += patience
    assert waiting.renew(names) == [names[3], names[4], names[0], names[1], names[2]]
    with waiting.up_to(0.4, names[3]) as patience:
        assert patience == 0.4
        now[0] += 5.0  # what does not let go costs this round
    with waiting.up_to(0.4, names[4]) as patience:
        assert patience == 0.0
    assert waiting.renew([names[4], names[3], names[0]]) == [names[4], names[0], names[3]]


@pytest.mark.slow
def test_many_submissions_in_one_campaign_let_others_have_their_turn(
    world: World, miner: KeyfileSigner, going: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty wait in the first; the one of the second is judged when no more than two turns of the first are
    over, though it came last.
    """
    monkeypatch.setattr(queue, "TURN_SECONDS", 0.0)
    crowded, quiet = world.opened(max_pending=100), world.opened()
    for _ in range(60):
        world.submit_bytes(crowded, miner, b"no gradient at all")
    world.submit(quiet, miner)
    decided = going.agent.context.journal.decided
    going.until(lambda: decided(quiet) == 1)
    assert decided(crowded) < 60
    monkeypatch.undo()
    going.until(lambda: len(world.verdicts(crowded)) == 60)
    assert world.verdicts(quiet) == [Verdict.IMPROVED]


@pytest.mark.slow
def test_a_model_of_784_inputs_is_opened_beside_one_of_64(
    world: World, miner: KeyfileSigner, going: Rounds
) -> None:
    """785 ciphertexts beside 65, both at 2048 bits: the round's own thread does none of it."""
    large = world.create(sized_spec(world, Size(784, 10, 2048), 360))
    small = world.create(sized_spec(world, Size(64, 10, 2048), 360))
    usual = world.create()
    going.until(lambda: state(world, small)() and state(world, usual)())
    world.submit(usual, miner)
    going.until(lambda: world.verdicts(usual) == [Verdict.IMPROVED])
    going.until(state(world, large), 300)
    assert going.dearest < LONGEST_ROUND


@pytest.mark.slow
def test_a_validation_set_of_the_largest_size_is_read_beside_the_rounds(
    world: World, miner: KeyfileSigner, going: Rounds
) -> None:
    """As many records as Capsule takes by default, and one more than that is not even fetched."""
    most, schema = world.home.capsule.max_rows, Schema(world.spec().input_schema, OUTPUT)
    draw, labels = np.random.default_rng(0), np.arange(most) % 3
    columns = {name: draw.uniform(-4, 4, most) for name in "abcd"}
    records = pa.table({**columns, "kind": np.array(["x", "y", "z"])[labels]})
    sealed = SealedInput.of_records(records, schema, **world.binding)
    cid = world.store.put(sealed.seal(world.own.certificate))
    whole = world.create(world.spec(validation=Validation(cid, sealed.salted_digest(), most)))
    over = world.create(world.spec(validation=Validation(cid, sealed.salted_digest(), most + 1)))
    usual = world.create()
    going.until(state(world, usual))
    world.submit(usual, miner)
    going.until(lambda: world.verdicts(usual) == [Verdict.IMPROVED])
    going.until(state(world, whole), 300)
    assert world.declined_for(over).startswith(Decline.VALIDATION_TOO_LARGE.value)
    assert going.dearest < LONGEST_ROUND
