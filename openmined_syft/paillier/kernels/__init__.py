"""Arithmetic kernels: one file each, identical results, chosen by name at run time.

`load_kernel()` takes the fastest one that works here: AVX-512 IFMA where the extra `fast` is installed and
the processor has the instructions, gmpy2 otherwise.
"""

from dataclasses import dataclass

from openmined_syft.errors import KernelError
from openmined_syft.kernel_choice import KernelChoice
from openmined_syft.paillier.kernels.gmpy2_kernel import Gmpy2Kernel
from openmined_syft.paillier.kernels.interface import Kernel
from openmined_syft.paillier.kernels.owner_kernel import OwnerKernel
from openmined_syft.paillier.kernels.reference import ReferenceKernel
from openmined_syft.paillier.kernels.spread import SpreadKernel


def _ifma() -> Kernel:
    # llvmlite is optional and slow to import: not before somebody wants it.
    from openmined_syft.paillier.kernels.ifma_kernel import IfmaKernel

    return IfmaKernel()


_CHOICE: KernelChoice[Kernel] = KernelChoice(
    "kernel",
    {"ifma": _ifma, "gmpy2": Gmpy2Kernel, "python": ReferenceKernel},
    {"ifma": "llvmlite"},
    "gmpy2",
)
kernel_names, load_kernel = _CHOICE.names, _CHOICE.load


@dataclass(frozen=True)
class KernelState:
    """What `describe_kernels` says about a kernel: `reason` tells why it is not usable."""

    name: str
    usable: bool
    chosen: bool
    reason: str


def describe_kernels() -> list[KernelState]:
    """Every kernel: whether it works here, and which one `load_kernel()` takes."""
    chosen, states = load_kernel().name, []
    for name in kernel_names():
        try:
            load_kernel(name)
            states.append(KernelState(name, True, name == chosen, ""))
        except KernelError as problem:
            states.append(KernelState(name, False, False, str(problem)))
    return states


__all__ = [
    "Kernel",
    "KernelState",
    "OwnerKernel",
    "SpreadKernel",
    "describe_kernels",
    "kernel_names",
    "load_kernel",
]
