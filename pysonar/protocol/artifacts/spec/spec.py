"""Spec: what a campaign asks for, written by the Data Scientist, read by everybody. Canonical JSON.

What money is paid for what is in the contract's terms, not here. Which records fit is for
`pysonar.protocol.schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

from openmined_syft.models import ModelFamily
from openmined_syft.schemes import scheme_named, scheme_names
from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.errors import ArtifactError, OversizedError, Said, naming
from pysonar.protocol.artifacts.parts.fields import Fields, format_name, read_json, require_one_form
from pysonar.protocol.artifacts.parts.limits import MAX_BYTES
from pysonar.protocol.artifacts.spec.algorithm import KIND, Algorithm, check_metric, check_size
from pysonar.protocol.artifacts.spec.initial import (
    FromCampaign,
    Initial,
    SealedWeights,
    Zeros,
    initial_from,
    initial_mapping,
)
from pysonar.protocol.artifacts.spec.purposes import PURPOSES, UNSTATED
from pysonar.protocol.canonical import CanonicalError, dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import ProfileError, Schema

VERSION = 1
DEFAULT_STEPS = (0.125, 0.25, 0.5, 1.0, 2.0)
WIDE_STEPS = (*DEFAULT_STEPS, 4.0, 8.0)
"""For a metric that asks how large the scores are: what a shorter search leaves of a mine's own gradient is
paid to whoever multiplies the published model, which takes no record."""
MAX_STEPS = 16
SMALLEST_STEP, LARGEST_STEP = 1e-6, 16.0
MAX_ROWS = 10_000_000
MOST_EVALUATIONS = (1 << 24) - 1
LARGEST_NORM = 1e9


@dataclass(frozen=True)
class Validation:
    """The scientist's sealed validation set.

    Attributes:
        sealed: CID of the sealed input.
        digest: its salted digest, 32 bytes (`SealedInput.salted_digest`).
        rows: number of records.
        guiding_rows: how many of them guide the search for the step and decide nothing that is paid; the rest
            decides. 0: all do both. Which ones follows from the sealed salt (`validation_rows`).
        evaluations: how many submissions, by their place in the queue, are measured on the set; those behind
            them gain nothing. 0: any number.
    """

    sealed: Cid
    digest: bytes
    rows: int
    guiding_rows: int = 0
    evaluations: int = 0

    def __post_init__(self) -> None:
        checks.cid(KIND, "validation.sealed", self.sealed)
        checks.octets(KIND, "validation.digest", self.digest, 32)
        checks.integer(KIND, "validation.rows", self.rows, 1, MAX_ROWS)
        checks.integer(KIND, "validation.guiding_rows", self.guiding_rows, 0, self.rows - 1)
        checks.integer(KIND, "validation.evaluations", self.evaluations, 0, MOST_EVALUATIONS)

    @property
    def paying_rows(self) -> int:
        """How many decide what is paid."""
        return self.rows - self.guiding_rows

    def is_used_up(self, index: int) -> bool:
        """Whether the set is not measured on any more for the submission at this place of the queue, from
        0.
        """
        return bool(self.evaluations) and index >= self.evaluations

    def as_mapping(self) -> dict[str, Any]:
        """The form in a spec; what is not declared is not written."""
        declared = {"guiding_rows": self.guiding_rows, "evaluations": self.evaluations}
        return {
            "sealed": str(self.sealed),
            "digest": "0x" + self.digest.hex(),
            "rows": self.rows,
        } | {name: count for name, count in declared.items() if count}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """The inverse of `as_mapping`. Raises ArtifactError."""
        sealed, digest = fields.cid("sealed"), fields.hex_octets("digest", 32)
        rows = fields.integer("rows", 1, MAX_ROWS)
        declared = {
            name: fields.integer(name, 1, most)
            for name, most in (("guiding_rows", rows - 1), ("evaluations", MOST_EVALUATIONS))
            if fields.has(name)
        }
        fields.finish()
        return cls(sealed, digest, rows, **declared)


@dataclass(frozen=True)
class PrivacyFloor:
    """The least protection every gradient must state: (epsilon, delta) at most these."""

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        epsilon = checks.number(KIND, "privacy_floor.epsilon", self.epsilon, 1e-6, 100.0)
        object.__setattr__(self, "epsilon", epsilon)
        object.__setattr__(self, "delta", checks.number(KIND, "privacy_floor.delta", self.delta, 0.0, 0.1))


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A checked spec; an object of this class is always one that `to_bytes` can write and `parse` reads.

    Attributes:
        title, description: for people.
        input_schema, output_schema: documents of `pysonar.protocol.schema.field`.
        algorithm: what is learned and how.
        metric: how the model is measured, one of `openmined_syft.metrics.metric_names()`.
        start_ppm: accuracy of the initial model, as the scientist claims it.
        start_tolerance_ppm: how far Capsule's own measure may be from it.
        validation: the sealed validation set.
        capsule_certificate, scientist_certificate: CIDs of OpenPGP certificates, for the campaign's whole
            life.
        key_bits: size of the campaign's key: 2048, 3072 or 4096; for the others the degree of the
            ring: 8192 for "rlwe", 16384 for "ckks".
        weight_bound: largest absolute value of a weight.
        difference_norm: a decrypted gradient with a larger Frobenius norm is scaled down to it before a step
            is applied.
        steps: what a gradient may be multiplied with, increasing.
        initial: where the model starts.
        scheme: what the model is encrypted with; what the algorithm says.
        privacy_floor: least protection of every gradient, or None.
        auditor_certificate: who may see intermediate versions, or None.
        purpose: what the model is for, one of `PURPOSES`; "unstated" is not written down.

    Raises:
        ArtifactError: any of them out of range or in contradiction to another.
    """

    title: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    algorithm: Algorithm
    metric: str
    start_ppm: int
    start_tolerance_ppm: int
    validation: Validation
    capsule_certificate: Cid
    scientist_certificate: Cid
    key_bits: int
    weight_bound: float
    difference_norm: float
    steps: tuple[float, ...] = DEFAULT_STEPS
    initial: Initial = Zeros()  # noqa: RUF009  frozen, without fields
    scheme: str = ""
    privacy_floor: PrivacyFloor | None = None
    auditor_certificate: Cid | None = None
    purpose: str = UNSTATED

    def __post_init__(self) -> None:
        checks.text(KIND, "title", self.title, 1, 200)
        checks.text(KIND, "description", self.description, 0, 10_000)
        if not isinstance(self.algorithm, Algorithm):
            raise ArtifactError(KIND, "algorithm", self.algorithm, "an Algorithm")
        if not isinstance(self.validation, Validation):
            raise ArtifactError(KIND, "validation", self.validation, "a Validation")
        if not isinstance(self.initial, Zeros | SealedWeights | FromCampaign):
            raise ArtifactError(KIND, "initial", self.initial, "Zeros, SealedWeights or FromCampaign")
        checks.one_of(KIND, "purpose", self.purpose, PURPOSES)
        check_metric(self.metric, self.algorithm.family)
        checks.integer(KIND, "start_ppm", self.start_ppm, 0, checks.PPM)
        checks.integer(KIND, "start_tolerance_ppm", self.start_tolerance_ppm, 0, checks.PPM)
        for name in ("capsule_certificate", "scientist_certificate"):
            checks.cid(KIND, name, getattr(self, name))
        if self.auditor_certificate is not None:
            checks.cid(KIND, "auditor_certificate", self.auditor_certificate)
        if self.scheme == "":
            object.__setattr__(self, "scheme", self.algorithm.scheme)
        checks.one_of(KIND, "scheme", self.scheme, (self.algorithm.scheme,))
        scheme = scheme_named(self.algorithm.scheme)
        sizes = sorted(scheme.key_sizes)
        if type(self.key_bits) is not int or self.key_bits not in sizes:
            raise ArtifactError(KIND, "key_bits", self.key_bits, f"one of {', '.join(map(str, sizes))}")
        if self.algorithm.draws_features and not isinstance(self.initial, Zeros):
            expected = "zeros: a feature map is drawn anew for each campaign, and weights fit no other"
            raise ArtifactError(KIND, "initial", Said(initial_mapping(self.initial)["kind"]), expected)
        bound = checks.number(KIND, "weight_bound", self.weight_bound, 1e-3, scheme.largest_weight)
        norm = checks.number(KIND, "difference_norm", self.difference_norm, 1e-6, LARGEST_NORM)
        if self.privacy_floor is not None and not isinstance(self.privacy_floor, PrivacyFloor):
            raise ArtifactError(KIND, "privacy_floor", self.privacy_floor, "a PrivacyFloor or None")
        object.__setattr__(self, "weight_bound", bound)
        object.__setattr__(self, "difference_norm", norm)
        object.__setattr__(self, "steps", _checked_steps(self.steps))
        for name in ("input_schema", "output_schema"):
            object.__setattr__(self, name, _plain(getattr(self, name)))  # a copy that nobody else can change
        self.weights_shape  # noqa: B018  schema and algorithm must fit each other
        size = len(_canonical(self.as_mapping()))
        if size > MAX_BYTES[KIND]:
            raise OversizedError(KIND, "", Said(f"{size} bytes"), f"at most {MAX_BYTES[KIND]} bytes")

    @cached_property
    def schema(self) -> Schema:
        """The campaign's schema: how records become numbers."""
        try:
            return Schema(self.input_schema, self.output_schema)
        except ProfileError as error:
            raise ArtifactError(KIND, error.path, Said(error.value), error.expected) from None

    @cached_property
    def weights_shape(self) -> tuple[int, int]:
        """(d, k) of the model."""
        return self.algorithm.build(self.schema).weights_shape

    def check_size(self) -> None:
        """Whether mines can train such a model. Raises ArtifactError; says what the largest is."""
        check_size(self.algorithm, self.schema, self.key_bits, self.weight_bound)

    def family_for(self, campaign: bytes) -> ModelFamily:
        """The model family, sized for the schema, its feature map drawn from the campaign's id (32 bytes)."""
        return self.algorithm.build(self.schema, campaign)

    def as_mapping(self) -> dict[str, Any]:
        """The document, as it is written."""
        floor = self.privacy_floor
        stated = {} if self.purpose == UNSTATED else {"purpose": self.purpose}
        return stated | {
            "format": format_name(KIND, VERSION),
            "title": self.title,
            "description": self.description,
            "input_schema": _plain(self.input_schema),
            "output_schema": _plain(self.output_schema),
            "algorithm": self.algorithm.as_mapping(),
            "steps": list(self.steps),
            "metric": self.metric,
            "start_ppm": self.start_ppm,
            "start_tolerance_ppm": self.start_tolerance_ppm,
            "validation": self.validation.as_mapping(),
            "capsule_certificate": str(self.capsule_certificate),
            "scientist_certificate": str(self.scientist_certificate),
            "auditor_certificate": None
            if self.auditor_certificate is None
            else str(self.auditor_certificate),
            "initial": initial_mapping(self.initial),
            "scheme": self.scheme,
            "key_bits": self.key_bits,
            "privacy_floor": None if floor is None else {"epsilon": floor.epsilon, "delta": floor.delta},
            "weight_bound": self.weight_bound,
            "difference_norm": self.difference_norm,
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON; the same spec always gives the same bytes, so the same CID."""
        return _canonical(self.as_mapping())

    @classmethod
    def parse(cls, data: bytes, *, cid: Cid | None = None) -> Self:
        """Read a spec.

        Args:
            cid: its name, for error texts.

        Raises:
            ArtifactError: naming the CID, the field, its value and what is expected.
        """
        with naming(cid):
            spec = cls._read(read_json(KIND, VERSION, data, MAX_BYTES[KIND]))
            require_one_form(KIND, spec.to_bytes(), data)
            return spec

    @classmethod
    def _read(cls, fields: Fields) -> Self:
        validation = Validation.read(fields.inner("validation"))
        floor = fields.optional_inner("privacy_floor")
        privacy = None
        if floor is not None:
            privacy = PrivacyFloor(floor.number("epsilon", 0, 1e9), floor.number("delta", 0, 1))
            floor.finish()
        algorithm, scheme = fields.inner("algorithm"), fields.one_of("scheme", scheme_names())
        chosen = Algorithm(
            family=algorithm.take("family"),
            rule=algorithm.take("rule"),
            parameters=algorithm.take("parameters"),
            scheme=scheme,
        )
        algorithm.finish()
        spec = cls(
            title=fields.take("title"),
            description=fields.take("description"),
            input_schema=fields.take("input_schema"),
            output_schema=fields.take("output_schema"),
            algorithm=chosen,
            metric=fields.take("metric"),
            start_ppm=fields.take("start_ppm"),
            start_tolerance_ppm=fields.take("start_tolerance_ppm"),
            validation=validation,
            capsule_certificate=fields.cid("capsule_certificate"),
            scientist_certificate=fields.cid("scientist_certificate"),
            auditor_certificate=fields.optional_cid("auditor_certificate"),
            key_bits=fields.take("key_bits"),
            weight_bound=fields.take("weight_bound"),
            difference_norm=fields.take("difference_norm"),
            steps=tuple(fields.items("steps", 1, MAX_STEPS)),
            initial=initial_from(fields.inner("initial")),
            privacy_floor=privacy,
            purpose=fields.take("purpose") if fields.has("purpose") else UNSTATED,
        )
        fields.finish()
        return spec


def _checked_steps(steps: Any) -> tuple[float, ...]:
    if not isinstance(steps, tuple | list) or not 1 <= len(steps) <= MAX_STEPS:
        raise ArtifactError(KIND, "steps", steps, f"1 to {MAX_STEPS} numbers")
    checked = tuple(
        checks.number(KIND, f"steps[{place}]", step, SMALLEST_STEP, LARGEST_STEP)
        for place, step in enumerate(steps)
    )
    if any(later <= earlier for earlier, later in pairwise(checked)):
        raise ArtifactError(KIND, "steps", list(checked), "numbers in increasing order")
    return checked


def _canonical(mapping: dict[str, Any]) -> bytes:
    try:
        return dumps_json(mapping)
    except CanonicalError as error:
        raise ArtifactError(KIND, "", Said(str(error)), "values that JSON can hold") from None


def _plain(value: Any) -> Any:
    """Mappings and tuples as dictionaries and lists."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
