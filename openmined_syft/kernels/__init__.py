"""Arithmetic kernels: one file each, identical results, chosen by name at run time."""

from openmined_syft.errors import KernelError
from openmined_syft.kernels.gmpy2_kernel import Gmpy2Kernel
from openmined_syft.kernels.interface import Kernel
from openmined_syft.kernels.reference import ReferenceKernel

DEFAULT = "gmpy2"
_KERNELS = {kernel.name: kernel for kernel in (Gmpy2Kernel, ReferenceKernel)}


def kernel_names() -> list[str]:
    """Names that `load_kernel` knows."""
    return list(_KERNELS)


def load_kernel(name: str | None = None) -> Kernel:
    """The kernel of that name; None gives the default.

    Raises:
        KernelError: there is none of that name.
    """
    try:
        return _KERNELS[name or DEFAULT]()
    except KeyError:
        raise KernelError(f"there is no kernel {name!r}; choose one of {kernel_names()}") from None


__all__ = ["DEFAULT", "Kernel", "kernel_names", "load_kernel"]
