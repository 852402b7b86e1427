"""One open campaign in Capsule's memory: key, spec, validation set, current model. The only place where
weights are in clear; nothing of it is ever written down.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from openmined_oracle.campaigns.assignment import Assignment, read_assignment
from openmined_oracle.campaigns.context import Context
from openmined_oracle.errors import JournalError
from openmined_oracle.journal import Version
from openmined_syft.schemes import Model, PrivateHalf
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.sending.deeds import capsule_pins
from pysonar.party.happenings import PutBack
from pysonar.protocol.artifacts import MAX_BYTES, ModelArtifact, most_gradient_bytes
from pysonar.protocol.cid import Cid
from pysonar.store import LostPinnedError, NotFoundError, Store
from pysonar.store.check import Kept, is_kept
from pysonar.store.probe import prove

PUT_BACK_SECONDS = 60.0
"""Between two looks whether the store still has the current version."""
PROOF_SECONDS = 120.0
"""How long before a failed try the store must have proved itself."""


class Proofs:
    """The moments (`time.monotonic`) at which the store gave back what was put, and had what was pinned."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=64)

    def add(self, store: Store, current: Version) -> None:
        """Let the store prove itself now, with the current version of the model among others. StoreError."""
        prove(store, Cid.from_bytes32(current.model), max_bytes=MAX_BYTES["model"])
        self._moments.append(time.monotonic())

    def just_before(self, moment: float) -> bool:
        """Whether the store proved itself shortly before that moment."""
        return any(moment - PROOF_SECONDS <= proved <= moment for proved in self._moments)

    def after(self, moment: float) -> bool:
        """Whether the store proved itself after that moment."""
        return any(proved >= moment for proved in self._moments)


class Workbench:
    """The material of one campaign at one version.

    Attributes:
        chain_id, contract, campaign: what submissions must be bound to.
        key: the campaign's key.
        current: the version that `model` and `weights` (d, k) are.
        proofs: when the store has proved that it works.
        ahead: what is computed of the next encryption while nothing else is to be done; None: nothing.
        workers: what its steps are measured on.
    """

    def __init__(
        self,
        context: Context,
        campaign: bytes,
        assignment: Assignment,
        key: PrivateHalf,
        current: Version,
        model: Model,
        weights: NDArray[np.float64],
    ) -> None:
        self.chain_id = context.sonar.chain_id
        self.contract = context.sonar.address
        self.campaign = campaign
        self.assignment = assignment
        self.key = key
        self.current = current
        self.model = model
        self.weights = weights
        self.proofs = Proofs()
        self.ahead = assignment.scheme.ahead_of_model(model, key)
        self.workers = context.workers
        self._whole_until = 0.0

    @property
    def max_submission_bytes(self) -> int:
        """How large a sealed gradient for this model can be."""
        return most_gradient_bytes(self.model, self.assignment.spec.scheme)

    @property
    def cells(self) -> int:
        """About how many numbers of 8 bytes it keeps in memory."""
        return self.assignment.validation.X.nbytes // 8 + self.weights.size + self.model.bytes_in_memory // 8

    def encrypt(self, weights: NDArray[np.float64], version: int) -> Model:
        """The next version of the model, in the form of the first, under fresh noise."""
        assignment, bound = self.assignment, self.assignment.spec.weight_bound
        return assignment.scheme.encrypt(
            weights, self.key, assignment.family, version=version, weight_bound=bound, ahead=self.ahead
        )

    def lost(self, store: Store) -> Kept | None:
        """The current version, which mines train from, if the store does not have it any more: Capsule still
        does, even if somebody removed it there. Looked up once in `PUT_BACK_SECONDS`.
        """
        if time.monotonic() < self._whole_until:
            return None
        data = ModelArtifact(self.model, self.assignment.spec.scheme).to_bytes()
        kept = Kept(data, capsule_pins(self.campaign))
        if not is_kept(store, kept):
            return kept
        self._whole_until = time.monotonic() + PUT_BACK_SECONDS
        return None

    def advance(self, current: Version, model: Model, weights: NDArray[np.float64]) -> None:
        """Go on with a version that was decided."""
        self.current, self.model, self.weights = current, model, weights
        self._whole_until = 0.0

    def __repr__(self) -> str:
        return f"Workbench(0x{self.campaign.hex()}, version {self.current.version})"


class Workbenches:
    """The open campaigns' workbenches; made when first needed, made anew when the journal has moved
    without them. Those that were not needed for long make room: memory is not for scientists to fill.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._benches: OrderedDict[bytes, Workbench] = OrderedDict()

    def open(self, record: CampaignRecord, now: int) -> Workbench:
        """The campaign's workbench at the journal's current version.

        Raises:
            OpenMinedError: something it needs cannot be obtained now.
        """
        context, bench = self._context, self._benches.get(record.id)
        current = context.journal.current(record.id)
        if bench is not None and bench.current == current:
            self._benches.move_to_end(record.id)
            return bench
        # The key first: a missing key is this Capsule's trouble, whatever is wrong with the campaign besides.
        key = context.keystore.stored_key(record.id)
        assignment = bench.assignment if bench is not None else read_assignment(context, record, now)
        model, weights = decrypted_model(context, key, current.model)
        bench = Workbench(context, record.id, assignment, key, current, model, weights)
        self._benches[record.id] = bench
        self._benches.move_to_end(record.id)
        while len(self._benches) > 1 and self._cells() > context.settings.max_cells:
            self._benches.popitem(last=False)
        return bench

    def put_back(self, campaign: bytes, now: int) -> None:
        """Put the current version into the store again, if it is here and not there. StoreError.

        The loss is written down first: once the store is whole again, nothing else tells of it.
        """
        context, bench = self._context, self._benches.get(campaign)
        lost = None if bench is None else bench.lost(context.store)
        if bench is None or lost is None:
            return
        context.journal.note_store_loss(campaign, now)
        context.store.put_pinned(lost.data, lost.owner)
        context.tell(PutBack(campaign=campaign, what=f"version {bench.current.version} of the model"))

    def work_ahead(self, stopping: Callable[[], bool], seconds: float) -> None:
        """Prepare the next versions of open campaigns, for at most `seconds`, or until it is to stop."""
        until = time.monotonic() + seconds
        for ahead in [bench.ahead for bench in self._benches.values() if bench.ahead is not None]:
            while ahead.wanted:
                if stopping() or time.monotonic() >= until:
                    return
                ahead.work()

    def forget(self, campaign: bytes) -> None:
        """Let go of a campaign's material."""
        self._benches.pop(campaign, None)

    def _cells(self) -> int:
        return sum(bench.cells for bench in self._benches.values())


def decrypted_model(context: Context, key: PrivateHalf, digest: bytes) -> tuple[Model, NDArray[np.float64]]:
    """A version from the store, encrypted and in clear (d, k).

    Raises:
        LostPinnedError: the store does not have it any more.
        StoreError: it cannot be fetched.
        JournalError: it was encrypted under another key.
        ArtifactError, SyftError: it is not one of ours, or damaged.
    """
    cid = Cid.from_bytes32(digest)
    try:
        data = context.store.get(cid, max_bytes=MAX_BYTES["model"])
    except NotFoundError as error:
        raise LostPinnedError(error.reason, cid=cid, tried=error.tried) from error
    model = ModelArtifact.parse(data, cid=cid).model
    if model.key_fingerprint != key.fingerprint:
        raise JournalError(
            f"the stored key is not the one it was opened with: the model {cid} is under another"
        )
    return model, model.decrypt(key)
