"""Kernels by name, fastest first: each is made once, when it is first wanted."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from openmined_syft.errors import KernelError, NoSuchKernelHereError

KernelT = TypeVar("KernelT")


class KernelChoice(Generic[KernelT]):
    """The kernels of one kind of arithmetic.

    Attributes:
        makers: what makes each, by name, fastest first. KernelError: it does not work on this machine;
            NoSuchKernelHereError: it was never meant to.
    """

    def __init__(
        self, what: str, makers: Mapping[str, Callable[[], KernelT]], packages: Mapping[str, str], always: str
    ) -> None:
        """`packages`: the optional package that a kernel needs; `always`: the kernel that needs none."""
        self.makers = dict(makers)
        self._what, self._packages, self._always = what, packages, always
        self._made: dict[str, KernelT] = {}
        self._fastest: KernelT | None = None

    def names(self) -> list[str]:
        """Fastest first."""
        return list(self.makers)

    def load(self, name: str | None = None) -> KernelT:
        """The kernel of that name; None takes the fastest that works here and warns if one it should have
        does not.

        Raises:
            KernelError: there is none of that name, or it does not work on this machine.
        """
        if name is None:
            if self._fastest is None:
                self._fastest = self._search()
            return self._fastest
        if name not in self.makers:
            raise KernelError(f"there is no {self._what} {name!r}; choose one of {self.names()}")
        return self._one(name)

    def forget(self) -> None:
        """Choose and make anew from now on."""
        self._made.clear()
        self._fastest = None

    def _one(self, name: str) -> KernelT:
        if name not in self._made:
            self._made[name] = self.makers[name]()
        return self._made[name]

    def _search(self) -> KernelT:
        for name, package in self._packages.items():
            if importlib.util.find_spec(package) is None:
                continue
            try:
                return self._one(name)
            except NoSuchKernelHereError:  # `doctor` says so to those who ask
                continue
            except KernelError as problem:
                warnings.warn(f"{problem}; taking a slower kernel", RuntimeWarning, stacklevel=4)
        return self._one(self._always)
