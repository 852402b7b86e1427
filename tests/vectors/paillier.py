"""One visit under a key that everybody knows, its noise given: every artifact byte for byte."""

from __future__ import annotations

import hashlib

import gmpy2
import numpy as np

from openmined_syft.affine import AffineMap
from openmined_syft.fixed_point import fixed_map
from openmined_syft.paillier.cipher_array import CipherArray
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.packing import pack
from openmined_syft.paillier.training import check_bounds, pack_rows, to_offsets
from pysonar.protocol.artifacts import (
    GradientEnvelope,
    ModelArtifact,
    PrivacyStatement,
    PublicKeyArtifact,
)
from pysonar.protocol.cid import Cid
from tests.builders.opaque import as_gradient, as_model
from tests.json_types import JsonObject
from tests.vectors.drawing import unit

SHAPE, BOUND = (4, 3), 8.0
BITS = (512, 2048)


def known_key(bits: int) -> PrivateKey:
    """Two primes that follow from a name: of no value."""

    def prime(name: str) -> int:
        size = bits // 16
        seed = int.from_bytes(hashlib.shake_256(f"openmined/vectors/{name}".encode()).digest(size), "big")
        return int(gmpy2.next_prime(seed | (3 << (bits // 2 - 2))))

    return PrivateKey.from_primes(prime(f"p {bits}"), prime(f"q {bits}"), allow_small_for_tests=True)


def _noise(name: str, key: PrivateKey, count: int) -> list[int]:
    width = key.public.ciphertext_bytes
    stream = hashlib.shake_256(f"openmined/vectors/noise {name} {key.public.bits}".encode()).digest(
        width * count
    )
    pieces = [stream[place : place + width] for place in range(0, len(stream), width)]
    return [int.from_bytes(piece, "big") % (int(key.public.n) - 1) + 1 for piece in pieces]


def visit() -> JsonObject:
    """What a mine gets, what it computes, and what it seals."""
    return {
        "about": "Paillier: `noise` has r of each ciphertext's r^n. The key is of no value.",
        "cases": [_visit(bits) for bits in BITS],
    }


def _visit(bits: int) -> JsonObject:
    key = known_key(bits)
    public, layout = key.public, Layout.choose(SHAPE, bits, BOUND)
    weights = (np.array(unit("weights", 12)).reshape(SHAPE) - 0.5) * 4
    fixed = np.rint(weights * 2**22).astype(np.int64)
    plaintexts = [
        pack(row[columns.start : columns.stop], layout.slot_bits, layout.rows_per_ciphertext)
        for columns in map(layout.columns_of, range(layout.column_blocks))
        for row in fixed.tolist()
    ]
    model = EncryptedModel(_encrypted(plaintexts, key, "model"), layout, 7, int(BOUND) << 22)
    A = np.eye(4) + (np.array(unit("A", 16)).reshape(4, 4) - 0.5) / 4
    c = np.array(unit("c", 12)).reshape(SHAPE) - 0.5
    made = AffineMap(A, c)
    matrix, offsets = fixed_map(made.A, layout.map_bits), to_offsets(made.c, layout)
    products: list[int] = []
    kernel = load_kernel("gmpy2")
    for block in range(layout.column_blocks):
        bases = model.ciphertexts[block * 4 : (block + 1) * 4]
        products += kernel.matvec(
            bases, matrix, public.n_squared, layout.rows_per_ciphertext, layout.slot_bits
        )
    added = [
        product * (1 + public.n * (gmpy2.mpz(m) % public.n)) % public.n_squared
        for product, m in zip(products, pack_rows(offsets, layout), strict=True)
    ]
    noise = _noise("gradient", key, len(added))
    noised = [
        int(one * gmpy2.powmod(r, public.n, public.n_squared) % public.n_squared)
        for one, r in zip(added, noise, strict=True)
    ]
    array = CipherArray(public.fingerprint, bits, tuple(noised))
    gradient = EncryptedGradient(array, layout, 7, check_bounds(matrix, offsets, model.weight_limit, layout))
    envelope = GradientEnvelope(
        chain_id=1337,
        contract="0x" + "c0" * 20,
        campaign=bytes(range(32)),
        base_version=7,
        base=Cid(b"\7" * 32),
        miner="0x" + "31" * 20,
        gradient=as_gradient(gradient),
        privacy=PrivacyStatement(3.0, 1e-6),
    )
    difference = gradient.decrypt(key)
    return {
        "bits": bits,
        "public_key": PublicKeyArtifact(public).to_bytes().hex(),
        "model": ModelArtifact(as_model(model)).to_bytes().hex(),
        "shape": list(SHAPE),
        "weight_bound": BOUND,
        "A": A.tolist(),
        "c": c.tolist(),
        "noise": [f"{r:x}" for r in noise],
        "chain_id": 1337,
        "contract": envelope.contract,
        "campaign": envelope.campaign.hex(),
        "base": str(envelope.base),
        "miner": envelope.miner,
        "privacy": {"epsilon": 3.0, "delta": 1e-6},
        "gradient": envelope.to_bytes().hex(),
        "difference": difference.tolist(),
    }


def _encrypted(plaintexts: list[int], key: PrivateKey, name: str) -> CipherArray:
    public = key.public
    noise = _noise(name, key, len(plaintexts))
    ciphertexts = tuple(
        int(
            (1 + public.n * (gmpy2.mpz(m) % public.n))
            * gmpy2.powmod(r, public.n, public.n_squared)
            % public.n_squared
        )
        for m, r in zip(plaintexts, noise, strict=True)
    )
    return CipherArray(public.fingerprint, public.bits, ciphertexts)
