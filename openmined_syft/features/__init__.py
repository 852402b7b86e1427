"""Public feature maps: fixed functions of a row, equal for everybody, that make a linear model's score
nonlinear.

A map has no trained part and sees no data beforehand; its randomness comes from a public seed (the campaign's
id), so that nobody can choose it.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ParameterError
from openmined_syft.features.fourier import RandomFourier
from openmined_syft.parameters import known_only


class FeatureMap(Protocol):
    """A function from rows to rows."""

    @property
    def width(self) -> int:
        """Numbers in a mapped row."""
        ...

    @property
    def usual_norm(self) -> float:
        """How long a mapped row usually is: known without looking at rows."""
        ...

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Rows, shape (n, n_features), as (n, width)."""
        ...


# A new map needs its line here, and nowhere else: specs may name what is in this table.
_MAPS: dict[str, Callable[..., FeatureMap]] = {
    "fourier": RandomFourier,
}


def map_names() -> list[str]:
    """Names that `feature_map_from` knows."""
    return list(_MAPS)


def map_parameters(name: str) -> dict[str, Any]:
    """What a spec may say of a map of `map_names()`: its parameters, with their defaults."""
    found = inspect.signature(_MAPS[name]).parameters.values()
    return {one.name: one.default for one in found if one.name not in ("n_features", "seed")}


def feature_map_from(mapping: Mapping[str, Any], n_features: int, seed: bytes) -> FeatureMap:
    """The map that {"name": ..., <parameter>: ...} describes.

    Args:
        mapping: a name of `map_names()` and parameters of that map, as "fourier" with `count` and `gamma`.
        n_features: columns of the rows.
        seed: public bytes both sides know.

    Raises:
        ParameterError: unknown map or parameter, or a value out of range.
    """
    if not isinstance(mapping, Mapping):
        raise ParameterError(f"a feature map is a mapping with a name, got {type(mapping).__name__}")
    parameters = dict(mapping)
    name = parameters.pop("name", None)
    if not isinstance(name, str) or name not in _MAPS:
        raise ParameterError(f"there is no feature map {name!r}; choose one of {map_names()}")
    known_only(f"feature map {name}", parameters, map_parameters(name))
    return _MAPS[name](n_features=n_features, seed=seed, **parameters)


__all__ = ["FeatureMap", "RandomFourier", "feature_map_from", "map_names", "map_parameters"]
