"""Our accountant and sampler beside OpenDP's, an independent library, in an environment of its own."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.privacy import epsilon_at
from openmined_syft.privacy.discrete_gaussian import SystemRandomness, sample_discrete_gaussian

dp = pytest.importorskip("opendp.prelude", reason="OpenDP: run by `make test-privacy-peers`")
dp.enable_features("contrib")
SPACE = dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float)

scales = st.floats(0.2, 1000)
deltas = st.floats(1e-10, 0.01)


@settings(deadline=None)
@given(scales, st.integers(1, 50))
def test_a_release_costs_what_opendp_says(scale: float, sensitivity: int) -> None:
    theirs = dp.m.make_gaussian(*SPACE, scale=scale).map(float(sensitivity))
    ours = Fraction(sensitivity) ** 2 / (2 * Fraction(scale) ** 2)
    assert float(ours) <= theirs * (1 + 1e-12)
    assert float(ours) >= theirs * (1 - 1e-12)


@settings(deadline=None)
@given(scales, deltas)
def test_the_shown_epsilon_is_opendps(scale: float, delta: float) -> None:
    mechanism = dp.m.make_gaussian(*SPACE, scale=scale)
    theirs = dp.c.make_zCDP_to_approxDP(mechanism).map(1.0).epsilon(delta)
    ours = epsilon_at(1 / (2 * Fraction(scale) ** 2), delta)
    assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)
    assert ours >= theirs * (1 - 1e-6) - 1e-9


@settings(deadline=None, max_examples=20)
@given(st.lists(scales, min_size=2, max_size=5), deltas)
def test_releases_together_cost_what_opendps_composition_says(several: list[float], delta: float) -> None:
    composed = dp.c.make_composition([dp.m.make_gaussian(*SPACE, scale=scale) for scale in several])
    theirs = dp.c.make_zCDP_to_approxDP(composed).map(1.0).epsilon(delta)
    ours = epsilon_at(sum((1 / (2 * Fraction(scale) ** 2) for scale in several), Fraction(0)), delta)
    assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("variance", [4, 49])
def test_samples_of_both_libraries_come_from_one_distribution(variance: int) -> None:
    """Chi-square of two samples of 50,000 each."""
    from scipy.stats import chi2_contingency

    theirs = Counter(dp.m.make_gaussian(*SPACE, scale=float(variance**0.5))([0] * 50_000))
    source = SystemRandomness()
    ours = Counter(sample_discrete_gaussian(variance, source) for _ in range(50_000))
    values = [value for value in {*ours, *theirs} if ours[value] + theirs[value] >= 40]
    table = [[counts[value] for value in values] for counts in (ours, theirs)]
    assert chi2_contingency(table).pvalue > 1e-12  # nobody can give OpenDP a seed
