"""A visit cut into blocks of rows for other workers: the same integers, whoever works, and what they see."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from openmined_syft.blocks import Blocks
from openmined_syft.errors import BoundError, CiphertextError
from openmined_syft.lattice.kernels import load_kernel
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.layout import RlweLayout
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.row_blocks import RowBlocks, fresh_seed, worked
from openmined_syft.rlwe.training import _shares, train
from tests.executors import Here, KillsOnce, Lying, Stuck
from tests.syft.rlwe.conftest import BOUND, Visit, drawn_visit


@pytest.fixture(scope="module")
def visit() -> Visit:
    """Of several row blocks and, under the layout of `model`, column blocks."""
    return drawn_visit(40, 3)


@pytest.fixture
def model(visit: Visit, capsule: RlwePrivateKey, monkeypatch: pytest.MonkeyPatch) -> RlweModel:
    narrow = RlweLayout((40, 3), RlweLayout.choose((40, 3), BOUND).slot_bits, 20, 3, 2)
    monkeypatch.setattr(RlweLayout, "choose", classmethod(lambda *_: narrow))
    return RlweModel.encrypt(visit.weights, capsule, version=0, weight_bound=BOUND)


def shares(model: RlweModel, visit: Visit, parts: int) -> list[RowBlocks]:
    offsets = np.rint(np.ldexp(visit.map.c, 44)).astype(np.int64)
    return _shares(model, visit.map, offsets, parts)


@pytest.mark.parametrize("parts", [1, 2, 5, 100])
def test_a_visit_in_blocks_gives_exactly_the_integers(
    parts: int, model: RlweModel, visit: Visit, capsule: RlwePrivateKey
) -> None:
    assert (model.layout.row_blocks, model.layout.column_blocks) == (14, 2)
    with ThreadPoolExecutor(2) as pool:
        gradient = train(model, capsule.public, visit.map, blocks=Blocks(pool, parts))
    assert gradient.integers(capsule).tolist() == visit.integers
    alone = train(model, capsule.public, visit.map)
    assert (gradient.bound_bits, len(gradient.c0)) == (alone.bound_bits, len(alone.c0))
    assert gradient.c1 != alone.c1  # fresh masks


def test_a_block_is_the_same_bits_on_every_kernel_and_in_another_process(
    model: RlweModel, visit: Visit, kernel: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = shares(model, visit, 4)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        elsewhere = list(pool.map(worked, blocks))
    monkeypatch.setattr("openmined_syft.rlwe.row_blocks.load_kernel", lambda: kernel)
    assert [worked(block) for block in blocks] == elsewhere
    assert all(block.fits(found) for block, found in zip(blocks, elsewhere, strict=True))
    other = dataclasses.replace(blocks[0], seed=fresh_seed())
    assert worked(other) != elsewhere[0]


def test_each_worker_has_a_seed_of_its_own_and_no_two_draws_are_alike(
    model: RlweModel, visit: Visit, capsule: RlwePrivateKey
) -> None:
    seeds = {block.seed for _ in range(3) for block in shares(model, visit, 5)}
    assert len(seeds) == 15
    gradients = [train(model, capsule.public, visit.map, blocks=Blocks(Here(), 2)) for _ in range(2)]
    assert gradients[0].c0 != gradients[1].c0
    answer = len(gradients[0].c1) // gradients[0].layout.answers
    pieces = [gradients[0].c1[at : at + 64] for at in range(0, len(gradients[0].c1), answer)]
    assert len(set(pieces)) == len(pieces)


def test_a_worker_is_sent_its_rows_the_encrypted_model_and_a_seed(
    model: RlweModel, visit: Visit, capsule: RlwePrivateKey
) -> None:
    block = shares(model, visit, 3)[1]
    named = {one.name for one in dataclasses.fields(block)}
    assert named == {"model", "blocks", "matrix", "offsets", "seed"}
    assert block.blocks == range(4, 9)
    assert block.matrix.shape == (15, 40)
    assert block.offsets.shape == (15, 3)
    sent = pickle.dumps(block)
    assert capsule.master not in sent
    assert capsule.secret_of(0).tobytes()[:512] not in sent
    shown = repr(block)
    assert repr(block.seed) not in shown
    assert "matrix" not in shown


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_worker_that_answers_in_another_form_or_lies_is_not_believed(
    share: float, model: RlweModel, visit: Visit, capsule: RlwePrivateKey
) -> None:
    def fewer(words):
        return words[:-1]

    def shorter(words):
        return [(words[0][0][:-8], *words[0][1:]), *words[1:]]

    def other_type(words):
        return [tuple(map(bytearray, words[0])), *words[1:]]

    def one_bit(words):
        return [(bytes([words[0][0][0] ^ 1]) + words[0][0][1:], *words[0][1:]), *words[1:]]

    for lie in (fewer, shorter, other_type, one_bit)[: None if share else 3]:
        told: list[str] = []
        blocks = Blocks(Lying(lie, about=2), 5, checked_share=share, trouble=told.append)
        gradient = train(model, capsule.public, visit.map, blocks=blocks)
        assert gradient.integers(capsule).tolist() == visit.integers
        assert len(told) == 1


def test_a_worker_that_never_answers_only_costs_time(
    model: RlweModel, visit: Visit, capsule: RlwePrivateKey
) -> None:
    told: list[str] = []
    blocks = Blocks(Stuck(2), 5, patience=0.1, trouble=told.append)
    gradient = train(model, capsule.public, visit.map, blocks=blocks)
    assert gradient.integers(capsule).tolist() == visit.integers
    assert told


def test_a_process_killed_half_way_changes_no_integer(
    model: RlweModel, visit: Visit, capsule: RlwePrivateKey
) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        first = pool.submit(os.getpid).result()
        executor = KillsOnce(pool, lambda: first, after=3)
        gradient = train(model, capsule.public, visit.map, blocks=Blocks(executor, 14))
    assert executor.killed_at[0] < 14
    assert gradient.integers(capsule).tolist() == visit.integers


def test_what_is_wrong_with_visit_or_model_is_said_before_anybody_is_asked(
    model: RlweModel, visit: Visit, capsule: RlwePrivateKey
) -> None:
    executor = Lying(lambda found: found)
    far = dataclasses.replace(visit.map, c=np.full((40, 3), 1e3))
    with pytest.raises(BoundError):
        train(model, capsule.public, far, blocks=Blocks(executor, 5))
    assert executor.asked == 0
    damaged = dataclasses.replace(model, c0=b"\xff" * len(model.c0))
    with pytest.raises(CiphertextError):
        train(damaged, capsule.public, visit.map, blocks=Blocks(Here(), 5))


@pytest.mark.slow
def test_a_visit_on_dask_with_a_worker_killed_half_way(capsule: RlwePrivateKey) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    large = drawn_visit(300, 10)
    model = RlweModel.encrypt(large.weights, capsule, version=0, weight_bound=BOUND)
    load_kernel()
    told: list[str] = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        first = next(iter(client.run(os.getpid).values()))
        executor = KillsOnce(client.get_executor(pure=False, retries=3), lambda: first, after=3)
        blocks = Blocks(executor, model.layout.row_blocks, checked_share=0.1, trouble=told.append)
        gradient = train(model, capsule.public, large.map, blocks=blocks)
    assert executor.killed_at[0] < model.layout.row_blocks
    assert gradient.integers(capsule).tolist() == large.integers
    assert told == []  # the scheduler has given the dead worker's blocks to the other
