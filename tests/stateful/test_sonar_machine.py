"""The state machine of `sonar_machine.py`, on titanoboa and, shorter, on Foundry through Ape.

`SONAR_STEPS` sets the number of steps on titanoboa (`make test-long`: a million).
"""

import os
from typing import Any

from boa_wire import BoaStage
from foundry_wire import FoundryStage
from sonar_machine import run


def test_random_campaigns_agree_with_the_twin_and_leave_nothing_behind() -> None:
    run(BoaStage(), int(os.environ.get("SONAR_STEPS", "2000")), steps_a_run=50)


def test_random_campaigns_agree_with_the_twin_on_foundry_too(chain: Any) -> None:
    with FoundryStage(chain.provider.web3.provider.make_request) as stage:
        run(stage, 80, steps_a_run=40)
