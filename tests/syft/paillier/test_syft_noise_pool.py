"""Noise made ahead: as good as fresh, each value used once, by whatever process, however that one ends."""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import gmpy2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.errors import KeyMismatchError, ParameterError
from openmined_syft.paillier import cipher_array, noise_pool
from openmined_syft.paillier.cipher_array import (
    CipherArray,
    UnnoisedArray,
    decrypt_integers,
    encrypt_integers,
)
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from openmined_syft.paillier.noise_pool import MOST_VALUES, NoisePool

SMALL = generate_keypair(256, allow_small_for_tests=True)
OTHER = generate_keypair(256, allow_small_for_tests=True)
KERNEL = load_kernel("gmpy2")


def full(pool: NoisePool) -> NoisePool:
    while pool.wanted:
        pool.work(KERNEL)
    return pool


def bare(count: int) -> UnnoisedArray:
    return UnnoisedArray(SMALL.public, [1] * count)


@pytest.mark.parametrize(
    "pool",
    [NoisePool.of_mine(SMALL.public, 9), NoisePool.of_owner(SMALL, 9)],
    ids=["a mine's", "the owner's"],
)
def test_what_is_in_it_are_encryptions_of_zero_and_all_differ(pool: NoisePool) -> None:
    values = full(pool).take(9, SMALL.public)
    array = CipherArray(SMALL.public.fingerprint, SMALL.bits, tuple(values))
    assert decrypt_integers(array, SMALL, KERNEL) == [0] * 9
    assert len({*values, 1}) == 10


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-3, 5), max_size=20), st.integers(1, 7))
def test_no_value_comes_out_twice_and_there_are_never_more_than_it_may_hold(
    deeds: list[int], most: int
) -> None:
    pool, taken = NoisePool.of_mine(SMALL.public, most), []
    for deed in deeds:
        before = len(pool)
        if deed < 0:
            pool.work(KERNEL)
            assert before <= len(pool) <= most
            continue
        values = pool.take(deed, SMALL.public)
        assert len(values) == min(deed, before) == before - len(pool)
        taken += values
    assert len(set(taken)) == len(taken)


def test_what_it_lacks_is_made_at_once_and_it_stays_empty() -> None:
    pool = NoisePool.of_mine(SMALL.public, 4)
    pool.work(KERNEL)
    noise = {int(value) for value in pool._values}
    first, second = bare(6).noised(KERNEL, pool), bare(6).noised(KERNEL, pool)
    assert noise == {int(c) for c in first.ciphertexts[:4]}  # one times the noise
    assert len({*first.ciphertexts, *second.ciphertexts}) == 12
    assert len(pool) == 0
    assert decrypt_integers(first, SMALL, KERNEL) == [0] * 6


def test_capsule_encrypts_with_it_and_decrypts_the_same() -> None:
    pool = full(NoisePool.of_owner(SMALL, 3))
    numbers = [0, 5, -7, 9]
    assert decrypt_integers(encrypt_integers(numbers, SMALL, KERNEL, pool), SMALL, KERNEL) == numbers
    assert len(pool) == 0


def test_noise_for_another_key_is_refused_and_none_of_it_is_lost() -> None:
    pool = full(NoisePool.of_mine(OTHER.public, 4))
    with pytest.raises(KeyMismatchError, match="another key"):
        bare(2).noised(KERNEL, pool)
    with pytest.raises(KeyMismatchError, match="another key"):
        encrypt_integers([1], SMALL, KERNEL, pool)
    assert len(pool) == 4


def test_values_that_were_taken_for_what_then_fails_do_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = full(NoisePool.of_mine(SMALL.public, 4))

    def fails(*_: object) -> list[int]:
        raise MemoryError

    monkeypatch.setattr(type(KERNEL), "products", fails)
    with pytest.raises(MemoryError):
        bare(2).noised(KERNEL, pool)
    assert len(pool) == 2


def test_it_is_bounded_refuses_no_room_and_says_nothing_of_its_values() -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        NoisePool.of_mine(SMALL.public, 0)
    made = 0

    def counted(count: int, _: object) -> list[int]:
        nonlocal made
        made += count
        return list(range(made, made + count))

    pool = full(NoisePool(SMALL.public, counted, 10**9))
    assert len(pool) == made == MOST_VALUES
    assert repr(pool) == f"NoisePool({MOST_VALUES} of {MOST_VALUES} values)"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(pool)


def test_threads_that_share_it_never_share_a_value() -> None:
    pool = NoisePool.of_mine(SMALL.public, 64)
    taken: list[list[int]] = [[] for _ in range(4)]

    def mine(own: list[int]) -> None:
        for _ in range(60):
            pool.work(KERNEL)
            own += pool.take(3, SMALL.public)

    threads = [threading.Thread(target=mine, args=(own,)) for own in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = [int(value) for own in taken for value in own]
    assert len(values) > 200
    assert len(set(values)) == len(values)


def forked(work: Callable[[int], None]) -> tuple[list[int], int]:
    """What a child process that was forked off wrote, number by line, and the signal that ended it or 0."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # whoever waits for ever in it fails the test
        os.close(read)
        try:
            work(write)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as lines:
        written = [int(line) for line in lines]
    _, status = os.waitpid(child, 0)
    return written, os.WTERMSIG(status)


def say(where: int, values: tuple[int, ...]) -> None:
    os.write(where, "".join(f"{int(value)}\n" for value in values).encode())


def test_a_process_that_is_forked_off_has_none_of_the_values() -> None:
    pool = full(NoisePool.of_mine(SMALL.public, 8))
    theirs, _ = forked(lambda where: say(where, bare(8).noised(KERNEL, pool).ciphertexts))
    again, _ = forked(lambda where: say(where, (len(pool), *full(pool).take(8, SMALL.public))))
    assert len(pool) == 8
    ours = pool.take(8, SMALL.public)
    assert again[0] == 0
    everybodys = [*theirs, *again[1:], *map(int, ours)]
    assert len(set(everybodys)) == len(everybodys) == 24


def test_a_child_forked_while_a_thread_holds_the_lock_does_not_wait_for_it() -> None:
    pool = NoisePool.of_mine(SMALL.public, 4)
    with pool._lock:
        theirs, _ = forked(lambda where: say(where, (len(full(pool)),)))
    assert theirs == [4]


def killed_at(line: int) -> Callable[[object, str, object], object]:
    """A trace that kills the process before it runs the `line`-th line of pool or ciphertexts."""
    files, left = {Path(module.__file__ or "").name for module in (noise_pool, cipher_array)}, [line]

    def trace(frame: object, event: str, _: object) -> object:
        if event == "line" and Path(frame.f_code.co_filename).name in files:  # type: ignore[attr-defined]
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def test_a_mine_killed_before_any_line_uses_no_value_twice_when_it_comes_back() -> None:
    """Each life makes noise, encrypts with it and sends what comes out, which here is the noise itself."""
    shared = full(NoisePool.of_mine(SMALL.public, 4))
    sent: list[int] = []
    lives = 0
    while True:
        lives += 1

        def life(where: int, last: int = lives) -> None:
            sys.settrace(killed_at(last))  # type: ignore[arg-type]
            for _ in range(2):
                shared.work(KERNEL)
                say(where, bare(3).noised(KERNEL, shared).ciphertexts)

        written, ended_by = forked(life)
        sent += written
        if ended_by == 0:
            break
        assert ended_by == signal.SIGKILL
    sent += map(int, bare(4).noised(KERNEL, shared).ciphertexts)
    assert lives > 40
    assert len(sent) > 60
    assert len(set(sent)) == len(sent)


def test_a_visit_with_noise_made_ahead_decrypts_to_the_same(small_key: PrivateKey) -> None:
    pool = full(NoisePool.of_mine(small_key.public, 6))
    array = UnnoisedArray(small_key.public, [1, 1]).plus([3, -4], KERNEL).noised(KERNEL, pool)
    array.validate(small_key.public)
    assert decrypt_integers(array, small_key, KERNEL) == [3, -4]
    assert gmpy2.gcd(array.ciphertexts[0], small_key.public.n) == 1
