"""A plan file looked through without a chain, a store or a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pysonar.chain.contract.tokens import Asset
from pysonar.scientist.launch import starting_accuracy
from pysonar.scientist.planning.draft import PLACEHOLDER
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import load_values, read_plan
from pysonar.scientist.planning.rehearsal import Rehearsal, rehearse
from pysonar.scientist.planning.simulation import Simulation, simulate
from pysonar.scientist.planning.understood import Understood
from pysonar.tables import CsvFile, read_records


@dataclass(frozen=True)
class LookedThrough:
    """What is in a plan.

    Attributes:
        capsule: None if the plan names none yet. understood, rehearsal: with validation records.
        remarks: what is still missing, or better otherwise.
    """

    plan: Plan
    capsule: str | None
    understood: Understood | None = None
    rehearsal: Rehearsal | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int | None:
        """How many validation records there are; None if they are not here."""
        return None if self.understood is None else self.understood.records.num_rows


def looked_through(path: Path, validation: Path | None = None, capsule: str | None = None) -> LookedThrough:
    """Read, check and, with validation records, rehearse.

    Raises:
        PlanError: `create` would refuse it. SchemaError: the records do not fit.
    """
    named = capsule or load_values(path).get("capsule")
    plan = read_plan(path, {"capsule": named or PLACEHOLDER}, asset_at=_unknown_token)
    remarks = [] if named else ["it does not name a Capsule yet: add one, or give --capsule to `create`"]
    if plan.advice:
        remarks.append(plan.advice)
    if validation is None:
        remarks.append("with --validation FILE.csv it would be rehearsed, too")
        return LookedThrough(plan, named, remarks=remarks)
    source = CsvFile(validation)
    records, reading = read_records(source, plan.schema)
    plan = plan.for_rows(records.num_rows)  # as `create` will ask for it
    start = starting_accuracy(plan, records)
    understood = Understood(records, plan, source.remarks(), reading, start)
    rehearsal = rehearse(plan, records, start)
    return LookedThrough(plan, named, understood, rehearsal, [*remarks, *rehearsal.slips()])


def simulated(
    path: Path,
    validation: Path,
    data: Path,
    *,
    mines: int,
    epsilon: float | None,
    seed: int,
    free_riders: float = 0.0,
) -> Simulation:
    """The plan of a file played with mines that share the records of `data`; see `simulation.simulate`.

    Raises:
        PlanError: the plan does not work. SchemaError: records do not fit.
    """
    named = load_values(path).get("capsule")
    plan = read_plan(path, {"capsule": named or PLACEHOLDER}, asset_at=_unknown_token)
    own, _ = read_records(CsvFile(validation), plan.schema)
    others, _ = read_records(CsvFile(data), plan.schema)
    return simulate(plan, own, others, mines=mines, epsilon=epsilon, seed=seed, free_riders=free_riders)


def _unknown_token(address: str) -> Asset:
    """A token whose decimals no chain is asked for: amounts must be in its smallest unit, or have 18."""
    return Asset(address, "TOKEN", 18)
