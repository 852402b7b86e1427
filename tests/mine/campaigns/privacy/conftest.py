"""Mines under their owners' budgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.home import Home
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.answers import EVERYTHING
from tests.builders.changes import with_fields
from tests.mine.campaigns.mine_under_test import Mine
from tests.roles import Tell


@pytest.fixture
def make_mine(
    make_home: Callable[..., Home], miner: KeyfileSigner, tell: Tell, colours: Path
) -> Callable[..., Mine]:
    """`make_mine(**answers)`: a mine as `mine-agent init` makes it, with the colours registered."""

    def make(**answers: object) -> Mine:
        home = make_home(answers=with_fields(EVERYTHING, answers))
        home.data().add("colours", colours, replace=False)
        return Mine(home, miner, tell)

    return make


@pytest.fixture
def mine(make_mine: Callable[..., Mine]) -> Mine:
    """Nothing said about privacy: the default."""
    return make_mine()
