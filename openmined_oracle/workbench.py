"""One open campaign in Capsule's memory: key, spec, validation set, current model. The only place where
weights
are in clear; nothing of it is ever written down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openmined_oracle.assignment import Assignment, read_assignment
from openmined_oracle.context import Context
from openmined_oracle.errors import JournalError
from openmined_oracle.journal import Version
from openmined_syft.encrypted import EncryptedModel
from openmined_syft.keys import PrivateKey
from pysonar.artifacts import MAX_BYTES, ModelArtifact, PublicKeyArtifact, most_gradient_bytes
from pysonar.chain.types import CampaignRecord
from pysonar.cid import Cid
from pysonar.store import cid_of


class Workbench:
    """The material of one campaign at one version.

    Attributes:
        chain_id, contract, campaign: what submissions must be bound to.
        key: the campaign's Paillier key.
        current: the version that `model` and `weights` (d, k) are.
    """

    def __init__(
        self,
        context: Context,
        campaign: bytes,
        assignment: Assignment,
        key: PrivateKey,
        current: Version,
        model: EncryptedModel,
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

    @property
    def max_submission_bytes(self) -> int:
        """How large a sealed gradient for this model can be."""
        return most_gradient_bytes(self.model.layout)

    def encrypt(self, weights: NDArray[np.float64], version: int) -> EncryptedModel:
        """The next version of the model, in the layout of the first, under fresh noise."""
        bound = self.assignment.spec.weight_bound
        return EncryptedModel.encrypt(
            weights, self.key, version=version, weight_bound=bound, layout=self.model.layout
        )

    def advance(self, current: Version, model: EncryptedModel, weights: NDArray[np.float64]) -> None:
        """Go on with a version that was decided."""
        self.current, self.model, self.weights = current, model, weights

    def __repr__(self) -> str:
        return f"Workbench(0x{self.campaign.hex()}, version {self.current.version})"


class Workbenches:
    """The open campaigns' workbenches; made when first needed, made anew when the journal has moved
    without them.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._benches: dict[bytes, Workbench] = {}

    def open(self, record: CampaignRecord, now: int) -> Workbench:
        """The campaign's workbench at the journal's current version.

        Raises:
            OpenMinedError: something it needs cannot be had now.
        """
        context, bench = self._context, self._benches.get(record.id)
        current = context.journal.current(record.id)
        if bench is not None and bench.current == current:
            return bench
        assignment = bench.assignment if bench is not None else read_assignment(context, record, now)
        key = context.keystore.stored_key(record.id)
        if cid_of(PublicKeyArtifact(key.public).to_bytes()).digest != record.public_key:
            raise JournalError(
                f"the stored key of campaign {record.hex_id} is not the one it was opened with"
            )
        model, weights = decrypted_model(context, key, current.model)
        bench = Workbench(context, record.id, assignment, key, current, model, weights)
        self._benches[record.id] = bench
        return bench

    def forget(self, campaign: bytes) -> None:
        """Let go of a campaign's material."""
        self._benches.pop(campaign, None)


def decrypted_model(
    context: Context, key: PrivateKey, digest: bytes
) -> tuple[EncryptedModel, NDArray[np.float64]]:
    """A version from the store, encrypted and in clear (d, k).

    Raises:
        StoreError: it cannot be fetched.
        ArtifactError, SyftError: it is not one of ours, or damaged.
    """
    cid = Cid.from_bytes32(digest)
    data = context.store.get(cid, max_bytes=MAX_BYTES["model"])
    model = ModelArtifact.parse(data, cid=cid).model
    return model, model.decrypt(key)
