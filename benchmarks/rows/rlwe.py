"""The linear families under ring-LWE beside the same work under Paillier, on gmpy2, in one process by turns.

Maps are drawn, not learned: contractions of the rank that data have, with entries as large as theirs. Both
schemes compute the same integers, which is asked before anything is measured.
"""

import numpy as np

from benchmarks.measure import Row, by_turns
from benchmarks.rows.workloads import BOUND, Matrix
from openmined_syft.affine import AffineMap
from openmined_syft.errors import KernelError
from openmined_syft.lattice.kernels import Kernel, kernel_names, load_kernel
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.kernels import load_kernel as load_paillier
from openmined_syft.paillier.keys import PrivateKey, generate_keypair
from openmined_syft.paillier.training import train as paillier_train
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.training import train

TIMES = 3
SIZES = {(785, 10): {"llvm": 18.0, "seal": 9.0}, (1025, 1): {"llvm": 65.0, "seal": 40.0}}
ENCRYPTS, DECRYPTS = 35.0, 12.0


def drawn(d: int, k: int) -> AffineMap:
    """50 gradient steps on 300 rows whose inputs count less and less: most entries of A - I are small."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(300, d)) / np.sqrt(np.arange(1, d + 1))
    basis, values, _ = np.linalg.svd(rows.T, full_matrices=False)
    shrunk = (1 - (values / values[0]) ** 2) ** 50 - 1
    return AffineMap(np.eye(d) + (basis * shrunk) @ basis.T, random.normal(size=(d, k)) * 0.1)


def usable() -> list[Kernel]:
    """The fast kernels that work here."""
    found = []
    for name in kernel_names():
        try:
            found.append(load_kernel(name))
        except KernelError:
            continue
    return [kernel for kernel in found if kernel.name != "numpy"]


def rows(bits: int) -> list[Row]:
    """A visit, Capsule's encryption and decryption, for each size and kernel."""
    key, owner = generate_keypair(bits), RlwePrivateKey.generate()
    result: list[Row] = []
    for (d, k), targets in SIZES.items():
        size = Size(key, owner, drawn(d, k), np.random.default_rng(1).uniform(-1, 1, (d, k)))
        for kernel in usable():
            result += size.rows(kernel, targets.get(kernel.name))
    return result


class Size:
    """One shape, under both schemes."""

    def __init__(self, key: PrivateKey, owner: RlwePrivateKey, visit: AffineMap, weights: Matrix) -> None:
        self.key, self.owner, self.visit, self.weights = key, owner, visit, weights
        self.gmpy = load_paillier("gmpy2")
        self.model = self.under_paillier()
        self.answer = paillier_train(self.model, key.public, visit, kernel=self.gmpy)

    def under_paillier(self) -> EncryptedModel:
        return EncryptedModel.encrypt(self.weights, self.key, version=0, weight_bound=BOUND, kernel=self.gmpy)

    def under_rlwe(self, kernel: Kernel) -> RlweModel:
        return RlweModel.encrypt(self.weights, self.owner, version=0, weight_bound=BOUND, kernel=kernel)

    def rows(self, kernel: Kernel, aim: float | None) -> list[Row]:
        """The three rows of a kernel; refuses to measure what gives other integers."""
        model = self.under_rlwe(kernel)
        gradient = train(model, self.owner.public, self.visit, kernel=kernel)
        ours = gradient.integers(self.owner, kernel).astype(np.float64)
        assert np.array_equal(ours, np.rint(np.ldexp(self.answer.decrypt(self.key, self.gmpy), 44)))
        down, up = (len(model.c0) + len(model.zeros_c0)) / 1e6, (len(gradient.c0) + len(gradient.c1)) / 1e6
        theirs = [512 * len(array.ciphertexts) / 1e6 for array in (self.model, self.answer)]
        note = f"MB down {down:.1f}, up {up:.1f}, against {theirs[0]:.2f} and {theirs[1]:.2f}; same integers"
        d, k = self.weights.shape
        name, peer = f"{d} x {k} under rlwe", f"Paillier {self.key.bits}, gmpy2"
        visits = by_turns(
            lambda: train(model, self.owner.public, self.visit, kernel=kernel),
            lambda: paillier_train(self.model, self.key.public, self.visit, kernel=self.gmpy),
            TIMES,
        )
        encryptions = by_turns(lambda: self.under_rlwe(kernel), self.under_paillier, TIMES)
        decryptions = by_turns(
            lambda: gradient.integers(self.owner, kernel),
            lambda: self.answer.decrypt(self.key, self.gmpy),
            TIMES,
        )
        return [
            Row(f"{name}, visit", peer, *visits, aim, kernel.name, note),
            Row(
                f"{name}, Capsule encrypts",
                peer,
                *encryptions,
                ENCRYPTS if k > 1 else None,
                kernel.name,
                note,
            ),
            Row(
                f"{name}, Capsule decrypts",
                peer,
                *decryptions,
                DECRYPTS if k > 1 else None,
                kernel.name,
                note,
            ),
        ]
