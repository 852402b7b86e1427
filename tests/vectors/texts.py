"""Texts: their words, and the rows they are hashed to."""

from __future__ import annotations

import numpy as np

from openmined_syft.features.text import HashedText
from openmined_syft.features.text.folding import frozen_folding
from tests.json_types import JsonObject

TEXTS = (
    "", "The cat sat", "THE  Cat, sat!", "it's #Tag @me 3.5", "STRASSE Stra\u00dfe \u1e9e",
    "caf\u00e9 CAFE\u0301 \u0130stanbul", "\uff26\uff55\uff4c\uff4c \u2460 \u00bd \ufb01ne \u338f",
    "\U0001f600\U0001f600ok \u2764\ufe0f \U0001f468\u200d\U0001f469", "\u0939\u093f\u0928\u094d\u0926\u0940",
    "\ud55c\uad6d\uc5b4 \u6771\u4eac \u0e01\u0e32\u0e23", "soft\u00adhyphen zero\u200bwidth",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "a_b-c\ue000d\U0001d538", "one two two one two",
)  # fmt: skip
KINDS: tuple[JsonObject, ...] = (
    {"columns": 16, "words": 1, "characters": None, "seed": ""},
    {"columns": 1000, "words": 2, "characters": [3, 5], "seed": "campaign 7"},
    {"columns": 4096, "words": 0, "characters": [1, 8], "seed": "s" * 64},
    {"columns": 64, "words": 3, "characters": None, "seed": "x"},
)


def texts() -> JsonObject:
    """For each text its words, and for each kind of field its row: columns, and values to the bit."""
    rows = []
    for kind in KINDS:
        characters = kind["characters"]
        made = HashedText(
            kind["columns"],
            kind["words"],
            None if characters is None else tuple(characters),
            kind["seed"].encode(),
        ).transform(TEXTS)
        parts = [made[place : place + 1] for place in range(len(TEXTS))]
        rows.append(
            {
                "field": kind,
                "columns": [part.columns.tolist() for part in parts],
                "values": [part.values.astype(np.float64).tolist() for part in parts],
            }
        )
    return {
        "about": (
            "Texts of a field of kind text (docs/protocol.md, section 4): `words` of each after folding, and"
            " for each field the columns that are not 0 and their values, exact: a whole number divided by"
            " the square root of a whole number."
        ),
        "texts": list(TEXTS),
        "words": [frozen_folding().words(text) for text in TEXTS],
        "rows": rows,
    }
