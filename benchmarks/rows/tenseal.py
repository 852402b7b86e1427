"""Encrypted logistic regression as in TenSEAL's first tutorial (CKKS, encrypted data and weights), per epoch.

Written anew after the tutorial: ring 8192, scale 2^21, a polynomial of degree 3 for the sigmoid. Timed on a
few samples and scaled to an epoch.
"""

import time

import numpy as np
import tenseal

from benchmarks.measure import Row, median_seconds
from benchmarks.rows.paillier import kernels
from benchmarks.rows.workloads import Workload, breast_cancer, framingham_like
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.training import train

TARGETS = {2048: 5_000, 3072: 2_000}
SIGMOID = [0.5, 0.197, 0.0, -0.004]


def tenseal_epoch(work: Workload, samples: int) -> tuple[float, float]:
    """Seconds of training for one epoch, and the error of the updated weights against plaintext
    arithmetic.
    """
    context = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[40, 21, 21, 21, 21, 21, 21, 40], n_threads=1
    )
    context.global_scale = 2**21
    context.generate_galois_keys()
    X, y, start = work.X[:samples], work.y[:samples].astype(float), work.weights[:-1, 0]
    weights, bias = tenseal.ckks_vector(context, start.tolist()), tenseal.ckks_vector(context, [0.0])
    rows = [tenseal.ckks_vector(context, x.tolist()) for x in X]
    labels = [tenseal.ckks_vector(context, [label]) for label in y]
    began = time.process_time()
    slope = bias_slope = None
    for row, label in zip(rows, labels, strict=True):
        residual = (row.dot(weights) + bias).polyval(SIGMOID) - label
        part = row * residual
        slope = part if slope is None else slope + part
        bias_slope = residual if bias_slope is None else bias_slope + residual
    weights = weights - (slope * (1 / samples) + weights * 0.05)
    bias = bias - bias_slope * (1 / samples)
    seconds = (time.process_time() - began) / samples * len(work.X)
    score = X @ start
    exact = start - X.T @ (0.5 + 0.197 * score - 0.004 * score**3 - y) / samples - 0.05 * start
    return seconds, float(np.abs(np.array(weights.decrypt()) - exact).max())


def rows(bits: int = 2048, samples: int = 8) -> list[Row]:
    """Our visit of 50 steps against one epoch."""
    result, key = [], generate_keypair(bits)
    for work in (framingham_like(), breast_cancer()):
        peer, peer_error = tenseal_epoch(work, samples)
        model = work.encrypted(key)
        for kernel in kernels():
            fast = kernel.name == "ifma"
            seconds = median_seconds(
                lambda k=kernel, m=model, w=work: train(m, key.public, w.visit, kernel=k)
            )
            difference = train(model, key.public, work.visit, kernel=kernel).decrypt(key)
            error = np.abs(work.weights + difference - work.visit(work.weights)).max()
            target = TARGETS[bits] if work.name.startswith("Fram") and not fast else None
            result.append(
                Row(f"{work.name}, {bits} bit, visit of 50 steps", "one epoch of TenSEAL's LR tutorial",
                    seconds, peer, target, kernel.name,
                    f"epoch from {samples} samples; error {error:.1e} against {peer_error:.1e}; "
                    "TenSEAL encrypts the data too, ours leaves them with their owner in the clear")
            )  # fmt: skip
    return result
