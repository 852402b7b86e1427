"""What every part of Capsule works with, in one place, and the two things that many parts do alike: pin what
was put, and send what was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from openmined_oracle.errors import TransactionFailedError
from openmined_oracle.home import CapsuleSettings
from openmined_oracle.journal import Journal
from openmined_oracle.judging.prefetch import Prefetcher
from openmined_oracle.keys.keystore import KeyStore
from openmined_oracle.waiting import Waiting
from openmined_oracle.workers import Workers
from openmined_oracle.workshop import Workshop
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.tokens import Asset, asset_for_people
from pysonar.chain.errors import RevertedError
from pysonar.chain.follower import Follower
from pysonar.chain.sending.deeds import Deed, capsule_pins
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.party.happenings import Tell
from pysonar.protocol.artifacts import Spec
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from pysonar.store import Store, cid_of


@dataclass(frozen=True)
class Context:
    """Capsule's means.

    Attributes:
        own: the OpenPGP key in use, for its signatures and for what it seals to itself.
        secrets: all OpenPGP keys of this home by the CID of their certificate, also with the terms on it.
        announced: the CID of the certificate as this Capsule registers it; it is in the store.
        large_specs: the last few that were dear to read.
        waiting: what is left of the time that this round may wait.
        tell: told of what happened; only what is on chain may be among it.
    """

    sonar: Sonar
    follower: Follower
    outbox: Outbox
    journal: Journal
    keystore: KeyStore
    store: Store
    prefetcher: Prefetcher
    workshop: Workshop
    workers: Workers
    waiting: Waiting
    own: SecretKey
    secrets: Mapping[Cid, SecretKey]
    announced: Cid
    settings: CapsuleSettings
    tell: Tell
    large_specs: dict[Cid, Spec] = field(default_factory=dict)

    def asset(self, address: str) -> Asset | None:
        """How amounts of a campaign in that asset are shown; None for ether."""
        return None if address == ZERO_ADDRESS else asset_for_people(self.sonar.web3, address)

    def put(self, campaign: bytes, data: bytes) -> bytes:
        """Store and pin an artifact of the campaign; its digest."""
        return self.store.put_pinned(data, capsule_pins(campaign)).digest

    def has_had_its_time(self, campaign: bytes, asked: int, now: int) -> bool:
        """Whether something of a campaign that is nowhere to be found could be fetched for long enough.

        Args:
            asked: the time of the block that names it.

        It has as much time once more from when the store was last found to have lost something: it may have
        been among that, and whoever sent it needs the time to put it again.
        """
        return now >= max(asked, self.journal.store_loss(campaign, now)) + self.settings.unavailable_seconds

    def ensure(self, deed: Deed, make: Callable[[], Call]) -> bool:
        """See to it that the deed is done; True once its transaction is in a block, or the chain shows its
        effect. What was sent for it before, perhaps by a process that died since, is what counts; see
        `Outbox.ensure`.

        Raises:
            TransactionFailedError: it was mined and reverted. The caller decides anew from what the chain
                says, and asked again it is sent again.
            pysonar.chain.errors.ChainError: it cannot be sent now.
        """
        try:
            pending = self.outbox.ensure(deed, make)
        except RevertedError as error:
            raise TransactionFailedError(f"{error.label} failed: {error.reason}") from None
        return pending is None or pending.status is not Status.WAITING


def by_certificate(keys: Mapping[str, SecretKey]) -> dict[Cid, SecretKey]:
    """OpenPGP keys by the CID that the store gives their certificate."""
    return {cid_of(key.certificate.to_bytes()): key for key in keys.values()}
