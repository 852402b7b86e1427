"""How long encrypted training will take on this machine: unit costs measured now, times the operations
counted.

Measured: a power r^n, a power modulo p^2 as the key's owner takes it, and a matrix-vector product of up to 48
    rows.
The rest is multiplication, so expect an estimate, not a promise; the machine's other work is in it. No keys
are made and nothing is encrypted: random odd numbers of the right length take the same time.
"""

import math
import secrets
from dataclasses import dataclass

import numpy as np

from openmined_syft.costs import Estimate, shortest
from openmined_syft.paillier.kernels import Kernel, load_kernel
from openmined_syft.paillier.kernels.schedule import best_width
from openmined_syft.paillier.keys import DEFAULT_BITS, SCHEME, check_key_bits
from openmined_syft.paillier.layout import Layout

SAMPLE_ROWS = 48
BATCH = 8


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
    noise = shortest(lambda: kernel.powers(bases[:BATCH], n, n * n)) / BATCH
    owner = shortest(lambda: kernel.powers(bases[:BATCH], p, p * p)) / BATCH
    shape = (sample.rows_per_ciphertext, sample.slot_bits)
    product = shortest(lambda: kernel.matvec(bases, matrix, n * n, *shape)) / expected_products(
        sample, kernel.name, sample.map_bits
    )
    return UnitCosts(key_bits, kernel.name, noise, owner, product)


def estimate(features: int, classes: int, costs: UnitCosts, weight_bound: float = 4.0) -> Estimate:
    """What a model of `features` (a bias is added) by `classes` will cost.

    Raises:
        ShapeError: too many weights, or none.
    """
    layout = Layout.choose((features + 1, classes), costs.key_bits, weight_bound)
    width = costs.key_bits // 4
    return Estimate(
        SCHEME,
        features,
        classes,
        costs.key_bits,
        costs.kernel,
        encrypt_seconds=layout.model_ciphertexts * 2 * costs.owner_power,
        product_seconds=expected_products(layout, costs.kernel) * costs.product,
        noise_seconds=layout.gradient_ciphertexts * costs.noise,
        decrypt_seconds=layout.gradient_ciphertexts * 2 * costs.owner_power,
        model_bytes=layout.model_ciphertexts * width,
        gradient_bytes=layout.gradient_ciphertexts * width,
    )


def expected_products(layout: Layout, kernel: str, entry_bits: float | None = None) -> float:
    """Modular products of a visit without its noise, in the windows that the kernel takes.

    Args:
        entry_bits: of an entry of A - I; None for what data of that many inputs are like. Rows of a
            contraction have a norm of at most 1, so entries get smaller the more there are: on breast
            cancer, digits and hashed text of 256 and 1,024 features the count is right to 10 %.
    """
    rows = layout.shape[0]
    bits = max(1.0, layout.map_bits - 0.9 * math.log2(rows)) if entry_bits is None else entry_bits
    if kernel.startswith("ifma"):
        width = 5 if rows > 16 else 4
        table, digits = 1 << width, bits / width
    else:
        width = best_width(rows, rows, layout.map_bits)
        table, digits = (1 << (width - 1)) + 4, bits / (width + 1)
    shifts = (layout.rows_per_ciphertext - 1) * layout.slot_bits + layout.map_bits
    return layout.column_blocks * (rows * table + rows * rows * digits + layout.row_groups * shifts)


def _odd(bits: int) -> int:
    return secrets.randbits(bits) | (1 << (bits - 1)) | 1


def _unit(modulus: int) -> int:
    while True:
        number = secrets.randbelow(modulus * modulus)
        if math.gcd(number, modulus) == 1:
            return number


__all__ = ["DEFAULT_BITS", "Estimate", "UnitCosts", "estimate", "expected_products", "measure"]
