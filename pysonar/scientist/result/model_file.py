"""The file of a delivered model: safetensors, with the schema as metadata and a digest over all of it inside,
so that a damaged file is refused in place of predicting something else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pysonar.files.nesting import shallow_json
from pysonar.files.secret_file import replace_secret_file
from pysonar.scientist.errors import EstimatorError

FORMAT = "openmined/estimator/3"
WITHOUT_DIGEST = "openmined/estimator/2"
_METADATA = "openmined"


@dataclass(frozen=True)
class ModelFile:
    """What is in it. `document`: algorithm, input_schema, output_schema, metric, campaign (hexadecimal)."""

    weights: NDArray[np.float64]
    document: dict[str, Any]


def write_model(path: str | Path, model: ModelFile) -> None:
    """Write it, mode 0600, whole or not at all. EstimatorError: there is no such directory."""
    from safetensors.numpy import save

    target = Path(path).expanduser().absolute()
    if not target.parent.is_dir():
        raise EstimatorError(f"{target}: there is no directory {target.parent}; make it first")
    weights = np.ascontiguousarray(model.weights, dtype="<f8")
    document = {"format": FORMAT, **model.document}
    document["digest"] = _digest(weights, document)
    replace_secret_file(target, save({"weights": weights}, metadata={_METADATA: json.dumps(document)}))


def read_model(path: str | Path) -> ModelFile:
    """Read it. EstimatorError: it is not a model file, or is damaged."""
    from safetensors import SafetensorError, safe_open

    source = Path(path).expanduser()
    try:
        with safe_open(source, framework="numpy") as file:
            document = shallow_json((file.metadata() or {})[_METADATA].encode())
            weights = np.asarray(file.get_tensor("weights"), dtype="<f8")
        known = document.pop("format")
        if known not in (FORMAT, WITHOUT_DIGEST):
            raise KeyError("format")
        digest = document.pop("digest") if known == FORMAT else None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        raise EstimatorError(
            f"{path} is not a saved model; expected a file written by `Estimator.save`"
        ) from None
    if digest is not None and digest != _digest(weights, {"format": FORMAT, **document}):
        raise EstimatorError(
            f"{path} is damaged: its digest does not fit; put back a copy, or fetch the result again"
        )
    return ModelFile(weights, document)


def _digest(weights: NDArray[np.float64], document: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    digest.update(repr(weights.shape).encode() + weights.tobytes())
    return digest.hexdigest()
