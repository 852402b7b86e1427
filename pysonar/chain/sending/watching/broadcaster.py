"""Signs the versions of a transaction and hands them to the node; offers more where an offer is too low."""

from __future__ import annotations

import time

from pysonar.chain.contract.calls import Call
from pysonar.chain.database import transaction
from pysonar.chain.errors import FeesTooHighError, NodeRefusedError
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import FeePolicy, Fees
from pysonar.chain.sending.outbox_records import Attempt, OutboxRecords, Pending, Status
from pysonar.chain.sending.transaction_maker import TransactionMaker
from pysonar.pause import Pause
from pysonar.protocol.account_address import keccak256

OFFERS_AT_ONCE = 12
"""How often one broadcast may be answered by a higher offer: a tip that doubles has grown 4,096-fold then."""
KNOWN_ALREADY = ("already known", "already imported", "known transaction")
"""What nodes say of a transaction that they have."""
_TOO_LOW = (
    "underpriced", "fee too low", "feetoolow", "price too low", "price below", "tip too low",
    "less than block base fee", "below the minimum", "minimum needed",
)  # fmt: skip


class Broadcaster:
    """The versions of one account's transactions."""

    def __init__(
        self, web3: Node, records: OutboxRecords, maker: TransactionMaker, policy: FeePolicy
    ) -> None:
        self._web3 = web3
        self._records = records
        self._maker = maker
        self._policy = policy

    def sign(self, number: int, call: Call, nonce: int, gas: int, offer: Fees) -> Attempt:
        """Sign and store one more version; joins the database transaction that is open."""
        raw = self._maker.sign(call, nonce, gas, offer)
        self._records.add_attempt(number, keccak256(raw), raw, offer)
        return self._records.attempts(number)[-1]

    def send(self, pending: Pending, attempt: Attempt) -> None:
        """Hand a stored version to the node. What the node objects to is noted as the transaction's problem;
        if it finds the offer too low, a higher one follows at once, as far as the caps go.
        """
        refused = None
        for _ in range(OFFERS_AT_ONCE):
            refused = self._refusal(attempt)
            if refused is None:
                with transaction(self._records.database):
                    self._records.mark_sent(attempt.hash)
                    self._records.set_status(pending.number, Status.WAITING)
                return
            if not any(text in refused.lower() for text in _TOO_LOW):
                break  # not final: the nonce may have moved on, or funds may come. `pump` finds out.
            higher = self._higher(pending, attempt)
            if higher is None:
                refused = f"{refused}; {self._cap(pending)}"
                break
            attempt = higher
        self._records.set_status(pending.number, Status.WAITING, problem=refused)

    def bump_if_due(self, pending: Pending, newest: Attempt) -> None:
        """Replace a version that waits too long by one that offers more. (One from the future was signed
        under a clock that ran ahead: it is due.)
        """
        wait = Pause(self._policy.bump_after, self._policy.bump_after)
        if not wait.is_due(newest.created + self._policy.bump_after, time.time()):
            return
        policy = self._policy_for(pending)
        offer = fees.bumped(newest.fees, self._wanted(newest, policy), policy)
        if offer is None:
            said = "" if pending.problem is None else f"{pending.problem.partition('; ')[0]}; "
            self._records.set_status(pending.number, Status.WAITING, problem=said + self._cap(pending))
            return
        self.send(pending, self._replacement(pending, offer))

    def _refusal(self, attempt: Attempt) -> str | None:
        """The node's reason against the version; None if it has it now."""
        try:
            rpc.send_raw(self._web3, attempt.raw)
        except NodeRefusedError as error:
            if not any(text in error.node_message.lower() for text in KNOWN_ALREADY):
                return error.node_message or f"the node refuses it without a reason (code {error.code})"
        return None

    def _higher(self, pending: Pending, attempt: Attempt) -> Attempt | None:
        policy = self._policy_for(pending)
        offer = fees.outbid(attempt.fees, self._wanted(attempt, policy), policy)
        return None if offer is None else self._replacement(pending, offer)

    def _wanted(self, newest: Attempt, policy: FeePolicy) -> Fees:
        try:
            return fees.suggest(self._web3, policy)
        except FeesTooHighError:
            return newest.fees

    def _replacement(self, pending: Pending, offer: Fees) -> Attempt:
        with transaction(self._records.database):
            return self.sign(pending.number, pending.call, pending.nonce, pending.gas, offer)

    def _policy_for(self, pending: Pending) -> FeePolicy:
        return self._policy.for_gas(pending.gas, runs_token=pending.call.runs_token)

    def _cap(self, pending: Pending) -> str:
        policy = self._policy_for(pending)
        tip = "" if policy.max_tip is None else f" and a tip of {policy.tip_cap}"
        return f"the fee cap of {policy.max_fee} wei per gas{tip} allows no higher offer ('max_fee_gwei')"
