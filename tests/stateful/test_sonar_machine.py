"""The state machine of `sonar_machine.py`, on revm and, shorter, on titanoboa and on Foundry through Ape.

Three implementations of the EVM, as one of them may be wrong. `SONAR_STEPS` sets the number of steps on revm
(`make test-long`: a million), `SONAR_WORKERS` the number of processes that share them. Whoever sets it gets
campaigns that were never tried before, and the drawing to try them again (`SONAR_DRAWING`); else they are the
same in every run.
"""

import os
import secrets
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.contracts.parties import FoundryChain
from tests.stateful.boa_wire import BoaStage
from tests.stateful.foundry_wire import FoundryStage
from tests.stateful.revm_wire import RevmStage
from tests.stateful.runs import run, run_on_revm


def test_random_campaigns_agree_with_the_twin_and_leave_nothing_behind() -> None:
    steps, workers = int(os.environ.get("SONAR_STEPS", "3000")), int(os.environ.get("SONAR_WORKERS", "1"))
    anew = str(secrets.randbits(32)) if "SONAR_STEPS" in os.environ else "0"
    drawing = int(os.environ.get("SONAR_DRAWING", anew))
    print(f"SONAR_DRAWING={drawing}", file=sys.__stderr__, flush=True)
    if workers == 1:
        run(RevmStage(), steps, steps_a_run=50, drawing=drawing)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        list(pool.map(run_on_revm, [steps // workers] * workers, range(drawing, drawing + workers)))


@pytest.mark.slow
def test_many_random_campaigns_agree_with_the_twin() -> None:
    """Ten times as many as in the quick run, and others."""
    run(RevmStage(), 30_000, steps_a_run=50, drawing=1)


def test_random_campaigns_agree_with_the_twin_on_titanoboa_too() -> None:
    run(BoaStage(), 300, steps_a_run=50)


def test_random_campaigns_agree_with_the_twin_on_foundry_too(chain: FoundryChain) -> None:
    with FoundryStage(chain.provider.web3.provider.make_request) as stage:
        run(stage, 80, steps_a_run=40)
