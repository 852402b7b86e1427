"""Campaigns that a mine does not submit to any more, whatever its rules."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mine_agent.campaigns.offer import offer_of, why_closed
from mine_agent.rules.policy import Policy
from mine_agent.rules.refusals import rule_checks
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.protocol.artifacts import Validation
from pysonar.protocol.cid import Cid
from tests.builders.changes import wrong
from tests.builders.terms import terms_of


@pytest.mark.parametrize(("evaluations", "closed"), [(50, True), (51, False), (0, False)])
def test_a_validation_set_that_is_used_up_is_not_submitted_to(evaluations: int, closed: bool) -> None:
    record = SimpleNamespace(
        state=State.OPEN,
        target_reached=False,
        terms=SimpleNamespace(submit_until=99, max_pending=8),
        pending=0,
        submitted=50,
    )
    spec = SimpleNamespace(validation=Validation(Cid(b"\x01" * 32), bytes(32), 60, 0, evaluations))
    why = why_closed(wrong(record), 0, 0, wrong(spec))
    assert (why is not None) is closed
    assert not closed or "measured on for 50 submissions, and 50 are made" in str(why)
    assert why_closed(wrong(record), 0, 0) is None


@pytest.mark.parametrize(("after", "left"), [(-61, 61), (0, 0), (3600, 0)])
def test_of_a_campaign_past_its_time_no_seconds_are_left_and_not_less_than_none(
    after: int, left: int
) -> None:
    terms = terms_of("0x" + "11" * 20, 1_000_000)
    record = CampaignRecord(
        bytes(32), "0x" + "22" * 20, State.OPEN, terms, bytes(32), bytes(32), 0, 0, 0, 0, 0, 0, 0, bytes(32)
    )
    offer = offer_of(record, 1, chain_time=terms.submit_until + after)
    assert offer.submit_window == left
    (window,) = [check for check in rule_checks(Policy(), offer) if check.rule == "minimum_submit_window"]
    assert window.found == f"{left} s left to submit"
