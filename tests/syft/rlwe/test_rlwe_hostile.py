"""Dishonest parties under ring-LWE: what a Capsule of bad will can see, and what a mine can send.

A "lax" world stands beside each attack: the same steps with the counter-measure taken away, where it works.
"""

import dataclasses

import numpy as np
import pytest

from openmined_syft.errors import (
    BoundError,
    CiphertextError,
    FieldError,
    FormError,
    KeyMismatchError,
    LayoutError,
    ShapeError,
    SyftError,
    UnseenBoundError,
)
from openmined_syft.fixed_point import to_fixed
from openmined_syft.lattice.ring import DEGREE, PRIME_BITS, ring
from openmined_syft.lattice.sampling import MASK_BITS
from openmined_syft.models import build_family
from openmined_syft.rlwe import row_blocks
from openmined_syft.rlwe.bits import pack
from openmined_syft.rlwe.gradient import NOISE_LIMIT, RlweGradient
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.layout import POLYNOMIAL_BYTES, RlweLayout
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.training import train
from openmined_syft.rlwe.wire import pack_wide, unpack_wide
from openmined_syft.schemes import scheme_named
from tests.syft.rlwe.conftest import BOUND


@pytest.fixture
def model(capsule, cancer) -> RlweModel:
    return RlweModel.encrypt(cancer.weights, capsule, version=2, weight_bound=BOUND)


@pytest.fixture
def gradient(model, capsule, cancer) -> RlweGradient:
    return train(model, capsule.public, cancer.map)


def entries_shown(gradient: RlweGradient, cancer, unit: int) -> int:
    """How many of the 961 entries of A - I an answer's c1 shows, where c1 of the model was `unit`."""
    layout, where = gradient.layout, ring()
    low, high = unpack_wide(gradient.c1, DEGREE, layout.answer_bits, "c1")
    modulus, found = 1 << layout.answer_bits, np.zeros(31 * 31, np.int64)
    for place in range(31 * 31):
        x = int(low[place]) + (int(high[place]) << 64)
        x = x - modulus if x > modulus // 2 else x
        found[place] = np.clip(round(x * where.modulus / (modulus * unit)), -(2**40), 2**40)
    matrix = to_fixed(cancer.map.A - np.eye(31), 22, "A - I")
    return int((found.reshape(31, 31)[:, ::-1] == matrix).sum())


def chosen_pairs(c0: int, c1: int) -> np.ndarray:
    """A model polynomial of Capsule's choice: constants, so the same value everywhere."""
    pairs = np.zeros((1, 2, 3, DEGREE), np.uint64)
    for place, prime in enumerate(ring().primes):
        pairs[0, 0, place], pairs[0, 1, place] = c0 % prime, c1 % prime
    return pairs


def test_a_chosen_c1_would_show_the_whole_matrix_in_one_visit(model, capsule, cancer, monkeypatch):
    """The attack on SEAL's own ciphertexts and a public key with c1 = 0: both taken as they come."""
    unit = 1 << 125
    monkeypatch.setattr(RlweModel, "pairs", lambda *_: chosen_pairs(0, unit))
    monkeypatch.setattr(RlweModel, "zeros", lambda _: np.zeros((12, 2, 3, DEGREE), np.uint64))
    assert entries_shown(train(model, capsule.public, cancer.map), cancer, unit) == 961


def test_with_seeded_zeros_even_a_chosen_c1_of_the_model_shows_nothing(model, capsule, cancer, monkeypatch):
    unit = 1 << 125
    monkeypatch.setattr(RlweModel, "pairs", lambda *_: chosen_pairs(0, unit))
    assert entries_shown(train(model, capsule.public, cancer.map), cancer, unit) < 20


@pytest.mark.parametrize("name", ["c1", "zeros_c1", "public", "key"])
def test_there_is_no_field_in_which_a_second_half_could_be_sent(model, name):
    with pytest.raises(FieldError, match=f"unknown field '{name}'"):
        RlweModel.from_fields({**model.to_fields(), name: bytes(POLYNOMIAL_BYTES)})


def test_a_public_key_has_room_for_a_name_only(capsule):
    scheme = scheme_named("rlwe")
    fields = scheme.public_fields(capsule.public)
    assert fields == {"key_fingerprint": capsule.fingerprint, "degree": DEGREE}
    for wrong in ({**fields, "c1": b""}, {**fields, "degree": 4096}, {"degree": DEGREE}):
        with pytest.raises(FieldError):
            scheme.public_from_fields(wrong)


def dishonest(model: RlweModel, zeros: int) -> RlweModel:
    """First halves of Capsule's choice: constants."""
    parts = [
        pack(np.stack([np.full(DEGREE, number % q, np.uint64) for q in ring().primes]), PRIME_BITS)
        for number in (1 << 100, zeros)
    ]
    return dataclasses.replace(model, c0=parts[0], zeros_c0=parts[1] * 12)


@pytest.mark.parametrize("zeros", [0, 1, 1 << 100])
def test_chosen_first_halves_leave_the_second_half_of_an_answer_uniform(model, capsule, cancer, zeros):
    """Chi square over the top byte of 8,192 coefficients: 255 degrees of freedom, deviation 22.6."""
    gradient = train(dishonest(model, zeros), capsule.public, cancer.map)
    low, high = unpack_wide(gradient.c1, DEGREE, gradient.layout.answer_bits, "c1")
    shift = np.uint64(gradient.layout.answer_bits - 8)
    top = (
        low >> shift
        if gradient.layout.answer_bits <= 64
        else (high << np.uint64(64) - shift) | (low >> shift)
    )
    counts = np.bincount(top.astype(np.int64), minlength=256)
    assert ((counts - 32) ** 2 / 32).sum() < 255 + 8 * 22.6


def test_without_masks_the_same_first_halves_leave_it_a_function_of_the_data(
    model, capsule, cancer, monkeypatch
):
    monkeypatch.setattr(row_blocks, "masks", lambda *shape, **_: np.zeros(shape, np.int64))
    first, second = (train(dishonest(model, 0), capsule.public, cancer.map) for _ in range(2))
    assert first.c1 == second.c1
    monkeypatch.undo()
    assert train(dishonest(model, 0), capsule.public, cancer.map).c1 != first.c1


def test_what_answers_can_show_is_little_beside_what_the_masks_hold(model):
    """Counting in place of a proof: bits of useful coefficients against bits of one answer's masks."""
    for shape in ((31, 1), (65, 10), (785, 10), (4097, 10)):
        layout = RlweLayout.choose(shape, BOUND)
        shown = layout.rows * layout.columns * layout.answer_bits
        needed = DEGREE * PRIME_BITS * 3  # for c1 to be uniform
        held = 13 * DEGREE * MASK_BITS
        assert held > needed + shown + 2 * 128


def test_only_useful_coefficients_of_the_first_half_are_sent(gradient, capsule):
    assert len(gradient.c0) == -(-31 * gradient.layout.answer_bits // 8) < 300
    with pytest.raises(ShapeError, match="c0 has"):
        dataclasses.replace(gradient, c0=gradient.c0 + b"\0")


def test_the_flood_is_on_every_useful_coefficient(model, capsule, cancer, monkeypatch):
    asked = []
    real = row_blocks.flood

    def watched(where, bits, count, **how):
        asked.append((bits, count))
        return real(where, bits, count, **how)

    monkeypatch.setattr(row_blocks, "flood", watched)
    train(model, capsule.public, cancer.map)
    assert asked == [(model.layout.flood_bits, 31)]
    assert model.layout.flood_bits == 162 - model.layout.slot_bits - 5


@pytest.mark.parametrize("bits", [93, 100, 107])
def test_the_flood_is_uniform_between_its_edges(bits):
    where = ring()
    numbers = row_blocks.flood(where, bits, 16_000)  # each bound is wrong once in 10^17 runs or less
    inverses = [where.modulus // q * pow(where.modulus // q, -1, q) for q in where.primes]
    values = []
    for x in zip(*numbers.tolist(), strict=True):
        value = sum(a * b for a, b in zip(x, inverses, strict=True)) % where.modulus
        values.append((value - where.modulus if value > where.modulus // 2 else value) / 2**bits)
    assert -1 <= min(values) < -0.99
    assert 0.99 < max(values) < 1
    assert abs(np.mean(values)) < 0.05
    assert abs(np.var(values) - 1 / 3) < 0.03


# --- what does not have the one form


@pytest.mark.parametrize("name", ["seed", "c0", "zeros_c0", "key_fingerprint"])
@pytest.mark.parametrize("change", ["shorter", "longer", "empty", "text"])
def test_parts_of_a_wrong_length_are_refused_by_name(model, name, change):
    fields = model.to_fields()
    changed = {"shorter": fields[name][:-1], "longer": fields[name] + b"\0", "empty": b"", "text": "x"}
    with pytest.raises(FieldError, match=name):
        RlweModel.from_fields({**fields, name: changed[change]})


@pytest.mark.parametrize("name", ["seed", "zeros_c0", "c0", "rows_per_answer", "weight_limit"])
def test_missing_parts_are_refused_by_name(model, name):
    fields = model.to_fields()
    del fields[name]
    with pytest.raises(FieldError, match=f"{name!r} is missing"):
        RlweModel.from_fields(fields)


def test_one_zero_less_is_refused(model):
    with pytest.raises(FieldError, match="zeros_c0"):
        RlweModel.from_fields({**model.to_fields(), "zeros_c0": model.zeros_c0[POLYNOMIAL_BYTES:]})


def test_a_number_that_is_no_residue_is_refused_before_anything_is_computed(model, capsule, cancer):
    for name in ("c0", "zeros_c0"):
        data = b"\xff" * 8 + getattr(model, name)[8:]
        with pytest.raises(CiphertextError, match="not a residue"):
            dataclasses.replace(model, **{name: data}).validate(capsule.public)
        with pytest.raises(CiphertextError, match="not a residue"):
            train(dataclasses.replace(model, **{name: data}), capsule.public, cancer.map)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", 4098), ("rows", 0), ("rows", True), ("columns", 8193), ("slot_bits", 45), ("slot_bits", 65),
        ("inputs_per_polynomial", 32), ("rows_per_answer", 0), ("columns_per_polynomial", 2),
        ("weight_limit", 1 << 62), ("weight_limit", 0), ("version", -1), ("version", 1 << 32),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(model, name, value):
    with pytest.raises(SyftError):
        RlweModel.from_fields({**model.to_fields(), name: value})


def test_lengths_are_compared_before_anything_is_made_of_them(model):
    """A layout announces 34 MB; nothing of the sort is reserved."""
    fields = {**model.to_fields(), "rows": 4097, "columns": 10, "inputs_per_polynomial": 100}
    with pytest.raises(FieldError, match="needs 34007040 bytes"):
        RlweModel.from_fields({**fields, "rows_per_answer": 34, "columns_per_polynomial": 2})


def test_another_layout_than_the_one_is_refused(model, capsule):
    scheme, family = scheme_named("rlwe"), build_family("logistic", 30, 1, {})
    scheme.check_form(model, capsule.public, family, BOUND)
    one_row = dataclasses.replace(model.layout, rows=1)
    with pytest.raises(FormError, match="layout"):
        scheme.check_form(dataclasses.replace(model, layout=one_row), capsule.public, family, BOUND)
    with pytest.raises(FormError, match="weight_limit"):
        scheme.check_form(model, capsule.public, family, BOUND / 2)


# --- what a mine can send


def noisier(gradient: RlweGradient, by: int) -> RlweGradient:
    low, high = unpack_wide(gradient.c0, 31, gradient.layout.answer_bits, "c0")
    low = low.copy()
    low[3] = (low[3] + np.uint64(by)) & np.uint64((1 << min(64, gradient.layout.answer_bits)) - 1)
    return dataclasses.replace(gradient, c0=pack_wide(low, high, gradient.layout.answer_bits))


def test_noise_above_its_bound_is_of_no_use_and_nobodys_fault(gradient, capsule):
    assert NOISE_LIMIT == 512
    noisier(gradient, 64).integers(capsule)
    for by in (1100, 2047):
        with pytest.raises(UnseenBoundError, match="noise"):
            noisier(gradient, by).integers(capsule)


def test_an_integer_above_its_bound_is_of_no_use_and_nobodys_fault(gradient, capsule):
    with pytest.raises(UnseenBoundError, match="declared are 3"):
        dataclasses.replace(gradient, bound_bits=3).integers(capsule)


def test_a_gradient_of_another_version_opens_to_nothing_of_use(gradient, capsule):
    with pytest.raises(UnseenBoundError):
        dataclasses.replace(gradient, base_version=1).integers(capsule)


def test_random_bytes_open_to_nothing_of_use(gradient, capsule):
    random = np.random.default_rng(0)
    bits = gradient.layout.answer_bits
    values = random.integers(0, 2**63, 31, np.uint64) >> np.uint64(max(0, 63 - bits))
    with pytest.raises(UnseenBoundError):
        dataclasses.replace(gradient, c0=pack_wide(values, values & np.uint64(0), bits)).integers(capsule)


@pytest.mark.parametrize("name", ["c0", "c1"])
def test_bits_between_the_numbers_have_one_form(gradient, capsule, name):
    data = getattr(gradient, name)
    with pytest.raises(FieldError):
        RlweGradient.from_fields({**gradient.to_fields(), name: data + b"\0"})
    with pytest.raises(FieldError):
        RlweGradient.from_fields({**gradient.to_fields(), name: data[:-1]})


def test_a_gradient_for_something_else_is_refused(gradient, model):
    gradient.check_base(model)
    for other, error in (
        (dataclasses.replace(gradient, key_fingerprint=bytes(32)), KeyMismatchError),
        (dataclasses.replace(gradient, base_version=3), BoundError),
        (dataclasses.replace(gradient, layout=dataclasses.replace(model.layout, block=30)), LayoutError),
    ):
        with pytest.raises(error):
            other.check_base(model)


def test_a_stranger_who_names_the_key_has_nothing_that_opens(gradient, model, cancer):
    stranger = RlwePrivateKey.generate()
    named = dataclasses.replace(gradient, key_fingerprint=stranger.fingerprint)
    with pytest.raises(UnseenBoundError):
        named.integers(stranger)
