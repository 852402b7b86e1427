"""Texts as rows of numbers, without a dictionary: the words of a text, found and folded by a frozen table,
and hashed to columns.
"""

from openmined_syft.features.text.hashed_text import HashedText
from openmined_syft.features.text.sparse_rows import SparseRows

__all__ = ["HashedText", "SparseRows"]
