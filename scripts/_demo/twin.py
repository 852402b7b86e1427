"""The plaintext twin: the same steps on the same rows, or on the same noised sums of them, but without
encryption, to compare the result with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mine_agent.data.adapters import adapter_for
from mine_agent.data.mapping import MappedSource, parse_mapping
from mine_agent.work.compiled_data import salt_of
from openmined_syft.applying import clipped
from openmined_syft.models import OneVsRest, Rows, stacked
from openmined_syft.models.family import LinearFamily
from openmined_syft.models.network import SquareNetwork
from openmined_syft.privacy import NoisedSums
from openmined_syft.schemes import scheme_named
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.result.estimator import Estimator
from pysonar.tables import Source, read_csv, read_records
from scripts._demo.subjects.subject import Files

ALPHAS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True, eq=False)
class Owned:
    """A mine's rows, and the digest of its data."""

    rows: Rows
    digest: bytes


def rows_of(plan: Plan, files: Files, addresses: Sequence[str]) -> dict[str, Owned]:
    """What each miner trained on, by address: its data read again, through its owner's mapping."""
    found = {}
    for place, (path, address) in enumerate(zip(files.mines, addresses, strict=True)):
        source: Source = adapter_for(str(path)).source(str(path), {})
        if place in files.mappings:
            mapping = files.mappings[place]
            source = MappedSource(
                source, parse_mapping(mapping.read_text(encoding="utf-8"), source=mapping.name)
            )
        table = read_records(source, plan.schema)[0]
        rows = Rows(plan.schema.encode(table), plan.schema.encode_labels(table))
        found[address] = Owned(rows, source.digest())
    return found


def train_twin(
    plan: Plan,
    campaign: bytes,
    record: Sequence[Mapping[str, Any]],
    owned: Mapping[str, Owned],
    validation: Path,
    releases: Mapping[str, NoisedSums],
) -> Estimator:
    """Train in the clear what the campaign trained under encryption, in float64 and without any rounding.

    Args:
        plan: what the scientist wanted.
        campaign: its id.
        record: what `sonar campaign result --format json` says of each submission, in the order of the queue.
        owned: each miner's rows, by address.
        validation: the scientist's, which Capsule takes a network's curvature on.
        releases: what a miner under a privacy budget taught instead of the rows, by address.
    """
    schema, algorithm = plan.schema, plan.algorithm
    family, rule = algorithm.build(schema, campaign), algorithm.training_rule()
    scheme = scheme_named(algorithm.scheme)
    own = schema.encode(read_csv(validation, schema))
    versions = [family.initial_weights()]
    visits: dict[tuple[str, int], Any] = {}
    for submission in record:
        if submission["verdict"] != "IMPROVED":
            continue
        miner, base = submission["miner"], submission["base_version"]
        key = miner, base if scheme.fresh_rows else 0
        if key not in visits:
            salt = salt_of(campaign, owned[miner].digest)
            data = releases.get(miner) or owned[miner].rows
            visits[key] = scheme.visit(family, data, rule, version=base, salt=salt)
        visit = visits[key]
        before = versions[base]
        if isinstance(family, LinearFamily):
            gradient = visit(before) - before
        elif isinstance(family, SquareNetwork):
            gradient = visit.gradient(before)
        else:
            raise TypeError(f"no plaintext twin of family {family.name}")
        clip = clipped(gradient, plan.difference_norm)
        directions = scheme.directions(family, versions[-1], clip, own)
        (taken,) = (one for one in directions if one.damping == submission["damping"])
        versions.append(versions[-1] + submission["step"] * taken.difference)
    documents = plan.input_schema, plan.output_schema
    return Estimator(versions[-1], algorithm, *documents, plan.metric, campaign)


def ridge_ceiling(plan: Plan, owned: Mapping[str, Owned], files: Files) -> float:
    """Accuracy on the test set of a ridge regression, one class against the rest, on all mines' rows
    together, in the clear and solved exactly; its penalty is the best of a few on the validation set.
    """
    X, y = (
        stacked([own.rows.X for own in owned.values()]),
        np.concatenate([own.rows.y for own in owned.values()]),
    )
    classes = len(plan.schema.classes or ())
    family = OneVsRest(plan.schema.n_features, classes)
    sums = family.sums([Rows(X, y)])
    penalised = np.append(np.ones(plan.schema.n_features), 0.0)

    def read(path: Path) -> Rows:
        table = read_csv(path, plan.schema)
        return Rows(plan.schema.encode(table), plan.schema.encode_labels(table))

    def accuracy(rows: Rows, weights: NDArray[np.float64]) -> float:
        return float((family.predict(weights, rows.X) == rows.y).mean())

    tried = [
        np.linalg.solve(sums.products / sums.rows + alpha * np.diag(penalised), sums.pulls / sums.rows)
        for alpha in ALPHAS
    ]
    validation, test = read(files.validation), read(files.test)
    return accuracy(test, max(tried, key=lambda weights: accuracy(validation, weights)))
