"""The state machine of `sonar_machine.py`, on titanoboa and, shorter, on Foundry through Ape.

`SONAR_STEPS` sets the number of steps on titanoboa (`make test-long`: a million), `SONAR_WORKERS` the number
of processes that share them.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from boa_wire import BoaStage
from foundry_wire import FoundryStage
from sonar_machine import run, run_on_titanoboa


def test_random_campaigns_agree_with_the_twin_and_leave_nothing_behind() -> None:
    steps, workers = int(os.environ.get("SONAR_STEPS", "2000")), int(os.environ.get("SONAR_WORKERS", "1"))
    if workers == 1:
        run(BoaStage(), steps, steps_a_run=50)
        return
    # Processes of their own from the start: forks would all draw the same.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        list(pool.map(run_on_titanoboa, [steps // workers] * workers))


def test_random_campaigns_agree_with_the_twin_on_foundry_too(chain: Any) -> None:
    with FoundryStage(chain.provider.web3.provider.make_request) as stage:
        run(stage, 80, steps_a_run=40)
