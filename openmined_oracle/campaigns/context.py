"""What every part of Capsule works with, in one place, and the two things that many parts do alike: pin what
was put, and send what was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from openmined_oracle.errors import TransactionFailedError
from openmined_oracle.home import CapsuleSettings
from openmined_oracle.journal import Journal
from openmined_oracle.judging.prefetch import Prefetcher
from openmined_oracle.keys.keystore import KeyStore
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.follower import Follower
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.party.happenings import Tell
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from pysonar.store import Store, cid_of


@dataclass(frozen=True)
class Context:
    """Capsule's means.

    Attributes:
        own: the OpenPGP key in use, for its signatures and for what it seals to itself.
        secrets: all OpenPGP keys of this home by the CID of their certificate.
        tell: told of what happened; only what is on chain may be among it.
    """

    sonar: Sonar
    follower: Follower
    outbox: Outbox
    journal: Journal
    keystore: KeyStore
    store: Store
    prefetcher: Prefetcher
    own: SecretKey
    secrets: Mapping[Cid, SecretKey]
    settings: CapsuleSettings
    tell: Tell

    def put(self, campaign: bytes, data: bytes) -> bytes:
        """Store and pin an artifact of the campaign; its digest."""
        return self.store.put_pinned(data, pin_owner(campaign)).digest

    def sent(self, key: str, make: Callable[[], Call]) -> bool:
        """See to it that the transaction `key` is on its way; True once it is in a block.

        What was stored under the key before, perhaps by a process that died since, is what is sent: `make`
        is only asked the first time.

        Raises:
            TransactionFailedError: it was mined and reverted, or its nonce was taken. The key is free again,
                and the caller decides anew from what the chain says.
            pysonar.chain.errors.ChainError: it cannot be sent now.
        """
        if self.outbox.find(key) is None:
            self.outbox.send(make(), key)
        return self.arrived(key)

    def arrived(self, key: str) -> bool:
        """Whether a transaction that was sent is in a block; TransactionFailedError as in `sent`."""
        pending = self.outbox.get(key)
        if pending.status in (Status.REVERTED, Status.DISPLACED):
            self.outbox.free(key)
            raise TransactionFailedError(
                f"{pending.call.label} failed: {pending.problem or 'no reason given'}"
            )
        return pending.status is not Status.WAITING


def pin_owner(campaign: bytes) -> str:
    """The owner under which Capsule pins a campaign's artifacts."""
    return f"capsule/0x{campaign.hex()}"


def by_certificate(keys: Mapping[str, SecretKey]) -> dict[Cid, SecretKey]:
    """OpenPGP keys by the CID that the store gives their certificate."""
    return {cid_of(key.certificate.to_bytes()): key for key in keys.values()}
