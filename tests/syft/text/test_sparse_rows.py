"""Sparse rows are the matrix they stand for, however they are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.features.text import SparseRows

MATRICES = st.tuples(st.integers(0, 6), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.0, 1.0, -0.5]))
)


def sparse(matrix: NDArray[np.float64]) -> SparseRows:
    rows, columns = np.nonzero(matrix)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(matrix)))])
    return SparseRows(
        starts.astype(np.int64), columns.astype(np.int32), matrix[rows, columns], matrix.shape[1]
    )


@given(MATRICES, st.integers(-7, 7), st.integers(-7, 7), st.sampled_from([1, 2, -1]))
def test_a_part_of_the_rows_is_that_part_of_the_matrix(
    matrix: NDArray[np.float64], first: int, last: int, step: int
) -> None:
    rows = sparse(matrix)
    assert (len(rows), rows.shape) == (len(matrix), matrix.shape)
    np.testing.assert_array_equal(rows[first:last:step], matrix[first:last:step])
    order = np.random.default_rng(0).permutation(len(matrix))
    np.testing.assert_array_equal(rows[order], matrix[order])


@given(MATRICES, st.integers(1, 3))
def test_a_product_is_that_of_the_matrix(matrix: NDArray[np.float64], columns: int) -> None:
    right = np.arange(1.0, matrix.shape[1] * columns + 1).reshape(-1, columns)
    np.testing.assert_array_equal(sparse(matrix).times(right), matrix @ right)


@given(MATRICES, MATRICES)
def test_matrices_are_stacked_and_set_side_by_side(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> None:
    if one.shape[1] == other.shape[1]:
        together = SparseRows.stacked([sparse(one), sparse(other)])
        np.testing.assert_array_equal(together, np.vstack([one, other]))
    else:
        with pytest.raises(ShapeError, match="cannot be stacked"):
            SparseRows.stacked([sparse(one), sparse(other)])
    if len(one) == len(other):
        beside = SparseRows.beside([sparse(one), other, sparse(one)])
        np.testing.assert_array_equal(beside, np.hstack([one, other, one]))
    else:
        with pytest.raises(ShapeError, match="side by side"):
            SparseRows.beside([sparse(one), other])


@pytest.mark.parametrize(
    ("starts", "columns", "values"),
    [
        ([0, 1], [3], [1.0]),
        ([0, 1], [-1], [1.0]),
        ([0, 2], [0], [1.0]),
        ([1, 1], [0], [1.0]),
        ([0, 2, 1], [0], [1.0]),
        ([0, 1], [0, 1], [1.0]),
        ([], [], []),
    ],
)
def test_entries_that_do_not_fit_are_refused(
    starts: list[int], columns: list[int], values: list[float]
) -> None:
    with pytest.raises(ShapeError):
        SparseRows(np.array(starts, np.int64), np.array(columns, np.int32), np.array(values), 3)
