"""Encryption schemes by name: a closed list. Which one a campaign uses follows from its family of models."""

import functools
import importlib.metadata

from openmined_syft.errors import KernelError, ParameterError
from openmined_syft.schemes.interface import Direction, Gradient, Model, PrivateHalf, PublicHalf, Scheme
from openmined_syft.schemes.paillier import PaillierScheme

PAILLIER = "paillier"
_CKKS = "ckks"
_NEEDED_BY = {"mlp": _CKKS}


def scheme_names() -> tuple[str, ...]:
    """Names that `scheme_named` knows."""
    return (PAILLIER, *_NEEDED_BY.values())


def scheme_for(family: str) -> str:
    """Name of the scheme that models of a family are encrypted with."""
    return _NEEDED_BY.get(family, PAILLIER)


@functools.cache
def scheme_named(name: str) -> Scheme:
    """The scheme of that name.

    Raises:
        ParameterError: there is none.
    """
    if name == PAILLIER:
        return PaillierScheme()
    if name == _CKKS:
        # What only networks need is not imported for the others.
        from openmined_syft.schemes.ckks import CkksScheme

        return CkksScheme()
    raise ParameterError(f"there is no encryption scheme {name!r}; choose one of {', '.join(scheme_names())}")


def networks_here() -> str:
    """Whether networks can be worked with on this machine: by which package, or what to install."""
    try:
        scheme_named(_CKKS).require_usable()
    except KernelError:
        return "none: install the extra 'nn' for them"
    return f"TenSEAL {importlib.metadata.version('tenseal')}"


__all__ = [
    "PAILLIER",
    "Direction",
    "Gradient",
    "Model",
    "PrivateHalf",
    "PublicHalf",
    "Scheme",
    "networks_here",
    "scheme_for",
    "scheme_named",
    "scheme_names",
]
