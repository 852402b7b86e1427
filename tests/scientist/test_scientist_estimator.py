"""The estimator: the same answers from every form of records, and from the saved file."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import (
    check_estimator_repr,
    check_get_params_invariance,
    check_valid_tag_types,
)
from sklearn.utils.validation import check_is_fitted

from pysonar.protocol.schema import MissingColumnError
from pysonar.scientist.errors import EstimatorError
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from pysonar.scientist.result.estimator import Estimator
from tests.json_types import JsonObject


@pytest.fixture
def estimator(plan: Plan, weights: np.ndarray) -> Estimator:
    """A model that is right about every record."""
    return Estimator(weights, plan.algorithm, plan.input_schema, plan.output_schema, plan.metric, bytes(32))


class Frame:
    """What a DataFrame looks like from here."""

    def __init__(self, columns: dict[str, list[object]]) -> None:
        self._columns = columns
        self.columns = list(columns)

    def to_dict(self, orient: str) -> dict[str, list[object]]:
        assert orient == "list"
        return self._columns


def test_records_in_every_form_give_the_same_labels(
    estimator: Estimator, records: pa.Table, validation_csv: Path
) -> None:
    expected = records.column("ill").to_pylist()
    columns = {name: records.column(name).to_pylist() for name in records.column_names}
    assert estimator.predict(records).tolist() == expected
    assert estimator.predict(validation_csv).tolist() == expected
    assert estimator.predict(str(validation_csv)).tolist() == expected
    assert estimator.predict(columns).tolist() == expected
    assert estimator.predict(Frame(columns)).tolist() == expected
    assert (
        estimator.predict(pd.DataFrame(columns)[["smoker", "ill", "weight", "height"]]).tolist() == expected
    )


def test_a_matrix_is_taken_in_the_order_of_the_fields(plan_values: JsonObject, weights: np.ndarray) -> None:
    from pysonar.scientist.planning.plan_file import plan_from

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
    estimator: Estimator, records: pa.Table, validation_csv: Path
) -> None:
    wrong = [1 - label for label in records.column("ill").to_pylist()]
    assert estimator.score(records) == estimator.score(validation_csv) == 1.0
    assert estimator.score(records, wrong) == 0.0


def test_it_looks_like_a_fitted_estimator(estimator: Estimator, weights: np.ndarray) -> None:
    assert estimator.classes_ is not None
    assert estimator.classes_.tolist() == [0, 1]
    assert estimator.feature_names_in_.tolist() == ["height", "weight", "smoker"]
    assert estimator.n_features_in_ == 3
    assert estimator.get_params()["algorithm"].family == "one_vs_rest"
    assert estimator.get_params()["metric"] == "accuracy"
    with pytest.raises(ValueError, match="read-only"):
        estimator.weights[0, 0] = 1.0


def test_weights_of_another_shape_are_refused(plan: Plan, weights: np.ndarray) -> None:
    with pytest.raises(EstimatorError, match=r"shape \(3, 2\); expected \(4, 2\)"):
        Estimator(weights[:3], plan.algorithm, plan.input_schema, plan.output_schema, plan.metric, bytes(32))


def test_a_saved_model_is_private_and_answers_the_same(
    estimator: Estimator, records: pa.Table, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    estimator.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = Estimator.load(path)
    assert np.array_equal(loaded.weights, estimator.weights)
    assert loaded.predict(records).tolist() == estimator.predict(records).tolist()
    assert loaded.get_params()["algorithm"] == estimator.get_params()["algorithm"]


def test_what_is_no_saved_model(tmp_path: Path, weights: np.ndarray) -> None:
    from safetensors.numpy import save

    path = tmp_path / "model.safetensors"
    for content in (
        b"",
        b"x" * 100,
        save({"weights": weights}),
        save({"weights": weights}, {"openmined": "{}"}),
    ):
        path.write_bytes(content)
        with pytest.raises(EstimatorError, match="not a saved model"):
            Estimator.load(path)
    with pytest.raises(EstimatorError, match="not a saved model"):
        Estimator.load(tmp_path / "none")


def test_a_model_of_numbers_scores_r2(plan_values: JsonObject) -> None:
    from pysonar.scientist.planning.plan_file import plan_from

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


def changed(path: Path, old: bytes, new: bytes) -> None:
    raw = path.read_bytes()
    assert raw.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(raw.replace(old, new))


def test_a_damaged_model_is_refused(estimator: Estimator, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    estimator.save(str(path))
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))  # one bit of a weight
    with pytest.raises(EstimatorError, match="is damaged: its digest does not fit"):
        Estimator.load(path)
    path.write_bytes(sound)
    changed(path, b'\\"metric\\": \\"accuracy\\"', b'\\"metric\\": \\"accuracz\\"')
    with pytest.raises(EstimatorError, match="is damaged"):
        Estimator.load(path)
    path.write_bytes(sound)
    assert Estimator.load(str(path)).metric == "accuracy"


def test_a_model_that_an_earlier_release_saved_is_read(estimator: Estimator, tmp_path: Path) -> None:
    from safetensors.numpy import save

    document = {
        "format": "openmined/estimator/2", "algorithm": estimator.algorithm.as_mapping(),
        "input_schema": estimator.input_schema, "output_schema": estimator.output_schema,
        "metric": "accuracy", "campaign": bytes(32).hex(),
    }  # fmt: skip
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"weights": estimator.weights}, {"openmined": json.dumps(document)}))
    assert np.array_equal(Estimator.load(path).weights, estimator.weights)


def test_saving_makes_no_directories(estimator: Estimator, tmp_path: Path) -> None:
    with pytest.raises(EstimatorError, match="there is no directory"):
        estimator.save(tmp_path / "~" / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


GOOD = {"height": [1.8, 1.5], "weight": [50.0, 90.0], "smoker": [True, False]}


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ({**GOOD, "height": [1.8, "1.5"]}, "column 'height' holds what one column cannot .float, str."),
        ({**GOOD, "height": [10**30, 1]}, "column 'height' holds what one column cannot"),
        ({**GOOD, "height": [1j, 1]}, "column 'height'"),
        ({**GOOD, "height": [1.0]}, "columns of different lengths"),
        ({**GOOD, "height": 1.8}, "column of type float"),
        ([[1.8, 50.0, True], [1.5]], "rows of different lengths"),
        ([1.8, 50.0, True], r"records of shape .3,.; expected .n, 3."),
        (7, "records of shape"),
        (None, "records of shape"),
        ([[10**30, 1, 1]], "column 'height'"),
        (pd.DataFrame({**GOOD, "height": [1.8, "1.5"]}), "column 'height'"),
        (
            pd.concat([pd.DataFrame(GOOD), pd.DataFrame(GOOD)[["height"]]], axis=1),
            "column 'height' appears more than once",
        ),
    ],
    ids=range(12),
)
def test_what_is_no_table_of_records_is_one_documented_error(
    estimator: Estimator, records: pa.Table, why: str
) -> None:
    with pytest.raises(EstimatorError, match=why) as refused:
        estimator.predict(records)
    assert isinstance(refused.value, ValueError)  # what scikit-learn's callers catch


@pytest.mark.parametrize(
    "records",
    [
        GOOD,
        {name: np.array(column) for name, column in GOOD.items()},
        {name: pa.array(column) for name, column in GOOD.items()},
        pd.DataFrame(GOOD),
        pd.DataFrame(GOOD).convert_dtypes(),
        pd.DataFrame(GOOD).astype({"weight": "Int64", "smoker": "boolean"}),
        pd.DataFrame(GOOD).astype({"height": "float32"}),
        np.array([[1.8, 50.0, 1], [1.5, 90.0, 0]], dtype=object),
        [[1.8, 50, 1], [1.5, 90, 0]],
    ],
    ids=range(9),
)
def test_frames_of_every_kind(estimator: Estimator, records: pa.Table) -> None:
    assert estimator.predict(records).tolist() == estimator.predict(GOOD).tolist()


def test_a_column_that_is_not_there_is_named(estimator: Estimator) -> None:
    with pytest.raises(MissingColumnError, match="weight"):
        estimator.predict(pd.DataFrame(GOOD)[["height", "smoker"]])


def test_scores_probabilities_and_coefficients_agree_with_the_prediction(
    estimator: Estimator, records: pa.Table
) -> None:
    predicted = estimator.predict(records)
    scores, likely = estimator.decision_function(records), estimator.predict_proba(records)
    assert scores.shape == (20,)
    assert likely.shape == (20, 2)
    assert np.allclose(likely.sum(axis=1), 1)
    assert ((scores > 0) == (predicted == 1)).all()
    assert (likely.argmax(axis=1) == predicted).all()
    encoded = estimator.schema.encode(records)
    assert estimator.coef_.shape == (2, encoded.shape[1])
    both = encoded @ estimator.coef_.T + estimator.intercept_
    assert np.allclose(both[:, 1] - both[:, 0], scores)


def test_two_classes_in_one_column_of_weights(plan_values: JsonObject, records: pa.Table) -> None:
    plan = plan_from(plan_values | {"family": "logistic"})
    estimator = Estimator(
        np.ones(plan.family.weights_shape), plan.algorithm, plan.input_schema, plan.output_schema,
        "accuracy", bytes(32),
    )  # fmt: skip
    scores = estimator.decision_function(records)
    assert np.allclose(estimator.predict_proba(records)[:, 1], 1 / (1 + np.exp(-scores)))
    assert ((scores > 0) == (estimator.predict(records) == 1)).all()


def test_what_a_model_of_numbers_does_not_have(plan_values: JsonObject) -> None:
    values = plan_values | {
        "family": "linear", "fields": [{"name": "x", "clip": [0, 9]}], "label": {"name": "y", "clip": [0, 9]},
    }  # fmt: skip
    plan = plan_from(values)
    estimator = Estimator(
        np.ones((2, 1)), plan.algorithm, plan.input_schema, plan.output_schema, "r2", bytes(32)
    )
    assert not hasattr(estimator, "predict_proba")
    assert is_regressor(estimator)
    with pytest.raises(EstimatorError, match="of classifiers"):
        estimator.decision_function([[1.0]])


def test_it_keeps_scikit_learns_contract(estimator: Estimator, records: pa.Table) -> None:
    frame = records.to_pandas()
    X, y = frame[["height", "weight", "smoker"]], frame["ill"]
    check_is_fitted(estimator)
    assert is_classifier(estimator)
    assert clone(estimator) is estimator  # trained already, as a FrozenEstimator
    assert estimator.fit(X, y) is estimator
    steps = Pipeline([("keep", FunctionTransformer()), ("model", estimator)])
    assert steps.predict(X).tolist() == y.tolist()
    assert steps.score(X, y) == 1.0
    assert cross_val_score(estimator, X, y, cv=3).tolist() == [1.0, 1.0, 1.0]
    assert estimator.set_params(metric="accuracy") is estimator
    with pytest.raises(ValueError, match="no parameter 'depth'"):
        estimator.set_params(depth=3)
    with pytest.raises(EstimatorError, match="weights of shape"):
        estimator.set_params(weights=np.ones((1, 1)))
    assert estimator.weights.shape == (4, 2)


@pytest.mark.parametrize(
    "check",
    [check_estimator_repr, check_get_params_invariance, check_valid_tag_types],
    ids=lambda c: c.__name__,
)
def test_scikit_learns_own_checks_of_a_fitted_predictor(
    estimator: Estimator, check: Callable[[str, Estimator], None]
) -> None:
    check("Estimator", estimator)


def test_a_notebook_shows_it_without_markup_from_strangers(plan: Plan, weights: np.ndarray) -> None:
    estimator = Estimator(
        weights, plan.algorithm, plan.input_schema, plan.output_schema, "<script>", bytes(32)
    )
    shown = estimator._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "height, weight, smoker" in shown
