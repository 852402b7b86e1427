"""What models of some sizes are expected to cost under each scheme that carries them, and which to take."""

from collections.abc import Sequence
from dataclasses import dataclass

from openmined_syft.costs import Estimate
from openmined_syft.errors import ParameterError, SizeError
from openmined_syft.models import build_family
from openmined_syft.paillier import estimate as paillier
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.rlwe import estimate as rlwe
from openmined_syft.schemes import PAILLIER, RLWE, scheme_named
from openmined_syft.schemes.advice import advised_scheme


@dataclass(frozen=True)
class Expected:
    """An estimate, and whether its scheme is the one to take for that size."""

    estimate: Estimate
    advised: bool


def expected_costs(
    features: Sequence[int],
    classes: int,
    bits: Sequence[int] | None,
    weight_bound: float,
    schemes: Sequence[str] | None = None,
    kernel: str | None = None,
) -> list[Expected]:
    """For each scheme and size of key, then each number of features.

    Args:
        features: without the bias.
        bits: sizes of Paillier keys; None: the default.
        schemes: None: all of the linear families.
        kernel: of Paillier; None: the fastest.

    Raises:
        ParameterError: a scheme that there is not.
        SizeError: a model that none of the schemes carries, naming the largest that works.
        SyftError: other sizes that are none.
    """
    wanted = list(schemes or (PAILLIER, RLWE))
    for name in wanted:
        if name not in (PAILLIER, RLWE):
            raise ParameterError(
                f"costs are expected of {PAILLIER} and {RLWE}; there is no estimate for {name!r}"
            )
    found: list[Expected] = []
    refused: dict[int, SizeError] = {}
    sizes = [(PAILLIER, size) for size in bits or [paillier.DEFAULT_BITS]] if PAILLIER in wanted else []
    sizes += [(RLWE, scheme_named(RLWE).key_sizes[0])] if RLWE in wanted else []
    for name, size in sizes:
        costs = paillier.measure(size, weight_bound, load_kernel(kernel)) if name == PAILLIER else None
        ring = rlwe.measure() if name == RLWE else None
        for count in features:
            family = build_family("one_vs_rest" if classes > 1 else "linear", count, classes, {})
            try:
                scheme_named(name).check_size(family, size, weight_bound)
            except SizeError as error:
                refused[count] = error
                continue
            if costs is not None:
                row = paillier.estimate(count, classes, costs, weight_bound)
            elif ring is not None:
                row = rlwe.estimate(count, classes, ring, weight_bound)
            found.append(Expected(row, advised_scheme(family, size, weight_bound) == name))
    for count, refusal in refused.items():
        if not any(row.estimate.features == count for row in found):
            raise refusal
    return found
