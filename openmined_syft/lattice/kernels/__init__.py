"""Kernels of the ring: one file each, identical results, chosen by name at run time.

`load_kernel()` takes the fastest one that works here: machine code where the extra `fast` (llvmlite) is
installed, SEAL where the extra `nn` (TenSEAL) is, numpy otherwise.
"""

from typing import Any

from openmined_syft.kernel_choice import KernelChoice
from openmined_syft.lattice.kernels.interface import RingKernel
from openmined_syft.lattice.kernels.numpy_kernel import NumpyKernel
from openmined_syft.lattice.ring import Ring, ring

Kernel = RingKernel[Any]
"""Any of them: what one has made ready is handed back only to itself."""


def _llvm(where: Ring) -> Kernel:
    # llvmlite is optional and slow to import: not before somebody wants it.
    from openmined_syft.lattice.kernels.llvm_kernel import LlvmKernel

    return LlvmKernel(where)


def _seal(where: Ring) -> Kernel:
    from openmined_syft.lattice.kernels.seal_kernel import SealKernel

    return SealKernel(where)


_CHOICE: KernelChoice[Kernel] = KernelChoice(
    "ring kernel",
    {"llvm": lambda: _llvm(ring()), "seal": lambda: _seal(ring()), "numpy": lambda: NumpyKernel(ring())},
    {"llvm": "llvmlite", "seal": "tenseal"},
    "numpy",
)
kernel_names, load_kernel = _CHOICE.names, _CHOICE.load

__all__ = ["Kernel", "RingKernel", "kernel_names", "load_kernel"]
