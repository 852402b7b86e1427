"""Payouts to the wei, against a twin in plain Python."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.money import payout_twin as twin
from tests.contracts.sonar_desk import ETHER

PPM = st.integers(0, 1_000_000)
BOUNTY = st.integers(1, 2**96 - 1)


def test_the_worked_example_pays_25_to_the_wei(desk, sonar, miner):
    ident = desk.opened(start=0, bounty=1_000, target=800_000, min_gain=1, stake=0, fee=0)
    receipt = desk.improved(ident, "a", 20_000)
    assert receipt.events[0].event_arguments["payout"] == 25
    assert sonar.campaign(ident).paid == sonar.owed(ident, miner) == 25


def test_the_worked_example_in_ether_pays_25_to_the_wei(desk, sonar, miner):
    ident = desk.opened(start=0, bounty=1_000 * ETHER, target=800_000)
    desk.improved(ident, "a", 20_000)
    assert sonar.campaign(ident).paid == 25 * ETHER


@pytest.mark.parametrize("gap_basis", [False, True])
def test_payouts_are_those_of_the_twin(desk, sonar, miner, rival_miner, gap_basis):
    bounty, start, target = 10**18 + 7, 123_456, 876_543
    ident = desk.opened(start=start, bounty=bounty, target=target, gap_basis=gap_basis)
    before = start
    for number, accuracy in enumerate([124_456, 333_333, 777_777, 876_542, 999_999]):
        who = miner if number % 2 else rival_miner
        receipt = desk.improved(ident, f"update {number}", accuracy, who)
        due = twin.payout(bounty, start, before, accuracy, target, gap_basis=gap_basis)
        assert receipt.events[0].event_arguments["payout"] == due
        before = min(accuracy, target)
        assert sonar.campaign(ident).paid == twin.paid(bounty, start, before, target, gap_basis=gap_basis)
    assert before == target


def test_on_the_gap_basis_the_target_pays_the_whole_bounty(desk, sonar):
    ident = desk.opened(start=333_333, bounty=10**18 + 1, gap_basis=True)
    desk.improved(ident, "a", 500_000)
    desk.improved(ident, "b", 900_000)
    assert sonar.campaign(ident).paid == 10**18 + 1


def test_on_the_target_basis_what_the_start_had_already_is_not_paid(desk, sonar):
    ident = desk.opened(start=450_000, bounty=1_000)
    desk.improved(ident, "a", 900_000)
    assert sonar.campaign(ident).paid == 500


def test_a_payout_smaller_than_one_wei_is_not_lost(desk, sonar):
    ident = desk.opened(start=0, bounty=3, target=900_000, min_gain=1)
    payouts = [
        desk.improved(ident, f"update {n}", accuracy).events[0].event_arguments["payout"]
        for n, accuracy in enumerate([299_999, 300_000, 450_000, 600_000, 900_000])
    ]
    assert payouts == [0, 1, 0, 1, 1]
    assert sonar.campaign(ident).paid == 3


@given(BOUNTY, st.lists(PPM, min_size=3, max_size=12, unique=True).map(sorted), st.booleans())
def test_the_twin_pays_no_dust_and_never_more_than_the_bounty(bounty, accuracies, gap_basis):
    start, *steps, target = accuracies
    before, total = start, 0
    for accuracy in [*steps, target]:
        share = twin.payout(bounty, start, before, accuracy, target, gap_basis=gap_basis)
        exact = Fraction(bounty) * (accuracy - before) / (target - start if gap_basis else target)
        assert abs(share - exact) < 1
        total += share
        before = accuracy
        assert total == twin.paid(bounty, start, before, target, gap_basis=gap_basis) <= bounty
    if gap_basis or start == 0:
        assert total == bounty
