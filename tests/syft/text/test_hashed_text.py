"""Texts as numbers: fixed for all time, of one length, and learned from without filling in zeros."""

import hashlib
import tracemalloc

import numpy as np
import pytest

from openmined_syft.errors import ParameterError
from openmined_syft.features.text import HashedText, SparseRows
from openmined_syft.models import Rows, build_family
from openmined_syft.rules import GradientDescent, MiniBatch

TEXTS = ["The cat sat", "THE  Cat, sat!", "", "cat cat dog \U0001f600", "\u6771\u4eac"]


def dense(made: HashedText, texts: list[str]) -> np.ndarray:
    return np.asarray(made.transform(texts))


def test_hashed_texts_are_fixed_for_all_time() -> None:
    made = HashedText(64, words=2, characters=(3, 4), seed=b"campaign")
    digest = hashlib.sha256(dense(made, TEXTS).astype("<f8").tobytes()).hexdigest()
    assert digest == "8ddf698443fa6b3cfcf63760e106930c6d9d944aed69bd1db3c8959f7e41e2fd"


def test_a_word_is_where_its_hash_says() -> None:
    key = hashlib.sha256(b"openmined/text/1/" + b"s").digest()
    value = int.from_bytes(hashlib.blake2b(b"w:cat", key=key, digest_size=8).digest(), "big")
    (row,) = dense(HashedText(100, seed=b"s"), ["Cat"])
    assert row[(value >> 1) % 100] == (1.0 if value & 1 else -1.0)
    assert np.count_nonzero(row) == 1


def test_rows_have_length_one_and_a_text_without_words_none() -> None:
    rows = dense(HashedText(64, characters=(2, 5)), TEXTS)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 0, 1, 1])


def test_neither_case_nor_marks_nor_repetition_count() -> None:
    made = HashedText(64)
    rows = dense(made, ["The cat sat", "sat; THE cat, the cat", "the dog sat"])
    np.testing.assert_array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], rows[2])


def test_another_seed_and_other_parts_give_other_rows() -> None:
    kinds = [
        HashedText(64), HashedText(64, seed=b"x"), HashedText(64, words=2),
        HashedText(64, words=0, characters=(3, 3)), HashedText(64, words=0, characters=(3, 4)),
    ]  # fmt: skip
    rows = [dense(made, ["one two three"]).tobytes() for made in kinds]
    assert len(set(rows)) == len(kinds)


def test_what_was_seen_before_changes_nothing() -> None:
    fresh, used = HashedText(64, words=2), HashedText(64, words=2)
    used.transform(["zwei drei", *TEXTS])
    np.testing.assert_array_equal(dense(fresh, TEXTS), dense(used, TEXTS))


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"columns": 15}, "columns"),
        ({"columns": 4097}, "columns"),
        ({"columns": 64, "words": 4}, "words"),
        ({"columns": 64, "words": -1}, "words"),
        ({"columns": 64, "words": 0}, "words is 0"),
        ({"columns": 64, "characters": (0, 2)}, "characters"),
        ({"columns": 64, "characters": (3, 2)}, "characters"),
        ({"columns": 64, "characters": (3, 9)}, "characters"),
    ],
)
def test_parameters_out_of_range_are_named(parameters: dict[str, object], names: str) -> None:
    with pytest.raises(ParameterError, match=names):
        HashedText(**parameters)  # type: ignore[arg-type]
    for good in ({"columns": 16}, {"columns": 4096, "words": 3, "characters": (1, 8)}):
        HashedText(**good)


def drawn(rows: int, width: int) -> SparseRows:
    random = np.random.default_rng(5)
    words = random.integers(0, 3000, (rows, 12))
    return HashedText(width).transform([" ".join(f"w{word}" for word in row) for row in words])


@pytest.mark.parametrize("rows", [20, 300])
def test_sparse_rows_are_learned_from_as_the_matrix_is(rows: int) -> None:
    """With fewer rows than columns, and with more; in one batch and in several."""
    sparse = drawn(rows, 64)
    y = np.random.default_rng(6).integers(0, 3, rows)
    family = build_family("one_vs_rest", 64, 3, {})
    for rule in (GradientDescent(30), MiniBatch(batch=7)):
        maps = [family.compiled(Rows(X, y), rule) for X in (sparse, np.asarray(sparse))]  # type: ignore[attr-defined]
        np.testing.assert_allclose(maps[0].A, maps[1].A, atol=1e-12)
        np.testing.assert_allclose(maps[0].c, maps[1].c, atol=1e-12)
    weights = np.random.default_rng(7).normal(size=(65, 3))
    np.testing.assert_allclose(
        family.scores(weights, sparse), family.scores(weights, np.asarray(sparse)), atol=1e-12
    )
    one = family.sums([Rows(sparse, y)])  # type: ignore[attr-defined]
    parts = family.sums(Rows(sparse, y).parts(11))  # type: ignore[attr-defined]
    np.testing.assert_allclose(one.products, parts.products, atol=1e-12)


def test_many_texts_take_the_memory_of_few() -> None:
    """20,000 rows of 1,024 columns are 164 MB as a matrix; what is filled in at a time is 8."""
    few = drawn(500, 1024)
    many = SparseRows.stacked([few] * 40)
    family = build_family("logistic", 1024, 1, {})
    weights = np.zeros((1025, 1))
    tracemalloc.start()
    try:
        family.scores(weights, many)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert many.nbytes < 4_000_000 < 40_000_000 > most
