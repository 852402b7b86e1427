"""Campaigns that a mine does not submit to any more, whatever its rules."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mine_agent.campaigns.offer import why_closed
from pysonar.chain.contract.types import State
from pysonar.protocol.artifacts import Validation
from pysonar.protocol.cid import Cid


@pytest.mark.parametrize(("evaluations", "closed"), [(50, True), (51, False), (0, False)])
def test_a_validation_set_that_is_used_up_is_not_submitted_to(evaluations: int, closed: bool) -> None:
    record: Any = SimpleNamespace(
        state=State.OPEN,
        target_reached=False,
        terms=SimpleNamespace(submit_until=99, max_pending=8),
        pending=0,
        submitted=50,
    )
    spec: Any = SimpleNamespace(validation=Validation(Cid(b"\x01" * 32), bytes(32), 60, 0, evaluations))
    why = why_closed(record, 0, 0, spec)
    assert (why is not None) is closed
    assert not closed or "measured on for 50 submissions, and 50 are made" in str(why)
    assert why_closed(record, 0, 0) is None
