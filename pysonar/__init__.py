"""Everybody's client of Sonar and IPFS, and the Data Scientist's library.

    from pysonar import Campaign, Estimator, Plan, Scientist

    scientist = Scientist.open("~/campaigns", passphrase)
    campaign = Campaign(scientist, Plan.load("plan.toml"), "validation.csv").launch().wait()
    model = campaign.result()

The four names are loaded when they are used: a command line that only prints its help, or an agent that needs
the chain alone, loads none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pysonar.scientist.campaign import Campaign
    from pysonar.scientist.connection import Scientist
    from pysonar.scientist.planning.plan import Plan
    from pysonar.scientist.result.estimator import Estimator

__all__ = ["Campaign", "Estimator", "Plan", "Scientist"]

_HOMES = {
    "Campaign": "pysonar.scientist.campaign",
    "Estimator": "pysonar.scientist.result.estimator",
    "Plan": "pysonar.scientist.planning.plan",
    "Scientist": "pysonar.scientist.connection",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pysonar' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
