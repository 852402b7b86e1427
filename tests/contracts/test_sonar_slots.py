"""The pure packing module: nothing is lost, nothing bleeds into a neighbour. On titanoboa."""

from math import ceil, log2

import boa
import pytest
from eth_utils import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

STATE, FLAG = st.integers(0, 3), st.booleans()
PPM, COUNT, TIME = st.integers(0, 2**20 - 1), st.integers(0, 2**24 - 1), st.integers(0, 2**34 - 1)
REVIEW, TICKS, RING = st.integers(0, 2**22 - 1), st.integers(0, 2**18 - 1), st.integers(0, 24)
LIMITS = st.tuples(FLAG, FLAG, FLAG, PPM, PPM, TIME, REVIEW, RING)
AMOUNT, PAYOUT, CREDITS = st.integers(0, 2**96 - 1), st.integers(0, 2**128 - 1), st.integers(0, 2**32 - 1)
ADDRESS = st.binary(min_size=20, max_size=20).map(to_checksum_address)


@pytest.fixture(scope="module")
def slots() -> object:
    return boa.load("contracts/modules/slots.vy").internal


@settings(max_examples=200, deadline=None)
@given(limits=LIMITS, state=STATE)
def test_limits_survive_packing(slots, limits, state):
    word = slots._pack_limits(*limits)
    gap_basis, staked, token, target, min_gain, submit_until, review, ring = limits
    assert tuple(slots._unpack_hot(slots._with_state(word, state))) == (
        *(state, gap_basis, staked, token, target, min_gain, 0, 0, 0, 0, 0, 0),
        *(submit_until, review, 0, ring),
    )


@settings(max_examples=200, deadline=None)
@given(
    limits=LIMITS,
    start=PPM,
    best=PPM,
    counts=st.tuples(COUNT, COUNT, COUNT, PPM),
    ticks=TICKS,
)
def test_counting_in_place_changes_only_what_is_counted(slots, limits, start, best, counts, ticks):
    submitted, evaluated, forfeited, version = counts
    word = slots._pack_limits(*limits)
    word += (start << 45) + (submitted << 65) + (best << 89)
    word += (evaluated << 109) + (forfeited << 133) + (version << 157) + (ticks << 233)
    gap_basis, staked, token, target, min_gain, submit_until, review, ring = limits
    assert word < 2**256
    assert tuple(slots._unpack_hot(word)) == (
        *(0, gap_basis, staked, token, target, min_gain, start, submitted, best),
        *(evaluated, forfeited, version, submit_until, review, ticks, ring),
    )


@settings(max_examples=100, deadline=None)
@given(word=st.integers(0, 2**256 - 1), time=TIME)
def test_a_turn_begins_in_ticks_and_changes_nothing_else(slots, word, time):
    boa.env.evm.patch.timestamp = time
    since = 2**18 - 1 << 233
    assert slots._with_turn(word) == word & ~since | (time // 256 % 2**18) << 233


@pytest.mark.parametrize("power", range(1, 24))
def test_the_ring_is_the_smallest_that_holds_what_may_wait(slots, power):
    for most in {1, 2**power - 1, 2**power, 2**power + 1} - {2**24 + 1}:
        assert slots._ring(most) == ceil(log2(most))


@settings(max_examples=100, deadline=None)
@given(before=STATE, after=STATE, rest=st.integers(0, 2**254 - 1))
def test_a_change_of_state_changes_nothing_else(slots, before, after, rest):
    assert slots._with_state(rest << 2 | before, after) == rest << 2 | after


@settings(max_examples=200, deadline=None)
@given(capsule=ADDRESS, bounty=AMOUNT)
def test_judge_survives_packing(slots, capsule, bounty):
    word = slots._pack_judge((capsule, bounty))
    assert tuple(slots._unpack_judge(word)) == (capsule, bounty)


@settings(max_examples=200, deadline=None)
@given(price=st.tuples(AMOUNT, AMOUNT, PPM, COUNT))
def test_price_survives_packing(slots, price):
    stake, fee, max_start, max_pending = price
    word = slots._pack_price(price)
    assert word == stake | fee << 96 | max_start << 192 | max_pending << 212
    assert tuple(slots._unpack_price(word)) == price


@settings(max_examples=200, deadline=None)
@given(credit=st.tuples(PAYOUT, CREDITS, CREDITS))
def test_credit_survives_unpacking(slots, credit):
    payout, stakes, returns = credit
    assert tuple(slots._unpack_credit(payout + (stakes << 128) + (returns << 160))) == credit


def test_two_fields_never_share_a_bit(slots):
    """Every bit of `hot` moves exactly one field."""
    empty = tuple(slots._unpack_hot(0))
    widths = dict.fromkeys(range(len(empty)), 0)
    for bit in range(256):
        fields = tuple(slots._unpack_hot(1 << bit))
        changed = [place for place, value in enumerate(fields) if value != empty[place]]
        assert len(changed) == 1
        for place in changed:
            widths[place] += 1
    assert list(widths.values()) == [2, 1, 1, 1, 20, 20, 20, 24, 20, 24, 24, 20, 34, 22, 18, 5]
