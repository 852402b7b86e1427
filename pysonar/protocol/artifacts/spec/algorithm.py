"""The part of a spec that says what is learned and how: family, rule, metric, and what fits with what.

The families and rules themselves, and the ranges of their parameters, are `openmined_syft`'s closed lists;
here they are only asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openmined_syft.errors import SizeError, SyftError
from openmined_syft.features import map_names, map_parameters
from openmined_syft.metrics import metric_names
from openmined_syft.models import ModelFamily, build_family
from openmined_syft.rules import Rule, rule_from, rule_mapping, rule_names
from openmined_syft.schemes import scheme_named, schemes_for
from openmined_syft.schemes.linear import LARGEST_ROWS
from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.errors import ArtifactError, Said
from pysonar.protocol.schema import Schema

KIND = "spec"
_NUMBERS = tuple(metric_names(numbers=True))
_CLASSES = tuple(metric_names(numbers=False))
_METRICS = {
    "linear": _NUMBERS,
    "ridge": _NUMBERS,
    "logistic": _CLASSES,
    "one_vs_rest": _CLASSES,
    "mlp": _CLASSES,
}
FAMILIES = tuple(_METRICS)
"""What a spec may name."""
NETWORK = "mlp"
ONE_GRADIENT = "one_gradient"
"""The only rule of a network: a visit is one mini-batch, as encrypted products cannot be chained."""
_OWN: dict[str, dict[str, Any]] = {"ridge": {"alpha": 1e-3}, NETWORK: {"hidden": 32, "seed": 0, "bias": True}}


@dataclass(frozen=True)
class Algorithm:
    """A family, its parameters and the training rule, all by name; what is left out is completed.

    Attributes:
        family: "linear" and "ridge" (label is a number), "logistic" (two classes), "one_vs_rest" and "mlp"
            (two classes or more).
        rule: {"name": "gradient_descent", "steps": ..., "l2": ..., "learning_rate": ...}; for "mlp"
            {"name": "one_gradient"}.
        parameters: {"alpha": ...} of ridge; {"hidden": ..., "seed": ..., "bias": ...} of mlp; of the others,
            if they see the rows through a public feature map, {"features": {"name": "fourier", "count": ...,
            "gamma": ...}}.
        scheme: what the model is encrypted with: "paillier" (default) or "rlwe"; for "mlp" "ckks". In a spec
            it stands beside the algorithm, with the size of the key.

    Raises:
        ArtifactError: unknown family, rule or parameter, or a value out of range.
    """

    family: str
    rule: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    scheme: str = ""

    def __post_init__(self) -> None:
        checks.one_of(KIND, "algorithm.family", self.family, FAMILIES)
        schemes = schemes_for(self.family)
        object.__setattr__(self, "scheme", checks.one_of(KIND, "scheme", self.scheme or schemes[0], schemes))
        for name in ("rule", "parameters"):
            if not isinstance(getattr(self, name), Mapping):
                raise ArtifactError(KIND, f"algorithm.{name}", getattr(self, name), "names and values")
        object.__setattr__(self, "rule", self._complete_rule())
        object.__setattr__(self, "parameters", self._complete_parameters())

    def _complete_rule(self) -> dict[str, Any]:
        if self.family == NETWORK:
            if dict(self.rule) not in ({}, {"name": ONE_GRADIENT}):
                raise ArtifactError(
                    KIND, "algorithm.rule", self.rule, f"{ONE_GRADIENT!r} and nothing else, for family mlp"
                )
            return {"name": ONE_GRADIENT}
        rule = {"name": "gradient_descent", **self.rule}
        checks.one_of(KIND, "algorithm.rule.name", rule["name"], rule_names())
        try:
            return rule_mapping(rule_from(rule))
        except (SyftError, TypeError) as error:
            said = Said(str(error)) if isinstance(error, SyftError) else Said("not a rule")
            raise ArtifactError(KIND, "algorithm.rule", said, "a rule with parameters in range") from None

    def _complete_parameters(self) -> dict[str, Any]:
        """With defaults, so that a spec says all; their ranges are checked by `build`."""
        at, own = "algorithm.parameters", dict(_OWN.get(self.family, {}))
        allowed = [*own] if self.family == NETWORK else [*own, "features"]
        for name in self.parameters:
            if name not in allowed:
                expected = f"one of {', '.join(allowed)}, for family {self.family}"
                raise ArtifactError(KIND, f"{at}.{str(name)[:60]}", Said("there"), expected)
        complete: dict[str, Any] = own | dict(self.parameters)
        if "features" in complete:
            given = complete["features"]
            if not isinstance(given, Mapping):
                raise ArtifactError(KIND, f"{at}.features", given, "a name, and parameters")
            name = checks.one_of(KIND, f"{at}.features.name", given.get("name"), tuple(map_names()))
            complete["features"] = {"name": name, **map_parameters(name), **given}
        return complete

    @property
    def draws_features(self) -> bool:
        """Whether the model sees rows through a map drawn from the campaign's id: its weights fit no
        other.
        """
        return "features" in self.parameters

    def training_rule(self) -> Rule | None:
        """The rule as `openmined_syft` runs it; None for a network."""
        return None if self.family == NETWORK else rule_from(self.rule)

    def build(self, schema: Schema, campaign: bytes = b"") -> ModelFamily:
        """The family for the schema's features and classes.

        Args:
            campaign: its id, which a feature map is drawn from. Without it sizes are right and features are
                not.

        Raises:
            ArtifactError: the family cannot learn this label, or a parameter is out of range.
        """
        check_label(self.family, schema)
        classes = schema.classes
        outputs = len(classes) if classes is not None and self.family != "logistic" else 1
        try:
            return build_family(self.family, schema.n_features, outputs, self.parameters, seed=campaign)
        except SyftError as error:
            raise ArtifactError(KIND, "algorithm", Said(str(error)), "a model of a possible size") from None

    def as_mapping(self) -> dict[str, Any]:
        """The form in a spec."""
        return {"family": self.family, "parameters": dict(self.parameters), "rule": dict(self.rule)}


def check_size(algorithm: Algorithm, schema: Schema, key_bits: int, weight_bound: float) -> None:
    """Whether mines can train such a model: asked before a bounty is in escrow, by Capsule, and by mines.

    Raises:
        ArtifactError: it is too large for its scheme; says what the largest is, and which scheme carries it.
    """
    family = algorithm.build(schema)
    if schema.n_features >= LARGEST_ROWS:  # before a feature map; after it they are in the weights' shape
        raise ArtifactError(
            KIND, "input_schema", Said(f"{schema.n_features} inputs"), f"at most {LARGEST_ROWS - 1} inputs"
        )
    try:
        scheme_named(algorithm.scheme).check_size(family, key_bits, weight_bound)
    except SizeError as error:
        expected = _larger(algorithm, family, weight_bound)
        raise ArtifactError(KIND, "algorithm", Said(str(error)), expected) from None
    except SyftError as error:
        expected = "a size of key and a bound of weights that fit each other"
        raise ArtifactError(KIND, "algorithm", Said(str(error)), expected) from None


def _larger(algorithm: Algorithm, family: ModelFamily, weight_bound: float) -> str:
    for name in schemes_for(algorithm.family):
        scheme = scheme_named(name)
        try:
            scheme.check_size(family, scheme.key_sizes[0], weight_bound)
        except SyftError:
            continue
        return f"scheme {name!r}, which carries it"
    return "a smaller model: no scheme carries it"


def check_label(family: str, schema: Schema) -> None:
    """Whether the family can learn the schema's label. Raises ArtifactError."""
    classes = schema.classes
    learns_numbers = _METRICS[family] is _NUMBERS
    if learns_numbers and classes is not None:
        raise ArtifactError(
            KIND, "output_schema", Said(f"{len(classes)} classes"), f"a number, for family {family}"
        )
    if not learns_numbers and classes is None:
        raise ArtifactError(
            KIND, "output_schema", Said("a number"), f"classes (an enum), for family {family}"
        )
    if family == "logistic" and classes is not None and len(classes) != 2:
        raise ArtifactError(
            KIND, "output_schema", Said(f"{len(classes)} classes"), "2 classes, for family logistic"
        )


def metrics_of(family: str) -> tuple[str, ...]:
    """What models of the family can be measured by, the usual one first."""
    return _METRICS[family]


def defaults_of(family: str) -> dict[str, Any]:
    """The family's own parameters, as they are if they are left out."""
    return dict(_OWN.get(family, {}))


def check_metric(metric: object, family: str) -> str:
    """The metric, if it measures what the family predicts. Raises ArtifactError."""
    return checks.one_of(KIND, "metric", metric, _METRICS[family])
