"""Encryption schemes by name: a closed list. A family of models says which ones it can be trained under."""

import functools
import importlib
import importlib.metadata

from openmined_syft.errors import KernelError, ParameterError
from openmined_syft.schemes.ahead import Ahead
from openmined_syft.schemes.interface import AnyScheme, Direction, Gradient, Model, PrivateHalf, PublicHalf

PAILLIER = "paillier"
RLWE = "rlwe"
_CKKS = "ckks"

# Imported when asked for: what only networks need is not loaded for the others.
_SCHEMES = {
    PAILLIER: "openmined_syft.schemes.paillier:PaillierScheme",
    RLWE: "openmined_syft.schemes.rlwe:RlweScheme",
    _CKKS: "openmined_syft.schemes.ckks:CkksScheme",
}
_NEEDED_BY = {"mlp": (_CKKS,)}
_LINEAR = (PAILLIER, RLWE)


def scheme_names() -> tuple[str, ...]:
    """Names that `scheme_named` knows."""
    return tuple(_SCHEMES)


def schemes_for(family: str) -> tuple[str, ...]:
    """Names of the schemes that models of a family can be encrypted with, the default first."""
    return _NEEDED_BY.get(family, _LINEAR)


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
    "RLWE",
    "Ahead",
    "AnyScheme",
    "Direction",
    "Gradient",
    "Model",
    "PrivateHalf",
    "PublicHalf",
    "networks_here",
    "scheme_named",
    "scheme_names",
    "schemes_for",
]
