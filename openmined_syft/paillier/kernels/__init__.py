"""Arithmetic kernels: one file each, identical results, chosen by name at run time.

`load_kernel()` takes the fastest one that works here: AVX-512 IFMA where the extra `fast` is installed and
the processor has the instructions, gmpy2 otherwise.
"""

import functools
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from openmined_syft.errors import KernelError, NoSuchKernelHereError
from openmined_syft.paillier.kernels.gmpy2_kernel import Gmpy2Kernel
from openmined_syft.paillier.kernels.interface import Kernel
from openmined_syft.paillier.kernels.reference import ReferenceKernel
from openmined_syft.paillier.kernels.spread import SpreadKernel


def _ifma() -> Kernel:
    # llvmlite is optional and slow to import: not before somebody wants it.
    from openmined_syft.paillier.kernels.ifma_kernel import IfmaKernel

    return IfmaKernel()


_KERNELS: dict[str, Callable[[], Kernel]] = {"ifma": _ifma, "gmpy2": Gmpy2Kernel, "python": ReferenceKernel}


@dataclass(frozen=True)
class KernelState:
    """What `describe_kernels` says about a kernel: `reason` tells why it is not usable."""

    name: str
    usable: bool
    chosen: bool
    reason: str


def kernel_names() -> list[str]:
    """Names that `load_kernel` knows, fastest first."""
    return list(_KERNELS)


@functools.cache
def _loaded(name: str) -> Kernel:
    return _KERNELS[name]()


@functools.cache
def _fastest() -> Kernel:
    if importlib.util.find_spec("llvmlite") is None:
        return _loaded("gmpy2")
    try:
        return _loaded("ifma")
    except NoSuchKernelHereError:  # `doctor` says so to those who ask
        return _loaded("gmpy2")
    except KernelError as problem:
        warnings.warn(f"{problem}; using gmpy2 instead", RuntimeWarning, stacklevel=3)
        return _loaded("gmpy2")


def load_kernel(name: str | None = None) -> Kernel:
    """The kernel of that name; None takes the fastest that works here and warns if one it should have does
    not.

    Raises:
        KernelError: there is none of that name, or it does not work on this machine.
    """
    if name is None:
        return _fastest()
    if name not in _KERNELS:
        raise KernelError(f"there is no kernel {name!r}; choose one of {kernel_names()}")
    return _loaded(name)


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


__all__ = ["Kernel", "KernelState", "SpreadKernel", "describe_kernels", "kernel_names", "load_kernel"]
