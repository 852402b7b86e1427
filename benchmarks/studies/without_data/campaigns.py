"""One campaign on one table, drawn several times: others have other records, the terms are the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.studies.without_data.tables import Table
from openmined_syft.judging.plain_campaign import PlainCampaign, climb
from openmined_syft.models import Rows, build_family
from openmined_syft.rules import GradientDescent
from openmined_syft.schemes import scheme_named
from pysonar.protocol.artifacts import DEFAULT_STEPS
from pysonar.protocol.artifacts.spec.least_gain import (
    FEE_SHARE_PPM,
    USUAL_GAIN,
    usual_guiding_rows,
    usual_min_gain,
)
from pysonar.protocol.artifacts.validation_rows import guiding

PPM = 1_000_000
MINES = 3


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is played, and what of it is not the default.

    Attributes:
        rows: of the validation set. mine_rows: of each of the three mines.
        target: ppm; None: what `sonar campaign draft` writes.
        by_gap: as of a plan; a draft's is true. steps: of gradient descent, a visit.
        search: what a gradient is multiplied with. split: False for no guiding rows.
        guards: False for none at all: whatever is more is paid, and nothing costs a fee.
    """

    table: Table = field(repr=False)
    rows: int
    mine_rows: int
    metric: str = "accuracy"
    target: int | None = None
    by_gap: bool = True
    steps: int = 8
    search: tuple[float, ...] = DEFAULT_STEPS
    split: bool = True
    guards: bool = True


@dataclass(frozen=True)
class Played:
    """One drawing of a kind, before anything happened. Scores in ppm.

    Attributes:
        fee: of a submission, as a share of the bounty. divisor: what a gain is divided by.
    """

    campaign: PlainCampaign
    mines: dict[str, Rows]
    target: int
    min_gain: int
    fee: float
    divisor: int


def play(kind: Kind, seed: int) -> Played:
    """Share the table out."""
    table = kind.table
    order = np.random.default_rng(seed).permutation(len(table.y))
    own, rest = order[: kind.rows], order[kind.rows :]
    mines = {
        f"mine {number}": Rows(table.X[rows], table.y[rows])
        for number in range(MINES)
        if len(rows := rest[number * kind.mine_rows : (number + 1) * kind.mine_rows])
    }
    split = usual_guiding_rows(kind.rows) if kind.split and kind.guards else 0
    whole = PlainCampaign(
        family=build_family(table.family, table.X.shape[1], table.columns, {}),
        scheme=scheme_named("paillier"),
        rule=GradientDescent(kind.steps),
        metric=kind.metric,
        steps=kind.search,
        weight_bound=8.0,
        difference_norm=1000.0,
        key_bits=3072,
        X=table.X[own],
        y=table.y[own],
    )
    target = kind.target or _drafted_target(whole)
    campaign = replace(whole, guides=guiding(bytes([seed]), kind.rows, split))
    min_gain = usual_min_gain(kind.rows, split, target) if kind.guards else 1
    fee = FEE_SHARE_PPM / PPM if kind.guards else 0.0
    return Played(campaign, mines, target, min_gain, fee, target - campaign.start if kind.by_gap else target)


def _drafted_target(campaign: PlainCampaign) -> int:
    """What a mine of half the validation records comes to on the other half, in whole percents."""
    half = len(campaign.y) // 2
    own = replace(campaign, X=campaign.X[half:], y=campaign.y[half:])
    mine = {"": Rows(campaign.X[:half], campaign.y[:half])}
    done = climb(own, mine, target=PPM, min_gain=USUAL_GAIN, most_evaluations=8)
    return max(campaign.start + 20_000, min(990_000, done.best)) // 10_000 * 10_000


def honest_profit(kind: Kind, seeds: range) -> float:
    """What honest mines earn together, less their fees; a share of the bounty, the mean of all drawings."""
    earned = []
    for seed in seeds:
        one = play(kind, seed)
        done = climb(one.campaign, one.mines, target=one.target, min_gain=one.min_gain)
        earned.append((done.best - done.start) / one.divisor - one.fee * done.evaluations)
    return float(np.mean(earned))
