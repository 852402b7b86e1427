"""Training rules: each turns a mine's quadratic problem into one affine map. A rule is chosen by its name in
a spec.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

from openmined_syft.affine import AffineMap
from openmined_syft.errors import ParameterError
from openmined_syft.parameters import known_only
from openmined_syft.rules.gradient_descent import GradientDescent
from openmined_syft.rules.mini_batch import MiniBatch
from openmined_syft.rules.problem import Problem, Quadratic
from openmined_syft.rules.proximal import Proximal


class Rule(Protocol):
    """How a mine trains."""

    @property
    def name(self) -> str:
        """The name in a spec."""
        ...

    def visit(self, problem: Quadratic) -> AffineMap:
        """The affine map of the whole training on `problem`."""
        ...

    def parameters(self) -> dict[str, Any]:
        """All parameters by name, as a spec holds them."""
        ...


_RULES: dict[str, type[GradientDescent] | type[MiniBatch] | type[Proximal]] = {
    "gradient_descent": GradientDescent,
    "mini_batch": MiniBatch,
    "proximal": Proximal,
}


def rule_names() -> list[str]:
    """Names that `rule_from` knows."""
    return list(_RULES)


def rule_from(mapping: Mapping[str, Any]) -> Rule:
    """The rule that {"name": ..., <parameter>: ...} describes; left-out parameters take their defaults.

    Raises:
        ParameterError: unknown rule or parameter, or a value out of range.
    """
    if not isinstance(mapping, Mapping):
        raise ParameterError(f"a rule is a mapping with a name, got {type(mapping).__name__}")
    parameters = dict(mapping)
    name = parameters.pop("name", None)
    if name not in rule_names():
        raise ParameterError(f"there is no rule {name!r}; choose one of {rule_names()}")
    rule = _RULES[name]
    known_only(f"rule {name}", parameters, [field.name for field in dataclasses.fields(rule)])
    return rule(**parameters)


def rule_mapping(rule: Rule) -> dict[str, Any]:
    """The mapping that `rule_from` turns back into `rule`."""
    return {"name": rule.name, **rule.parameters()}


__all__ = [
    "GradientDescent",
    "MiniBatch",
    "Problem",
    "Proximal",
    "Quadratic",
    "Rule",
    "rule_from",
    "rule_mapping",
    "rule_names",
]
