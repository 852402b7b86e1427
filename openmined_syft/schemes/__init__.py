"""Encryption schemes by name: a closed list. Which one a campaign uses follows from its family of models."""

import functools

from openmined_syft.errors import ParameterError
from openmined_syft.schemes.interface import Direction, Gradient, Model, PrivateHalf, PublicHalf, Scheme
from openmined_syft.schemes.paillier import PaillierScheme

_NEEDED_BY = {"mlp": "ckks"}
PAILLIER = "paillier"


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
    if name == "ckks":
        # What only networks need is not imported for the others.
        from openmined_syft.schemes.ckks import CkksScheme

        return CkksScheme()
    raise ParameterError(f"there is no encryption scheme {name!r}; choose one of {', '.join(scheme_names())}")


__all__ = [
    "PAILLIER",
    "Direction",
    "Gradient",
    "Model",
    "PrivateHalf",
    "PublicHalf",
    "Scheme",
    "scheme_for",
    "scheme_named",
    "scheme_names",
]
