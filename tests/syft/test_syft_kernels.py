"""Every kernel gives what the pure-Python reference gives, on random and on edge values, bit for bit."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.errors import BoundError, CiphertextError, KernelError, ShapeError
from openmined_syft.kernels import kernel_names, load_kernel
from openmined_syft.kernels.reference import ReferenceKernel
from openmined_syft.kernels.schedule import best_width, schedule, signed_digits

REFERENCE = ReferenceKernel()
MODULI = [15, (2**61 - 1) * 1000003, (2**127 - 1) ** 2, 3**200]

kernels = pytest.mark.parametrize("name", [n for n in kernel_names() if n != REFERENCE.name])


@st.composite
def residues(draw, count, modulus, units=False):
    edge = st.sampled_from([1, modulus - 1, 2, modulus // 2])
    numbers = draw(st.lists(edge | st.integers(1, modulus - 1), min_size=count, max_size=count))
    return [n if not units or np.gcd.reduce([n, modulus]) == 1 else 1 for n in numbers]


@st.composite
def matvec_case(draw):
    modulus = draw(st.sampled_from(MODULI))
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    bases = draw(residues(columns, modulus, units=True))
    top = 2 ** draw(st.integers(0, 62)) - 1
    entry = st.sampled_from([0, 1, -1, top, -top]) | st.integers(-top, top)
    matrix = draw(st.lists(st.lists(entry, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    return bases, np.array(matrix, np.int64), modulus, draw(st.integers(1, 5)), draw(st.integers(0, 70))


@kernels
@settings(max_examples=200, deadline=None)
@given(case=matvec_case())
def test_matvec_equals_the_reference(name, case):
    assert load_kernel(name).matvec(*case) == REFERENCE.matvec(*case)


@kernels
@settings(max_examples=60, deadline=None)
@given(data=st.data(), modulus=st.sampled_from(MODULI), exponent=st.integers(0, 2**130))
def test_powers_equal_the_reference(name, data, modulus, exponent):
    bases = data.draw(residues(data.draw(st.integers(0, 9)), modulus))
    assert load_kernel(name).powers(bases, exponent, modulus) == REFERENCE.powers(bases, exponent, modulus)


@kernels
@settings(max_examples=60, deadline=None)
@given(data=st.data(), modulus=st.sampled_from(MODULI), count=st.integers(0, 20))
def test_products_equal_the_reference(name, data, modulus, count):
    left, right = (data.draw(residues(count, modulus)) for _ in "ab")
    assert load_kernel(name).products(left, right, modulus) == REFERENCE.products(left, right, modulus)


@kernels
def test_real_sizes_equal_the_reference(name, capsule_key):
    random, n2 = np.random.default_rng(1), int(capsule_key.public.n_squared)
    bases = [n2 - 1, 1, 2, *(int.from_bytes(random.bytes(512), "big") % n2 for _ in range(4))]
    matrix = random.integers(-(2**20), 2**20, (5, len(bases)))
    matrix[0], matrix[1, :3] = 0, [2**62 - 1, -(2**62 - 1), 0]
    kernel = load_kernel(name)
    for rows, shift in ((1, 0), (3, 51), (5, 64)):
        case = (bases, matrix, n2, rows, shift)
        assert kernel.matvec(*case) == REFERENCE.matvec(*case)
    assert kernel.powers(bases, capsule_key.public.n, n2) == REFERENCE.powers(bases, capsule_key.public.n, n2)
    assert kernel.products(bases, bases[::-1], n2) == REFERENCE.products(bases, bases[::-1], n2)


@pytest.mark.parametrize("name", kernel_names())
def test_what_no_kernel_can_multiply_is_refused(name):
    kernel, eye = load_kernel(name), np.eye(2, dtype=np.int64)
    with pytest.raises(ShapeError):
        kernel.matvec([2, 3, 4], eye, 35)
    with pytest.raises(ShapeError):
        kernel.matvec([2], np.ones(1, np.int64), 35)
    with pytest.raises(ShapeError):
        kernel.matvec([2, 3], eye.astype(np.float64), 35)
    with pytest.raises(ShapeError):
        kernel.matvec([2, 3], eye, 35, rows_per_output=0)
    with pytest.raises(ShapeError):
        kernel.products([2], [2, 3], 35)
    with pytest.raises(BoundError):
        kernel.matvec([2, 3], eye << 62, 35)
    with pytest.raises(CiphertextError, match="no inverse"):
        kernel.matvec([5, 3], -eye, 35)


@pytest.mark.parametrize("name", kernel_names())
def test_nothing_to_multiply_gives_one(name):
    kernel = load_kernel(name)
    assert kernel.matvec([2, 3], np.zeros((3, 2), np.int64), 35, 2, 10) == [1, 1]
    assert kernel.matvec([], np.zeros((2, 0), np.int64), 35) == [1, 1]
    assert kernel.powers([], 5, 35) == []


def test_an_unknown_kernel_is_refused():
    with pytest.raises(KernelError, match="abacus"):
        load_kernel("abacus")
    assert load_kernel().name == "gmpy2"


@given(st.lists(st.integers(-(2**62) + 1, 2**62 - 1), min_size=1, max_size=5), st.integers(2, 10))
def test_signed_digits_are_odd_small_sparse_and_sum_up(values, width):
    digits = signed_digits(np.array([values], np.int64), width)[:, 0, :].astype(object)
    for column, value in enumerate(values):
        places = [i for i, digit in enumerate(digits[:, column]) if digit]
        assert sum(int(digits[i, column]) << i for i in places) == value
        assert all(digits[i, column] % 2 and abs(digits[i, column]) < 1 << (width - 1) for i in places)
        assert all(b - a >= width for a, b in itertools.pairwise(places))


def test_the_window_grows_with_the_number_of_rows():
    widths = [best_width(rows, 65, 21) for rows in (1, 65, 1000)]
    assert widths == sorted(widths)
    assert widths[0] < widths[1] < widths[2]


def test_the_schedule_counts_what_it_plans():
    matrix = np.array([[1, 0, -3], [8, 0, 0]], np.int64)
    plan = schedule(matrix, 2, 10, width=3)
    assert plan.used.tolist() == [True, False, True]
    assert [step.squarings for step in plan.outputs[0]] == [0, 13]
    assert plan.tail == [0]
    assert plan.squarings == 13
    assert sum(len(step.entries) for step in plan.outputs[0]) == 3
