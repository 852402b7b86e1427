"""The fitted model as its owner uses it: predict and score on raw records, in the manner of scikit-learn.

It is made from a delivered result and needs neither chain nor keys. Records go through the campaign's public
encoding (`pysonar.protocol.schema`), so what is predicted is what Capsule measured. scikit-learn is not
needed; where it is there, the estimator works with its `clone`, `Pipeline`, `check_is_fitted` and
cross-validation: it is trained already, so that `fit` and `clone` leave it as it is, as
`sklearn.frozen.FrozenEstimator` does.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from openmined_syft.metrics import measure_ppm
from openmined_syft.models.family import LinearFamily
from pysonar.protocol.artifacts import Algorithm
from pysonar.protocol.artifacts.parts.errors import ArtifactError
from pysonar.protocol.schema import Schema, SchemaError
from pysonar.scientist.errors import EstimatorError
from pysonar.scientist.result.frames import table_of
from pysonar.scientist.result.model_file import ModelFile, read_model, write_model
from pysonar.tables import read_csv

_PARAMETERS = ("weights", "algorithm", "input_schema", "output_schema", "metric", "campaign")
_WITH_PROBABILITIES = ("logistic", "one_vs_rest")


class Estimator:
    """A fitted model.

    Attributes:
        weights: shape (d, k), float64, of linear families with the bias in the last row.
        schema: the campaign's schema.
        classes_: the label's values in schema order; None if the label is a number.
        feature_names_in_: names of the raw input columns.
        n_features_in_: how many those are.
        metric: the campaign's, such as "accuracy" or "r2".

    `campaign` is the id of the campaign it was trained in, 32 bytes: a feature map is drawn from it.
    """

    def __init__(
        self,
        weights: NDArray[np.float64],
        algorithm: Algorithm,
        input_schema: Mapping[str, Any],
        output_schema: Mapping[str, Any],
        metric: str,
        campaign: bytes,
    ) -> None:
        self.schema = Schema(input_schema, output_schema)
        self.input_schema, self.output_schema = dict(input_schema), dict(output_schema)
        self.algorithm = algorithm
        self.metric = metric
        self.campaign = campaign
        self._family = algorithm.build(self.schema, campaign)
        self.weights = np.array(weights, dtype=np.float64)
        if self.weights.shape != self._family.weights_shape:
            raise EstimatorError(
                f"weights of shape {self.weights.shape}; expected {self._family.weights_shape}"
            )
        self.weights.flags.writeable = False
        classes = self.schema.classes
        self.classes_ = None if classes is None else np.array(classes)
        self.feature_names_in_ = np.array(self.schema.field_names, dtype=object)
        self.n_features_in_ = len(self.schema.field_names)

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels in the schema's own values, or numbers; shape (n,).

        Args:
            X: raw records: a path to a CSV file, a pyarrow Table, a mapping of columns, a DataFrame, or a
                matrix (n, fields) with the columns in the order of `feature_names_in_`. Named columns may
                come in any order and with others among them.

        Raises:
            SchemaError: records that do not fit the schema. EstimatorError: nothing that could be records.
        """
        return self.schema.decode_labels(self._predict_encoded(self._table(X)))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores before the decision: shape (n,) for two classes, where above 0 is the second one, or for
        numbers; else (n, classes), where the highest wins. Classifiers only.
        """
        if self.classes_ is None:
            raise EstimatorError("decision_function is of classifiers; this model predicts numbers")
        scores = self._scores(X)
        if scores.shape[1] == 1:
            return scores[:, 0]
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    @property
    def predict_proba(self) -> Callable[[Any], NDArray[np.float64]]:
        """Probabilities of the classes, shape (n, classes), as the logistic model has them: the sigmoid of
        each score, scaled to a sum of 1. Only logistic families have it: a network's scores do not become
        probabilities.
        """
        if self.algorithm.family not in _WITH_PROBABILITIES:
            raise AttributeError(f"predict_proba is not of family {self.algorithm.family!r}")
        return self._probabilities

    @property
    def coef_(self) -> NDArray[np.float64]:
        """Weights of the *encoded* features (after center, scale, one-hot and feature map), as scikit-learn
        lays them out: shape (outputs, features). Linear families only.
        """
        self._require_linear("coef_")
        coefficients: NDArray[np.float64] = self.weights[:-1].T
        return coefficients

    @property
    def intercept_(self) -> NDArray[np.float64]:
        """The bias of each output, shape (outputs,). Linear families only."""
        self._require_linear("intercept_")
        bias: NDArray[np.float64] = self.weights[-1]
        return bias

    def score(self, X: Any, y: Any = None) -> float:
        """The campaign's metric, between 0 and 1, in steps of a millionth.

        Args:
            X: as for `predict`; with its label column if `y` is not given.
            y: labels in the schema's own values, shape (n,).
        """
        table = self._labelled(X) if y is None else self._with_labels(self._table(X), y)
        X, y = self.schema.encode(table), self.schema.encode_labels(table)
        return measure_ppm(self.metric, self._family, self.weights, X, y) / 1e6

    def fit(self, X: Any = None, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Nothing: the campaign has trained it. It is here because scikit-learn asks every step for it."""
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """The arguments that it was made of."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **params: Any) -> Self:
        """Make it anew of its arguments with these changed. EstimatorError: no such argument, or no fit."""
        for name in params:
            if name not in _PARAMETERS:
                raise EstimatorError(
                    f"there is no parameter {name!r}; expected one of {', '.join(_PARAMETERS)}"
                )
        if params:
            made = type(self)(**{**self.get_params(), **params})
            self.__dict__.update(made.__dict__)
        return self

    def save(self, path: str | Path) -> None:
        """Write the model to a file of its own, mode 0600. It is the plaintext model: keep it where it
        belongs."""
        document = {
            "algorithm": self.algorithm.as_mapping(),
            "input_schema": self.input_schema,
            "output_schema": self.output_schema,
            "metric": self.metric,
            "campaign": self.campaign.hex(),
        }
        write_model(path, ModelFile(self.weights, document))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The inverse of `save`. EstimatorError if the file is not one of those, or damaged."""
        file = read_model(path)
        try:
            return cls(
                file.weights,
                Algorithm(**file.document["algorithm"]),
                file.document["input_schema"],
                file.document["output_schema"],
                str(file.document["metric"]),
                bytes.fromhex(file.document["campaign"]),
            )
        except (ValueError, KeyError, TypeError, ArtifactError, SchemaError):
            raise EstimatorError(
                f"{path} is not a saved model; expected a file written by `Estimator.save`"
            ) from None

    def __repr__(self) -> str:
        return f"Estimator({self.algorithm.family}, {self.n_features_in_} fields, metric={self.metric!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: family, metric, fields and classes."""
        names = ", ".join(map(str, self.feature_names_in_[:12]))
        classes = "numbers" if self.classes_ is None else ", ".join(map(str, self.classes_[:12]))
        rows = {
            "family": self.algorithm.family,
            "metric": self.metric,
            f"{self.n_features_in_} fields": names + (", ..." if self.n_features_in_ > 12 else ""),
            "predicts": f"{self.schema.label_name}: {classes}",
            "trained in": f"campaign 0x{self.campaign.hex()}",
        }
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in rows.items()
        )
        return f"<table><caption>Estimator</caption>{cells}</table>"

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Self:
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        classifier = self.classes_ is not None
        return Tags(
            estimator_type="classifier" if classifier else "regressor",
            target_tags=TargetTags(required=False),
            classifier_tags=ClassifierTags() if classifier else None,
            regressor_tags=None if classifier else RegressorTags(),
            input_tags=InputTags(categorical=True, string=True, allow_nan=False),
            requires_fit=False,
        )

    def _probabilities(self, X: Any) -> NDArray[np.float64]:
        scores = self._scores(X)
        likely = 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
        if scores.shape[1] == 1:
            return np.hstack([1 - likely, likely])
        shares: NDArray[np.float64] = likely / likely.sum(axis=1, keepdims=True)
        return shares

    def _require_linear(self, what: str) -> None:
        if not isinstance(self._family, LinearFamily):
            raise AttributeError(f"{what} is of linear families; this is {self.algorithm.family!r}")

    def _scores(self, X: Any) -> NDArray[np.float64]:
        return self._family.scores(self.weights, self.schema.encode(self._table(X)))

    def _predict_encoded(self, table: pa.Table) -> NDArray[Any]:
        return self._family.predict(self.weights, self.schema.encode(table))

    def _table(self, X: Any) -> pa.Table:
        if isinstance(X, str | Path):
            return read_csv(X, self.schema, label=False, limit=Fraction(0))
        return table_of(X, self.schema.field_names)

    def _labelled(self, X: Any) -> pa.Table:
        if isinstance(X, str | Path):
            return read_csv(X, self.schema, limit=Fraction(0))
        return self.schema.select(table_of(X))

    def _with_labels(self, table: pa.Table, y: Any) -> pa.Table:
        labels = np.asarray(y)
        if labels.shape != (table.num_rows,):
            raise EstimatorError(f"labels of shape {labels.shape}; expected ({table.num_rows},)")
        kept = table.select([name for name in table.column_names if name != self.schema.label_name])
        return kept.append_column(self.schema.label_name, pa.array(labels.tolist()))
