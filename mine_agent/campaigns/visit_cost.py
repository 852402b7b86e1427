"""How long a visit to a campaign takes this machine, and how many bytes travel: measured where the mine has
been there, estimated from the sizes otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.journal import Journal
from openmined_syft.costs import Estimate
from openmined_syft.errors import SyftError
from openmined_syft.paillier import estimate as paillier
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.rlwe import estimate as rlwe
from openmined_syft.schemes import PAILLIER, RLWE


@dataclass(frozen=True)
class VisitCost:
    """One visit. `seconds`: of computing, without reading the data; None where nothing is known yet (a
    network before the first visit). `measured`: whether it is what earlier visits took. Bytes: at most, of
    the model down and the gradient up.
    """

    seconds: float | None
    measured: bool
    bytes_down: int
    bytes_up: int


def visit_cost(journal: Journal, campaign_spec: CampaignSpec) -> VisitCost:
    """What a visit to the campaign costs. The first estimate of a scheme takes some seconds."""
    measured = journal.seconds_of_visits(campaign_spec.campaign)
    estimated = _estimate(campaign_spec)
    scheme, spec = campaign_spec.scheme, campaign_spec.spec
    most = scheme.most_model_bytes(campaign_spec.family, spec.key_bits)
    return VisitCost(
        seconds=measured or (None if estimated is None else estimated.visit_seconds),
        measured=measured is not None,
        bytes_down=most if estimated is None else estimated.model_bytes,
        bytes_up=most if estimated is None else estimated.gradient_bytes,
    )


def visit_seconds(journal: Journal, campaign_spec: CampaignSpec) -> float | None:
    """Its seconds alone."""
    return visit_cost(journal, campaign_spec).seconds


def _estimate(campaign_spec: CampaignSpec) -> Estimate | None:
    """By the sizes of a linear model; None for others."""
    spec = campaign_spec.spec
    rows, columns = campaign_spec.family.weights_shape
    try:
        if spec.scheme == PAILLIER:
            costs = _paillier_costs(spec.key_bits, spec.weight_bound)
            return paillier.estimate(rows - 1, columns, costs, spec.weight_bound)
        if spec.scheme == RLWE:
            return rlwe.estimate(rows - 1, columns, _rlwe_costs(), spec.weight_bound)
    except SyftError:
        return None  # a size that cannot be trained is refused elsewhere, with its reason
    return None


@cache
def _paillier_costs(key_bits: int, weight_bound: float) -> paillier.UnitCosts:
    return paillier.measure(key_bits, weight_bound, load_kernel(None))


@cache
def _rlwe_costs() -> rlwe.RlweUnitCosts:
    return rlwe.measure()
