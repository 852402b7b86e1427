"""Runs of the contract's state machine, with any stage, of any length."""

import sys

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.audited_machine import AuditedMachine
from tests.stateful.revm_wire import RevmStage
from tests.stateful.stage import Stage

RUNS_AT_ONCE = 200


def run(stage: Stage, steps: int, steps_a_run: int, *, drawing: int = 0) -> None:
    """Random campaigns on a stage; the same ones for the same `drawing`.

    Raises:
        AssertionError: contract and twin disagree, money is left, or an audit finds a fault; the steps are
            printed.
    """
    machine = AuditedMachine.on(stage)
    left, done = max(1, steps // steps_a_run), 0
    while left:
        # hypothesis remembers every run of a test: a million steps at once would fill the memory.
        runs = min(left, RUNS_AT_ONCE)
        run_state_machine_as_test(
            seed(hash((drawing, left)))(machine),
            settings=settings(
                max_examples=runs,
                stateful_step_count=steps_a_run,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],  # failing runs are printed as drawn: to shrink takes minutes
            ),
        )
        left, done = left - runs, done + runs
        if left:
            print(f"{done * steps_a_run:,} of {steps:,} steps", file=sys.__stderr__, flush=True)


def run_on_revm(steps: int, drawing: int) -> None:
    """Random campaigns in a process of their own."""
    run(RevmStage(), steps, steps_a_run=50, drawing=drawing)
