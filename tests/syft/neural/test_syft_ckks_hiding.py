"""What hides a network's gradient: encryptions of zero whose second halves nobody chose."""

import dataclasses

import numpy as np
import pytest

from openmined_syft.ckks import hiding
from openmined_syft.ckks.hiding import ZEROS, Hiding, require_seeded
from openmined_syft.ckks.keys import CkksPublicKey
from openmined_syft.ckks.seal import DEPTH, context, encode, from_bytes, levels
from openmined_syft.ckks.training import train_network
from openmined_syft.errors import CiphertextError, FieldError, KeyFormError
from openmined_syft.seal_bindings import as_ciphertext, saved_numbers, seal, to_bytes
from tests.syft.neural.digits import DIGITS, WEIGHTS, digits_visit

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all


def whole(zero: bytes, **changed) -> bytes:
    """An encryption of zero with both its halves in the bytes, of Capsule's choice."""
    saved = saved_numbers(from_bytes("Ciphertext", zero))
    numbers = saved.numbers.copy()
    for half, value in changed.items():
        numbers[["c0", "c1"].index(half)] = value
    return to_bytes(as_ciphertext(context(), dataclasses.replace(saved, numbers=numbers)))


def test_a_public_key_with_a_second_half_of_nearly_nothing_is_refused(public, model):
    """As it was accepted before: the gradient left as the bare result of the computation on the rows."""
    for zero in (whole(public.zeros[0], c1=1), whole(public.zeros[0])):
        bad = dataclasses.replace(public, zeros=(zero, *public.zeros[1:]))
        with pytest.raises(KeyFormError, match="not saved as a half and a seed"):
            train_network(model, bad, digits_visit(5))
    with pytest.raises(FieldError, match="zeros"):  # a whole one of honest length is too long already
        CkksPublicKey.from_fields(bad.to_fields())


def test_zeros_missing_or_too_many_are_refused(public, model):
    for zeros in ((), public.zeros[1:], (*public.zeros, public.zeros[0])):
        bad = dataclasses.replace(public, zeros=zeros)
        with pytest.raises(FieldError, match="zeros"):
            CkksPublicKey.from_fields(bad.to_fields())
        with pytest.raises(KeyFormError, match=f"{len(zeros)} encryptions of zero"):
            train_network(model, bad, digits_visit(5))
    assert len(public.zeros) == ZEROS == 96


@pytest.mark.parametrize(
    "damage", [lambda z: z[:-9], lambda z: b"", lambda z: z[:40], lambda z: b"\x5e\xa1" * 900]
)
def test_what_seal_has_not_saved_is_no_zero(public, damage):
    with pytest.raises(CiphertextError):
        Hiding((damage(public.zeros[0]), *public.zeros[1:]))


def test_a_zero_at_another_level_is_refused(key, public):
    """Its half is longer, so it is told by its length before SEAL sees it."""
    encryptor = seal().Encryptor(context(), key.unpacked())
    with pytest.raises(CiphertextError, match="half and a seed"):
        require_seeded(to_bytes(encryptor.encrypt_zero_symmetric(levels()[DEPTH - 1])))


def bare(key) -> object:
    """A ciphertext as it is before anything hides it."""
    encryptor = seal().Encryptor(context(), key.unpacked())
    return from_bytes("Ciphertext", to_bytes(encryptor.encrypt_symmetric(encode(np.ones(8192), DEPTH))))


def test_every_number_of_what_leaves_is_changed_and_differently_each_time(key, public):
    ciphertext, hides = bare(key), Hiding(public.zeros)
    before = saved_numbers(ciphertext).numbers
    first, second = (
        saved_numbers(from_bytes("Ciphertext", hides.added(ciphertext))).numbers for _ in range(2)
    )
    for half in range(2):
        assert (first[half] != before[half]).mean() > 0.999
        assert (first[half] != second[half]).mean() > 0.999


def test_first_halves_of_nothing_do_not_keep_the_second_from_being_hidden(key, public, monkeypatch):
    """A dishonest key keeps the seeds and writes zeros into first halves: c1 still looks uniform."""
    real = saved_numbers

    def without_first_half(thing):
        saved = real(thing)
        numbers = saved.numbers.copy()
        numbers[0] = 0
        return dataclasses.replace(saved, numbers=numbers)

    monkeypatch.setattr(hiding, "saved_numbers", without_first_half)
    hides = Hiding(public.zeros)
    monkeypatch.undo()
    ciphertext = bare(key)
    saved = saved_numbers(from_bytes("Ciphertext", hides.added(ciphertext))).numbers[1, 0]
    counts = np.bincount((saved >> np.uint64(52)).astype(np.int64), minlength=256)[:256]
    expected = len(saved) / 256
    # 255 on the average, with a deviation of 22.6: more than this once in 10^16 runs.
    assert ((counts - expected) ** 2 / expected).sum() < 255 + 11 * 22.6


def test_the_hidden_gradient_is_as_exact_as_before(key, public, model):
    visit = digits_visit(9)
    exact = visit.gradient(WEIGHTS)
    off = np.abs(train_network(model, public, visit).decrypt(key) - exact).max() / np.abs(exact).max()
    assert off < 2e-5
    assert DIGITS.weights_shape == exact.shape
