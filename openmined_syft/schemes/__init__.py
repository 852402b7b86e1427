"""Encryption schemes by name: a closed list. Which one a campaign uses follows from its family of models."""

import functools
import importlib
import importlib.metadata

from openmined_syft.errors import KernelError, ParameterError
from openmined_syft.schemes.interface import AnyScheme, Direction, Gradient, Model, PrivateHalf, PublicHalf

PAILLIER = "paillier"
_CKKS = "ckks"

# Imported when asked for: what only networks need is not loaded for the others.
_SCHEMES = {
    PAILLIER: "openmined_syft.schemes.paillier:PaillierScheme",
    _CKKS: "openmined_syft.schemes.ckks:CkksScheme",
}
_NEEDED_BY = {"mlp": _CKKS}


def scheme_names() -> tuple[str, ...]:
    """Names that `scheme_named` knows."""
    return tuple(_SCHEMES)


def scheme_for(family: str) -> str:
    """Name of the scheme that models of a family are encrypted with."""
    return _NEEDED_BY.get(family, PAILLIER)


@functools.cache
def scheme_named(name: str) -> AnyScheme:
    """The scheme of that name.

    Raises:
        ParameterError: there is none.
    """
    if name not in _SCHEMES:
        raise ParameterError(
            f"there is no encryption scheme {name!r}; choose one of {', '.join(scheme_names())}"
        )
    module, cls = _SCHEMES[name].split(":")
    scheme: AnyScheme = getattr(importlib.import_module(module), cls)()
    return scheme


def networks_here() -> str:
    """Whether networks can be worked with on this machine: by which package, or what to install."""
    try:
        scheme_named(_CKKS).require_usable()
    except KernelError:
        return "none: install the extra 'nn' for them"
    return f"TenSEAL {importlib.metadata.version('tenseal')}"


__all__ = [
    "PAILLIER",
    "AnyScheme",
    "Direction",
    "Gradient",
    "Model",
    "PrivateHalf",
    "PublicHalf",
    "networks_here",
    "scheme_for",
    "scheme_named",
    "scheme_names",
]
