"""How near the gmpy2 kernel is to its own limit: modular products counted, times the time of one measured."""

import numpy as np

from benchmarks.measure import Row, by_turns
from benchmarks.rows.workloads import digits
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.paillier.kernels.schedule import schedule
from openmined_syft.paillier.keys import generate_keypair

SAMPLE = 2000


def rows(bits: int = 2048) -> list[Row]:
    """The matrix-vector product of a digits visit against its counted products and squarings."""
    work, key, kernel = digits(), generate_keypair(bits), load_kernel("gmpy2")
    model = work.encrypted(key)
    layout, n2 = model.layout, key.public.n_squared
    matrix = np.rint((work.visit.A - np.eye(65)) * 2**layout.map_bits).astype(np.int64)
    shape = (layout.rows_per_ciphertext, layout.slot_bits)
    plan = schedule(matrix, *shape)
    factors = list(model.ciphertexts)

    def products() -> None:
        x = factors[0]
        for i in range(SAMPLE):
            x = x * factors[i % 65] % n2

    ours, limit = by_turns(lambda: kernel.matvec(factors, matrix, n2, *shape), products, times=9)
    count = plan.products + plan.squarings
    note = f"{plan.products:,} products and {plan.squarings:,} squarings at {limit / SAMPLE * 1e6:.2f} us"
    return [
        Row(f"{work.name}, {bits} bit, matrix-vector product", "counted limit of gmpy2", ours,
            count * limit / SAMPLE, 0.85, "gmpy2", note)
    ]  # fmt: skip
