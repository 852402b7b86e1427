"""Specs that declare what their validation rows are good for: what is read, or which field is refused."""

from __future__ import annotations

import json

from pysonar.protocol.artifacts import ArtifactError, Spec
from pysonar.protocol.artifacts.spec.spec import MOST_EVALUATIONS
from pysonar.protocol.canonical import dumps_json
from tests.artifacts.test_golden_artifacts import classifying_spec
from tests.json_types import JsonObject

ROWS = 40


def validation_declared() -> JsonObject:
    """Both edges of each bound, what lies beyond them, and what is no whole number."""
    cases: list[JsonObject] = []
    for guiding in (None, 1, ROWS - 1, 0, ROWS, -1, 1.5, True, "1"):
        cases.append(_case({"guiding_rows": guiding}))
    for evaluations in (None, 1, MOST_EVALUATIONS, 0, MOST_EVALUATIONS + 1, -1, 2.5, False, "9"):
        cases.append(_case({"evaluations": evaluations}))
    cases.append(_case({"guiding_rows": 20, "evaluations": 100}))
    cases.append(_case({"guiding_row": 20}))
    return {"about": "validation.guiding_rows and validation.evaluations of a spec", "cases": cases}


def _case(declared: JsonObject) -> JsonObject:
    document = json.loads(classifying_spec().to_bytes())
    document["validation"] |= {"rows": ROWS} | {k: v for k, v in declared.items() if v is not None}
    octets = dumps_json(document)
    case: JsonObject = {"spec": octets.decode()}
    try:
        validation = Spec.parse(octets).validation
    except ArtifactError as error:
        return case | {"refused": error.field}
    return case | {"guiding_rows": validation.guiding_rows, "evaluations": validation.evaluations}
