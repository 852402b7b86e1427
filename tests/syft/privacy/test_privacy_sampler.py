"""The sampler against the exact distribution, and releases as whole numbers, each of them possible."""

import math
import os
import pickle
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import chi2

from openmined_syft.errors import PrivacyError, ShapeError
from openmined_syft.privacy import Clip, NoisedSums, exact_sums, on_grid
from openmined_syft.privacy.discrete_gaussian import SystemRandomness, sample_discrete_gaussian
from openmined_syft.privacy.sums import SENSITIVITY, variances

pytestmark = pytest.mark.usefixtures("seeded_noise")


def exact_chances(variance: int, reach: int) -> dict[int, float]:
    weights = {x: math.exp(-x * x / (2 * variance)) for x in range(-reach, reach + 1)}
    total = math.fsum(weights.values())
    return {x: weight / total for x, weight in weights.items()}


def require_fit(drawn: Counter, chances: dict[int, float], *, level: float = 1e-6) -> None:
    """Pearson's chi-square, cells of fewer than 20 expected draws taken together."""
    count = sum(drawn.values())
    cells: list[tuple[float, float]] = []
    rest_found = rest_expected = 0.0
    for x, chance in chances.items():
        if chance * count < 20:
            rest_found, rest_expected = rest_found + drawn[x], rest_expected + chance * count
        else:
            cells.append((drawn[x], chance * count))
    outside = sum(found for x, found in drawn.items() if x not in chances)
    cells.append((rest_found + outside, max(rest_expected, 1e-9)))
    statistic = sum((found - expected) ** 2 / expected for found, expected in cells if expected > 1)
    assert statistic < chi2.isf(level, len(cells) - 1), statistic


def draw(variance: int, count: int) -> Counter:
    source = SystemRandomness()
    return Counter(sample_discrete_gaussian(variance, source) for _ in range(count))


@pytest.mark.parametrize("variance", [1, 2, 9, 30])
def test_samples_follow_the_discrete_gaussian(variance):
    require_fit(draw(variance, 40_000), exact_chances(variance, 40))


@pytest.mark.slow
@pytest.mark.parametrize("variance", [1, 7, 100])
def test_a_million_samples_follow_the_discrete_gaussian(variance):
    require_fit(draw(variance, 1_000_000), exact_chances(variance, 12 * math.isqrt(variance) + 12))


def test_the_chi_square_would_notice_rounded_continuous_noise_and_a_double_zero():
    """Rounding a continuous Gaussian is another distribution; so is counting zero with both signs."""
    count = 400_000
    rounded = Counter(np.rint(np.random.default_rng(0).normal(0, 1, count)).astype(int).tolist())
    with pytest.raises(AssertionError):
        require_fit(rounded, exact_chances(1, 40))
    doubled = Counter(np.random.default_rng(1).choice(
        [-1, 0, 1], count, p=[0.2, 0.6, 0.2]).tolist())  # fmt: skip
    with pytest.raises(AssertionError):
        require_fit(doubled, exact_chances(1, 40))


def test_large_noise_has_the_right_spread_and_both_parities():
    """At the size that a release uses; every whole number is possible, so neither parity is rarer."""
    variance = 1 << 50
    drawn = [sample_discrete_gaussian(variance, SystemRandomness()) for _ in range(20_000)]
    assert abs(np.std(drawn) / 2**25 - 1) < 0.03
    assert abs(np.mean(drawn)) < 5 * 2**25 / math.sqrt(len(drawn))
    assert abs(sum(value & 1 for value in drawn) / len(drawn) - 0.5) < 0.02
    assert abs(sum(value < 0 for value in drawn) / len(drawn) - 0.5) < 0.02


def test_uniform_numbers_are_uniform_below_any_bound_and_come_from_the_system(monkeypatch):
    source = SystemRandomness()
    for bound in (1, 2, 3, 5, 7, 255, 256, 257):
        drawn = Counter(source.below(bound) for _ in range(20_000))
        require_fit(drawn, dict.fromkeys(range(bound), 1 / bound))
    asked = []
    monkeypatch.setattr(os, "urandom", lambda count: asked.append(count) or bytes(count))  # type: ignore[func-returns-value]
    assert SystemRandomness().below(1 << 200) == 0
    assert asked


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "2", None])
def test_a_variance_that_is_none_is_refused(bad):
    with pytest.raises(PrivacyError, match="variance"):
        sample_discrete_gaussian(bad, SystemRandomness())


def small_sums():
    X = np.array([[0.5, -1.0, 1.0], [1.0, 1.0, 1.0], [-0.25, 2.0, 1.0]])
    return exact_sums(on_grid(X, [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], Clip(1.5, 1.0)))


class Counted:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def below(self, bound: int) -> int:
        self.calls += 1
        return 0 if bound == 1 else self.calls % 2


def test_every_released_number_is_the_exact_sum_plus_whole_noise_drawn_once_for_each_pair():
    sums = small_sums()
    release = sums.noised(Fraction(1, 1 << 38))
    noise = release.products() - sums._products
    np.testing.assert_array_equal(release.products(), release.products().T)
    assert len(release.triangle) == 6
    assert (noise != 0).any()
    again = sums.noised(Fraction(1, 1 << 38))
    assert not np.array_equal(again.triangle, release.triangle)  # fresh each time
    assert release.triangle.dtype == np.int64


def test_the_noise_has_the_variances_that_the_price_asks_for():
    """Twice on the diagonal, once above, and the targets' own; 1,500 releases."""
    sums, rho = small_sums(), Fraction(1, 2)
    products_variance, pulls_variance = variances(rho)
    assert products_variance == SENSITIVITY * 2  # 2^48 / (4 * 1/8)
    assert pulls_variance == -(-SENSITIVITY * 4 // 3)
    releases = [sums.noised(rho) for _ in range(1500)]
    products = np.array([release.products() for release in releases], float) - sums._products
    pulls = np.array([release.pulls for release in releases], float) - sums._pulls
    np.testing.assert_allclose(
        np.diagonal(products, 0, 1, 2).var(axis=0) / (2 * products_variance), 1, atol=0.2
    )
    upper = products[:, *np.triu_indices(3, 1)]
    np.testing.assert_allclose(upper.var(axis=0) / products_variance, 1, atol=0.2)
    np.testing.assert_allclose(pulls.var(axis=0) / pulls_variance, 1, atol=0.2)
    together = np.hstack([products[:, *np.triu_indices(3)], pulls.reshape(len(pulls), -1)])
    correlation = np.corrcoef(together.T) - np.eye(together.shape[1])
    assert np.abs(correlation).max() < 0.15  # each entry has noise of its own


def test_a_release_says_exactly_what_it_cost_and_never_more_than_its_price():
    for rho in (Fraction(1, 3), Fraction(1, 1 << 40), Fraction(7, 5), Fraction(1 << 20)):
        release = small_sums().noised(rho)
        assert rho * (1 - Fraction(1, 1 << 20)) < release.rho <= rho
        products, pulls = release.products_variance, release.pulls_variance
        assert release.rho == Fraction(SENSITIVITY, 4 * products) + Fraction(SENSITIVITY, 2 * pulls)


@pytest.mark.parametrize(
    "bad", [Fraction(0), Fraction(-1), Fraction(1, 1 << 41), Fraction((1 << 20) + 1), 0.5, 1]
)
def test_a_price_out_of_range_draws_no_noise(bad):
    source = Counted()
    with pytest.raises(PrivacyError, match="price of a release"):
        small_sums().noised(bad, source)
    assert source.calls == 0


def test_sums_without_noise_are_not_serialised_shown_or_hashed():
    sums = small_sums()
    with pytest.raises(TypeError, match="without noise"):
        pickle.dumps(sums)
    assert repr(sums) == "UnnoisedSums(of shape (3, 2))"
    with pytest.raises(TypeError):
        hash(sums)
    assert not hasattr(sums, "to_fields")


def test_sums_that_do_not_belong_together_are_not_added():
    sums = small_sums()
    with pytest.raises(ShapeError):
        sums + exact_sums(on_grid([[1.0, 1.0]], [[1.0]], Clip(1.5, 1.0)))
    with pytest.raises(PrivacyError, match="clipped to"):
        sums + exact_sums(on_grid([[1.0, 1.0, 1.0]], [[1.0, 0.0]], Clip(2.0, 1.0)))


def test_a_release_comes_back_from_its_stored_form_and_nothing_else_does():
    release = small_sums().noised(Fraction(1, 8))
    fields = release.to_fields()
    back = NoisedSums.from_fields(fields)
    np.testing.assert_array_equal(back.products(), release.products())
    np.testing.assert_array_equal(back.pulls, release.pulls)
    assert (back.rho, back.clip) == (release.rho, release.clip)
    for name, bad in (
        ("rows", 0), ("rows", 4), ("columns", 1 << 20), ("triangle", b"abc"), ("pulls", fields["pulls"][:-8]),
        ("products_variance", "0"), ("pulls_variance", "x"), ("clip_inputs", "nan"), ("triangle", None),
    ):  # fmt: skip
        with pytest.raises(PrivacyError):
            NoisedSums.from_fields({**fields, name: bad})
    with pytest.raises(PrivacyError):
        NoisedSums.from_fields({})
