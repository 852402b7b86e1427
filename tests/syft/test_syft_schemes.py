"""Encryption schemes: all keep the same promises, so that Capsule and mines need not know which it is."""

import numpy as np
import pyarrow as pa
import pytest

from openmined_syft.applying import quantised
from openmined_syft.ckks import seal
from openmined_syft.errors import (
    CiphertextError,
    FieldError,
    FormError,
    KernelError,
    KeyMismatchError,
    ParameterError,
    PrivacyError,
    ShapeError,
    SyftError,
)
from openmined_syft.models import Rows, build_family, family_names
from openmined_syft.models.network import SquareNetwork
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.privacy import Clip, exact_sums, rho_for
from openmined_syft.rules import GradientDescent
from openmined_syft.schemes import networks_here, scheme_named, scheme_names, schemes_for
from openmined_syft.schemes.ckks import CkksScheme
from openmined_syft.schemes.unpacking import require_few_keys
from tests.roles import as_a, linear


class Case:
    """A scheme with a key, a family and rows to learn from."""

    def __init__(self, name: str) -> None:
        self.scheme = scheme_named(name)
        random = np.random.default_rng(0)
        family = "mlp" if name == "ckks" else "one_vs_rest"
        parameters = {"hidden": 16} if name == "ckks" else {}
        self.family = build_family(family, 9, 3, parameters)
        self.bits = min(self.scheme.key_sizes)
        self.key = generate_keypair(2048) if name == "paillier" else self.scheme.generate(self.bits)
        self.public = self.scheme.public_half(self.key, self.family)
        self.X, self.y = random.normal(size=(40, 9)), random.integers(0, 3, 40)
        self.weights = quantised(random.normal(size=self.family.weights_shape) / 4)
        if name == "ckks":
            self.weights *= as_a(SquareNetwork, self.family).used
        self.model = self.encrypt(version=3)

    def encrypt(self, version: int):
        return self.scheme.encrypt(self.weights, self.key, self.family, version=version, weight_bound=8.0)

    def visit(self, version: int = 3):
        return self.scheme.visit(
            self.family, Rows(self.X, self.y), GradientDescent(5), version=version, salt=b"the mine's own"
        )

    def gradient(self):
        return self.scheme.train(self.model, self.public, self.visit())


@pytest.fixture(scope="module", params=["paillier", "rlwe", "ckks"])
def case(request) -> Case:
    if request.param == "ckks":
        pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    return Case(request.param)


def test_every_family_has_a_scheme():
    assert {name for family in family_names() for name in schemes_for(family)} == set(scheme_names())
    with pytest.raises(ParameterError, match="rot13"):
        scheme_named("rot13")


def test_decryption_gives_exactly_what_was_encrypted(case):
    np.testing.assert_array_equal(case.model.decrypt(case.key), case.weights)
    assert (case.model.version, case.model.shape) == (3, case.family.weights_shape)
    assert case.model.weight_bound == 8.0
    assert case.model.bytes_in_memory > 0


def test_a_key_comes_back_from_its_secret(case):
    fields = case.scheme.secret_fields(case.key)
    assert all(isinstance(value, str) for value in fields.values())
    again = case.scheme.key_from_secret(fields)
    assert again.fingerprint == case.key.fingerprint == case.public.fingerprint
    np.testing.assert_array_equal(case.model.decrypt(again), case.weights)
    assert case.scheme.size_of(again) in case.scheme.key_sizes


def test_a_damaged_secret_is_an_error(case):
    for fields in ({}, dict.fromkeys(case.scheme.secret_fields(case.key), "00")):
        with pytest.raises((SyftError, KeyError, ValueError)):
            case.scheme.key_from_secret(fields)


def test_public_halves_come_back_and_serve(case):
    fields = case.scheme.public_fields(case.public)
    again = case.scheme.public_from_fields(fields)
    assert again.fingerprint == case.public.fingerprint
    case.model.validate(again)
    with pytest.raises(SyftError):
        case.scheme.public_from_fields({**fields, "surprise": 1})
    for name in fields:
        with pytest.raises(SyftError):
            case.scheme.public_from_fields({**fields, name: b""})


def test_a_visit_of_the_mine_is_the_plaintext_twins(case):
    gradient = case.gradient()
    gradient.check_base(case.model)
    case.scheme.validate(gradient, case.key)
    visit = case.visit()
    exact = visit.gradient(case.weights) if case.scheme.fresh_rows else visit(case.weights) - case.weights
    assert np.abs(gradient.decrypt(case.key) - exact).max() <= 5e-4 * np.abs(exact).max()


def test_wire_forms_come_back(case):
    model = case.scheme.model_from_fields(case.model.to_fields())
    np.testing.assert_array_equal(model.decrypt(case.key), case.weights)
    gradient = case.gradient()
    again = case.scheme.gradient_from_fields(gradient.to_fields())
    np.testing.assert_array_equal(again.decrypt(case.key), gradient.decrypt(case.key))


def test_sizes_are_never_exceeded(case):
    def length(fields):
        parts = [value for value in fields.values() if isinstance(value, bytes)]
        parts += [part for value in fields.values() if isinstance(value, list) for part in value]
        return sum(map(len, parts))

    assert length(case.scheme.public_fields(case.public)) < case.scheme.most_public_bytes(case.family)
    assert length(case.model.to_fields()) < case.scheme.most_model_bytes(case.family, case.bits)
    assert length(case.gradient().to_fields()) <= case.scheme.most_gradient_bytes(case.model)


def test_a_model_of_the_usual_form_is_accepted_and_no_other(case):
    case.scheme.check_form(case.model, case.public, case.family, 8.0)
    other = build_family(case.family.name, 10, 3, {} if case.family.name != "mlp" else {"hidden": 16})
    with pytest.raises(FormError):
        case.scheme.check_form(case.model, case.public, other, 8.0)
    with pytest.raises(FormError):
        case.scheme.check_form(case.model, case.public, case.family, 7.9)


def test_a_visit_is_the_same_after_a_crash(case):
    np.testing.assert_array_equal(twin(case, 3), twin(case, 3))


def twin(case, version):
    visit = case.visit(version)
    return visit.gradient(case.weights) if case.scheme.fresh_rows else visit(case.weights)


def test_directions_lead_from_where_the_model_is(case):
    gradient = case.gradient().decrypt(case.key)
    directions = case.scheme.directions(case.family, case.weights, gradient, case.X)
    assert all(direction.difference.shape == case.family.weights_shape for direction in directions)
    dampings = [direction.damping for direction in directions]
    assert dampings == ([0.01, 0.1, 1.0] if case.scheme.fresh_rows else [None])
    fits = [
        case.scheme.fit(case.family, case.weights + 0.1 * way.difference, case.X, case.y)
        for way in directions
    ]
    assert min(fits) >= case.scheme.fit(case.family, case.weights, case.X, case.y)


def test_another_key_does_not_decrypt(case):
    other = generate_keypair(2048) if case.scheme.name == "paillier" else case.scheme.generate(case.bits)
    with pytest.raises(KeyMismatchError):
        case.model.decrypt(other)
    with pytest.raises(KeyMismatchError):
        case.gradient().decrypt(other)


def test_a_family_of_the_other_scheme_is_a_mistake_of_the_caller(case):
    other = build_family("one_vs_rest" if case.scheme.name == "ckks" else "mlp", 9, 3, {})
    with pytest.raises(TypeError):
        case.scheme.visit(other, Rows(case.X, case.y), GradientDescent(5), version=0, salt=b"")


def test_without_tenseal_a_network_is_refused_by_name(without_tenseal):
    with without_tenseal():
        with pytest.raises(KernelError, match="extra 'nn'"):
            scheme_named("ckks").require_usable()
        scheme_named("paillier").require_usable()


def test_it_is_told_whether_networks_can_be_worked_with(monkeypatch):
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    assert networks_here().startswith("TenSEAL 0.")

    def missing(_):
        raise KernelError("not here")

    monkeypatch.setattr(CkksScheme, "require_usable", missing)
    assert "install the extra 'nn'" in networks_here()


def test_a_sound_machine_is_found_sound(case):
    case.scheme.require_sound(case.key)


@pytest.mark.parametrize("fault", [CiphertextError("?"), MemoryError(), OSError(24, "?"), RuntimeError("?")])
def test_a_machine_that_can_load_no_ciphertext_is_found_out(fault, monkeypatch):
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    scheme = scheme_named("ckks")
    key = scheme.generate(16384)

    def failing(*_):
        raise fault

    monkeypatch.setattr(seal, "from_bytes", failing)
    with pytest.raises(KernelError):
        scheme.require_sound(key)


def test_the_largest_weight_can_be_encrypted_and_no_larger_one(case):
    weights = np.zeros(case.family.weights_shape)
    weights[0, 0] = most = case.scheme.largest_weight

    def encrypt(bound):
        return case.scheme.encrypt(weights, case.key, case.family, version=0, weight_bound=bound)

    np.testing.assert_array_equal(encrypt(most).decrypt(case.key), weights)
    if case.scheme.name == "ckks":
        with pytest.raises(SyftError):
            encrypt(most * 1.01)


# --- what is packed into a few bytes ----------------------------------------------------------------------


def packed(keys_of_places, *, key=bytes(184), cut=None):
    """Bytes in SEAL's format for key sets: so many keys in each place."""
    header = b"\x5e\xa1\x10\x04\x03\x02\0\0"
    one = b"\x5e\xa1\x10\x04\x03\0\0\0" + (16 + len(key)).to_bytes(8, "little") + key
    body = bytes(32) + len(keys_of_places).to_bytes(8, "little")
    body += b"".join(count.to_bytes(8, "little") + one * count for count in keys_of_places)
    inside = pa.compress(body[:cut], codec="zstd", asbytes=True)
    return header + (16 + len(inside)).to_bytes(8, "little") + inside


def test_as_many_keys_as_allowed_pass_and_one_more_does_not():
    require_few_keys("rotation", packed([8, 0, 8]), 16, largest=200)
    with pytest.raises(FieldError, match="rotation does not unpack to at most 15 keys"):
        require_few_keys("rotation", packed([8, 0, 8]), 15, largest=200)
    with pytest.raises(FieldError, match="does not unpack"):
        require_few_keys("rotation", packed([8, 0, 8]), 16, largest=199)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(16),
        bytes(1000),
        packed([8])[:-5],
        packed([8], cut=-1),
        packed([8], cut=36),
        packed([0] * (2**14 + 1)),
        packed([8])[:16] + bytes(100),
        packed([8])[:5] + b"\x01" + packed([8])[6:],
    ],
    ids=["none", "a header", "zeros", "cut off", "too short", "no places", "places", "no zstd", "zlib"],
)
def test_what_is_no_set_of_keys_is_refused(data):
    with pytest.raises(FieldError, match="relinearisation"):
        require_few_keys("relinearisation", data, 8, largest=200)


def test_a_release_of_sums_stands_in_for_the_rows_of_a_linear_model_and_never_of_a_network(case):
    own = linear(build_family("one_vs_rest", 9, 3, {}))
    rows = own.grid_rows(Rows(case.X, case.y), Clip(3.0, 1.0))
    release = exact_sums(rows).noised(rho_for(1.0, 1e-5))

    def visit(family):
        return case.scheme.visit(family, release, GradientDescent(5), version=0, salt=b"")

    if case.scheme.name == "ckks":
        with pytest.raises(PrivacyError, match="a network learns from records"):
            visit(case.family)
    else:
        assert visit(case.family).shape == case.family.weights_shape
        with pytest.raises(ShapeError, match="the release is of shape"):
            visit(build_family("one_vs_rest", 8, 3, {}))
