"""Digits under Paillier with the noise made while nothing else was to be done, beside the same work without:
what a round waits for. The noise itself costs the same, at another time.
"""

import statistics
import time
from collections.abc import Callable

from benchmarks.measure import Row
from benchmarks.rows.paillier import kernels
from benchmarks.rows.workloads import BOUND, digits
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.kernels import Kernel
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.noise_pool import NoisePool
from openmined_syft.paillier.training import train

TIMES = 5
VISIT, ENCRYPTS = 337 / 127, 284 / 1.4  # as measured on a prototype, gmpy2


def rows(bits: int) -> list[Row]:
    """A visit and Capsule's encryption, for each kernel."""
    work, key = digits(), generate_keypair(bits)
    model, result = work.encrypted(key), []
    mines = NoisePool.of_mine(key.public, model.layout.gradient_ciphertexts)
    owners = NoisePool.of_owner(key, model.layout.model_ciphertexts)
    for kernel in kernels():

        def visit(pool: NoisePool | None, kernel: Kernel = kernel) -> None:
            train(model, key.public, work.visit, kernel=kernel, pool=pool)

        def encrypt(pool: NoisePool | None, kernel: Kernel = kernel) -> None:
            EncryptedModel.encrypt(work.weights, key, version=0, weight_bound=BOUND, kernel=kernel, pool=pool)

        for what, piece, pool, aim in (
            ("visit", visit, mines, VISIT),
            ("Capsule encrypts", encrypt, owners, ENCRYPTS),
        ):
            times = _by_turns(piece, pool, kernel)
            name = f"{work.name}, {bits} bit, {what}, noise made ahead"
            aimed = aim if kernel.name == "gmpy2" else None
            result.append(Row(name, "noise made at once", *times, aimed, kernel.name, _NOTE))
    return result


def _by_turns(
    piece: Callable[[NoisePool | None], None], pool: NoisePool, kernel: Kernel
) -> tuple[float, float]:
    seconds: tuple[list[float], list[float]] = ([], [])
    piece(None)
    for _ in range(TIMES):
        for record, given in zip(seconds, (pool, None), strict=True):
            while given is not None and given.wanted:
                given.work(kernel)
            began = time.process_time()
            piece(given)
            record.append(time.process_time() - began)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


_NOTE = (
    "the noise is made between rounds, at the same cost; what is timed is what a round waits for; a"
    " prototype took 127 ms for the visit and 1.4 ms for the encryption on gmpy2"
)
