"""Costs add up exactly, and are never shown as less than they are."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.errors import PrivacyError
from openmined_syft.privacy import epsilon_at, require_delta, rho_for
from openmined_syft.privacy.accounting import LARGEST_RHO, SMALLEST_RHO

rhos = st.fractions(SMALLEST_RHO, 100)
deltas = st.floats(1e-12, 0.1)


@given(rhos, deltas)
def test_the_shown_epsilon_is_between_the_truth_for_gaussian_noise_and_the_textbook_bound(rho, delta):
    """Below: the exact delta of a Gaussian of that rho, which no statement about rho-zCDP may undercut."""
    epsilon = epsilon_at(rho, delta)
    textbook = float(rho) + 2 * math.sqrt(float(rho) * math.log(1 / delta))
    assert epsilon <= textbook * (1 + 1e-6)
    shift = math.sqrt(2 * float(rho))  # of a Gaussian with variance 1
    upper = 0.5 * math.erfc((epsilon / shift - shift / 2) / math.sqrt(2))
    lower = 0.5 * math.erfc((epsilon / shift + shift / 2) / math.sqrt(2))
    truth = upper - (math.exp(epsilon) * lower if epsilon < 600 else 0.0)
    assert truth <= delta * (1 + 1e-6)


@given(rhos, rhos, deltas)
def test_more_is_never_shown_as_less(one, other, delta):
    low, high = sorted([one, other])
    assert epsilon_at(low, delta) <= epsilon_at(high, delta) * (1 + 1e-9)
    assert epsilon_at(high, delta) <= epsilon_at(high, delta / 10) * (1 + 1e-9)


@given(st.floats(0.001, 1000), deltas)
def test_a_budget_is_the_largest_rho_that_keeps_its_promise(epsilon, delta):
    rho = rho_for(epsilon, delta)
    assert epsilon_at(rho, delta) <= epsilon
    assert epsilon_at(rho + SMALLEST_RHO * 4 + rho / 10**6, delta) > epsilon


@given(st.lists(rhos, min_size=2, max_size=4))
def test_equal_costs_in_any_order_come_to_the_same(costs):
    totals = {sum(order, Fraction(0)) for order in itertools.permutations(costs)}
    assert len(totals) == 1


def test_a_spend_of_almost_nothing_is_not_lost_in_rounding():
    """In float64 a budget of 1 would still be 1 after it."""
    spent = Fraction(1) + SMALLEST_RHO
    assert spent > 1
    assert epsilon_at(Fraction(0), 1e-6) == 0.0


@pytest.mark.parametrize("bad", [0, 0.0, -1, math.inf, -math.inf, math.nan, 1e6, True, "3", None])
def test_an_epsilon_that_promises_nothing_or_everything_is_refused(bad):
    with pytest.raises(PrivacyError, match="epsilon is"):
        rho_for(bad, 1e-6)


@pytest.mark.parametrize("bad", [0, 0.0, -1e-6, 1, 1.5, math.nan, math.inf, True, "1e-6", None])
def test_a_delta_that_is_no_small_chance_is_refused(bad):
    with pytest.raises(PrivacyError, match="delta is"):
        require_delta(bad)
    with pytest.raises(PrivacyError, match="delta is"):
        rho_for(1.0, bad)


def test_a_delta_above_one_in_the_number_of_records_is_refused():
    assert require_delta(1e-3, rows=1000) == 1e-3
    with pytest.raises(PrivacyError, match="for 1001 records; needs at most"):
        require_delta(1e-3, rows=1001)


def test_an_epsilon_so_small_that_nothing_is_left_is_refused():
    with pytest.raises(PrivacyError, match="allows nothing"):
        rho_for(1e-12, 1e-9)
    assert rho_for(1e5, 1e-6) < LARGEST_RHO
    with pytest.raises(PrivacyError, match="never negative"):
        epsilon_at(Fraction(-1, 7), 1e-6)
