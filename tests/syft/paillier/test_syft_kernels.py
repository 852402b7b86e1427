"""Every kernel gives what the pure-Python reference gives, on random and on edge values, bit for bit."""

import importlib.util
import itertools
import multiprocessing
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import openmined_syft.paillier.kernels
from openmined_syft.affine import AffineMap
from openmined_syft.blocks import Blocks
from openmined_syft.errors import (
    BoundError,
    CiphertextError,
    KernelError,
    NoSuchKernelHereError,
    ShapeError,
)
from openmined_syft.kernel_choice import KernelChoice
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.kernels import (
    Kernel,
    SpreadKernel,
    describe_kernels,
    ifma_code,
    ifma_kernel,
    kernel_names,
    load_kernel,
)
from openmined_syft.paillier.kernels.gmpy2_kernel import Gmpy2Kernel
from openmined_syft.paillier.kernels.reference import ReferenceKernel
from openmined_syft.paillier.kernels.schedule import best_width, schedule, signed_digits
from openmined_syft.paillier.training import train
from tests.builders.changes import wrong
from tests.executors import Lying

REFERENCE = ReferenceKernel()
MODULI = [15, 9, (2**61 - 1) * 1000003, (2**127 - 1) ** 2, 3**200, (2**310 - 1) ** 2]

UNUSABLE = {state.name: state.reason for state in describe_kernels() if not state.usable}
EVERY = [
    pytest.param(n, marks=[pytest.mark.skip(f"kernel {n}: {UNUSABLE[n]}")] if n in UNUSABLE else [])
    for n in kernel_names()
]

kernels = pytest.mark.parametrize("name", [case for case in EVERY if case.values != (REFERENCE.name,)])


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


@pytest.mark.parametrize("name", EVERY)
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


@pytest.mark.parametrize("name", EVERY)
def test_nothing_to_multiply_gives_one(name):
    kernel = load_kernel(name)
    assert kernel.matvec([2, 3], np.zeros((3, 2), np.int64), 35, 2, 10) == [1, 1]
    assert kernel.matvec([], np.zeros((2, 0), np.int64), 35) == [1, 1]
    assert kernel.powers([], 5, 35) == []


def test_an_unknown_kernel_is_refused():
    with pytest.raises(KernelError, match="abacus"):
        load_kernel("abacus")


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
    (output,) = plan.outputs()
    assert [step.squarings for step in output.steps] == [0, 13]
    assert output.tail == 0
    assert plan.squarings == 13
    assert sum(len(step.entries) for step in output.steps) == 3


def test_one_kernel_is_chosen_and_the_others_are_described():
    states = describe_kernels()
    assert [state.name for state in states] == kernel_names() == ["ifma", "gmpy2", "python"]
    chosen = [state.name for state in states if state.chosen]
    assert chosen == [load_kernel().name]
    assert all(state.usable or state.reason for state in states)
    assert load_kernel("gmpy2") is load_kernel("gmpy2")


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> Iterator[KernelChoice[Kernel]]:
    """The choice of kernels on a machine with llvmlite, made anew before and after."""
    own = openmined_syft.paillier.kernels._CHOICE
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(own, "makers", dict(own.makers))
    own.forget()
    yield own
    own.forget()


def test_without_llvmlite_the_default_is_gmpy2_and_says_nothing(
    choice: KernelChoice[Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_kernel().name == "gmpy2"


def test_a_fast_kernel_that_does_not_work_falls_back_loudly(choice: KernelChoice[Kernel]) -> None:
    def broken() -> Kernel:
        raise KernelError("the self-test gave a wrong number")

    choice.makers["ifma"] = broken
    with pytest.warns(RuntimeWarning, match="wrong number; taking a slower kernel"):
        assert load_kernel().name == "gmpy2"
    with pytest.raises(KernelError, match="wrong number"):
        load_kernel("ifma")


def test_a_kernel_that_this_machine_cannot_have_is_no_news(choice: KernelChoice[Kernel]) -> None:
    def missing() -> Kernel:
        raise NoSuchKernelHereError("the ifma kernel needs a processor with avx512ifma")

    choice.makers["ifma"] = missing
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_kernel().name == "gmpy2"
    assert "needs a processor" in next(s.reason for s in describe_kernels() if s.name == "ifma")


def test_a_processor_without_the_instructions_is_a_typed_error(monkeypatch):
    pytest.importorskip("llvmlite", reason="the extra 'fast' (llvmlite) is not installed")
    monkeypatch.setattr(ifma_code, "FEATURES", ("avx512f", "avx4096"))
    ifma_code.llvm_binding.cache_clear()
    try:
        with pytest.raises(KernelError, match="avx4096"):
            ifma_code.llvm_binding()
    finally:
        ifma_code.llvm_binding.cache_clear()


@pytest.mark.parametrize("operation", ["powers", "matvec"])
def test_the_self_test_finds_one_wrong_number(operation):
    class Wrong(Gmpy2Kernel):
        def powers(self, bases, exponent, modulus):
            result = super().powers(bases, exponent, modulus)
            return result if operation == "matvec" else [*result[:-1], result[-1] ^ 1]

        def matvec(self, *arguments):
            result = super().matvec(*arguments)
            return result if operation == "powers" else [result[0] ^ 1, *result[1:]]

    ifma_kernel._self_test(wrong(Gmpy2Kernel()), Gmpy2Kernel())
    with pytest.raises(KernelError, match="self-test"):
        ifma_kernel._self_test(wrong(Wrong()), Gmpy2Kernel())


@settings(max_examples=60, deadline=None)
@given(case=matvec_case(), parts=st.integers(1, 9), name=st.sampled_from(["gmpy2", "python"]))
def test_work_spread_over_threads_gives_the_same_bits(case, parts, name):
    with ThreadPoolExecutor(2) as pool:
        blocks = Blocks(pool, parts)
        blocks.is_here = False  # split the product as well, as with processes
        spread = SpreadKernel(load_kernel(name), blocks)
        assert spread.matvec(*case) == REFERENCE.matvec(*case)
        bases, modulus = case[0], case[2]
        assert spread.powers(bases, 12345, modulus) == REFERENCE.powers(bases, 12345, modulus)
        assert spread.products(bases, bases, modulus) == REFERENCE.products(bases, bases, modulus)


def check_spread(executor, key):
    """A visit through the executor gives the plaintexts, and its parts the bits, of one kernel alone."""
    random, n2 = np.random.default_rng(3), key.public.n_squared
    bases = [int.from_bytes(random.bytes(128), "big") % int(n2) for _ in range(6)]
    matrix = random.integers(-(2**20), 2**20, (7, 6))
    told: list[str] = []
    spread = SpreadKernel(load_kernel("gmpy2"), Blocks(executor, 2, trouble=told.append))
    assert spread.name == "gmpy2 x 2"
    assert spread.matvec(bases, matrix, n2, 2, 51) == REFERENCE.matvec(bases, matrix, n2, 2, 51)
    assert spread.powers(bases, key.public.n, n2) == REFERENCE.powers(bases, key.public.n, n2)
    model = EncryptedModel.encrypt(np.eye(3), key, version=0, weight_bound=2.0)
    visit = AffineMap(np.eye(3) / 2, np.ones((3, 3)))
    update = train(model, key.public, visit, kernel=spread)
    np.testing.assert_allclose(np.eye(3) + update.decrypt(key), visit(np.eye(3)), atol=1e-6)
    assert told == []


def test_a_visit_in_threads(small_key):
    with ThreadPoolExecutor(2) as pool:
        check_spread(pool, small_key)


def test_a_visit_in_processes(small_key):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        check_spread(pool, small_key)


def test_a_visit_on_a_local_dask_cluster_of_two_workers(small_key):
    distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        check_spread(client.get_executor(), small_key)


def test_powers_and_products_that_a_worker_gets_wrong_are_done_again(small_key):
    """Every number of every block, off by one: none of them is believed."""
    told: list[str] = []
    n2 = small_key.public.n_squared
    lying = Lying(lambda numbers: [number ^ 1 for number in numbers])
    matrix = np.arange(12).reshape(4, 3)
    for operation in ("powers", "matvec"):
        kernel = load_kernel("gmpy2")
        spread = SpreadKernel(kernel, Blocks(lying, 3, trouble=told.append))
        rest = (small_key.public.n, n2) if operation == "powers" else (matrix, n2)
        assert getattr(spread, operation)([2, 3, 5], *rest) == getattr(kernel, operation)([2, 3, 5], *rest)
    assert [line.split(";")[0] for line in told] == ["workers computed wrongly"] * 2
