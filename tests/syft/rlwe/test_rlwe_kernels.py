"""Kernels of the ring: the judge against schoolbook products, the others against the judge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.errors import KernelError
from openmined_syft.lattice.kernels import kernel_names, load_kernel
from openmined_syft.lattice.kernels.numpy_kernel import NumpyKernel
from openmined_syft.lattice.ring import DEGREE, Ring, bit_reversed, multiply_mod, ntt_primes, ring

SMALL = Ring(16, ntt_primes(16, 54, 2))


def schoolbook(a: list[int], b: list[int], prime: int) -> list[int]:
    """a b modulo X^n + 1, by definition."""
    n, result = len(a), [0] * len(a)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[(i + j) % n] += x * y if i + j < n else -x * y
    return [value % prime for value in result]


def drawn(where: Ring, *shape: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    parts = [random.integers(0, q, (*shape, where.degree), np.uint64) for q in where.primes]
    return np.stack(parts, axis=-2)


def test_the_ring_is_the_one_of_the_protocol():
    where = ring()
    assert where.primes == (0x3FFFFFFFEF8001, 0x3FFFFFFFEB8001, 0x3FFFFFFFE7C001)
    assert where.modulus.bit_length() == 162
    assert all(prime % (2 * DEGREE) == 1 for prime in where.primes)


@given(st.integers(0, 2**32), st.sampled_from(ntt_primes(8192, 54, 3)))
def test_products_modulo_a_prime_are_exact(seed, prime):
    random = np.random.default_rng(seed)
    a = np.concatenate([random.integers(0, prime, 50, np.uint64), np.array([0, 1, prime - 1], np.uint64)])
    b = np.concatenate([random.integers(0, prime, 50, np.uint64), np.array([prime - 1] * 3, np.uint64)])
    expected = [x * y % prime for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert multiply_mod(a, b, prime).tolist() == expected


@given(st.integers(0, 2**32))
def test_the_judge_multiplies_as_in_school(seed):
    judge, random = NumpyKernel(SMALL), np.random.default_rng(seed)
    pairs = drawn(SMALL, 2, 2, seed=seed)
    plain, mask = random.integers(-(2**62) + 1, 2**62, (2, 16)), random.integers(-(2**27), 2**27, (1, 2, 16))
    ready = judge.ready(judge.forward(pairs.reshape(4, 2, 16)).reshape(pairs.shape))
    answer = judge.answers([ready], plain, ready, mask)[0]
    for half in range(2):
        for place, prime in enumerate(SMALL.primes):
            terms = [
                schoolbook(pairs[j, half, place].tolist(), factor[j].tolist(), prime)
                for factor in (plain, mask[0])
                for j in range(2)
            ]
            assert answer[half, place].tolist() == [
                sum(column) % prime for column in zip(*terms, strict=True)
            ]


def test_values_are_numbered_by_reversed_bits():
    judge, polynomial = NumpyKernel(SMALL), drawn(SMALL, 1)
    values, order = judge.forward(polynomial), bit_reversed(4)
    for place, (prime, root) in enumerate(zip(SMALL.primes, SMALL.roots, strict=True)):
        for number in range(16):
            x = pow(root, 2 * int(order[number]) + 1, prime)
            coefficients = polynomial[0, place].tolist()
            assert (
                values[0, place, number]
                == sum(c * pow(x, i, prime) for i, c in enumerate(coefficients)) % prime
            )


def test_every_kernel_gives_the_judges_numbers(kernel):
    judge, polynomials = load_kernel("numpy"), drawn(ring(), 17)
    np.testing.assert_array_equal(kernel.forward(polynomials), judge.forward(polynomials))
    np.testing.assert_array_equal(kernel.backward(polynomials), judge.backward(polynomials))
    np.testing.assert_array_equal(kernel.backward(kernel.forward(polynomials)), polynomials)
    product = kernel.multiply(polynomials, polynomials[0])
    np.testing.assert_array_equal(product, judge.multiply(polynomials, polynomials[0]))


def test_two_primes_of_three_are_worked_with_too(kernel):
    polynomials = drawn(ring(), 3)
    whole = kernel.forward(polynomials)
    np.testing.assert_array_equal(kernel.forward(polynomials[:, :2]), whole[:, :2])
    np.testing.assert_array_equal(kernel.backward(whole[:, :2]), polynomials[:, :2])


@pytest.mark.parametrize("primes", [2, 3])
def test_every_kernel_turns_polynomials_as_the_judge_does(kernel, primes):
    judge, random = load_kernel("numpy"), np.random.default_rng(primes)
    polynomials = drawn(ring(), 17)[:, :primes]
    for small in (random.integers(-1, 2, DEGREE), -np.eye(1, DEGREE, 8191, dtype=np.int64)[0]):
        turned = kernel.turned(polynomials, small)
        assert turned.shape == polynomials.shape
        np.testing.assert_array_equal(turned, judge.turned(polynomials, small))
    # X^8191 times -1 moves every coefficient one down, and the lowest to the top with the other sign.
    np.testing.assert_array_equal(turned[:, :, :-1], polynomials[:, :, 1:])


@pytest.mark.parametrize("width", [1, 2, 700, 8191, 8192])
def test_every_kernel_gives_the_judges_answers(kernel, width):
    judge, random = load_kernel("numpy"), np.random.default_rng(width)
    sides, zeros = [drawn(ring(), 2, 2, seed=s) for s in (1, 2)], drawn(ring(), 1, 2, seed=3)
    largest = 2**52 - 1 if kernel.name == "seal" else 2**62 - 1
    plain = random.integers(-largest, largest, (2, width))
    plain[1] = -largest
    masks = random.integers(-(2**27), 2**27, (2, 1, DEGREE))
    ours = kernel.answers([kernel.ready(side) for side in sides], plain, kernel.ready(zeros), masks)
    np.testing.assert_array_equal(ours, judge.answers(sides, plain, zeros, masks))


def test_plain_polynomials_of_nothing_but_zeros_add_nothing(kernel):
    side, zeros = drawn(ring(), 2, 2), drawn(ring(), 1, 2, seed=1)
    plain, masks = np.zeros((2, 5), np.int64), np.zeros((1, 1, DEGREE), np.int64)
    masks[0, 0, 0] = 1
    answer = kernel.answers([kernel.ready(side)], plain, kernel.ready(zeros), masks)
    np.testing.assert_array_equal(answer[0], load_kernel("numpy").backward(zeros[0]))


def test_a_kernel_that_gives_a_wrong_number_is_not_used(monkeypatch):
    pytest.importorskip("llvmlite", reason="the extra 'fast' (llvmlite) is not installed")
    from openmined_syft.lattice.kernels import llvm_kernel

    monkeypatch.setattr(llvm_kernel, "_SHIFT", 0)  # small negative numbers are then taken for large ones
    with pytest.raises(KernelError, match="self-test"):
        llvm_kernel.LlvmKernel(SMALL)


def test_without_packages_numpy_is_taken_and_named():
    assert kernel_names()[-1] == "numpy"
    with pytest.raises(KernelError, match="abacus"):
        load_kernel("abacus")
