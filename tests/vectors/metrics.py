"""Every metric's score of a few predictions: the usual, one row, one class, ties, and far off."""

from __future__ import annotations

import numpy as np

from openmined_syft.metrics import measure_ppm as measured
from openmined_syft.metrics import metric_names, score_ppm
from openmined_syft.models import build_family
from tests.json_types import JsonObject
from tests.vectors.drawing import integers

_PREDICTED: dict[str, tuple[list[int], list[int]]] = {
    "usual": ([0, 0, 1, 1, 2, 2, 2, 0], [0, 1, 1, 1, 2, 0, 2, 0]),
    "one row, right": ([1], [1]),
    "one row, wrong": ([1], [0]),
    "one class": ([2, 2, 2], [2, 2, 0]),
    "far off": ([0, 1, 2, 3], [0, 1, 2, 300]),
}
_BY_SCORES = ("auc", "log_loss")


def metrics() -> JsonObject:
    """Scores of predictions, and of scores, which a family with the identity as weights gives back."""
    whole = integers("scores", 8 * 3, 9).reshape(8, 3) / 4
    scored: dict[str, tuple[list[int], list[list[float]]]] = {
        "usual": ([0, 0, 1, 1, 2, 2, 2, 0], whole.tolist()),
        "knows something": ([0, 1, 2], [[1.5, 0.0, 0.25], [0.0, 1.0, 0.75], [0.5, 0.25, 2.0]]),
        "ties": ([0, 1, 2], [[1.0, 1.0, 1.0]] * 3),
        "one row": ([1], [[0.5, 1.5, -0.25]]),
        "one class": ([0, 0], [[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]]),
        "sure and wrong": ([0, 1], [[-50.0, 50.0, 0.0], [0.0, 50.0, -50.0]]),
    }
    family = build_family("one_vs_rest", 3, 3, {})
    weights = np.vstack([np.eye(3), np.zeros((1, 3))])
    return {
        "about": "Scores in ppm of predictions, and of a model's scores for three classes.",
        "predictions": [
            {"name": name, "labels": true, "predicted": guess, "scores_ppm": _of_predictions(true, guess)}
            for name, (true, guess) in _PREDICTED.items()
        ],
        "scores": [
            {
                "name": name,
                "labels": true,
                "scores": rows,
                "scores_ppm": {one: measured(one, family, weights, rows, true) for one in _BY_SCORES},
            }
            for name, (true, rows) in scored.items()
        ],
    }


def _of_predictions(true: list[int], predicted: list[int]) -> dict[str, int]:
    return {one: score_ppm(one, true, predicted) for one in metric_names() if one not in _BY_SCORES}
