"""Model families by the name a spec gives them: a closed list."""

from collections.abc import Mapping
from typing import Any

from openmined_syft.errors import ParameterError
from openmined_syft.models.family import ModelFamily
from openmined_syft.models.learnable import Inputs, Learnable, Rows, RowSums, stacked
from openmined_syft.models.linear import Linear
from openmined_syft.models.logistic import Logistic
from openmined_syft.models.network import SquareNetwork
from openmined_syft.models.one_vs_rest import OneVsRest
from openmined_syft.models.ridge import Ridge

_FAMILIES = {family.name: family for family in (Linear, Ridge, Logistic, OneVsRest, SquareNetwork)}


def family_names() -> list[str]:
    """Names that `build_family` knows."""
    return list(_FAMILIES)


def build_family(
    family: str, n_features: int, n_outputs: int, parameters: Mapping[str, Any], *, seed: bytes = b""
) -> ModelFamily:
    """The family a spec's algorithm names.

    Args:
        family: "linear", "ridge", "logistic", "one_vs_rest", or "mlp", a network with one hidden layer.
        n_features: columns of the encoded data, without the bias.
        n_outputs: 1 for one target and for "logistic"; the number of classes for "one_vs_rest" and "mlp".
        parameters: "features" describes a public feature map, such as {"name": "fourier", "count": 512,
            "gamma": 0.008}; "alpha" is ridge's; "hidden", "seed" and "bias" are a network's.
        seed: public bytes a feature map is drawn from: the campaign's id.

    Raises:
        ParameterError: unknown family or parameter, or a size out of range.
    """
    if family not in _FAMILIES:
        raise ParameterError(f"there is no model family {family!r}; choose one of {family_names()}")
    return _FAMILIES[family].build(n_features, n_outputs, parameters, seed)


__all__ = [
    "Inputs",
    "Learnable",
    "Linear",
    "Logistic",
    "ModelFamily",
    "OneVsRest",
    "Ridge",
    "RowSums",
    "Rows",
    "build_family",
    "family_names",
    "stacked",
]
