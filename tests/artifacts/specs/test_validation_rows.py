"""Which validation rows guide the search: known answers, and nobody can say without the salt."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.artifacts.validation_rows import guiding
from tests.roles import there


def test_known_answer() -> None:
    chosen = guiding(bytes(range(32)), 8, 3)
    assert chosen is not None
    assert np.flatnonzero(chosen).tolist() == KNOWN


KNOWN = [2, 5, 7]


@given(st.binary(min_size=32, max_size=32), st.integers(2, 200), st.data())
def test_so_many_rows_guide_as_the_spec_says(salt: bytes, rows: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, rows - 1))
    chosen = guiding(salt, rows, count)
    assert chosen is not None
    assert (chosen.shape, int(chosen.sum())) == ((rows,), count)
    assert np.array_equal(chosen, there(guiding(salt, rows, count)))


def test_another_salt_splits_otherwise_and_a_count_of_none_does_not_split() -> None:
    chosen = [guiding(bytes([salt]) * 32, 64, 32) for salt in range(8)]
    assert len({one.tobytes() for one in chosen if one is not None}) == 8
    assert guiding(bytes(32), 64, 0) is None
