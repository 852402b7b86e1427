"""What a model family is, and what the three linear ones share: design matrix with bias, visits, scores.

A family is a description only: it holds no weights and no data.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.affine import AffineMap
from openmined_syft.arithmetic import gram, pulled, rows_at_once
from openmined_syft.errors import LabelError, ParameterError, ShapeError
from openmined_syft.features import FeatureMap, feature_map_from
from openmined_syft.features.text import SparseRows
from openmined_syft.fixed_point import LARGEST_ENTRIES, as_matrix
from openmined_syft.models.learnable import Learnable, Rows, RowSums, regrouped
from openmined_syft.parameters import known_only
from openmined_syft.privacy import Clip, GridRows, ReleasedProblem, on_grid
from openmined_syft.rules import MiniBatch, Problem, Rule
from openmined_syft.rules.summed import SummedProblem

_DESIGN_ENTRIES = 1 << 20  # of a mapped design at a time: 8 MB
Matrix = NDArray[np.float64]


class ModelFamily(Protocol):
    """A kind of model that can be trained while encrypted."""

    @property
    def name(self) -> str:
        """The name in a spec."""
        ...

    @property
    def n_features(self) -> int:
        """Columns of the data, without the bias."""
        ...

    @property
    def n_outputs(self) -> int:
        """Targets or classes."""
        ...

    @property
    def weights_shape(self) -> tuple[int, int]:
        """(d, k). For the linear families d counts the bias, which is the last row."""
        ...

    def initial_weights(self) -> Matrix:
        """Where a model of this family starts, of `weights_shape`."""
        ...

    def design(self, X: ArrayLike) -> Matrix:
        """X of shape (n, n_features) as the model takes it."""
        ...

    def targets(self, y: ArrayLike) -> Matrix:
        """Labels as the (n, k) matrix the loss compares with."""
        ...

    def scores(self, weights: ArrayLike, X: ArrayLike) -> Matrix:
        """What the prediction is read from, shape (n, k)."""
        ...

    def predict(self, weights: ArrayLike, X: ArrayLike) -> NDArray[Any]:
        """Labels (class indices, int64) or numbers (float64) for the rows of X."""
        ...


@dataclass(frozen=True)
class LinearFamily(ABC):
    """The part all families share whose score is X W.

    Attributes:
        n_features: 1 or more.
        n_outputs: columns of the weights.
        feature_map: applied to the rows before anything else, or None.

    Raises:
        ParameterError: a size is out of range.
    """

    n_features: int
    n_outputs: int = 1
    feature_map: FeatureMap | None = None

    name: ClassVar[str]
    curvature: ClassVar[float]
    target_offset: ClassVar[float]
    fewest_outputs: ClassVar[int] = 1
    most_outputs: ClassVar[int] = 1 << 12
    own_parameters: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name, smallest, largest in (
            ("n_features", 1, LARGEST_ENTRIES // (self.n_outputs or 1) - 1),
            ("n_outputs", self.fewest_outputs, self.most_outputs),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
                raise ParameterError(
                    f"{name} of a {self.name} model is {value!r}; needs {smallest} to {largest}"
                )

    @classmethod
    def build(
        cls, n_features: int, n_outputs: int, parameters: Mapping[str, Any], seed: bytes
    ) -> "LinearFamily":
        """The family with `parameters` of a spec: "features" describes a feature map, others are its own.

        Raises:
            ParameterError: an unknown parameter, or a value out of range.
        """
        known_only(f"a {cls.name} model", parameters, ["features", *cls.own_parameters])
        own = dict(parameters)
        features = own.pop("features", None)
        bare = cls(n_features, n_outputs, **own)
        if features is None:
            return bare
        return replace(bare, feature_map=feature_map_from(features, n_features, seed))

    @property
    def penalty(self) -> float:
        """The family's own l2."""
        return 0.0

    @property
    def weights_shape(self) -> tuple[int, int]:
        """(features after the map + 1, n_outputs)."""
        width = self.n_features if self.feature_map is None else self.feature_map.width
        return width + 1, self.n_outputs

    @property
    def rows_at_once(self) -> int:
        """How many records are mapped at a time, so that many fit in little memory."""
        return max(256, _DESIGN_ENTRIES // self.weights_shape[0])

    def initial_weights(self) -> Matrix:
        """Zeros of `weights_shape`."""
        return np.zeros(self.weights_shape)

    def design(self, X: ArrayLike) -> Matrix:
        """X, mapped if there is a feature map, with a last column of ones.

        Raises:
            ShapeError: not (n, n_features), or no rows.
            NotFiniteError: an entry is NaN or infinite.
        """
        rows = as_matrix(X if self.feature_map is None else self.feature_map.transform(X), "X")
        if (self.feature_map is None and rows.shape[1] != self.n_features) or not len(rows):
            raise ShapeError(
                f"X has shape {rows.shape}; needs at least one row and {self.n_features} columns"
            )
        return np.hstack([rows, np.ones((len(rows), 1))])

    @abstractmethod
    def targets(self, y: ArrayLike) -> Matrix:
        """Labels as the (n, k) matrix the loss compares with; each family says what it accepts."""

    @abstractmethod
    def predict(self, weights: ArrayLike, X: ArrayLike) -> NDArray[Any]:
        """Labels or numbers for the rows of X; each family says which."""

    def visit(self, X: ArrayLike, y: ArrayLike, rule: Rule) -> AffineMap:
        """The whole training by `rule` on these rows as one affine map.

        Args:
            X: shape (n, n_features).
            y: as `targets` wants it, n of them.

        Raises:
            ShapeError, NotFiniteError, LabelError: the rows cannot be learned from.
        """
        design, targets = self.design(X), self.targets(y)
        if len(design) != len(targets):
            raise ShapeError(f"{len(design)} rows of X but {len(targets)} labels")
        return rule.visit(Problem(design, targets - self.target_offset, self.curvature, self.penalty))

    def compiled(self, data: Learnable, rule: Rule) -> AffineMap:
        """The whole training by `rule`, on records or on a release, as one affine map.

        Raises:
            ShapeError: a release for another shape of weights, or as `visit`.
            NotFiniteError, LabelError: as `visit`.
        """
        if isinstance(data, Rows):
            wide = len(data.X) < self.weights_shape[0] - 1  # then the rule needs the rows' few directions
            if not isinstance(data.X, SparseRows) or wide or isinstance(rule, MiniBatch):
                return self.visit(data.X, data.y, rule)
            data = self.sums([data])
        if isinstance(data, RowSums):
            if data.pulls.shape != self.weights_shape:
                raise ShapeError(f"sums of shape {data.pulls.shape}; the model needs {self.weights_shape}")
            sums = SummedProblem(data.products, data.pulls, data.rows, self.curvature, self.penalty)
            return rule.visit(sums)
        if data.shape != self.weights_shape:
            raise ShapeError(f"the release is of shape {data.shape}; the model needs {self.weights_shape}")
        return rule.visit(ReleasedProblem(data, self.curvature, self.target_offset, self.penalty))

    def sums(self, batches: Iterable[Rows]) -> RowSums:
        """X'X and X'T over all batches, in the memory of `rows_at_once` records; the same bits however the
        records are cut into batches.

        Raises:
            ShapeError, NotFiniteError, LabelError: as `visit`; also if there is no record at all.
        """
        size, outputs = self.weights_shape
        products, pulls, rows = np.zeros((size, size)), np.zeros((size, outputs)), 0
        for part in regrouped(batches, rows_at_once(size)):
            design = self.design(part.X)
            products += gram(design)
            pulls += pulled(design, self.targets(part.y) - self.target_offset)
            rows += len(design)
        if not rows:
            raise ShapeError("no record to learn from")
        return RowSums(products, pulls, rows)

    def grid_rows(self, rows: Rows, clip: Clip) -> GridRows:
        """The records as this model sees them, clipped and on the grid: what a release is made of.

        Raises:
            ShapeError, NotFiniteError, LabelError: as `visit`.
            PrivacyError: the clip does not go with the model.
        """
        return on_grid(self.design(rows.X), self.targets(rows.y), clip)

    def scores(self, weights: ArrayLike, X: ArrayLike) -> Matrix:
        """X W, shape (n, k).

        Raises:
            ShapeError, NotFiniteError: weights or rows do not fit.
        """
        matrix = as_matrix(weights, "weights", self.weights_shape)
        if isinstance(X, SparseRows) and self.feature_map is None and X.shape == (len(X), self.n_features):
            sparse: Matrix = X.times(matrix[:-1]) + matrix[-1]
            return sparse
        result: Matrix = self.design(X) @ matrix
        return result


def class_indices(y: ArrayLike, classes: int) -> NDArray[np.int64]:
    """y as class indices.

    Raises:
        ShapeError: not one-dimensional.
        LabelError: not an integer from 0 to classes - 1; names the first.
    """
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ShapeError(f"labels have shape {labels.shape}; needs (n,)")
    if labels.dtype.kind not in "iufb":
        raise LabelError(f"labels are of type {labels.dtype}; needs class indices from 0 to {classes - 1}")
    good = np.isin(labels, np.arange(classes))
    if not good.all():
        row = int(np.argmin(good))
        raise LabelError(f"label [{row}] is {labels[row]}; needs a class index from 0 to {classes - 1}")
    return labels.astype(np.int64)
