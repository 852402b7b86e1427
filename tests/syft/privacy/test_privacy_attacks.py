"""Attacks on a mine's records: each works where there is no noise, and fails against the default."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import beta

from openmined_syft.affine import AffineMap
from openmined_syft.models import Rows, build_family
from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import Clip, exact_sums, rho_for
from openmined_syft.rules import GradientDescent

pytestmark = pytest.mark.usefixtures("seeded_noise")

CLIP = Clip(2.0, 1.0)
EPSILON, DELTA = 3.0, 1e-6
RULE = GradientDescent(1, l2=0.0, learning_rate=0.5)


def family_of(columns: int, classes: int) -> LinearFamily:
    family = build_family("one_vs_rest", columns, classes, {})
    assert isinstance(family, LinearFamily)
    return family


def records(count: int, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    return Rows(random.normal(size=(count, 4)), random.integers(0, 3, count))


def with_one_more(rows: Rows, x: np.ndarray, y: int) -> Rows:
    return Rows(np.vstack([rows.X, x]), np.append(rows.y, y))


def gradient_at_zero(visit: AffineMap) -> np.ndarray:
    """What Capsule decrypts of the first version: c, for weights of zero."""
    return visit(np.zeros(visit.shape))


def record_from(difference: np.ndarray) -> np.ndarray:
    """The direction of the inputs in a change of X'Y of rank one."""
    left, _, _ = np.linalg.svd(difference)
    found = left[:, 0] / left[-1, 0]  # the bias is one
    return np.asarray(found[:-1])


VICTIM = np.array([0.9, -0.4, 0.7, 0.2])


def test_the_difference_of_two_gradients_is_the_record_without_noise() -> None:
    family, before = family_of(4, 3), records(40)
    after = with_one_more(before, VICTIM, 1)
    sums = [
        gradient_at_zero(family.compiled(rows, RULE)) * len(rows.y) / (RULE.learning_rate or np.nan)
        for rows in (before, after)
    ]
    np.testing.assert_allclose(record_from(sums[1] - sums[0]), VICTIM, atol=1e-6)


def test_the_difference_of_two_releases_is_noise_even_if_everything_else_is_known() -> None:
    family, before = family_of(4, 3), records(40)
    after = with_one_more(before, VICTIM, 1)
    rho = rho_for(EPSILON, DELTA)
    exact = exact_sums(family.grid_rows(before, CLIP))
    errors, guesses = [], np.random.default_rng(1)
    for _ in range(60):
        noised = exact_sums(family.grid_rows(after, CLIP)).noised(rho)
        # A stronger attacker than Capsule: all other records are known exactly.
        change = noised.pulls - exact._pulls
        found = record_from(change.astype(float))
        errors.append(np.linalg.norm(found / np.linalg.norm(found) - VICTIM / np.linalg.norm(VICTIM)))
    blind = guesses.normal(size=(60, 4))
    blind /= np.linalg.norm(blind, axis=1, keepdims=True)
    guessed = np.linalg.norm(blind - VICTIM / np.linalg.norm(VICTIM), axis=1)
    assert np.median(errors) > 0.5 * np.median(guessed)


def test_one_row_is_reconstructed_from_a_single_gradient_without_noise_and_not_with_it() -> None:
    """A data set of one record, the easiest there is."""
    family, alone = family_of(4, 3), Rows(VICTIM[None], np.array([1]))
    plain = gradient_at_zero(family.compiled(alone, RULE))
    np.testing.assert_allclose(record_from(plain), VICTIM, atol=1e-9)
    sums = exact_sums(family.grid_rows(alone, CLIP))
    near = 0
    for _ in range(60):
        noised = family.compiled(sums.noised(rho_for(EPSILON, DELTA)), RULE)
        near += int(np.linalg.norm(record_from(gradient_at_zero(noised)) - VICTIM) < 0.25)
    assert near < 12


def test_the_difference_attack_on_reused_noise_has_no_second_noise_to_work_with() -> None:
    """If a record is added and the noise were kept, the difference would be the record. So nothing in the
    mechanism can draw the same noise again: not for other records, not for the same.
    """
    family, before = family_of(4, 3), records(40)
    rho = rho_for(EPSILON, DELTA)
    sums = [exact_sums(family.grid_rows(rows, CLIP)) for rows in (before, with_one_more(before, VICTIM, 1))]
    noises = [(one.noised(rho).pulls - one._pulls).ravel() for one in (sums[0], sums[0], sums[1])]
    for one in range(3):
        for other in range(one):
            assert not np.array_equal(noises[one], noises[other])
            assert abs(np.corrcoef(noises[one], noises[other])[0, 1]) < 0.9


def refuted(hits: int, alarms: int, count: int, delta: float, confidence: float = 1e-3) -> float:
    """The epsilon that a test with so many true and false positives of `count` each refutes:
    log((TPR - delta) / FPR), both rates at their Clopper-Pearson limits (Jagielski et al. 2020).
    """
    true = beta.ppf(confidence, hits, count - hits + 1) if hits else 0.0
    false = beta.ppf(1 - confidence, alarms + 1, count - alarms) if alarms < count else 1.0
    return max(0.0, math.log(max(true - delta, 1e-12) / false))


def lower_bound(guilty: np.ndarray, innocent: np.ndarray, delta: float) -> float:
    """The largest epsilon that a threshold on the scores refutes; half of them choose the threshold."""
    half = len(guilty) // 2

    def by(threshold: float, part: slice) -> float:
        hits, alarms = int((guilty[part] > threshold).sum()), int((innocent[part] > threshold).sum())
        return refuted(hits, alarms, len(guilty[part]), delta)

    candidates = np.quantile(innocent[:half], np.linspace(0.5, 0.999, 100))
    chosen = max(candidates.tolist(), key=lambda threshold: by(threshold, slice(half)))
    return by(chosen, slice(half, None))


def scores(pairs: int, rho: Fraction | None) -> tuple[np.ndarray, np.ndarray]:
    """What the best attacker makes of `pairs` releases with a record and as many without it.

    The record is the worst there is: at its clip, in a data set without any other like it, and all others are
    known. Whatever a campaign trains is computed from the release, so no attack on models can do better.
    """
    family = family_of(2, 2)
    others = Rows(np.zeros((5, 2)), np.array([0, 1, 0, 1, 0]))
    victim, label = np.array([2.0, 0.0]), 1
    alone = family.grid_rows(Rows(victim[None], np.array([label])), CLIP)
    u, v = alone.inputs[0], alone.targets[0]
    found = []
    for rows in (with_one_more(others, victim, label), others):
        if rho is None:
            found.append(np.full(pairs, family.compiled(rows, RULE)(np.zeros((3, 2)))[0, label]))
            continue
        sums, row_scores = exact_sums(family.grid_rows(rows, CLIP)), []
        for _ in range(pairs):
            noised = sums.noised(rho)
            # The likelihood ratio, up to constants: both sums, each by its own noise.
            products = (u @ noised.products() @ u) / (2 * noised.products_variance)
            row_scores.append(products + (u @ noised.pulls @ v) / noised.pulls_variance)
        found.append(np.array(row_scores))
    return found[0], found[1]


@pytest.mark.slow
def test_a_membership_attack_on_ten_thousand_pairs_stays_below_the_stated_epsilon() -> None:
    bound = lower_bound(*scores(10_000, rho_for(EPSILON, DELTA)), DELTA)
    assert 0.3 < bound < EPSILON  # it notices the record, and no better than stated


def test_a_membership_attack_without_noise_finds_the_record_every_time() -> None:
    guilty, innocent = scores(10_000, None)
    assert lower_bound(guilty, innocent, DELTA) > 2 * EPSILON


@pytest.mark.slow
def test_the_membership_attack_would_notice_a_quarter_of_the_noise_under_the_same_statement() -> None:
    assert lower_bound(*scores(10_000, rho_for(EPSILON, DELTA) * 16), DELTA) > EPSILON
