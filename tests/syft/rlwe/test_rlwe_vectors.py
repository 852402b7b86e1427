"""Known answers: a second implementation that gives these computes and reads what this one does."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from openmined_syft.lattice.ring import DEGREE, ring
from openmined_syft.rlwe import model as model_module
from openmined_syft.rlwe.gradient import RlweGradient
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.layout import RlweLayout
from openmined_syft.rlwe.model import RlweModel, c1_of
from openmined_syft.rlwe.scaling import scaled, to_power_of_two
from openmined_syft.rlwe.wire import layout_fields, pack_wide

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "rlwe" / "vectors.json").read_text())


def digest(words: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(words, "<u8").tobytes()).hexdigest()


@pytest.fixture
def key() -> RlwePrivateKey:
    return RlwePrivateKey(bytes.fromhex(VECTORS["key"]["master"]))


def test_the_ring():
    known = VECTORS["ring"]
    assert (ring().degree, [*map(str, ring().primes)], [*map(str, ring().roots)]) == (
        known["degree"], known["primes"], known["roots"],
    )  # fmt: skip


def test_the_transform(kernel):
    """Coefficient i is i times 0x9E3779B97F4A7C15 modulo 2^64, modulo each prime."""
    known, golden = VECTORS["transform"], np.uint64(0x9E3779B97F4A7C15)
    count = np.arange(DEGREE, dtype=np.uint64)
    coefficients = np.stack([count * golden % np.uint64(prime) for prime in ring().primes])
    values = kernel.forward(coefficients[None])[0]
    assert digest(coefficients) == known["coefficients"]
    assert [str(v) for v in values[:, 0].tolist()] == known["first_values"]
    assert digest(values) == known["values"]


def test_fingerprint_and_secrets(key):
    assert key.fingerprint.hex() == VECTORS["key"]["fingerprint"]
    for version, known in VECTORS["key"]["secrets"].items():
        secret = key.secret_of(int(version))
        assert secret[:16].tolist() == known["first"]
        assert hashlib.sha256(secret.astype("<i8").tobytes()).hexdigest() == known["sha256"]


def test_what_seeds_expand_to(key):
    known = VECTORS["expansion"]
    for name, polynomial in known["polynomials"].items():
        kind, _, place = name.partition("/")
        found = c1_of(key.fingerprint, known["version"], bytes.fromhex(known["seed"]), kind, int(place))
        assert [str(v) for v in found[:, 0].tolist()] == polynomial["first"]
        assert digest(found) == polynomial["sha256"]


def test_layouts():
    for known in VECTORS["layouts"]:
        layout = RlweLayout.choose((known["rows"], known["columns"]), known["weight_bound"])
        assert layout_fields(layout) == known["layout"]


def test_scaling():
    known = VECTORS["scaling"]
    residues = scaled(ring(), np.array([*map(int, known["integers"])]), known["slot_bits"])
    assert [[str(v) for v in row] for row in residues.tolist()] == known["residues"]
    low, high = to_power_of_two(ring(), residues, known["answer_bits"])
    assert [str(a + (b << 64)) for a, b in zip(low.tolist(), high.tolist(), strict=True)] == known["back"]


def test_a_model_without_errors(key, kernel, monkeypatch):
    """Nobody sends one; with errors no two are alike."""
    known, seed = VECTORS["model"], bytes.fromhex(VECTORS["expansion"]["seed"])
    monkeypatch.setattr(model_module, "errors", lambda count: np.zeros(count, np.int64))
    monkeypatch.setattr(model_module.os, "urandom", lambda _: seed)
    weights = np.array(known["weights"])[:, None]
    model = RlweModel.encrypt(
        weights, key, version=known["version"], weight_bound=known["weight_bound"], kernel=kernel
    )
    assert layout_fields(model.layout) == known["layout"]
    assert hashlib.sha256(model.c0).hexdigest() == known["c0"]
    assert hashlib.sha256(model.zeros_c0).hexdigest() == known["zeros_c0"]
    np.testing.assert_array_equal(model.decrypt(key), weights)


def test_an_answer_opens(key, kernel):
    known = VECTORS["answer"]
    layout = RlweLayout.choose((3, 1), 4.0)
    words = np.frombuffer(hashlib.shake_128(b"answer").digest(8 * DEGREE), "<u8")
    words = words & np.uint64((1 << layout.answer_bits) - 1)
    c1 = pack_wide(words, words & np.uint64(0), layout.answer_bits)
    assert hashlib.sha256(c1).hexdigest() == known["c1_sha256"]
    gradient = RlweGradient(
        key.fingerprint, known["base_version"], layout, known["bound_bits"], bytes.fromhex(known["c0"]), c1
    )
    assert [str(v) for v in gradient.integers(key, kernel).ravel().tolist()] == known["integers"]
