"""A whole encrypted visit against loops over samples: python-paillier's example style and OpenMined's of
2017.

Both loops are written anew from their descriptions. They are timed on a few samples and scaled to an epoch,
as a whole one takes minutes to hours.
"""

import time

import numpy as np
import phe

from benchmarks.measure import Row, median_seconds
from benchmarks.rows.paillier import kernels
from benchmarks.rows.workloads import Workload, digits
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.training import train

NOTE = "protects the weights from the mine, as ours does"


def naive_epoch_seconds(work: Workload, public: phe.PaillierPublicKey, samples: int) -> float:
    """One epoch for all classes: score, residual and gradient of each sample on encrypted weights, then a
    step.
    """
    X, d, classes = work.design, work.design.shape[1], work.weights.shape[1]
    weights = [public.encrypt(float(w)) for w in work.weights[:, 0]]
    began = time.process_time()
    total: list[phe.EncryptedNumber] = []
    for x, label in zip(X[:samples].tolist(), work.y[:samples].tolist(), strict=True):
        score = weights[0] * x[0]
        for j in range(1, d):
            score += weights[j] * x[j]
        residual = score * 0.25 - (float(label == 0) - 0.5)
        gradient = [residual * value for value in x]
        total = [a + b for a, b in zip(total, gradient, strict=True)] if total else gradient
    each = (time.process_time() - began) / samples
    began = time.process_time()
    for weight, slope in zip(weights, total, strict=True):
        (weight - slope * 0.1).obfuscate()
    step = time.process_time() - began
    return (each * len(X) + step) * classes


def collapsed_visit_seconds(work: Workload, public: phe.PaillierPublicKey, outputs: int) -> float:
    """The same visit as ours, (A - I) W + c for all classes, with phe's numbers one by one: what is left of
    the ratio when the peer takes the same algebra. From some outputs of one class.
    """
    change, offset = work.visit.A - np.eye(len(work.visit.A)), work.visit.c
    weights = [public.encrypt(float(w)) for w in work.weights[:, 0]]
    places = np.linspace(5, len(change) - 5, outputs).astype(int)
    began = time.process_time()
    for place in places:
        row = change[place].tolist()
        output = weights[0] * row[0]
        for weight, factor in zip(weights[1:], row[1:], strict=True):
            output += weight * factor
        (output + float(offset[place, 0])).obfuscate()
    return (time.process_time() - began) / outputs * work.weights.size


def pysyft_2017_epoch_seconds(work: Workload, public: phe.PaillierPublicKey) -> float:
    """One epoch in the manner of PySyft's LinearClassifier of August 2017, from one sample and one class.

    It encrypts the target and a gradient of zeros for every sample and updates all weights after each.
    """
    weights = [public.encrypt(float(w)) for w in work.weights[:, 0]]
    x = work.design[0].tolist()
    began = time.process_time()
    score = weights[0] * x[0]
    for j in range(1, len(x)):
        if x[j]:
            score += weights[j] * x[j]
    residual = score - public.encrypt(float(work.y[0] == 0))
    gradient = [public.encrypt(0.0) for _ in x]
    gradient = [g + residual * v if v else g for g, v in zip(gradient, x, strict=True)]
    weights = [w - g * 0.5 for w, g in zip(weights, gradient, strict=True)]
    return (time.process_time() - began) * len(work.X) * work.weights.shape[1]


def rows(bits: int = 2048, samples: int = 3) -> list[Row]:
    """Digits, 50 steps in one visit, against ONE epoch of each loop."""
    work, key = digits(), generate_keypair(bits)
    public, model = key.public.to_phe(), work.encrypted(key)
    naive = naive_epoch_seconds(work, public, samples)
    old = pysyft_2017_epoch_seconds(work, public)
    collapsed = collapsed_visit_seconds(work, public, samples)
    result = []
    for kernel in kernels():
        fast = kernel.name == "ifma"
        seconds = median_seconds(lambda k=kernel: train(model, key.public, work.visit, kernel=k))
        update = train(model, key.public, work.visit, kernel=kernel)
        error = np.abs(work.weights + update.decrypt(key) - work.visit(work.weights)).max()
        name = f"{work.name}, {bits} bit, visit of 50 steps"
        ours = f"error {error:.1e}; {NOTE}"
        result.append(
            Row(name, "one epoch of phe loops", seconds, naive, 20_000 if fast else 3_000, kernel.name,
                f"loop from {samples} samples and one class; {ours}")
        )  # fmt: skip
        result.append(
            Row(name, "one epoch of the 2017 LinearClassifier", seconds, old,
                None if fast else 50_000, kernel.name, f"loop from one sample and one class; {ours}")
        )  # fmt: skip
        result.append(
            Row(name, "the same visit, phe's numbers one by one", seconds, collapsed, None, kernel.name,
                f"all outputs from {samples} of one class; the peer takes the algebra of ours, which makes"
                f" its epoch x{naive / collapsed:.0f} shorter: what is left is arithmetic; {ours}")
        )  # fmt: skip
    return result
