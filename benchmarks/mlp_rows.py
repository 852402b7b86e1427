"""The encrypted gradient of a 64-32-10 network, batch 256, against the same in TenSEAL's vector interface.

The peer keeps one encrypted vector for each hidden unit and output. Its time is put together from its
measured
primitives: a whole gradient takes minutes.
"""

import time
from collections.abc import Callable

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


def ckks_vector_gradient(X: np.ndarray, hidden: int, outputs: int) -> float:
    """Forward and back: 2 H matrix products, 2 H K products by an encrypted number, H K encrypted dot
    products.
    """
    context = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS, 16384, coeff_mod_bit_sizes=[60, *([40] * 7), 60], n_threads=1
    )
    context.global_scale = 2**40
    context.generate_galois_keys()
    inputs = tenseal.ckks_vector(context, [0.1] * X.shape[1])
    batch = tenseal.ckks_vector(context, [0.1] * len(X))
    forward = _seconds(lambda: inputs.matmul(X.T.tolist()))
    backward = _seconds(lambda: batch.matmul(X.tolist()))
    other = tenseal.ckks_vector(context, [0.2] * len(X))
    product = _seconds(lambda: batch * other)
    dot = _seconds(lambda: batch.dot(other))
    return hidden * (forward + backward) + 2 * hidden * outputs * product + hidden * outputs * dot


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
        f"peer from its primitives; error {error:.1e} of the largest entry; both encrypt the weights, "
        "neither the data; aim in seconds: 1.5"
    )
    name = "network 64-32-10, gradient of 256 rows"
    return [Row(name, "TenSEAL ckks_vector", ours, peer, 200, "SEAL", note)]
