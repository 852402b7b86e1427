"""The owner of a key lets others compute with it: the same numbers, nothing of the key in a log or on a disk,
and nothing lost when a worker dies."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from math import gcd, isqrt
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from openmined_syft.errors import KernelError, ParameterError
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.kernels import OwnerKernel, load_kernel
from openmined_syft.paillier.kernels.agreement import agree
from openmined_syft.paillier.kernels.gmpy2_kernel import Gmpy2Kernel
from openmined_syft.paillier.kernels.owner_kernel import _Block
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from tests.builders.changes import wrong
from tests.executors import Here, done
from tests.roles import as_a

P = ParamSpec("P")
R = TypeVar("R")
WEIGHTS = np.arange(-6.0, 6.0).reshape(6, 2) / 4


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate_keypair(512, allow_small_for_tests=True)


def processes(count: int = 2) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


class Careless(Here):
    """Writes what comes back to a disk, and what it was asked for into a log."""

    def __init__(self, disk: Path) -> None:
        self.disk, self.log = disk, ""

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        future = super().submit(function, *arguments, **named)
        self.log += f"{function!r} {arguments!r} {arguments!s} -> {future.result()!r}"
        with self.disk.open("ab") as file:
            pickle.dump(future.result(), file)
        return future


def work(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> tuple[tuple[int, ...], np.ndarray]:
    """Ciphertexts by a noise that is the same each time, and what they decrypt to."""
    load_kernel()  # which tries itself out with random numbers, the first time
    drawn = np.random.default_rng(5)
    monkeypatch.setattr(secrets, "randbelow", lambda most: int.from_bytes(drawn.bytes(80), "big") % most)
    model = EncryptedModel.encrypt(WEIGHTS, key, version=0, weight_bound=4.0)
    return model.ciphertexts, model.decrypt(key)


MAKERS: dict[str, Callable[[], Executor]] = {
    "one process": Here,
    "two threads": lambda: ThreadPoolExecutor(2),
    "two processes": processes,
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("parts", [1, 3])
def test_whoever_computes_the_bits_are_the_same(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch, name: str, parts: int
) -> None:
    key.kernel = None
    ciphertexts, weights = work(key, monkeypatch)
    key.kernel = kernel = OwnerKernel(load_kernel("gmpy2"), MAKERS[name], parts)
    again, decrypted = work(key, monkeypatch)
    kernel.close()
    assert again == ciphertexts
    np.testing.assert_array_equal(decrypted, weights)
    np.testing.assert_array_equal(decrypted, WEIGHTS)


def test_nothing_of_the_key_is_in_a_log_or_in_a_file_of_results(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither its numbers, nor a number that shares a factor with what everybody knows."""
    careless = Careless(tmp_path / "spilled")
    powers: list[int] = []

    class Watched(Gmpy2Kernel):
        def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
            powers.extend(found := super().powers(bases, exponent, modulus))
            return found

    key.kernel = OwnerKernel(Watched(), lambda: careless, 2)
    work(key, monkeypatch)
    written = careless.disk.read_bytes()
    secret = [key.p, key.q, key.p - 1, key.q - 1, key.p_squared, key.q_squared, *powers]
    assert powers
    assert any(gcd(int(power) - 1, int(key.public.n)) > 1 for power in powers)  # it gives the key away
    for number in map(int, secret):
        octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
        assert octets not in written
        assert octets[::-1] not in written
        for text in (str(number), f"{number:x}"):
            assert text not in careless.log
            assert text.encode() not in written
    assert "powers of a key's owner" in careless.log


class Dies:
    """A kernel whose process dies in its first power, once; a file remembers."""

    name, releases_lock = "dies", False

    def __init__(self, mark: Path, always: bool = False) -> None:
        self.mark, self.home, self.always = mark, os.getpid(), always

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        if os.getpid() != self.home and (self.always or not self.mark.exists()):
            self.mark.touch()
            os._exit(9)
        return load_kernel("gmpy2").powers(bases, exponent, modulus)

    def products(self, left: Sequence[int], right: Sequence[int], modulus: int) -> list[int]:
        return load_kernel("gmpy2").products(left, right, modulus)

    def matvec(
        self,
        bases: Sequence[int],
        matrix: NDArray[np.int64],
        modulus: int,
        rows_per_output: int = 1,
        row_shift: int = 0,
    ) -> list[int]:
        return load_kernel("gmpy2").matvec(bases, matrix, modulus, rows_per_output, row_shift)


@pytest.mark.parametrize("always", [False, True])
def test_the_work_of_a_worker_that_dies_is_taken_up_again(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, always: bool
) -> None:
    """By new workers; by this process, if they die, too."""
    key.kernel = None
    expected = work(key, monkeypatch)[0]
    said: list[str] = []
    key.kernel = kernel = OwnerKernel(Dies(tmp_path / "died", always), processes, 2, trouble=said.append)
    assert work(key, monkeypatch)[0] == expected
    kernel.close()
    assert (tmp_path / "died").exists()
    assert said
    assert set(said) == {"workers failed (BrokenProcessPool); their work is taken up again"}


def test_workers_that_never_answer_are_not_waited_for(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Executor):
        def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
            return Future()

    key.kernel = None
    expected = work(key, monkeypatch)[0]
    key.kernel = OwnerKernel(load_kernel("gmpy2"), Silent, 2, patience=0.05)
    began = time.monotonic()
    assert work(key, monkeypatch)[0] == expected
    assert time.monotonic() - began < 20


class Lying(Here):
    """Gives back what `lie` makes of each number."""

    def __init__(self, lie: Callable[[int, int], int]) -> None:
        self.lie = lie

    def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
        block = as_a(_Block, arguments[0])
        bases, exponent, modulus = block.numbers
        powers = block.kernel.powers(bases, exponent, modulus)
        told = block.mask.on([self.lie(int(power), int(modulus)) for power in powers], modulus)
        return done(wrong(told))


LIES: dict[str, Callable[[int, int], int]] = {
    "a bit that fell over": lambda power, _: power ^ 1,
    "another number below the modulus": lambda power, modulus: (power * 3 + 1) % modulus,
    "nothing": lambda _, __: 0,
    "the modulus itself": lambda _, modulus: modulus,
    "a plaintext that somebody else chose": lambda power, modulus: power * (1 + isqrt(modulus)) % modulus,
}


@pytest.mark.parametrize("lie", LIES)
def test_what_a_broken_worker_computes_is_computed_again(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    key.kernel = None
    expected = work(key, monkeypatch)
    said: list[str] = []
    key.kernel = OwnerKernel(load_kernel("gmpy2"), lambda: Lying(LIES[lie]), 3, trouble=said.append)
    ciphertexts, weights = work(key, monkeypatch)
    assert ciphertexts == expected[0]
    np.testing.assert_array_equal(weights, expected[1])
    assert set(said) == {"workers computed wrongly; their work is done again: look at their machines"}


def test_one_wrong_number_among_many_is_seen() -> None:
    """Two that are swapped, one that is missing, and one that is right modulo the modulus alone, as well."""
    kernel, modulus = load_kernel("gmpy2"), (2**127 - 1) ** 2
    bases = list(range(2, 40))
    right = [int(power) for power in kernel.powers(bases, 65_537, modulus)]
    assert agree(kernel, bases, right, 65_537, modulus)
    for answer in (
        [*right[:-1], right[-1] ^ 1],
        [right[1], right[0], *right[2:]],
        right[:-1],
        [right[0] + modulus, *right[1:]],
    ):
        assert not agree(kernel, bases, answer, 65_537, modulus)


def test_a_sign_that_is_wrong_is_an_error_and_no_plaintext(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of many powers at once may miss it; Fermat's little theorem does not."""
    key.kernel = None
    model = EncryptedModel.encrypt(WEIGHTS, key, version=0, weight_bound=4.0)
    monkeypatch.setattr("openmined_syft.paillier.kernels.owner_kernel.agree", lambda *_: True)
    key.kernel = OwnerKernel(load_kernel("gmpy2"), lambda: Lying(lambda power, modulus: modulus - power), 2)
    with pytest.raises(KernelError, match="a worker is broken"):
        model.decrypt(key)
    key.kernel = None
    np.testing.assert_array_equal(model.decrypt(key), WEIGHTS)


class Client(Protocol):
    """What is asked of Dask's."""

    def get_executor(self, **options: object) -> Executor: ...


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Client, Path]]:
    distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1",
            local_directory=str(tmp_path / "dask"),
        ) as local,
        distributed.Client(local) as client,
    ):  # fmt: skip
        yield client, tmp_path / "dask"


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bits_and_keeps_nothing(
    key: PrivateKey,
    monkeypatch: pytest.MonkeyPatch,
    cluster: tuple[Client, Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client, disk = cluster
    key.kernel = None
    expected = work(key, monkeypatch)[0]
    key.kernel = OwnerKernel(load_kernel("gmpy2"), lambda: client.get_executor(pure=False), 4)
    assert work(key, monkeypatch)[0] == expected
    for path in filter(Path.is_file, disk.rglob("*")):
        assert int(key.p).to_bytes(32, "big") not in path.read_bytes()
    assert str(int(key.p)) not in caplog.text


def test_work_in_no_parts_is_refused() -> None:
    with pytest.raises(ParameterError, match="0 parts"):
        OwnerKernel(load_kernel("gmpy2"), Here, 0)
