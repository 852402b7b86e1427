"""How long encrypted training will take on this machine: unit costs measured now, times the operations
counted.

Measured: a power r^n, a power modulo p^2 as the key's owner takes it, and a matrix-vector product of up to 48
    rows.
The rest is multiplication, so expect an estimate, not a promise; the machine's other work is in it. No keys
are made and nothing is encrypted: random odd numbers of the right length take the same time.
"""

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from openmined_syft.paillier.kernels import Kernel, load_kernel
from openmined_syft.paillier.keys import DEFAULT_BITS, check_key_bits
from openmined_syft.paillier.layout import Layout

SAMPLE_ROWS = 48
BATCH = 8


@dataclass(frozen=True)
class Estimate:
    """Expected costs of one campaign's pieces.

    Attributes:
        features, classes, key_bits, kernel: what was asked for.
        encrypt_seconds: Capsule encrypts the model.
        product_seconds, noise_seconds: the two parts of a mine's visit.
        decrypt_seconds: Capsule decrypts a gradient.
        model_bytes, gradient_bytes: ciphertexts down to the mine and back.
    """

    features: int
    classes: int
    key_bits: int
    kernel: str
    encrypt_seconds: float
    product_seconds: float
    noise_seconds: float
    decrypt_seconds: float
    model_bytes: int
    gradient_bytes: int

    @property
    def visit_seconds(self) -> float:
        """A mine's visit: the same for one step on ten rows and a thousand steps on a million."""
        return self.product_seconds + self.noise_seconds


@dataclass(frozen=True)
class UnitCosts:
    """Seconds of one operation on this machine, for one key size and kernel."""

    key_bits: int
    kernel: str
    noise: float
    owner_power: float
    product: float


def measure(key_bits: int, weight_bound: float = 4.0, kernel: Kernel | None = None) -> UnitCosts:
    """Measure the unit costs; takes about a second at 3072 bits.

    Raises:
        KeySizeError: a size no campaign may use.
    """
    check_key_bits(key_bits)
    kernel = kernel or load_kernel()
    n, p = _odd(key_bits), _odd(key_bits // 2)
    bases = [_unit(n) for _ in range(SAMPLE_ROWS)]
    sample = Layout.choose((SAMPLE_ROWS, 10), key_bits, weight_bound)
    top = 1 << sample.map_bits
    matrix = np.random.default_rng(0).integers(-top, top, (SAMPLE_ROWS, SAMPLE_ROWS))
    noise = _best(lambda: kernel.powers(bases[:BATCH], n, n * n)) / BATCH
    owner = _best(lambda: kernel.powers(bases[:BATCH], p, p * p)) / BATCH
    shape = (sample.rows_per_ciphertext, sample.slot_bits)
    product = _best(lambda: kernel.matvec(bases, matrix, n * n, *shape)) / sample.matvec_products()
    return UnitCosts(key_bits, kernel.name, noise, owner, product)


def estimate(features: int, classes: int, costs: UnitCosts, weight_bound: float = 4.0) -> Estimate:
    """What a model of `features` (a bias is added) by `classes` will cost.

    Raises:
        ShapeError: too many weights, or none.
    """
    layout = Layout.choose((features + 1, classes), costs.key_bits, weight_bound)
    width = costs.key_bits // 4
    return Estimate(
        features,
        classes,
        costs.key_bits,
        costs.kernel,
        encrypt_seconds=layout.model_ciphertexts * 2 * costs.owner_power,
        product_seconds=layout.matvec_products() * costs.product,
        noise_seconds=layout.gradient_ciphertexts * costs.noise,
        decrypt_seconds=layout.gradient_ciphertexts * 2 * costs.owner_power,
        model_bytes=layout.model_ciphertexts * width,
        gradient_bytes=layout.gradient_ciphertexts * width,
    )


def _odd(bits: int) -> int:
    return secrets.randbits(bits) | (1 << (bits - 1)) | 1


def _unit(modulus: int) -> int:
    while True:
        number = secrets.randbelow(modulus * modulus)
        if math.gcd(number, modulus) == 1:
            return number


def _best(work: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


__all__ = ["DEFAULT_BITS", "Estimate", "UnitCosts", "estimate", "measure"]
