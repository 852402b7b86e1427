"""The encrypted gradient of a 64-32-10 network, batch 256, against the same in TenSEAL's vector interface.

The peer keeps one encrypted vector for each hidden unit and output. Its time is put together from its
measured primitives, each on a ciphertext with the primes that are left when a gradient comes to it: a whole
gradient takes minutes. Timing all of them on fresh ciphertexts more than doubles the peer's time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tenseal
from sklearn.datasets import load_digits

from benchmarks.measure import Row, median_seconds
from openmined_syft.ckks.encrypted import EncryptedNetwork
from openmined_syft.ckks.keys import CkksPrivateKey
from openmined_syft.ckks.training import train_network
from openmined_syft.models.network import SquareNetwork


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


def _at_level(context: tenseal.Context, length: int, products: int) -> tenseal.CKKSVector:
    """A ciphertext that so many products have been taken of."""
    vector = tenseal.ckks_vector(context, [0.9] * length)
    for _ in range(products):
        vector = vector * 0.9
    return vector


def ckks_vector_gradient(X: np.ndarray, hidden: int, outputs: int) -> Peer:
    """Forward and back: 2 H matrix products, 2 H K products by an encrypted number, H K encrypted dot
    products. Weights are fresh; the hidden layer is reached after one product, its square after two, the
    scores after three, what goes back through the square after five.
    """
    context = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS, 16384, coeff_mod_bit_sizes=[60, *([40] * 7), 60], n_threads=1
    )
    context.global_scale = 2**40
    context.generate_galois_keys()
    rows = len(X)
    inputs = tenseal.ckks_vector(context, [0.1] * X.shape[1])
    forward = _seconds(lambda: inputs.matmul(X.T.tolist()))
    back = _at_level(context, rows, 5)
    backward = _seconds(lambda: back.matmul(X.tolist()))
    scores, other = _at_level(context, rows, 2), _at_level(context, rows, 2)
    product = _seconds(lambda: scores * other)
    error, squares = _at_level(context, rows, 3), _at_level(context, rows, 3)
    dot = _seconds(lambda: error.dot(squares))
    repeated = tenseal.ckks_vector(context, [0.1] * rows)
    column = X[:, 0].tolist()
    times_column = _seconds(lambda: repeated * column)
    shared = 2 * hidden * outputs * product + hidden * outputs * dot + hidden * backward
    return Peer(hidden * forward + shared, hidden * X.shape[1] * times_column + shared)


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
    ours = median_seconds(lambda: train_network(model, public, visit))
    exact = visit.gradient(weights)
    error = np.abs(train_network(model, public, visit).decrypt(key) - exact).max() / np.abs(exact).max()
    peer = ckks_vector_gradient(X[:256], 32, 10)
    note = (
        "peer from its primitives, each with the primes that are left when a gradient comes to it; "
        f"error {error:.1e} of the largest entry; both encrypt the weights, neither the data; "
        "aim in seconds: 1.5"
    )
    name = "network 64-32-10, gradient of 256 rows"
    return [
        Row(name, "TenSEAL ckks_vector", ours, peer.vectors, 200, "SEAL", note),
        Row(name, "TenSEAL, weights repeated over the rows", ours, peer.repeated, 200, "SEAL", note),
    ]
