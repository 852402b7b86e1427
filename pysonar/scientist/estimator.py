"""The fitted model as its owner uses it: predict and score on raw records, in the manner of scikit-learn.

It is made from a delivered result and needs neither chain nor keys. Records go through the campaign's public
encoding (`pysonar.protocol.schema`), so what is predicted is what Capsule measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from openmined_syft.metrics import score_ppm
from pysonar.files.secret_file import replace_secret_file
from pysonar.protocol.artifacts import Algorithm
from pysonar.protocol.artifacts.errors import ArtifactError
from pysonar.protocol.schema import Schema, SchemaError
from pysonar.scientist.errors import EstimatorError
from pysonar.tables import read_csv

FORMAT = "openmined/estimator/2"
_METADATA = "openmined"


class Estimator:
    """A fitted model.

    Attributes:
        weights: shape (d, k), float64, of linear families with the bias in the last row.
        schema: the campaign's schema.
        classes_: the label's values in schema order; None if the label is a number.
        feature_names_in_: names of the raw input columns.
        n_features_in_: how many those are.
        metric: "accuracy" or "r2".

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
        self._documents = (dict(input_schema), dict(output_schema))
        self.algorithm = algorithm
        self.metric = metric
        self._campaign = campaign
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
            matrix
                (n, fields) with the columns in the order of `feature_names_in_`.

        Raises:
            SchemaError: records that do not fit the schema. EstimatorError: nothing that could be records.
        """
        return self.schema.decode_labels(self._predict_encoded(self._table(X)))

    def score(self, X: Any, y: Any = None) -> float:
        """Accuracy or R2 (cut at 0), between 0 and 1, in steps of a millionth.

        Args:
            X: as for `predict`; with its label column if `y` is not given.
            y: labels in the schema's own values, shape (n,).
        """
        table = self._labelled(X) if y is None else self._with_labels(self._table(X), y)
        return score_ppm(self.metric, self.schema.encode_labels(table), self._predict_encoded(table)) / 1e6

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002, FBT - scikit-learn's signature
        """Family, parameters, rule and metric."""
        return {**self.algorithm.as_mapping(), "metric": self.metric}

    def save(self, path: Path) -> None:
        """Write the model to a file of its own: safetensors with the schema as metadata, mode 0600. It is the
        plaintext model: keep it where it belongs."""
        from safetensors.numpy import save

        document = {
            "format": FORMAT,
            "algorithm": self.algorithm.as_mapping(),
            "input_schema": self._documents[0],
            "output_schema": self._documents[1],
            "metric": self.metric,
            "campaign": self._campaign.hex(),
        }
        replace_secret_file(path, save({"weights": self.weights}, metadata={_METADATA: json.dumps(document)}))

    @classmethod
    def load(cls, path: Path) -> Self:
        """The inverse of `save`. EstimatorError if the file is not one of those."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                document = json.loads((file.metadata() or {})[_METADATA])
                weights = file.get_tensor("weights")
            if document["format"] != FORMAT:
                raise KeyError("format")
            return cls(
                weights,
                Algorithm(**document["algorithm"]),
                document["input_schema"],
                document["output_schema"],
                str(document["metric"]),
                bytes.fromhex(document["campaign"]),
            )
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, ArtifactError, SchemaError):
            raise EstimatorError(
                f"{path} is no saved model; expected a file written by `Estimator.save`"
            ) from None

    def __repr__(self) -> str:
        return f"Estimator({self.algorithm.family}, {self.n_features_in_} fields, metric={self.metric!r})"

    def _predict_encoded(self, table: pa.Table) -> NDArray[Any]:
        return self._family.predict(self.weights, self.schema.encode(table))

    def _table(self, X: Any) -> pa.Table:
        if isinstance(X, str | Path):
            return read_csv(X, self.schema, label=False, limit=Fraction(0))
        return self._as_table(X)

    def _labelled(self, X: Any) -> pa.Table:
        if isinstance(X, str | Path):
            return read_csv(X, self.schema, limit=Fraction(0))
        return self.schema.select(self._as_table(X))

    def _as_table(self, X: Any) -> pa.Table:
        if isinstance(X, pa.Table):
            return X
        if isinstance(X, Mapping):
            return pa.table({str(name): pa.array(np.asarray(column).tolist()) for name, column in X.items()})
        if hasattr(X, "columns") and hasattr(X, "to_dict"):  # a DataFrame, without importing pandas
            return pa.table({str(name): pa.array(column) for name, column in X.to_dict("list").items()})
        matrix = np.asarray(X)
        if matrix.ndim != 2 or matrix.shape[1] != self.n_features_in_:
            raise EstimatorError(f"records of shape {matrix.shape}; expected (n, {self.n_features_in_})")
        return pa.table(
            {
                str(name): pa.array(matrix[:, place].tolist())
                for place, name in enumerate(self.feature_names_in_)
            }
        )

    def _with_labels(self, table: pa.Table, y: Any) -> pa.Table:
        labels = np.asarray(y)
        if labels.shape != (table.num_rows,):
            raise EstimatorError(f"labels of shape {labels.shape}; expected ({table.num_rows},)")
        kept = table.select([name for name in table.column_names if name != self.schema.label_name])
        return kept.append_column(self.schema.label_name, pa.array(labels.tolist()))
