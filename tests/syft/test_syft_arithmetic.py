"""The arithmetic of a visit: near what it is in theory, and of the same bits in whatever order it is done."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.arithmetic import (
    cosine,
    gram,
    largest_eigenvalue,
    logarithm,
    positive_part,
    product,
    pulled,
    solved,
)
from openmined_syft.errors import NotFiniteError, ShapeError

SIZES = st.integers(1, 40)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, rows: int, columns: int) -> np.ndarray:
    """Numbers of very different sizes."""
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, columns)) * 10.0 ** random.integers(-9, 9, (rows, 1))


def symmetric(seed: int, size: int) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(size, size))
    return made + made.T


@settings(max_examples=30)
@given(SEEDS, SIZES, SIZES, SIZES)
def test_the_order_of_a_sum_changes_no_bit_of_a_product(seed: int, m: int, n: int, p: int) -> None:
    left, right = drawn(seed, m, n), drawn(seed + 1, n, p)
    order = np.random.default_rng(seed).permutation(n)
    found = product(left, right)
    assert product(left[:, order], right[order]).tobytes() == found.tobytes()
    reach = np.abs(left).max(axis=1, keepdims=True) * np.abs(right).max(axis=0) * n
    assert (np.abs(found - left @ right) <= 1e-11 * reach + 1e-300).all()


@given(SEEDS, st.integers(1, 600), st.integers(1, 8))
@settings(max_examples=10)
def test_sums_over_records_are_the_products_of_their_parts(seed: int, rows: int, columns: int) -> None:
    X, T = np.random.default_rng(seed).normal(size=(2, rows, columns))
    np.testing.assert_allclose(gram(X), X.T @ X, atol=1e-9)
    np.testing.assert_allclose(pulled(X, T), X.T @ T, atol=1e-9)
    assert gram(X).tobytes() == gram(X).T.tobytes()
    assert gram(X).tobytes() == product(X.T, X).tobytes()  # one part holds them all


@settings(max_examples=20)
@given(SEEDS, SIZES)
def test_the_largest_eigenvalue_is_never_far_too_small(seed: int, size: int) -> None:
    made = drawn(seed, size, size)
    matrix = made.T @ made
    largest = np.linalg.eigvalsh(matrix)[-1]
    found = largest_eigenvalue(matrix)
    assert largest * size ** (-1 / 1024) * (1 - 1e-6) <= found <= largest * (1 + 1e-6)


def test_two_largest_eigenvalues_that_are_equal_are_found() -> None:
    assert largest_eigenvalue(np.diag([1.0, 3.0, 3.0])) == pytest.approx(3.0, rel=1e-12)
    beside = np.array([[1.0, 0, 0], [0, 0.9, 0.9], [0, 0.9, 0.9]])  # the largest entry is not where it lies
    assert largest_eigenvalue(beside) == pytest.approx(1.8, rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(SEEDS, SIZES)
def test_negative_eigenvalues_become_nothing(seed: int, size: int) -> None:
    matrix = symmetric(seed, size)
    values, vectors = np.linalg.eigh(matrix)
    expected = (vectors * np.maximum(values, 0)) @ vectors.T
    np.testing.assert_allclose(positive_part(matrix), expected, atol=1e-6 * np.abs(values).max())


def test_nothing_has_no_negative_part() -> None:
    assert not positive_part(np.zeros((3, 3))).any()
    np.testing.assert_allclose(positive_part(np.diag([-1.0, 2.0])), np.diag([0.0, 2.0]), atol=1e-12)


@settings(max_examples=20)
@given(SEEDS, SIZES)
def test_equations_are_solved(seed: int, size: int) -> None:
    made = np.random.default_rng(seed).normal(size=(size, size))
    left, right = made.T @ made + np.eye(size), symmetric(seed, size)
    np.testing.assert_allclose(left @ solved(left, right), right, atol=1e-9 * np.abs(right).max())


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 200])
def test_equations_are_solved_as_if_one_column_after_the_other_were_taken_from_all_rows(size: int) -> None:
    draw = np.random.default_rng(size)
    rows = draw.standard_normal((2 * size, size))
    left = rows.T @ rows + np.eye(size)
    right = np.hstack([draw.standard_normal((size, 1)), 0.5 * np.eye(size), np.zeros((size, 1))])
    both = np.hstack([left, right])
    for column in range(size):
        factors = both[:, column] / both[column, column]
        factors[column] = 0.0
        both[:, column + 1 :] -= factors[:, None] * both[column, column + 1 :]
    expected = both[:, size:] / np.diag(both)[:, None] + 0.0
    assert solved(left, right).tobytes() == expected.tobytes()


def test_cosine_and_logarithm_are_right_to_the_last_places() -> None:
    turns = np.concatenate([np.linspace(-3, 3, 601), [0.25, -0.25, 0.5, 1e9 + 0.125]])
    np.testing.assert_allclose(cosine(turns), np.cos(2 * np.pi * (turns - np.rint(turns))), atol=1e-15)
    numbers = np.concatenate([np.logspace(-300, 300, 400), [1.0, 0.5, np.sqrt(0.5), 2.0**-54]])
    np.testing.assert_allclose(logarithm(numbers), np.log(numbers), rtol=4e-16, atol=4e-16)


def test_what_cannot_be_multiplied_is_refused() -> None:
    with pytest.raises(ShapeError):
        product(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ShapeError):
        product(np.zeros((2, 0)), np.zeros((0, 3)))
    with pytest.raises(NotFiniteError, match="a factor"):
        product(np.array([[np.inf]]), np.eye(1))
