"""Spec: every range at both edges, every closed list, every contradiction; and one sequence of bytes."""

import dataclasses
import json

import pytest

from openmined_syft.models import OneVsRest
from openmined_syft.rules import GradientDescent
from pysonar.protocol.artifacts import (
    Algorithm,
    ArtifactError,
    FromCampaign,
    MalformedError,
    OversizedError,
    PrivacyFloor,
    SealedWeights,
    Spec,
    Validation,
    Zeros,
)
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import (
    category_field,
    class_label,
    input_schema,
    number_field,
    number_label,
    output_schema,
)
from tests.builders.changes import wrong

NUMBER = output_schema("kind", number_label((0, 1)))
TWO = output_schema("kind", class_label(["a", "b"]))
OTHER = Cid(b"\x77" * 32)
FOURIER = {"name": "fourier", "count": 16, "gamma": 0.1}


def with_document(spec, **fields):
    """The spec's document with fields set (or left out, for `...`), as canonical bytes."""
    document = spec.as_mapping()
    for path, value in fields.items():
        place, *rest = path.split("__")
        target = document
        while rest:
            target, place = target[place], rest.pop(0)
        if value is ...:
            del target[place]
        else:
            target[place] = value
    return dumps_json(document)


def test_round_trip(spec):
    parsed = Spec.parse(spec.to_bytes())
    assert parsed == spec
    assert parsed.to_bytes() == spec.to_bytes()


def test_it_is_canonical_json_with_its_format(spec):
    assert json.loads(spec.to_bytes())["format"] == "openmined/spec/1"
    assert spec.to_bytes() == dumps_json(json.loads(spec.to_bytes()))


def test_what_a_mine_and_capsule_take_from_it(spec):
    assert spec.family_for(bytes(32)) == OneVsRest(3, 3)
    assert spec.weights_shape == (4, 3)
    assert spec.algorithm.training_rule() == GradientDescent(steps=50, l2=0.001)
    assert spec.schema.field_names == ("height", "colour")
    assert spec.steps == (0.125, 0.25, 0.5, 1.0, 2.0)


def test_field_order_survives_the_sorting_of_keys(spec):
    fields = {name: number_field((0, 1)) for name in ("zeta", "alpha", "mid")}
    turned = dataclasses.replace(spec, input_schema=input_schema(fields))
    assert Spec.parse(turned.to_bytes()).schema.field_names == ("zeta", "alpha", "mid")


@pytest.mark.parametrize("initial", [Zeros(), SealedWeights(OTHER, b"\x08" * 32), FromCampaign(b"\x09" * 32)])
def test_initial_models(spec, initial):
    assert Spec.parse(dataclasses.replace(spec, initial=initial).to_bytes()).initial == initial


def test_a_purpose_is_written_only_where_one_is_stated(spec):
    assert "purpose" not in spec.as_mapping()
    stated = dataclasses.replace(spec, purpose="health")
    assert Spec.parse(stated.to_bytes()).purpose == "health"
    assert Spec.parse(spec.to_bytes()).purpose == "unstated"
    for purpose in ("unstated", "fun", 3, None, ""):
        with pytest.raises(ArtifactError, match=r"purpose|another form"):
            Spec.parse(with_document(stated, purpose=purpose))


def test_optional_parts(spec):
    full = dataclasses.replace(spec, privacy_floor=PrivacyFloor(3.0, 1e-5), auditor_certificate=OTHER)
    parsed = Spec.parse(full.to_bytes())
    assert (parsed.privacy_floor, parsed.auditor_certificate) == (PrivacyFloor(3.0, 1e-5), OTHER)


@pytest.mark.parametrize(
    ("family", "outputs", "metric"),
    [
        ("linear", NUMBER, "r2"),
        ("ridge", NUMBER, "r2"),
        ("logistic", TWO, "accuracy"),
        ("one_vs_rest", TWO, "accuracy"),
        ("one_vs_rest", output_schema("kind", class_label(list("abcdefgh"))), "accuracy"),
    ],
)
def test_families_with_their_labels_and_metrics(spec, family, outputs, metric):
    made = dataclasses.replace(spec, algorithm=Algorithm(family), output_schema=outputs, metric=metric)
    assert Spec.parse(made.to_bytes()).family_for(b"").name == family


@pytest.mark.parametrize(
    ("family", "outputs", "metric", "field"),
    [
        ("linear", NUMBER, "accuracy", "metric"),
        ("linear", TWO, "r2", "output_schema"),
        ("logistic", TWO, "r2", "metric"),
        ("logistic", NUMBER, "accuracy", "output_schema"),
        ("logistic", output_schema("kind", class_label(["a", "b", "c"])), "accuracy", "output_schema"),
        ("one_vs_rest", NUMBER, "accuracy", "output_schema"),
        ("one_vs_rest", TWO, "f1", "metric"),
    ],
)
def test_families_with_labels_or_metrics_they_cannot_have(spec, family, outputs, metric, field):
    with pytest.raises(ArtifactError) as caught:
        dataclasses.replace(spec, algorithm=Algorithm(family), output_schema=outputs, metric=metric)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("title", ["x", "x" * 200], ["", "x" * 201, 5, None, "bell\x07"]),
        ("description", ["", "x" * 10_000, "two\nlines\tand a tab"], ["x" * 10_001, None, "\x00"]),
        ("start_ppm", [0, 1_000_000], [-1, 1_000_001, 0.5, True, "0"]),
        ("start_tolerance_ppm", [0, 1_000_000], [-1, 1_000_001, None]),
        ("key_bits", [2048, 3072, 4096], [1024, 2047, 8192, 2048.5, "2048", True]),
        ("weight_bound", [1e-3, 4, 1e6], [0, 9e-4, 1.1e6, float("nan"), float("inf"), "4", True]),
        ("difference_norm", [1e-6, 100, 1e9], [0, -1, 1.1e9, float("nan"), None]),
        ("scheme", ["paillier"], ["ckks", None, 5]),
        ("steps", [(1.0,), (1e-6, 16.0), tuple(range(1, 17))], [(), (1.0, 1.0), (2.0, 1.0), (0.0,), (16.5,),
                   (float("nan"),), tuple(i / 16 for i in range(1, 18)), ("1",), 5, (True, 2.0)]),
        ("capsule_certificate", [OTHER], [None, 5, "Qm", bytes(32)]),
        ("scientist_certificate", [OTHER], [None, 5]),
        ("auditor_certificate", [OTHER, None], [5, "x"]),
        ("privacy_floor", [None, PrivacyFloor(1e-6, 0), PrivacyFloor(100, 0.1)], [5, (1, 2)]),
        ("initial", [Zeros()], [None, "zeros"]),
        ("algorithm", [Algorithm("one_vs_rest")], [None, "one_vs_rest"]),
        (
            "validation",
            [
                Validation(OTHER, bytes(32), 1),
                Validation(OTHER, bytes(32), 2, guiding_rows=1),
                Validation(OTHER, bytes(32), 1, evaluations=1),
                Validation(OTHER, bytes(32), 10_000_000, 9_999_999, (1 << 24) - 1),
            ],
            [None, OTHER],
        ),
        ("input_schema", [], [{}, None, 5, []]),
        ("output_schema", [], [{}, None]),
    ],
)  # fmt: skip
def test_every_range_at_both_edges(spec, name, good, bad):
    for value in good:
        made = dataclasses.replace(spec, **{name: value})
        assert Spec.parse(made.to_bytes()).to_bytes() == made.to_bytes()
    for value in bad:
        with pytest.raises(ArtifactError) as caught:
            dataclasses.replace(spec, **{name: value})
        assert caught.value.field.startswith(name)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Validation(OTHER, bytes(31), 1), "validation.digest"),
        (lambda: Validation(OTHER, bytes(32), 0), "validation.rows"),
        (lambda: Validation(OTHER, bytes(32), 10_000_001), "validation.rows"),
        (lambda: Validation(wrong(None), bytes(32), 1), "validation.sealed"),
        (lambda: Validation(OTHER, bytes(32), 1, guiding_rows=1), "validation.guiding_rows"),
        (lambda: Validation(OTHER, bytes(32), 2, guiding_rows=-1), "validation.guiding_rows"),
        (lambda: Validation(OTHER, bytes(32), 1, evaluations=1 << 24), "validation.evaluations"),
        (lambda: Validation(OTHER, bytes(32), 1, evaluations=-1), "validation.evaluations"),
        (lambda: PrivacyFloor(0, 0), "privacy_floor.epsilon"),
        (lambda: PrivacyFloor(101, 0), "privacy_floor.epsilon"),
        (lambda: PrivacyFloor(-1, 0), "privacy_floor.epsilon"),
        (lambda: PrivacyFloor(float("inf"), 0), "privacy_floor.epsilon"),
        (lambda: PrivacyFloor(float("nan"), 0), "privacy_floor.epsilon"),
        (lambda: PrivacyFloor(1, 0.2), "privacy_floor.delta"),
        (lambda: PrivacyFloor(1, -1e-6), "privacy_floor.delta"),
        (lambda: PrivacyFloor(1, float("nan")), "privacy_floor.delta"),
        (lambda: SealedWeights(OTHER, b""), "initial.digest"),
        (lambda: FromCampaign(b""), "initial.campaign"),
        (lambda: Algorithm("tree"), "algorithm.family"),
        (lambda: Algorithm(wrong(5)), "algorithm.family"),
        (lambda: Algorithm("linear", parameters={"depth": 3}), "algorithm.parameters.depth"),
        (lambda: Algorithm("linear", parameters={"features": 3}), "algorithm.parameters.features"),
        (lambda: Algorithm("linear", parameters={"features": {}}), "algorithm.parameters.features.name"),
        (lambda: Algorithm("linear", parameters={"alpha": 1}), "algorithm.parameters.alpha"),
        (lambda: Algorithm("mlp", parameters={"features": FOURIER}), "algorithm.parameters.features"),
        (lambda: Algorithm("mlp", {"name": "gradient_descent"}), "algorithm.rule"),
        (lambda: Algorithm("mlp", {"name": "one_gradient", "steps": 2}), "algorithm.rule"),
        (lambda: Algorithm("linear", parameters=wrong(None)), "algorithm.parameters"),
        (lambda: Algorithm("linear", {"name": "adam"}), "algorithm.rule.name"),
        (lambda: Algorithm("linear", {"name": ["x"]}), "algorithm.rule.name"),
        (lambda: Algorithm("linear", wrong(None)), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", "steps": 0}), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", "steps": 1.5}), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", "steps": 1_000_001}), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", "l2": -1}), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", "l2": float("nan")}), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", "learning_rate": 0}), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", "momentum": 1}), "algorithm.rule"),
        (lambda: Algorithm("linear", {"name": "gradient_descent", 5: 1}), "algorithm.rule"),  # type: ignore[dict-item]
    ],
)
def test_parts_refuse(make, field):
    with pytest.raises(ArtifactError) as caught:
        make()
    assert (caught.value.kind, caught.value.field) == ("spec", field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "openmined/spec/2"}, "format"),
        ({"format": "openmined/model/1"}, "format"),
        ({"format": ...}, "format"),
        ({"title": ...}, "title"),
        ({"surprise": 1}, "surprise"),
        ({"validation": None}, "validation"),
        ({"validation__rows": ...}, "validation.rows"),
        ({"validation__extra": 1}, "validation.extra"),
        ({"validation__guiding_rows": 0}, "validation.guiding_rows"),  # what is not declared is left out
        ({"validation__evaluations": 0}, "validation.evaluations"),
        ({"validation__sealed": "zb2rh"}, "validation.sealed"),
        ({"validation__digest": "00" * 32}, "validation.digest"),
        ({"validation__digest": "0x" + "AB" * 32}, "validation.digest"),
        ({"validation__digest": "0x" + "ab" * 31}, "validation.digest"),
        ({"validation__digest": "0x" + "zz" * 32}, "validation.digest"),
        ({"algorithm": []}, "algorithm"),
        ({"algorithm__family": ["linear"]}, "algorithm.family"),
        ({"algorithm__rule": ...}, "algorithm.rule"),
        ({"algorithm__rule__l2": ...}, ""),  # defaults may change: they are always written out
        ({"algorithm__extra": 1}, "algorithm.extra"),
        ({"initial": None}, "initial"),
        ({"initial": {"kind": "random"}}, "initial.kind"),
        ({"initial": {"kind": "zeros", "seed": 1}}, "initial.seed"),
        ({"initial": {"kind": "sealed"}}, "initial.sealed"),
        ({"initial": {"kind": "campaign", "campaign": "0x00"}}, "initial.campaign"),
        ({"steps": []}, "steps"),
        ({"steps": [0.5] * 17}, "steps"),
        ({"steps": [1, "2"]}, "steps[1]"),
        ({"privacy_floor": {"epsilon": 1}}, "privacy_floor.delta"),
        ({"privacy_floor": {"epsilon": 1, "delta": 0, "x": 0}}, "privacy_floor.x"),
        ({"privacy_floor": 5}, "privacy_floor"),
        ({"auditor_certificate": 5}, "auditor_certificate"),
        ({"auditor_certificate": ...}, "auditor_certificate"),
        ({"capsule_certificate": None}, "capsule_certificate"),
        (
            {"input_schema__properties__height__openmined__kind": "sound"},
            "input_schema.properties.height.openmined.kind",
        ),
        (
            {"input_schema__properties__height__openmined__kind": "text"},
            "input_schema.properties.height.type",
        ),
        ({"output_schema__type": 3}, "output_schema.type"),
        ({"key_bits": 2048.5}, "key_bits"),
    ],
)
def test_documents_refuse_by_field_and_cid(spec, changes, field):
    with pytest.raises(ArtifactError, match=str(OTHER)) as caught:
        Spec.parse(with_document(spec, **changes), cid=OTHER)
    assert (caught.value.kind, caught.value.field, caught.value.cid) == ("spec", field, OTHER)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"\x80", b'"spec"', b"{}", b'{"format": "openmined/spec/1"}']
)
def test_what_is_no_document(data):
    with pytest.raises(ArtifactError):
        Spec.parse(data)


def test_not_canonical_is_malformed(spec):
    with pytest.raises(MalformedError, match="canonical"):
        Spec.parse(json.dumps(json.loads(spec.to_bytes())).encode())
    with pytest.raises(MalformedError, match="canonical"):
        Spec.parse(spec.to_bytes() + b"\n")


def test_oversized_documents_are_not_read(spec):
    with pytest.raises(OversizedError, match="1048577 bytes"):
        Spec.parse(b" " * (1024 * 1024 + 1))
    many = {f"field_{i}": category_field([f"{j:0100}" for j in range(200)]) for i in range(60)}
    with pytest.raises(OversizedError):
        dataclasses.replace(spec, input_schema=input_schema(many))


def test_nobody_changes_a_spec_afterwards(spec):
    schema = input_schema({"x": number_field((0, 1))})
    made = dataclasses.replace(spec, input_schema=schema)
    before = made.to_bytes()
    schema["properties"]["x"]["openmined"]["clip"][1] = 1000
    assert made.to_bytes() == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.title = "other"


def test_error_texts_are_short(spec):
    with pytest.raises(ArtifactError) as caught:
        Spec.parse(with_document(spec, title="x" * 100_000))
    assert len(str(caught.value)) < 300
