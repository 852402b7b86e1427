"""Slots and layouts: nothing is lost, nothing reaches into a neighbour, both edges of each limit."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.errors import BoundError, LayoutError, ScaleError, ShapeError
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.packing import pack, unpack


@st.composite
def packed_values(draw):
    slot_bits = draw(st.integers(2, 80))
    limit = (1 << (slot_bits - 1)) - 1
    edge = st.sampled_from([-limit, -1, 0, 1, limit])
    values = draw(st.lists(edge | st.integers(-limit, limit), min_size=1, max_size=12))
    return slot_bits, values, draw(st.integers(1, 4))


@given(packed_values())
def test_unpack_is_the_inverse_of_pack(case):
    slot_bits, values, stride = case
    plaintext = pack(values, slot_bits, stride)
    assert unpack(plaintext, slot_bits, len(values), stride) == values
    assert abs(plaintext) < 1 << (slot_bits * (stride * (len(values) - 1) + 1) - 1)


@given(packed_values(), st.randoms(use_true_random=False))
def test_adding_plaintexts_adds_slots(case, random):
    slot_bits, values, stride = case
    limit = (1 << (slot_bits - 1)) - 1
    others = [random.randint(max(-limit, -limit - v), min(limit, limit - v)) for v in values]
    total = pack(values, slot_bits, stride) + pack(others, slot_bits, stride)
    sums = [a + b for a, b in zip(values, others, strict=True)]
    assert unpack(total, slot_bits, len(values), stride) == sums


def test_rows_shifted_into_the_gaps_of_a_stride_keep_apart():
    first, second = pack([5, -7, 9], 10, 2), pack([-1, 2, -511], 10, 2)
    assert unpack(first + (second << 10), 10, 6) == [5, -1, -7, 2, 9, -511]


@pytest.mark.parametrize("sign", [1, -1])
def test_overflow_of_a_slot_is_refused_at_the_exact_edge(sign):
    assert unpack(pack([0, sign * 127, 0], 8), 8, 3) == [0, sign * 127, 0]
    with pytest.raises(BoundError, match="up to 127"):
        pack([0, sign * 128, 0], 8)


def test_something_above_the_last_slot_is_refused():
    plaintext = pack([1, 2, 3], 8)
    with pytest.raises(BoundError, match="overflowed"):
        unpack(plaintext, 8, 2)


def test_something_between_the_slots_is_refused():
    plaintext = pack([1, 2, 3], 8)
    with pytest.raises(BoundError, match="has room for 7"):
        unpack(plaintext, 8, 2, stride=2)


def test_the_digits_layout_packs_rows_and_classes():
    layout = Layout.choose((65, 10), 2048, 4.0)
    assert (layout.rows_per_ciphertext, layout.columns_per_ciphertext) == (4, 10)
    assert layout.gradient_ciphertexts == 17
    assert layout.model_ciphertexts == 65
    wider = Layout.choose((65, 10), 2048, 32.0)
    assert wider.slot_bits == layout.slot_bits + 3
    assert wider.gradient_ciphertexts == 22


@given(st.integers(1, 200), st.integers(1, 90), st.sampled_from([256, 2048, 3072]), st.floats(2**-6, 2.0**10))
def test_the_chosen_layout_fits_and_no_block_width_is_cheaper(rows, columns, key_bits, bound):
    layout = Layout.choose((rows, columns), key_bits, bound)
    used = layout.rows_per_ciphertext * layout.columns_per_ciphertext
    assert used * layout.slot_bits <= key_bits - 1
    assert layout.slot_limit >= bound * (rows**0.5 + 1) * 2**layout.gradient_bits * (1 - 1e-9)
    covered = [c for block in range(layout.column_blocks) for c in layout.columns_of(block)]
    assert covered == list(range(columns))
    assert [r for g in range(layout.row_groups) for r in layout.rows_of(g)] == list(range(rows))
    for wide in range(1, min(columns, layout.slots) + 1):
        tall = min(rows, layout.slots // wide)
        other = dataclasses.replace(layout, rows_per_ciphertext=tall, columns_per_ciphertext=wide)
        assert layout.visit_products() <= other.visit_products()


def test_a_slot_wider_than_the_key_is_refused():
    with pytest.raises(LayoutError, match="does not fit a key of 47 bits"):
        Layout.choose((3, 1), 47, 1.0)


GOOD = Layout((4, 3), 2048, 60, 2, 3)


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (ShapeError, {"shape": (0, 3)}),
        (ShapeError, {"shape": (1 << 23, 3)}),
        (ScaleError, {"weight_bits": 0}),
        (ScaleError, {"map_bits": 41}),
        (LayoutError, {"slot_bits": 45}),
        (LayoutError, {"slot_bits": 257}),
        (LayoutError, {"rows_per_ciphertext": 5}),
        (LayoutError, {"rows_per_ciphertext": 0}),
        (LayoutError, {"columns_per_ciphertext": 4}),
        (LayoutError, {"key_bits": 360}),
    ],
)
def test_an_impossible_layout_is_refused(error, change):
    with pytest.raises(error):
        dataclasses.replace(GOOD, **change)


def test_the_edges_of_a_layout_are_accepted():
    assert dataclasses.replace(GOOD, key_bits=361).slots == 6
    assert dataclasses.replace(GOOD, slot_bits=46).slot_limit == 2**45 - 1
    assert dataclasses.replace(GOOD, slot_bits=256)


@pytest.mark.parametrize("bound", [0.0, -1.0, float("nan"), float("inf")])
def test_a_bound_that_is_none_is_refused(bound):
    with pytest.raises(ScaleError):
        Layout.choose((4, 3), 2048, bound)


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (ShapeError, {"shape": (5, 3)}),
        (ScaleError, {"weight_bits": 21}),
        (ScaleError, {"map_bits": 20}),
        (LayoutError, {"slot_bits": 61}),
        (LayoutError, {"rows_per_ciphertext": 1}),
    ],
)
def test_another_layout_is_named_by_what_differs(error, change):
    GOOD.check_same(dataclasses.replace(GOOD))
    with pytest.raises(error):
        GOOD.check_same(dataclasses.replace(GOOD, **change))
