"""Weights as safetensors: one float64 matrix named "weights", in the one form this project writes."""

from __future__ import annotations

import numpy as np
import safetensors
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load, save

from pysonar.protocol.artifacts.parts.errors import ArtifactError, MalformedError, Said

_NAME = "weights"


def weights_to_bytes(kind: str, field: str, weights: ArrayLike) -> bytes:
    """The bytes of a (d, k) matrix of finite numbers. Raises ArtifactError."""
    return bytes(save({_NAME: checked_weights(kind, field, weights)}))


def weights_from_bytes(kind: str, field: str, data: bytes) -> NDArray[np.float64]:
    """The matrix of such bytes, shape (d, k), all finite.

    Raises:
        MalformedError: anything that `weights_to_bytes` would not have written.
    """
    expected = f"safetensors with one float64 matrix {_NAME!r}"
    try:
        tensors = load(data)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError, OverflowError):
        raise MalformedError(kind, field, Said(f"{len(data)} bytes"), expected) from None
    if list(tensors) != [_NAME] or tensors[_NAME].dtype != np.dtype("<f8"):
        raise MalformedError(kind, field, Said(f"tensors {sorted(tensors)[:4]}"), expected)
    weights = checked_weights(kind, field, tensors[_NAME])
    if save({_NAME: weights}) != data:
        raise MalformedError(kind, field, Said(f"{len(data)} bytes"), f"{expected} and nothing else")
    return weights


def checked_weights(kind: str, field: str, weights: ArrayLike) -> NDArray[np.float64]:
    """A fresh (d, k) float64 matrix, d and k at least 1, all finite. Raises ArtifactError."""
    try:
        matrix = np.array(weights, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise ArtifactError(kind, field, Said("no matrix"), "a matrix of numbers") from None
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ArtifactError(kind, field, Said(f"of shape {matrix.shape}"), "a matrix (d, k)")
    if not np.isfinite(matrix).all():
        raise ArtifactError(kind, field, Said("not finite everywhere"), "finite numbers")
    return matrix
