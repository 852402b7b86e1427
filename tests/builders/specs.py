"""What a campaign asks for, as a scientist writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, Unpack

from pysonar.protocol.artifacts import (
    Algorithm,
    FromCampaign,
    PrivacyFloor,
    SealedWeights,
    Spec,
    Validation,
    Zeros,
)
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import class_label, input_schema, number_field, output_schema


class SpecChanges(TypedDict, total=False):
    """The fields of `Spec` that a test may name; what they mean stands there."""

    title: str
    description: str
    input_schema: Mapping[str, object]
    output_schema: Mapping[str, object]
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
    steps: tuple[float, ...]
    initial: Zeros | SealedWeights | FromCampaign
    scheme: str
    privacy_floor: PrivacyFloor | None
    auditor_certificate: Cid | None
    purpose: str


def spec_of(**changes: Unpack[SpecChanges]) -> Spec:
    """A spec that asks for three numbers and a colour. Nothing lies behind the CIDs that it names."""
    usual = SpecChanges(
        title="Colours",
        description="",
        input_schema=input_schema({name: number_field((-4.0, 4.0)) for name in "abc"}),
        output_schema=output_schema("colour", class_label(["red", "green", "blue"])),
        algorithm=Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 50}),
        metric="accuracy",
        start_ppm=333_333,
        start_tolerance_ppm=10_000,
        validation=Validation(Cid(b"\x01" * 32), b"\x02" * 32, 10),
        capsule_certificate=Cid(b"\x03" * 32),
        scientist_certificate=Cid(b"\x04" * 32),
        key_bits=2048,
        weight_bound=8.0,
        difference_norm=1000.0,
    )
    return Spec(**(usual | changes))
