"""What encrypted training is expected to cost, whatever it is encrypted with; and a clock for measuring."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """Expected costs of one campaign's pieces.

    Attributes:
        scheme, features, classes, key_bits, kernel: what was asked for.
        encrypt_seconds: Capsule encrypts the model.
        product_seconds, noise_seconds: the two parts of a mine's visit.
        decrypt_seconds: Capsule decrypts a gradient.
        model_bytes, gradient_bytes: ciphertexts down to the mine and back.
    """

    scheme: str
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


def shortest(work: Callable[[], object], times: int = 3) -> float:
    """Seconds that some work takes at its best: the machine's other work only adds."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
