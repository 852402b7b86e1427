"""How texts were hashed when the figures of PRIVACY.md were measured: words by this Python's Unicode. Schemas
have `openmined_syft.features.text` for it, by a frozen table.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.parameters import whole

MOST_FEATURES = 1 << 12
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class HashedWords:
    """Every word adds +1 or -1, by its hash, to one of `count` columns; then each row has length 1.

    Words are runs of letters and digits after NFKC and case folding. A text without words is a row of zeros.

    Attributes:
        n_features: columns of texts; their words are told apart.
        count: features, 1 to 4,096.
        seed: public bytes.

    Raises:
        ParameterError: a parameter is out of range.
    """

    n_features: int = 1
    count: int = 256
    seed: bytes = b""

    def __post_init__(self) -> None:
        whole("n_features", self.n_features, 1, 1 << 10)
        whole("count", self.count, 1, MOST_FEATURES)

    @property
    def width(self) -> int:
        """`count`."""
        return self.count

    @property
    def usual_norm(self) -> float:
        """1, unless a text has no words."""
        return 1.0

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Texts, shape (n, n_features) or (n,) for one column, as (n, count).

        Raises:
            ShapeError: not texts, or not that many columns.
        """
        texts = np.asarray(X, dtype=object)
        if texts.ndim == 1 and self.n_features == 1:
            texts = texts[:, None]
        if texts.ndim != 2 or texts.shape[1] != self.n_features:
            raise ShapeError(f"texts have shape {texts.shape}; needs (n, {self.n_features})")
        rows = np.zeros((len(texts), self.count))
        key = hashlib.sha256(b"openmined/hashed_words/1/" + self.seed).digest()
        for row, cells in zip(rows, texts.tolist(), strict=True):
            for column, cell in enumerate(cells):
                if not isinstance(cell, str):
                    raise ShapeError(f"a cell of texts is of type {type(cell).__name__}; needs text")
                for word in _WORD.findall(unicodedata.normalize("NFKC", cell).casefold()):
                    digest = hashlib.blake2b(f"{column}:{word}".encode(), key=key, digest_size=8).digest()
                    value = int.from_bytes(digest, "big")
                    row[(value >> 1) % self.count] += 1.0 if value & 1 else -1.0
            length = float(np.linalg.norm(row))
            if length:
                row /= length
        return rows
