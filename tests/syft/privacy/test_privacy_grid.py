"""Records on the grid: what comes out is whole, never longer than the clip, and owed to one record alone."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from openmined_syft.errors import NotFiniteError, PrivacyError, ShapeError
from openmined_syft.privacy import Clip, GridRows, exact_sums, on_grid
from openmined_syft.privacy.grid import MOST_ROWS, UNIT
from openmined_syft.privacy.sums import MOST_SUMMED, UnnoisedSums
from tests.builders.changes import wrong

TINY = 5e-324
numbers = st.one_of(
    st.floats(-3, 3),
    st.floats(-1e308, 1e308),
    st.sampled_from([0.0, -0.0, TINY, -TINY, 2.2e-308, 1e-160, 1e154, 1.7e308, -1.7e308, 2.0, -2.0]),
)
clips = st.builds(Clip, st.floats(1e-3, 100), st.floats(1e-3, 100))


@st.composite
def records(draw, most=6):
    """(design, targets): up to six records of three inputs and two targets."""
    count = draw(st.integers(1, most))
    X = draw(arrays(np.float64, (count, 3), elements=numbers))
    return np.hstack([X, np.ones((count, 1))]), draw(arrays(np.float64, (count, 2), elements=numbers))


@given(records(), clips)
def test_no_record_is_longer_than_its_clip_not_even_by_a_bit(rows, clip):
    design, targets = rows
    grid = on_grid(design, targets, clip)
    for found in (grid.inputs, grid.targets):
        for row in found.tolist():
            assert all(value == int(value) for value in row)
            assert sum(int(value) ** 2 for value in row) <= UNIT**2


@given(records(), clips)
def test_a_record_inside_its_clip_is_off_by_less_than_a_grid_step_toward_zero(rows, clip):
    design, targets = rows
    grid = on_grid(design, targets, clip)
    for given_row, found in zip(design[:, :-1].tolist(), grid.inputs[:, :-1].tolist(), strict=True):
        if math.hypot(*given_row) > clip.inputs:
            continue
        for value, step in zip(given_row, found, strict=True):
            exact = value * UNIT / clip.with_bias
            assert abs(step) <= abs(exact) * (1 + 1e-12)
            assert abs(exact - step) < 1 + 1e-9


def test_records_at_beyond_and_far_beyond_the_clip_point_the_same_way():
    clip = Clip(5.0, 1.0)
    design = np.array([[3.0, 4.0, 1.0], [6.0, 8.0, 1.0], [3e200, 4e200, 1.0]])
    grid = on_grid(design, np.zeros((3, 1)), clip).inputs
    np.testing.assert_array_equal(grid[0], grid[1])
    np.testing.assert_array_equal(grid[2, :-1], [0.0, 0.0])  # its length is beyond float64
    np.testing.assert_array_equal(grid[0], np.trunc(np.array([3.0, 4.0, 1.0]) * UNIT / math.sqrt(26)))


@given(records(), clips, st.randoms(use_true_random=False))
def test_orders_and_splits_of_the_records_give_identical_sums(rows, clip, random):
    X, Y = rows
    whole = exact_sums(on_grid(X, Y, clip))
    order = list(range(len(X)))
    random.shuffle(order)
    assert exact_sums(on_grid(X[order], Y[order], clip)) == whole
    for cut in range(1, len(X)):
        left = exact_sums(on_grid(X[:cut], Y[:cut], clip))
        assert left + exact_sums(on_grid(X[cut:], Y[cut:], clip)) == whole


def test_float_products_of_grid_numbers_are_exact_at_the_largest_sums():
    """2,000 records at the clip, against Python's integers, however the product is taken."""
    random = np.random.default_rng(3)
    X = np.hstack([random.normal(size=(2000, 8)) * 50, np.ones((2000, 1))])
    grid = on_grid(X, random.normal(size=(2000, 2)) * 50, Clip(1.0, 1.0))
    integers = grid.inputs.astype(np.int64)
    np.testing.assert_array_equal(grid.inputs.T @ grid.inputs, integers.T @ integers)
    fortran = np.asfortranarray(grid.inputs)
    np.testing.assert_array_equal(fortran.T @ fortran, integers.T @ integers)
    assert (MOST_ROWS + 1) * UNIT**2 == 1 << 53


def _moved(sums, other):
    """What a neighbour changes: ||u||^4 as the mechanism counts it, and ||u||^2 ||v||^2."""
    products = (sums._products - other._products).tolist()
    pulls = (sums._pulls - other._pulls).tolist()
    diagonal = sum(products[i][i] ** 2 for i in range(len(products)))
    above = sum(products[i][j] ** 2 for i, j in itertools.combinations(range(len(products)), 2))
    return diagonal + 2 * above, sum(value**2 for row in pulls for value in row)


def test_no_neighbour_moves_the_sums_further_than_stated_by_brute_force():
    """Every data set of up to two records out of a list full of edges, and every one with one record more."""
    clip = Clip(2.0, 1.5)
    values = [0.0, TINY, 1.0, -1.9999999, 2.0, -2.0000001, 1e308]
    targets = [0.0, 1.5, -1.5000001, 1e300]
    pool = [([a, b, 1.0], [c]) for a in values for b in (0.0, TINY, 2.0, -3.0) for c in targets]
    most = (0, 0)
    alone = {}
    for place, (x, t) in enumerate(pool):
        alone[place] = exact_sums(on_grid([x], [t], clip))
    for first in range(0, len(pool), 3):
        for more in range(len(pool)):
            both = exact_sums(on_grid([pool[first][0], pool[more][0]], [pool[first][1], pool[more][1]], clip))
            found = _moved(both, alone[first])
            most = tuple(map(max, most, found))
            assert found[0] <= UNIT**4
            assert found[1] <= UNIT**4
    assert most[0] > 0.99 * UNIT**4  # the bound is reached, so a smaller one would be wrong
    assert most[1] > 0.99 * UNIT**4


def test_the_clip_is_public_and_in_range():
    for bad in (0, -1.0, math.nan, math.inf, 1e10, 1e-10, True, "2", None):
        with pytest.raises(PrivacyError, match="the clip of inputs"):
            Clip(wrong(bad), 1.0)
        with pytest.raises(PrivacyError, match="the clip of targets"):
            Clip(1.0, wrong(bad))
    assert Clip(1e9, 1e-9).inputs == Clip(1e-9, 1e9).targets == 1e9


def test_a_clip_beside_which_the_bias_vanishes_is_refused():
    assert Clip(4095.0, 1.0).bias_unit == 1
    on_grid(np.ones((1, 2)), np.ones((1, 1)), Clip(4095.0, 1.0))
    with pytest.raises(PrivacyError, match="at most 4095"):
        on_grid(np.ones((1, 2)), np.ones((1, 1)), Clip(4096.0, 1.0))


def test_what_is_no_design_matrix_or_no_grid_is_refused():
    clip = Clip(1.0, 1.0)
    with pytest.raises(ShapeError, match="bias"):
        on_grid([[1.0, 2.0]], [[1.0]], clip)
    with pytest.raises(ShapeError, match="1 rows of inputs but 2"):
        on_grid([[1.0, 1.0]], [[1.0], [1.0]], clip)
    with pytest.raises(NotFiniteError):
        on_grid([[math.nan, 1.0]], [[1.0]], clip)
    for bad in ([[0.5, 1.0]], [[UNIT + 1.0, 0.0]], [[UNIT, 1.0]]):
        with pytest.raises(PrivacyError, match="not on the grid"):
            GridRows(np.array(bad), np.zeros((1, 1)), clip)
    GridRows(np.array([[float(UNIT), 0.0]]), np.zeros((1, 1)), clip)


def test_batches_are_added_up_in_integers_beyond_what_one_batch_can_have() -> None:
    clip, most = Clip(1.0, 1.0), np.full((2, 2), MOST_ROWS * UNIT**2)

    def of(rows: int) -> UnnoisedSums:
        return UnnoisedSums(most, np.ones((2, 1), np.int64), rows, clip)

    two = of(MOST_ROWS) + of(MOST_ROWS)
    assert two == UnnoisedSums(2 * most, np.full((2, 1), 2), 2 * MOST_ROWS, clip)
    assert MOST_SUMMED > 10**11
    assert (MOST_SUMMED + 1) * UNIT**2 == 1 << 62
    of(MOST_SUMMED - 1) + of(1)
    with pytest.raises(PrivacyError, match="split the data set"):
        of(MOST_SUMMED) + of(1)
