"""Making Capsule known: its certificate in the store, and the certificate's CID on chain.

Done at `init` if the account can pay, else by the running agent as soon as it can. A campaign names the
certificate it was written for, so registering another one later harms no campaign that runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from openmined_oracle.errors import TransactionFailedError
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import ChainError, NodeDownError, NodeRefusedError, RevertedError
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.outbox import Outbox
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate
from pysonar.store import Store, StoreError
from pysonar.store.check import Kept, is_kept

PIN_OWNER = "capsule"
RETRY_SECONDS = 15.0


def publish(certificate: Certificate, store: Store) -> Cid:
    """Put and pin the certificate; again without effect."""
    return store.put_pinned(certificate.to_bytes(), PIN_OWNER)


class Registration:
    """Sees to it that the chain names this certificate, and that the store has it.

    Args:
        lost: called before the certificate is put, where it is registered and the store has it no more.
    """

    def __init__(
        self,
        certificate: Certificate,
        store: Store,
        sonar: Sonar,
        outbox: Outbox,
        *,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._certificate = certificate
        self._store = store
        self._sonar = sonar
        self._outbox = outbox
        self._lost = lost
        self._retry_at = 0.0
        self._sent = False
        self.done = False
        self.problem: ChainError | StoreError | TransactionFailedError | None = None

    def advance(self) -> bool:
        """Do what is due, if it is time to try. True when the certificate has just been registered.

        Only a node that is down is raised; `problem` holds anything else, such as missing funds.
        """
        if self.done or time.monotonic() < self._retry_at:
            return False
        try:
            self.done = self._register()
            self.problem = None
        except (NodeDownError, NodeRefusedError):
            raise
        except (ChainError, StoreError, TransactionFailedError) as error:
            self.problem = error
            self._retry_at = time.monotonic() + RETRY_SECONDS
        return self.done and self._sent

    def finish(self, seconds: float) -> ChainError | StoreError | TransactionFailedError | None:
        """Register now, waiting for the transaction at most this long; what stands in the way, if it is not
        done.
        """
        until = time.monotonic() + seconds
        while not self.done and self.problem is None and time.monotonic() < until:
            self.advance()
            self._outbox.pump()
            time.sleep(0.1)
        return self.problem

    def _register(self) -> bool:
        kept = Kept(self._certificate.to_bytes(), PIN_OWNER)
        cid = kept.cid
        # Registered before, and another certificate since: registering this one again is another deed.
        before = self._outbox.records.confirmed(Action.REGISTER, cid.digest.hex())
        deed = Deed(Action.REGISTER, None, f"{cid.digest.hex()}.{len(before)}")
        registered = self._outbox.shows(deed, after=before)
        if registered and not is_kept(self._store, kept):
            self._lost()
        publish(self._certificate, self._store)
        if registered:
            return True
        try:
            self._outbox.ensure(deed, lambda: self._sonar.calls.register_capsule(cid.digest))
        except RevertedError as error:
            raise TransactionFailedError(f"{error.label} failed: {error.reason}") from None
        self._sent = True
        return False
