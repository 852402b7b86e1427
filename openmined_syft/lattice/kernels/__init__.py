"""Kernels of the ring: one file each, identical results, chosen by name at run time.

`load_kernel()` takes the fastest one that works here: machine code where the extra `fast` (llvmlite) is
installed, SEAL where the extra `nn` (TenSEAL) is, numpy otherwise.
"""

import functools
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

from openmined_syft.errors import KernelError, NoSuchKernelHereError
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


_KERNELS: dict[str, Callable[[Ring], Kernel]] = {"llvm": _llvm, "seal": _seal, "numpy": NumpyKernel}
_PACKAGES = {"llvm": "llvmlite", "seal": "tenseal"}


def kernel_names() -> list[str]:
    """Names that `load_kernel` knows, fastest first."""
    return list(_KERNELS)


@functools.cache
def _loaded(name: str) -> Kernel:
    return _KERNELS[name](ring())


@functools.cache
def _fastest() -> Kernel:
    for name, package in _PACKAGES.items():
        if importlib.util.find_spec(package) is None:
            continue
        try:
            return _loaded(name)
        except NoSuchKernelHereError:  # `doctor` says so to those who ask
            continue
        except KernelError as problem:
            warnings.warn(f"{problem}; taking a slower kernel", RuntimeWarning, stacklevel=3)
    return _loaded("numpy")


def load_kernel(name: str | None = None) -> Kernel:
    """The kernel of that name; None takes the fastest that works here and warns if one it should have does
    not.

    Raises:
        KernelError: there is none of that name, or it does not work on this machine.
    """
    if name is None:
        return _fastest()
    if name not in _KERNELS:
        raise KernelError(f"there is no ring kernel {name!r}; choose one of {kernel_names()}")
    return _loaded(name)


__all__ = ["Kernel", "RingKernel", "kernel_names", "load_kernel"]
