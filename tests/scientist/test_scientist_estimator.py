"""The estimator: the same answers from every form of records, and from the saved file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pysonar.scientist.errors import EstimatorError
from pysonar.scientist.estimator import Estimator


@pytest.fixture
def estimator(plan: Any, weights: Any) -> Estimator:
    """A model that is right about every record."""
    return Estimator(weights, plan.algorithm, plan.input_schema, plan.output_schema, plan.metric, bytes(32))


class Frame:
    """What a DataFrame looks like from here."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns
        self.columns = list(columns)

    def to_dict(self, orient: str) -> dict[str, list[Any]]:
        assert orient == "list"
        return self._columns


def test_records_in_every_form_give_the_same_labels(
    estimator: Estimator, records: Any, validation_csv: Path
) -> None:
    expected = records.column("ill").to_pylist()
    columns = {name: records.column(name).to_pylist() for name in records.column_names}
    assert estimator.predict(records).tolist() == expected
    assert estimator.predict(validation_csv).tolist() == expected
    assert estimator.predict(str(validation_csv)).tolist() == expected
    assert estimator.predict(columns).tolist() == expected
    assert estimator.predict(Frame(columns)).tolist() == expected


def test_a_matrix_is_taken_in_the_order_of_the_fields(plan_values: dict[str, Any], weights: Any) -> None:
    from pysonar.scientist.plan_file import plan_from

    plan_values["fields"] = plan_values["fields"][:2]
    plan = plan_from(plan_values)
    estimator = Estimator(
        weights[[0, 1, 3]], plan.algorithm, plan.input_schema, plan.output_schema, "accuracy", bytes(32)
    )
    matrix = np.array([[1.8, 50.0], [1.5, 90.0]])
    assert estimator.predict(matrix).tolist() == [0, 1]
    assert estimator.score(matrix, [0, 0]) == 0.5
    with pytest.raises(EstimatorError, match=r"expected \(n, 2\)"):
        estimator.predict(matrix[:, :1])
    with pytest.raises(EstimatorError, match=r"expected \(2,\)"):
        estimator.score(matrix, [0])


def test_scores_with_labels_inside_or_beside(
    estimator: Estimator, records: Any, validation_csv: Path
) -> None:
    wrong = [1 - label for label in records.column("ill").to_pylist()]
    assert estimator.score(records) == estimator.score(validation_csv) == 1.0
    assert estimator.score(records, wrong) == 0.0


def test_it_looks_like_a_fitted_estimator(estimator: Estimator, weights: Any) -> None:
    assert estimator.classes_ is not None
    assert estimator.classes_.tolist() == [0, 1]
    assert estimator.feature_names_in_.tolist() == ["height", "weight", "smoker"]
    assert estimator.n_features_in_ == 3
    assert estimator.get_params()["family"] == "one_vs_rest"
    assert estimator.get_params()["metric"] == "accuracy"
    with pytest.raises(ValueError, match="read-only"):
        estimator.weights[0, 0] = 1.0


def test_weights_of_another_shape_are_refused(plan: Any, weights: Any) -> None:
    with pytest.raises(EstimatorError, match=r"shape \(3, 2\); expected \(4, 2\)"):
        Estimator(weights[:3], plan.algorithm, plan.input_schema, plan.output_schema, plan.metric, bytes(32))


def test_a_saved_model_is_private_and_answers_the_same(
    estimator: Estimator, records: Any, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    estimator.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = Estimator.load(path)
    assert np.array_equal(loaded.weights, estimator.weights)
    assert loaded.predict(records).tolist() == estimator.predict(records).tolist()
    assert loaded.get_params() == estimator.get_params()


def test_what_is_no_saved_model(tmp_path: Path, weights: Any) -> None:
    from safetensors.numpy import save

    path = tmp_path / "model.safetensors"
    for content in (
        b"",
        b"x" * 100,
        save({"weights": weights}),
        save({"weights": weights}, {"openmined": "{}"}),
    ):
        path.write_bytes(content)
        with pytest.raises(EstimatorError, match="no saved model"):
            Estimator.load(path)
    with pytest.raises(EstimatorError, match="no saved model"):
        Estimator.load(tmp_path / "none")


def test_a_model_of_numbers_scores_r2(plan_values: dict[str, Any]) -> None:
    from pysonar.scientist.plan_file import plan_from

    values = plan_values | {
        "family": "linear",
        "fields": [{"name": "x", "clip": [0, 100]}],
        "label": {"name": "y", "clip": [0, 1000], "center": 100, "scale": 10},
    }
    plan = plan_from(values)
    assert plan.metric == "r2"
    estimator = Estimator(
        np.array([[2.0], [1.0]]), plan.algorithm, plan.input_schema, plan.output_schema, "r2", bytes(32)
    )
    assert estimator.classes_ is None
    assert estimator.predict([[1.0], [2.0]]).tolist() == [130.0, 150.0]
    assert estimator.score([[1.0], [2.0]], [130.0, 150.0]) == 1.0
