"""What a mine makes of a source: registered as its owner would, read as a visit would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.datasets import DataSet, DataShelf
from mine_agent.data.mapping import parse_mapping
from mine_agent.privacy.protection import WithoutNoise
from mine_agent.rules.policy import Limits
from mine_agent.work.compiled_data import CompiledData
from openmined_syft.applying import quantised
from openmined_syft.models import Rows
from openmined_syft.models.family import LinearFamily
from pysonar.protocol.artifacts import Algorithm
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import Schema
from pysonar.tables import read_records
from tests.builders.specs import spec_of
from tests.json_types import JsonObject

from .writing import Told

RULES: tuple[JsonObject, JsonObject] = (
    {"name": "gradient_descent", "steps": 20},
    {"name": "mini_batch", "batch": 100, "epochs": 2},
)


def registered(told: Told, folder: Path, *, mapping: str | None = None) -> DataSet:
    """The source on a shelf in `folder`, its columns renamed if a mapping says so."""
    location, options = told
    shelf = DataShelf(folder / "shelf")
    data = shelf.add("people", location, replace=True, options=options)
    return data if mapping is None else shelf.keep_mapping("people", parse_mapping(mapping, source="m"))


def gradients(data: DataSet, asked: tuple[JsonObject, JsonObject]) -> tuple[bytes, bytes]:
    """What this mine would encrypt, to the last bit: of a rule that works on sums, and of one that goes
    through the records in an order of its own.
    """
    of_sums, of_records = (_campaign(asked, rule) for rule in RULES)
    return _gradient(of_sums, data), _gradient(of_records, data)


def gradients_of(records: pa.Table, asked: tuple[JsonObject, JsonObject]) -> tuple[bytes, bytes]:
    """The same of records without any adapter."""
    made = []
    for rule in RULES:
        campaign_spec = _campaign(asked, rule)
        schema, family = campaign_spec.schema, campaign_spec.family
        assert isinstance(family, LinearFamily)
        rows = Rows(schema.encode(records), schema.encode_labels(records))
        learned = rows if rule["name"] == "mini_batch" else family.sums([rows])
        made.append(_bits(campaign_spec, campaign_spec.scheme.visit(
            family, learned, campaign_spec.rule, version=0, salt=b""
        )))  # fmt: skip
    return made[0], made[1]


def _campaign(asked: tuple[JsonObject, JsonObject], rule: JsonObject) -> CampaignSpec:
    spec = spec_of(input_schema=asked[0], output_schema=asked[1], algorithm=Algorithm("one_vs_rest", rule))
    return CampaignSpec(bytes(32), Cid(b"\1" * 32), spec)


def _gradient(campaign_spec: CampaignSpec, data: DataSet) -> bytes:
    compiled = CompiledData().visit(campaign_spec, data, 0, Limits(), None, WithoutNoise())
    return _bits(campaign_spec, compiled.visit)


def _bits(campaign_spec: CampaignSpec, visit: object) -> bytes:
    """From weights none of which is zero, so that all of the map counts."""
    family = campaign_spec.family
    weights = quantised(np.random.default_rng(5).normal(size=family.weights_shape))
    made = campaign_spec.scheme.plain_gradient(
        family, weights, visit, campaign_spec.spec.key_bits, campaign_spec.spec.weight_bound
    )
    assert np.abs(made).min() > 0
    return made.tobytes()


def encodings(data: DataSet, schema: Schema) -> tuple[bytes, bytes]:
    """Inputs and labels of all the records, to the last bit."""
    with data.opened() as source:
        table, reading = read_records(source, schema)
    assert reading.kept == reading.records == data.rows
    return np.asarray(schema.encode(table)).tobytes(), np.asarray(schema.encode_labels(table)).tobytes()
