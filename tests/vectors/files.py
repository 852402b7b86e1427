"""Where the vectors lie, and every file of them by name with what makes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.json_types import JsonObject
from tests.vectors import chain, encodings, learning, metrics, mine, paillier, privacy, specs, texts

FOLDER = Path(__file__).parents[2] / "vectors"
FILES: dict[str, Callable[[], JsonObject]] = {
    "canonical_json.json": encodings.canonical_json,
    "cbor.json": encodings.cbor,
    "cids.json": encodings.cids,
    "amounts.json": encodings.amounts,
    "features.json": learning.features,
    "records.json": learning.records,
    "specs.json": specs.validation_declared,
    "texts.json": texts.texts,
    "layouts.json": learning.layouts,
    "metrics.json": metrics.metrics,
    "training.json": learning.training,
    "privacy.json": privacy.accounting_and_grid,
    "releases.json": privacy.release_names,
    "paillier.json": paillier.visit,
    "chain.json": chain.calls_and_events,
    "payouts.json": chain.payouts,
    "decisions.json": mine.decisions,
}


def as_text(document: JsonObject) -> str:
    """The file's text. Integers beyond 2^53 are texts in it, floats are exact."""
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
