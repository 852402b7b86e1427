"""The arithmetic of a visit, stated to the bit (docs/protocol.md, section 9): whatever the processor and the
library, the same records become the same map.

Elementwise sums, products, quotients and roots of float64 are what IEEE 754 says they are. What is left to
libraries is the order of long sums and the last digits of functions; neither is used here.
"""

from openmined_syft.arithmetic.elimination import solved
from openmined_syft.arithmetic.functions import cosine, logarithm
from openmined_syft.arithmetic.product import gram, product, pulled, rows_at_once
from openmined_syft.arithmetic.spectrum import SQUARINGS, largest_eigenvalue, positive_part, scaled_down

__all__ = [
    "SQUARINGS",
    "cosine",
    "gram",
    "largest_eigenvalue",
    "logarithm",
    "positive_part",
    "product",
    "pulled",
    "rows_at_once",
    "scaled_down",
    "solved",
]
