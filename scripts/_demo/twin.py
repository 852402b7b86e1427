"""The plaintext twin: the same steps on the same rows, or on the same noised sums of them, but without
encryption, to compare the result with.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mine_agent.data.adapters import adapter_for
from mine_agent.work.compiled_data import salt_of
from openmined_syft.applying import clipped
from openmined_syft.models import Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.models.network import SquareNetwork
from openmined_syft.privacy import NoisedSums
from openmined_syft.schemes import scheme_named
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.result.estimator import Estimator
from pysonar.tables import read_csv, read_records


def train_twin(
    plan: Plan,
    campaign: bytes,
    record: Sequence[Mapping[str, Any]],
    files: Mapping[str, Path],
    validation: Path,
    releases: Mapping[str, NoisedSums],
) -> Estimator:
    """Train in the clear what the campaign trained under encryption, in float64 and without any rounding.

    Args:
        plan: what the scientist wanted.
        campaign: its id.
        record: what `sonar campaign result --format json` says of each submission, in the order of the queue.
        files: each miner's data, by address.
        validation: the scientist's, which Capsule takes a network's curvature on.
        releases: what a miner under a privacy budget taught instead of the rows, by address.
    """
    schema, algorithm = plan.schema, plan.algorithm
    family, rule = algorithm.build(schema, campaign), algorithm.training_rule()
    scheme = scheme_named(algorithm.scheme)
    own = schema.encode(read_csv(validation, schema))
    sources = {miner: adapter_for(str(path)).source(str(path), {}) for miner, path in files.items()}
    rows = {miner: read_records(source, schema)[0] for miner, source in sources.items()}
    versions = [family.initial_weights()]
    for submission in record:
        if submission["verdict"] != "IMPROVED":
            continue
        miner, base = submission["miner"], submission["base_version"]
        salt = salt_of(campaign, sources[miner].digest())
        X, y = schema.encode(rows[miner]), schema.encode_labels(rows[miner])
        data = releases.get(miner) or Rows(X, y)
        visit = scheme.visit(family, data, rule, version=base, salt=salt)
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
