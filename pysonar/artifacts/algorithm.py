"""The part of a spec that says what is learned and how: family, rule, metric, and what fits with what.

The families and rules themselves, and the ranges of their parameters, are `openmined_syft`'s closed lists;
here they are only asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openmined_syft.errors import SyftError
from openmined_syft.models import ModelFamily, build_family, family_names
from openmined_syft.rules import Rule, rule_from, rule_mapping, rule_names
from pysonar.artifacts import checks
from pysonar.artifacts.errors import ArtifactError, Said
from pysonar.schema import Schema

KIND = "spec"
_METRICS = {"linear": ("r2",), "logistic": ("accuracy",), "one_vs_rest": ("accuracy",)}
FAMILIES = tuple(name for name in family_names() if name in _METRICS)
"""What a spec may name: `openmined_syft` may know more families than have a metric here."""


@dataclass(frozen=True)
class Algorithm:
    """A family, its parameters and the training rule, all by name.

    Attributes:
        family: "linear" (label is a number), "logistic" (two classes), "one_vs_rest" (two classes or more).
        parameters: of the family; the three linear families have none.
        rule: {"name": "gradient_descent", "steps": ..., "l2": ..., "learning_rate": ...}, completed with
            defaults.

    Raises:
        ArtifactError: unknown family, rule or parameter, or a value out of range.
    """

    family: str
    rule: Mapping[str, Any] = field(default_factory=lambda: {"name": "gradient_descent"})
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.one_of(KIND, "algorithm.family", self.family, FAMILIES)
        if not isinstance(self.parameters, Mapping) or self.parameters:
            raise ArtifactError(
                KIND, "algorithm.parameters", self.parameters, f"no parameters for family {self.family}"
            )
        if not isinstance(self.rule, Mapping):
            raise ArtifactError(KIND, "algorithm.rule", self.rule, "an object with a name")
        checks.one_of(KIND, "algorithm.rule.name", self.rule.get("name"), rule_names())
        try:
            complete = rule_mapping(rule_from(self.rule))
        except (SyftError, TypeError) as error:
            said = Said(str(error)) if isinstance(error, SyftError) else Said("not a rule")
            raise ArtifactError(KIND, "algorithm.rule", said, "a rule with parameters in range") from None
        object.__setattr__(self, "rule", complete)
        object.__setattr__(self, "parameters", dict(self.parameters))

    def training_rule(self) -> Rule:
        """The rule as `openmined_syft` runs it."""
        return rule_from(self.rule)

    def build(self, schema: Schema) -> ModelFamily:
        """The family for the schema's features and classes.

        Raises:
            ArtifactError: the family cannot learn this label.
        """
        check_label(self.family, schema)
        classes = schema.classes
        outputs = len(classes) if classes is not None and self.family == "one_vs_rest" else 1
        try:
            return build_family(self.family, schema.n_features, outputs, self.parameters)
        except SyftError as error:
            raise ArtifactError(KIND, "algorithm", Said(str(error)), "a model of a possible size") from None

    def as_mapping(self) -> dict[str, Any]:
        """The form in a spec."""
        return {"family": self.family, "parameters": dict(self.parameters), "rule": dict(self.rule)}


def check_label(family: str, schema: Schema) -> None:
    """Whether the family can learn the schema's label. Raises ArtifactError."""
    classes = schema.classes
    if family == "linear" and classes is not None:
        raise ArtifactError(
            KIND, "output_schema", Said(f"{len(classes)} classes"), "a number, for family linear"
        )
    if family != "linear" and classes is None:
        raise ArtifactError(
            KIND, "output_schema", Said("a number"), f"classes (an enum), for family {family}"
        )
    if family == "logistic" and classes is not None and len(classes) != 2:
        raise ArtifactError(
            KIND, "output_schema", Said(f"{len(classes)} classes"), "2 classes, for family logistic"
        )


def check_metric(metric: object, family: str) -> str:
    """The metric, if it measures what the family predicts. Raises ArtifactError."""
    return checks.one_of(KIND, "metric", metric, _METRICS[family])
