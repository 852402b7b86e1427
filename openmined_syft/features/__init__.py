"""Public feature maps: fixed functions of a row, equal for everybody, that make a linear model's score
nonlinear.

A map has no trained part and sees no data beforehand; its randomness comes from a public seed (the campaign's
id), so that nobody can choose it.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ParameterError
from openmined_syft.features.fourier import RandomFourier
from openmined_syft.features.hashed_words import HashedWords
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


def feature_map_from(mapping: Mapping[str, Any], n_features: int, seed: bytes) -> FeatureMap:
    """The map that {"name": ..., <parameter>: ...} describes.

    Args:
        mapping: name "fourier" with `count` and `gamma`, or "hashed_words" with `count`.
        n_features: columns of the rows.
        seed: public bytes both sides know.

    Raises:
        ParameterError: unknown map or parameter, or a value out of range.
    """
    if not isinstance(mapping, Mapping):
        raise ParameterError(f"a feature map is a mapping with a name, got {type(mapping).__name__}")
    parameters = dict(mapping)
    name = parameters.pop("name", None)
    if name == "fourier":
        known_only("feature map fourier", parameters, ["count", "gamma"])
        return RandomFourier(n_features=n_features, seed=seed, **parameters)
    if name == "hashed_words":
        known_only("feature map hashed_words", parameters, ["count"])
        return HashedWords(n_features=n_features, seed=seed, **parameters)
    raise ParameterError(f"there is no feature map {name!r}; choose one of ['fourier', 'hashed_words']")


__all__ = ["FeatureMap", "HashedWords", "RandomFourier", "feature_map_from"]
