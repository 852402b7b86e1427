"""Where numbers sit: layouts, packed bits, scaling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.errors import FieldError, LayoutError, ScaleError, ShapeError, SizeError
from openmined_syft.lattice.ring import DEGREE, ring
from openmined_syft.rlwe.bits import pack, packed_bytes, unpack
from openmined_syft.rlwe.layout import LARGEST_ROWS, MOST_PRODUCTS, RlweLayout
from openmined_syft.rlwe.row_blocks import polynomials
from openmined_syft.rlwe.scaling import centred, from_words, scaled, to_power_of_two

SHAPES = st.tuples(st.integers(1, LARGEST_ROWS), st.integers(1, 40))


@given(SHAPES, st.sampled_from([1e-3, 4.0, 8.0, 4096.0]))
def test_every_layout_has_a_place_for_each_number_and_one_only(shape, bound):
    rows, columns = shape
    if rows > RlweLayout.largest_rows(columns, bound):
        with pytest.raises(SizeError):
            RlweLayout.choose(shape, bound)
        return
    layout = RlweLayout.choose(shape, bound)
    for columns in map(layout.columns_of, range(layout.column_blocks)):
        for rows in map(layout.rows_of, (0, layout.row_blocks - 1)):
            places = layout.answer_places(len(columns), len(rows)).ravel()
            assert len(set(places.tolist())) == len(places)
            assert places.max() < DEGREE
    taken = [i for block in range(layout.input_blocks) for i in layout.inputs_of(block)]
    assert taken == list(range(layout.shape[0]))
    assert layout.flood_bits >= 93
    assert layout.products <= MOST_PRODUCTS


@given(st.integers(1, 40), st.integers(1, 4), st.integers(0, 2**32))
def test_a_product_of_polynomials_is_the_product_of_matrices(d, k, seed):
    layout = RlweLayout.choose((d, k), 4.0)
    random = np.random.default_rng(seed)
    M, W = random.integers(-50, 50, (d, d)), random.integers(-50, 50, (d, k))
    for side, columns in enumerate(map(layout.columns_of, range(layout.column_blocks))):
        for rows in map(layout.rows_of, range(layout.row_blocks)):
            total = np.zeros(2 * DEGREE, np.int64)
            for place, plain in enumerate(polynomials(M[rows.start : rows.stop], layout)):
                inputs, model = layout.inputs_of(place), np.zeros(DEGREE, np.int64)
                places = layout.weight_places(len(columns), len(inputs))
                model[places] = W[inputs.start : inputs.stop, columns.start : columns.stop]
                total[: len(model) + len(plain) - 1] += np.convolve(model, plain)
            found = (total[:DEGREE] - total[DEGREE:])[layout.answer_places(len(columns), len(rows))]
            np.testing.assert_array_equal(
                found, M[rows.start : rows.stop] @ W[:, columns.start : columns.stop]
            )
        assert side < layout.column_blocks


@pytest.mark.parametrize(
    ("shape", "slot_bits", "block", "rows", "columns", "error"),
    [
        ((31, 1), 50, 31, 31, 1, None),
        ((0, 1), 50, 1, 1, 1, ShapeError),
        ((LARGEST_ROWS + 1, 1), 55, 90, 90, 1, ShapeError),
        ((31, 1), 45, 31, 31, 1, ScaleError),
        ((31, 1), 46, 31, 31, 1, None),
        ((31, 1), 64, 31, 31, 1, None),
        ((31, 1), 65, 31, 31, 1, ScaleError),
        ((31, 1), 50, 32, 31, 1, LayoutError),
        ((31, 1), 50, 0, 31, 1, LayoutError),
        ((128, 1), 50, 128, 64, 1, None),
        ((128, 1), 50, 128, 65, 1, LayoutError),
        ((4097, 1), 55, 1, 4097, 1, LayoutError),
    ],
)
def test_impossible_layouts_are_refused(shape, slot_bits, block, rows, columns, error):
    if error is None:
        RlweLayout(shape, slot_bits, block, rows, columns)
        return
    with pytest.raises(error):
        RlweLayout(shape, slot_bits, block, rows, columns)


def test_a_model_that_is_too_large_is_refused_with_the_largest_that_works():
    RlweLayout.choose((4097, 10), 8.0)
    with pytest.raises(
        SizeError, match="4200 inputs x 1 outputs is too large for rlwe: 4096 x 1 is the largest"
    ):
        RlweLayout.choose((4201, 1), 8.0)
    largest = RlweLayout.largest_rows(1000, 8.0)
    RlweLayout.choose((largest, 1000), 8.0)
    with pytest.raises(SizeError) as caught:
        RlweLayout.choose((largest + 1, 1000), 8.0)
    assert caught.value.largest == (largest, 1000)
    with pytest.raises(SizeError, match="fewer outputs"):
        RlweLayout.choose((2, 8193), 8.0)


@given(st.integers(1, 64), st.integers(1, 300), st.integers(0, 2**32))
def test_packed_numbers_come_back(bits, count, seed):
    values = np.random.default_rng(seed).integers(0, 2**64, count, np.uint64, endpoint=False) >> np.uint64(
        64 - bits
    )
    data = pack(values, bits)
    assert len(data) == packed_bytes(count, bits)
    assert int.from_bytes(data, "little") == sum(v << (bits * i) for i, v in enumerate(values.tolist()))
    np.testing.assert_array_equal(unpack(data, count, bits, "it"), values)
    with pytest.raises(FieldError, match=f"it has {len(data) + 1} bytes"):
        unpack(data + b"\0", count, bits, "it")


def test_bits_behind_the_last_number_are_refused():
    data = pack(np.array([1, 2, 3], np.uint64), 54)
    with pytest.raises(FieldError, match="behind its last number"):
        unpack(data[:-1] + bytes([data[-1] | 0x80]), 3, 54, "it")


@given(st.integers(46, 64), st.integers(0, 2**32))
def test_integers_are_scaled_to_the_nearest_residue(slot_bits, seed):
    where, top = ring(), 2 ** (slot_bits - 1) - 1
    drawn = np.random.default_rng(seed).integers(-top, top, 20)
    values = np.concatenate([drawn, np.array([0, 1, -1, top, -top])])
    found = scaled(where, values, slot_bits)
    for place, value in enumerate(values.tolist()):
        exact = (2 * where.modulus * value + 2**slot_bits) // 2 ** (slot_bits + 1)
        assert [int(x) for x in found[:, place]] == [exact % prime for prime in where.primes]


@given(st.integers(58, 76), st.integers(0, 2**32))
def test_residues_are_rounded_to_a_power_of_two(bits, seed):
    where, random = ring(), np.random.default_rng(seed)
    numbers = [int.from_bytes(random.bytes(20), "little") % where.modulus for _ in range(20)]
    numbers += [0, 1, where.modulus - 1, where.modulus // 2]
    residues = np.array([[x % q for x in numbers] for q in where.primes], np.uint64)
    low, high = to_power_of_two(where, residues, bits)
    for x, a, b in zip(numbers, low.tolist(), high.tolist(), strict=True):
        off = ((b << 64) + a - round_half_up(x << bits, where.modulus)) % (1 << bits)
        assert off in (0, 1, (1 << bits) - 1)  # three floors: one beside the nearest where it is a near tie
        assert b < 1 << max(0, bits - 64)


def round_half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


@given(st.lists(st.integers(-(2**88), 2**88), min_size=1, max_size=20))
def test_two_primes_hold_what_decryption_makes(integers):
    where = ring()
    residues = np.array([[x % q for x in integers] for q in where.primes[:2]], np.uint64)
    assert centred(where, residues) == integers


@given(st.lists(st.integers(0, 2**76 - 1), min_size=1, max_size=20))
def test_words_become_residues(numbers):
    low, high = (np.array([x >> s & (2**64 - 1) for x in numbers], np.uint64) for s in (0, 64))
    assert from_words(ring(), low, high, 2).tolist() == [[x % q for x in numbers] for q in ring().primes[:2]]
