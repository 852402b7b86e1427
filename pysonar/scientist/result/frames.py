"""Records in the forms that people have in memory, as one Arrow table."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pysonar.scientist.errors import EstimatorError


def table_of(X: Any, names: Sequence[str] | None = None) -> pa.Table:
    """The records.

    Args:
        X: a pyarrow Table; a mapping of columns; a DataFrame of pandas, polars or whoever speaks Arrow; or,
            if `names` are given, a matrix of shape (n, len(names)).

    Raises:
        EstimatorError: none of these, or a column that holds values of several kinds or none that a table can
            hold; it names the column.
    """
    if isinstance(X, pa.Table):
        return X
    if isinstance(X, Mapping):
        return _table({str(name): _column(str(name), _listed(column)) for name, column in X.items()})
    if hasattr(X, "columns") and hasattr(X, "to_dict"):  # pandas, without importing it
        return _table({str(name): _column(str(name), column) for name, column in _pandas_columns(X)})
    if hasattr(X, "__arrow_c_stream__"):
        try:
            return pa.table(X)
        except (pa.ArrowException, TypeError, ValueError):
            raise EstimatorError("the DataFrame cannot be turned into an Arrow table") from None
    return _matrix(X, names)


def _pandas_columns(X: Any) -> list[tuple[str, list[Any]]]:
    twice = [name for name, count in Counter(map(str, X.columns)).items() if count > 1]
    if twice:
        raise EstimatorError(f"column {twice[0]!r} appears more than once; expected each name once")
    return list(X.to_dict("list").items())


def _matrix(X: Any, names: Sequence[str] | None) -> pa.Table:
    expected = "a table, a mapping of columns, a DataFrame"
    if names is None:
        raise EstimatorError(f"records of type {type(X).__name__}; expected {expected}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # ragged rows: an error in newer numpy
            matrix = np.asarray(X)
    except (ValueError, TypeError, Warning):
        raise EstimatorError(
            f"rows of different lengths; expected {expected}, or a matrix (n, {len(names)})"
        ) from None
    if matrix.ndim != 2 or matrix.shape[1] != len(names):
        raise EstimatorError(f"records of shape {matrix.shape}; expected (n, {len(names)})")
    return _table({name: _column(name, _whole(matrix[:, place])) for place, name in enumerate(names)})


def _whole(column: NDArray[Any]) -> list[Any]:
    """Values of a matrix, whose one type makes 1.0 of a count or of "true": as whole numbers if all are."""
    if column.dtype.kind == "f" and np.isfinite(column).all() and (abs(column) < 2**53).all():
        whole = column.astype(np.int64)
        if np.array_equal(whole, column):
            return list(whole.tolist())
    return list(column.tolist())


def _listed(column: Any) -> list[Any]:
    try:
        values = column.tolist() if hasattr(column, "tolist") else list(column)
    except TypeError:
        values = None
    if not isinstance(values, list):
        raise EstimatorError(f"a column of type {type(column).__name__}; expected its values in a list")
    return values


def _column(name: str, values: Iterable[Any]) -> pa.Array:
    listed = list(values)
    try:
        return pa.array(listed, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        kinds = sorted({type(value).__name__ for value in listed})
        raise EstimatorError(
            f"column {name!r} holds what one column cannot ({', '.join(kinds[:5])}); expected values of one "
            "kind: numbers below 2**63, texts, or true and false"
        ) from None


def _table(columns: dict[str, pa.Array]) -> pa.Table:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise EstimatorError(f"columns of different lengths {lengths}; expected the same for each")
    return pa.table(columns)
