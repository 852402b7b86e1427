"""4,097 inputs under ring-LWE, in a process of its own: its seconds, and the most memory that it takes."""

from pathlib import Path

import numpy as np

from benchmarks.measure import Row, mebibytes, median_seconds
from benchmarks.rows.rlwe import TIMES, drawn
from benchmarks.rows.workloads import BOUND
from openmined_syft.lattice.kernels import load_kernel
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.training import train

SHAPE = (4097, 1)
SECONDS, MEGABYTES = 4.0, 500


def rows(_: int) -> list[Row]:
    """The visit on the fastest kernel; the peer is the aim."""
    owner, kernel = RlwePrivateKey.generate(), load_kernel()
    visit = drawn(*SHAPE)
    model = RlweModel.encrypt(np.zeros(SHAPE), owner, version=0, weight_bound=BOUND, kernel=kernel)
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is the visits' own
    before = mebibytes("VmRSS")
    seconds = median_seconds(lambda: train(model, owner.public, visit, kernel=kernel), TIMES)
    peak = mebibytes("VmHWM")
    note = (
        f"the peer is the aim; {peak} MiB for the whole process at the peak of a visit, {before} of them"
        f" before it, A included; aim {MEGABYTES} MiB: {'met' if peak <= MEGABYTES else 'missed'}"
    )
    name = f"{SHAPE[0]} x 1 under rlwe, visit"
    return [Row(name, "the aim", seconds, SECONDS, 1.0, kernel.name, note)]
