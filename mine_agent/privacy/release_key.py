"""The name of a release: what a model sees of a data set, in public words and the owner's.

No record has a part in it. Were it a digest of the clipped records, two campaigns whose schemas differ in one
bound would share a release, and its noise, exactly if no record lies between the bounds: an answer about
single records, free of charge and without any noise on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.datasets import DataSet
from openmined_syft.privacy import Clip
from pysonar.protocol.canonical import dumps_json

FORMAT = "openmined/privacy-release/2"
_WORDS = ("$schema", "title", "description")


def release_key(campaign_spec: CampaignSpec, data: DataSet, clip: Clip, rho: Fraction) -> bytes:
    """SHA-256 of how the model sees the records, the clip, the price, and the registration of the data with
    their mapping, 32 bytes.
    """
    spec = campaign_spec.spec
    parameters = spec.algorithm.parameters.get("features")
    document = {
        "format": FORMAT,
        "input_schema": _without_words(spec.input_schema),
        "output_schema": _without_words(spec.output_schema),
        "features": None if parameters is None else {"map": parameters, "seed": campaign_spec.campaign.hex()},
        "clip": [clip.inputs.hex(), clip.targets.hex()],
        "rho": str(rho),
        "shape": list(campaign_spec.family.weights_shape),
        "registration": data.registration,
        "mapping": None if data.mapping is None else hashlib.sha256(data.mapping.text.encode()).hexdigest(),
    }
    return hashlib.sha256(dumps_json(document)).digest()


def _without_words(document: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without what is there for people."""
    fields = {
        name: {key: value for key, value in field.items() if key not in _WORDS}
        for name, field in document["properties"].items()
    }
    return {key: value for key, value in document.items() if key not in _WORDS} | {"properties": fields}
