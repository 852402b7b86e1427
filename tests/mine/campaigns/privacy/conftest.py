"""Mines under their owners' budgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.home import Home
from mine_agent.rules.policy_file import FirstAnswers
from pysonar.chain.sending.signer import KeyfileSigner
from tests.mine.campaigns.mine_under_test import Mine
from tests.roles import Tell

EVERYTHING = {"scientists": ("any",), "capsules": ("any",), "fields": ("any",)}


@pytest.fixture
def make_mine(
    make_home: Callable[..., Home], miner: KeyfileSigner, tell: Tell, colours: Path
) -> Callable[..., Mine]:
    """`make_mine(**answers)`: a mine as `mine-agent init` makes it, with the colours registered."""

    def make(**answers: object) -> Mine:
        home = make_home(answers=FirstAnswers(**EVERYTHING, **answers))
        home.data().add("colours", colours, replace=False)
        return Mine(home, miner, tell)

    return make


@pytest.fixture
def mine(make_mine: Callable[..., Mine]) -> Mine:
    """Nothing said about privacy: the default."""
    return make_mine()
