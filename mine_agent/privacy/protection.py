"""What of a data set a campaign's model may learn from: a noised release under a budget, records without.

The type says which. What `Budgeted` prepares are `NoisedSums` and nothing else, and the only way from
records to those is `UnnoisedSums.noised`; `WithoutNoise`, which hands out records, is made only of a policy
whose owner wrote privacy = "none". Everything later (visits, rules, versions, campaigns
with the same schema) works on what is handed out here, and tells nothing more of the records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Generic, Protocol, TypeVar

from mine_agent.campaigns.artifacts import CampaignSpec
from mine_agent.data.datasets import DataSet
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.grid_sums import grid_sums
from mine_agent.privacy.ledger import Ledger
from mine_agent.privacy.release_key import release_key
from openmined_syft.errors import PrivacyError
from openmined_syft.models import Learnable, Rows, RowSums
from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import (
    NoisedSums,
    UnnoisedSums,
    epsilon_at,
    require_delta,
)
from openmined_syft.privacy.grid import Clip
from openmined_syft.rules import MiniBatch
from pysonar.protocol.artifacts import PrivacyStatement
from pysonar.protocol.artifacts.spec.record_clip import record_clip

LearnableT_co = TypeVar("LearnableT_co", bound=Learnable, covariant=True)

SECONDS_AT_LEAST, SECONDS_EACH = 0.25, 100e-6
"""How long the making of a release takes, by its size alone: some four times what the noise takes. Else the
time would show how much noise was drawn (Jin et al. 2021)."""


@dataclass(frozen=True, eq=False)
class Prepared(Generic[LearnableT_co]):
    """What is learned from, what the seal says of it, and the release's key (None: no release)."""

    data: LearnableT_co
    statement: PrivacyStatement | None
    key: bytes | None


class Protection(Protocol):
    """The owner's decision."""

    def gather(
        self, campaign_spec: CampaignSpec, data: DataSet, batches: Iterable[Rows]
    ) -> Callable[[], Prepared[Learnable]]:
        """Read the records for the campaign, and answer with what prepares them. That is called once the
        data have been read to the end and found in order: only then something may be charged.

        Raises PrivacyError, SyftError, and whatever the records raise; what it answers raises LedgerError.
        """
        ...


class SumsElsewhere(Protocol):
    """Machines that take the sums in place of this one; see `mine_agent.scale`."""

    def takes(self, data: DataSet) -> bool:
        """Whether it is worth it."""
        ...

    def sums(self, campaign_spec: CampaignSpec, data: DataSet, clip: Clip) -> UnnoisedSums:
        """The sums over all records: the same integers as here. Raises MineError, and what records raise."""
        ...


class WithoutNoise:
    """No protection of single records: the owner's word."""

    def gather(
        self,
        campaign_spec: CampaignSpec,
        data: DataSet,  # noqa: ARG002
        batches: Iterable[Rows],
    ) -> Callable[[], Prepared[Rows | RowSums]]:
        """The records themselves, or exact sums over them where a rule needs no more."""
        made: Rows | RowSums
        if isinstance(campaign_spec.family, LinearFamily) and not isinstance(campaign_spec.rule, MiniBatch):
            made = _few_or_summed(campaign_spec.family, batches)
        else:
            made = Rows.together(list(batches))
        return lambda: Prepared(made, None, None)


def _few_or_summed(family: LinearFamily, batches: Iterable[Rows]) -> Rows | RowSums:
    """Sums over the records; the records themselves where there are fewer than inputs: they take less memory
    than the sums then, and a rule works in the few directions in which they differ.
    """
    few: list[Rows] = []
    count, left = 0, iter(batches)
    for batch in left:
        few.append(batch)
        count += len(batch.y)
        if count >= family.weights_shape[0] - 1:
            return family.sums(chain(few, left))
    return Rows.together(few) if count else family.sums(few)


class Budgeted:
    """One release of a data set for all campaigns with the same schema, charged to the ledger."""

    def __init__(
        self,
        budget: Budget,
        ledger: Ledger,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
        passed: Callable[[], float] = time.monotonic,
        elsewhere: SumsElsewhere | None = None,
    ) -> None:
        self._budget, self._ledger, self._clock = budget, ledger, clock
        self._elsewhere = elsewhere
        self._sleep, self._passed = sleep, passed

    def gather(
        self, campaign_spec: CampaignSpec, data: DataSet, batches: Iterable[Rows]
    ) -> Callable[[], Prepared[NoisedSums]]:
        """The stored release of these data in this view, the records unread; or sums over clipped records, in
        the memory of one batch, of which a new one is made: charged, drawn, stored, and only then used.

        Raises:
            PrivacyError: a network; or delta is above one in the number of records.
        """
        family = campaign_spec.family
        if not isinstance(family, LinearFamily):
            raise PrivacyError(
                f"a model of family {family.name} cannot be trained under a privacy budget: how much its"
                " gradients tell of a single record cannot be bounded yet"
            )
        clip, rho = record_clip(campaign_spec.schema, family), self._price(campaign_spec)
        key = release_key(campaign_spec, data, clip, rho)
        # Of all rows that were registered: how many of them fit is the campaign's choice, and shows nowhere.
        require_delta(self._budget.delta, rows=data.rows)
        stored = self._ledger.release(key)
        if stored is not None:
            return lambda: self._prepared(campaign_spec, stored, key)
        if self._elsewhere is not None and self._elsewhere.takes(data):
            sums = self._elsewhere.sums(campaign_spec, data, clip)
        else:
            sums = grid_sums(family, clip, batches)
        return lambda: self._prepared(
            campaign_spec, self._draw(sums, key, rho, campaign=campaign_spec.campaign, data=data.name), key
        )

    def _price(self, campaign_spec: CampaignSpec) -> Fraction:
        floor = campaign_spec.spec.privacy_floor
        if floor is None:
            return self._budget.price_rho
        return self._budget.for_floor(floor.epsilon, floor.delta)

    def _prepared(self, campaign_spec: CampaignSpec, noised: NoisedSums, key: bytes) -> Prepared[NoisedSums]:
        floor = campaign_spec.spec.privacy_floor
        delta = self._budget.delta if floor is None else floor.delta
        return Prepared(noised, PrivacyStatement(epsilon_at(noised.rho, delta), delta), key)

    def _draw(
        self, sums: UnnoisedSums, key: bytes, rho: Fraction, *, campaign: bytes, data: str
    ) -> NoisedSums:
        began, now = self._passed(), int(self._clock())
        self._ledger.charge(key, rho, self._budget, campaign=campaign, data=data, now=now)
        kept = self._ledger.keep(key, sums.noised(rho), campaign=campaign, data=data, now=now)
        self._sleep(max(0.0, began + seconds_for(*sums.shape) - self._passed()))
        return kept


def protection_for(
    budget: Budget | None,
    ledger: Ledger,
    *,
    clock: Callable[[], float],
    elsewhere: SumsElsewhere | None = None,
) -> Protection:
    """What the owner's policy comes to; `budget` None is their word that no noise is wanted."""
    return WithoutNoise() if budget is None else Budgeted(budget, ledger, clock=clock, elsewhere=elsewhere)


def seconds_for(rows: int, columns: int) -> float:
    """How long the making of a release for weights of shape (rows, columns) takes, whatever is drawn."""
    return SECONDS_AT_LEAST + SECONDS_EACH * (rows * (rows + 1) // 2 + rows * columns)
