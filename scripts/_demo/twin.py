"""The plaintext twin: the same steps on the same rows without any encryption, to hold the delivered model against."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pysonar.artifacts import Spec


class Submission(Protocol):
    """What the delivered record tells of one submission."""

    @property
    def miner(self) -> str: ...
    @property
    def base_version(self) -> int | None: ...
    @property
    def step(self) -> float | None: ...


def train_twin(spec: Spec, record: Sequence[Submission], files: Mapping[str, Path]) -> NDArray[np.float64]:
    """Train in the clear what the campaign trained under encryption.

    Args:
        spec: of the campaign.
        record: all submissions in the order of the queue; those that were applied name their step.
        files: each miner's CSV file, by address.

    Returns:
        The weights, shape (features + 1, outputs), in float64 and without any rounding.
    """
    schema, family, rule = spec.schema, spec.family, spec.algorithm.training_rule()
    visits = {}
    for miner, path in files.items():
        table = schema.read_csv(path)
        visits[miner] = family.visit(schema.encode(table), schema.encode_labels(table), rule)
    versions = [family.initial_weights()]
    for submission in record:
        if submission.step is not None and submission.base_version is not None:
            base = versions[submission.base_version]
            versions.append(versions[-1] + submission.step * (visits[submission.miner](base) - base))
    return versions[-1]


def accuracy(spec: Spec, weights: NDArray[np.float64], path: Path) -> float:
    """Share of a CSV file's rows that the weights classify rightly."""
    schema = spec.schema
    table = schema.read_csv(path)
    right = spec.family.predict(weights, schema.encode(table)) == schema.encode_labels(table)
    return float(np.mean(right))
