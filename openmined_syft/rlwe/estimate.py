"""How long training under ring-LWE will take on this machine: unit costs measured now, times a count."""

from dataclasses import dataclass

import numpy as np

from openmined_syft.affine import AffineMap
from openmined_syft.costs import Estimate, shortest
from openmined_syft.lattice.kernels import Kernel, load_kernel
from openmined_syft.lattice.ring import DEGREE
from openmined_syft.lattice.sampling import masks
from openmined_syft.rlwe.gradient import gradient_bytes
from openmined_syft.rlwe.keys import SCHEME, RlwePrivateKey
from openmined_syft.rlwe.layout import ZEROS, RlweLayout
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.training import train

_INPUTS = 31  # one model polynomial, one answer
_MORE = 8


@dataclass(frozen=True)
class RlweUnitCosts:
    """Seconds on this machine, for one kernel.

    Attributes:
        encrypt: a polynomial, by Capsule.
        load: a polynomial, by a mine: unpacked, its second half expanded.
        product: a block of the matrix times a polynomial.
        answer: what an answer costs beside its products: masks, flood, rounding.
        decrypt: an answer, by Capsule.
    """

    kernel: str
    encrypt: float
    load: float
    product: float
    answer: float
    decrypt: float


def measure(kernel: Kernel | None = None) -> RlweUnitCosts:
    """Measure the unit costs; takes about a second."""
    kernel, key = kernel or load_kernel(), RlwePrivateKey.generate()
    weights, visit = np.zeros((_INPUTS, 1)), AffineMap(np.eye(_INPUTS) / 2, np.zeros((_INPUTS, 1)))

    def encrypted() -> RlweModel:
        return RlweModel.encrypt(weights, key, version=0, weight_bound=1.0, kernel=kernel)

    model = encrypted()
    gradient = train(model, key.public, visit, kernel=kernel)
    encrypt, load = shortest(encrypted) / (1 + ZEROS), shortest(model.zeros) / ZEROS
    pairs, nothing = model.pairs(0), masks(1, 0, DEGREE)
    some = kernel.ready(np.concatenate([pairs] * (1 + _MORE)))
    plain, none = masks(1 + _MORE, DEGREE // 10), kernel.ready(pairs[:0])
    one = shortest(lambda: kernel.answers([some[:1]], plain[:1], none, nothing))
    product = max(0.0, shortest(lambda: kernel.answers([some], plain, none, nothing)) - one) / _MORE
    whole = shortest(lambda: train(model, key.public, visit, kernel=kernel))
    # Other work on the machine may have hit the parts harder than the whole; the kernel is surely in it.
    answer = max(one, whole - (1 + ZEROS) * load - product)
    decrypt = shortest(lambda: gradient.integers(key, kernel))
    return RlweUnitCosts(kernel.name, encrypt, load, product, answer, decrypt)


def estimate(features: int, classes: int, costs: RlweUnitCosts, weight_bound: float = 4.0) -> Estimate:
    """What a model of `features` (a bias is added) by `classes` will cost.

    Raises:
        ShapeError, SizeError: no weights, or too many.
    """
    layout = RlweLayout.choose((features + 1, classes), weight_bound)
    return Estimate(
        SCHEME,
        features,
        classes,
        DEGREE,
        costs.kernel,
        encrypt_seconds=(layout.polynomials + ZEROS) * costs.encrypt,
        product_seconds=(layout.polynomials + ZEROS) * costs.load + layout.products * costs.product,
        noise_seconds=layout.answers * costs.answer,
        decrypt_seconds=layout.answers * costs.decrypt,
        model_bytes=layout.model_bytes,
        gradient_bytes=gradient_bytes(layout),
    )
