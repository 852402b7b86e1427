"""The encrypted gradient of a 64-32-10 network, batch 256, against the same in TenSEAL's vector interface.

The peer keeps one encrypted vector for each hidden unit and output. Its time is put together from its
measured primitives, each on a ciphertext with the primes that are left when a gradient comes to it: a whole
gradient takes minutes. Timing all of them on fresh ciphertexts more than doubles the peer's time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tenseal
from sklearn.datasets import load_digits

from benchmarks.measure import Row
from openmined_syft.ckks.encrypted import EncryptedNetwork
from openmined_syft.ckks.keys import CkksPrivateKey
from openmined_syft.ckks.training import train_network
from openmined_syft.models.network import SquareNetwork

TURNS = 3
"""In each, our gradient and every primitive of the peer once."""


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


@dataclass(frozen=True)
class Peer:
    """Seconds of a gradient: with a rotation for each row forward, as the vector interface has it, and with
    each weight repeated over the rows beforehand, which needs none.
    """

    vectors: float
    repeated: float

    def over(self, seconds: float) -> Peer:
        """Both divided by `seconds`."""
        return Peer(self.vectors / seconds, self.repeated / seconds)


def _at_level(context: tenseal.Context, length: int, products: int) -> tenseal.CKKSVector:
    """A ciphertext that so many products have been taken of."""
    vector = tenseal.ckks_vector(context, [0.9] * length)
    for _ in range(products):
        vector = vector * 0.9
    return vector


def ckks_vector_primitives(X: np.ndarray) -> dict[str, Callable[[], object]]:
    """The peer's pieces of a gradient. Weights are fresh; the hidden layer is reached after one product, its
    square after two, the scores after three, what goes back through the square after five.
    """
    context = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS, 16384, coeff_mod_bit_sizes=[60, *([40] * 7), 60], n_threads=1
    )
    context.global_scale = 2**40
    context.generate_galois_keys()
    rows = len(X)
    inputs, repeated = (tenseal.ckks_vector(context, [0.1] * length) for length in (X.shape[1], rows))
    back = _at_level(context, rows, 5)
    scores, other = _at_level(context, rows, 2), _at_level(context, rows, 2)
    error, squares = _at_level(context, rows, 3), _at_level(context, rows, 3)
    columns, transposed, column = X.tolist(), X.T.tolist(), X[:, 0].tolist()
    return {
        "forward": lambda: inputs.matmul(transposed),
        "backward": lambda: back.matmul(columns),
        "product": lambda: scores * other,
        "dot": lambda: error.dot(squares),
        "column": lambda: repeated * column,
    }


def put_together(seconds: dict[str, float], inputs: int, hidden: int, outputs: int) -> Peer:
    """Forward and back: 2 H matrix products, 2 H K products by an encrypted number, H K encrypted dot
    products.
    """
    shared = (
        2 * hidden * outputs * seconds["product"]
        + hidden * outputs * seconds["dot"]
        + hidden * seconds["backward"]
    )
    return Peer(hidden * seconds["forward"] + shared, hidden * inputs * seconds["column"] + shared)


def rows(_bits: int = 0) -> list[Row]:
    """One gradient of both."""
    X, y = load_digits(return_X_y=True)
    X = X / 16 - 0.3
    network = SquareNetwork(64, 10)
    key = CkksPrivateKey.generate()
    public = key.public_bundle(network)
    weights = network.drawn_weights()
    model = EncryptedNetwork.encrypt(weights, key, network=network, version=0)
    visit = network.visit(X[:256], y[:256])
    exact = visit.gradient(weights)
    error = np.abs(train_network(model, public, visit).decrypt(key) - exact).max() / np.abs(exact).max()
    primitives = ckks_vector_primitives(X[:256])
    works = {"ours": lambda: train_network(model, public, visit), **primitives}
    turns = [{name: _seconds(work) for name, work in works.items()} for _ in range(TURNS)]
    ratios = [put_together(turn, X.shape[1], 32, 10).over(turn["ours"]) for turn in turns]
    middle = {name: statistics.median(turn[name] for turn in turns) for name in works}
    ours, peer = middle["ours"], put_together(middle, X.shape[1], 32, 10)
    note = (
        f"ratios of {TURNS} turns: x{min(r.vectors for r in ratios):.0f} to"
        f" x{max(r.vectors for r in ratios):.0f}, x{min(r.repeated for r in ratios):.0f} to"
        f" x{max(r.repeated for r in ratios):.0f}; peer from its primitives, each with the primes left"
        " when a gradient comes to it; "
        f"error {error:.1e} of the largest entry; both encrypt the weights, neither the data; "
        "aim in seconds: 1.5"
    )
    name = "network 64-32-10, gradient of 256 rows"
    return [
        Row(name, "TenSEAL ckks_vector", ours, peer.vectors, 200, "SEAL", note),
        Row(name, "TenSEAL, weights repeated over the rows", ours, peer.repeated, 200, "SEAL", note),
    ]
