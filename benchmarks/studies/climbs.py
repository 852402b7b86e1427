"""`python -m benchmarks.studies.climbs`: how far a campaign of a network climbs along slopes,
along Adam's version of them, and along slopes bent by the curvature. Plain numbers; Capsule's step search.
Prints the table of docs/encrypted-training.md.

A campaign on the 8x8 digits: 360 rows are Capsule's, the others belong to three mines that take turns. A
climb ends at 90 %, or at rest: no mine's batch raises the accuracy by half a percent any more (a mine has one
batch for a version).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from benchmarks.studies.adam import Adam
from openmined_syft.fixed_point import WEIGHT_BITS
from openmined_syft.judging.step_search import best_step, is_gain
from openmined_syft.metrics import score_ppm
from openmined_syft.models.network import SquareNetwork
from openmined_syft.schemes import Direction, scheme_named

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]
Way = Callable[[Matrix, Matrix], Sequence[Direction]]
"""Weights and slope to the directions that are tried."""

TARGET, MIN_GAIN, MINES, SEEDS = 900_000, 5_000, 3, range(1, 9)
SHORT = (0.125, 0.25, 0.5, 1.0, 2.0)
LONG = (*SHORT, 4.0, 8.0, 16.0)


@dataclass(frozen=True)
class Climb:
    """Where it ended, in ppm, and after how many evaluations."""

    best: int
    evaluations: int


@dataclass(frozen=True)
class Digits:
    """Capsule's rows, and those of each mine."""

    X: Matrix
    y: Labels
    mines: Sequence[tuple[Matrix, Labels]]

    @classmethod
    def shared_out(cls, seed: int, *, own: float) -> "Digits":
        """With that share of each digit at the mine that it belongs to, the rest at the others."""
        random = np.random.default_rng(seed)
        images, labels = load_digits(return_X_y=True)
        order = random.permutation(len(labels))
        X, y = (images[order] - 5) / 6, labels[order]
        elsewhere = (y + random.integers(1, MINES, len(y))) % MINES
        at = np.where(random.random(len(y)) < own, y % MINES, elsewhere)
        mines = [(X[360:][at[360:] == mine], y[360:][at[360:] == mine]) for mine in range(MINES)]
        return cls(X[:360], y[:360], mines)


def climb(data: Digits, network: SquareNetwork, way: Way, steps: Sequence[float]) -> Climb:
    """What a campaign comes to."""
    scheme, weights = scheme_named("ckks"), network.initial_weights()
    best = score_ppm("accuracy", data.y, network.predict(weights, data.X))
    version, evaluations, in_vain = 0, 0, 0
    while best < TARGET and in_vain < MINES:
        X, y = data.mines[evaluations % MINES]
        visit = network.batch_visit(X, y, version=version, salt=bytes([evaluations % MINES]))
        found = best_step(
            weights,
            way(weights, visit.gradient(weights)),
            steps,
            lambda tried: score_ppm("accuracy", data.y, network.predict(tried, data.X)),
            lambda tried: scheme.fit(network, tried, data.X, data.y),
            weight_bound=8.0,
            weight_bits=WEIGHT_BITS,
            is_trainable=lambda tried: scheme.is_trainable(network, tried, data.X, data.y),
        )
        evaluations += 1
        if found and is_gain(found.score, best=best, target=TARGET, min_gain=MIN_GAIN):
            weights, best, version, in_vain = found.weights, min(found.score, TARGET), version + 1, 0
        else:
            in_vain += 1
    return Climb(best, evaluations)


def along_the_slope(_weights: Matrix, slope: Matrix) -> Sequence[Direction]:
    """Straight down."""
    return [Direction(-slope)]


def by_adam() -> Way:
    """With a state of its own, which every slope changes."""
    state = Adam()

    def way(_weights: Matrix, slope: Matrix) -> Sequence[Direction]:
        nonlocal state
        difference, state = state.stepped(slope)
        return [Direction(difference)]

    return way


def bent(network: SquareNetwork, data: Digits) -> Way:
    """As Capsule does it."""

    return lambda weights, slope: scheme_named("ckks").directions(network, weights, slope, data.X)


def told(climbs: Sequence[Climb]) -> str:
    """One cell of the table."""
    there = sorted(climb.evaluations for climb in climbs if climb.best >= TARGET)
    resting = sorted(climb.best / 1_000_000 for climb in climbs if climb.best < TARGET)
    parts = [f"{len(there)} of {len(climbs)}"]
    if there:
        parts.append(f"after {there[0]} to {there[-1]} evaluations, median {median(there):g}")
    if resting:
        parts.append(f"at rest at {resting[0]:.2f} to {resting[-1]:.2f}")
    return ", ".join(parts)


def main() -> None:
    columns = {"80 % of each digit at its mine": 0.8, "rows shared out evenly": 1 / MINES}
    print(f"| digits, three mines, plain numpy, {len(SEEDS)} seeds, target 0.9 | {' | '.join(columns)} |")
    print("| --- | --- | --- |")
    rows: dict[str, Callable[[SquareNetwork, Digits], tuple[Way, Sequence[float]]]] = {
        "along the slope, steps up to 16": lambda _network, _data: (along_the_slope, LONG),
        "Adam, steps up to 16": lambda _network, _data: (by_adam(), LONG),
        "Gauss-Newton, steps up to 2": lambda network, data: (bent(network, data), SHORT),
    }
    for name, choose in rows.items():
        cells = []
        for own in columns.values():
            climbs = []
            for seed in SEEDS:
                network, data = SquareNetwork(64, 10, seed=seed), Digits.shared_out(seed, own=own)
                way, steps = choose(network, data)
                climbs.append(climb(data, network, way, steps))
            cells.append(told(climbs))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
