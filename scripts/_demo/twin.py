"""The plaintext twin: the same steps on the same rows without encryption, to compare the result with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pysonar.estimator import Estimator
from pysonar.scientist.plan import Plan


def train_twin(plan: Plan, record: Sequence[Mapping[str, Any]], files: Mapping[str, Path]) -> Estimator:
    """Train in the clear what the campaign trained under encryption, in float64 and without any rounding.

    Args:
        plan: what the scientist wanted.
        record: what `sonar campaign result --format json` says of each submission, in the order of the queue.
        files: each miner's CSV file, by address.
    """
    schema, family, rule = plan.schema, plan.family, plan.algorithm.training_rule()
    visits = {}
    for miner, path in files.items():
        table = schema.read_csv(path)
        visits[miner] = family.visit(schema.encode(table), schema.encode_labels(table), rule)
    versions = [family.initial_weights()]
    for submission in record:
        if submission["verdict"] == "IMPROVED":
            base = versions[submission["base_version"]]
            difference = visits[submission["miner"]](base) - base
            versions.append(versions[-1] + submission["step"] * difference)
    return Estimator(versions[-1], plan.algorithm, plan.input_schema, plan.output_schema, plan.metric)
