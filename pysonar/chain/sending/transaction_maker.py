"""Makes a call into a signed transaction: simulated first, affordable, with gas limit and fees. Stores and
sends nothing.
"""

from __future__ import annotations

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import simulate
from pysonar.chain.errors import (
    ContractRefusedError,
    FeesTooHighError,
    InsufficientFundsError,
    NodeRefusedError,
    TokenCallTooDearError,
    WrongChainError,
)
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import TransactionReceipt
from pysonar.chain.node.handle import Node
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import FeePolicy, Fees
from pysonar.chain.sending.signer import Signer


class TransactionMaker:
    """For one account on one chain. What is signed is for `chain_id`, whatever a node says."""

    def __init__(self, web3: Node, signer: Signer, policy: FeePolicy, *, chain_id: int) -> None:
        self._web3 = web3
        self._signer = signer
        self._policy = policy
        self._chain_id = chain_id

    def prepare(self, call: Call, reserved: int) -> tuple[int, Fees]:
        """Gas limit and fees of a call that the contract would accept and the account can pay, besides the
        `reserved` wei of transactions still waiting. ContractRefusedError, InsufficientFundsError,
        FeesTooHighError, TokenCallTooDearError, WrongChainError.
        """
        account = self._signer.address
        found = rpc.chain_id(self._web3)
        if found != self._chain_id:
            raise WrongChainError(rpc.shown(self._web3), self._chain_id, found)
        held = rpc.balance(self._web3, account)
        if held < call.value:
            raise InsufficientFundsError(call.label, account, held, call.value)
        simulate(self._web3, call, account)
        try:
            estimate = rpc.estimate_gas(self._web3, rpc.hex_request(account, call.to, call.data, call.value))
        except NodeRefusedError as error:
            reason = rpc.revert_reason(error)
            if reason is None:
                raise
            raise ContractRefusedError(call.label, reason) from None
        gas = estimate + estimate // 5 + 10_000  # others' calls in its block may cost some cold slots more
        offer = self._offer(call, gas)
        needed = call.value + gas * offer.max_fee + reserved
        if held < needed:
            raise InsufficientFundsError(call.label, account, held, needed)
        return gas, offer

    def _offer(self, call: Call, gas: int) -> Fees:
        offer = fees.suggest(self._web3, self._policy)
        if not call.runs_token:
            return offer
        try:
            return fees.suggest(self._web3, self._policy.for_gas(gas, runs_token=True))
        except FeesTooHighError:
            most = self._policy.max_token_call
            raise TokenCallTooDearError(call.label, gas, gas * offer.max_fee, most) from None

    def sign(self, call: Call, nonce: int, gas: int, offer: Fees) -> bytes:
        """The signed bytes."""
        common = {
            "chainId": self._chain_id,
            "nonce": nonce,
            "to": call.to,
            "value": call.value,
            "data": call.data,
            "gas": gas,
        }
        if offer.legacy:
            return self._signer.sign(common | {"gasPrice": offer.max_fee})
        return self._signer.sign(
            common | {"type": 2, "maxFeePerGas": offer.max_fee, "maxPriorityFeePerGas": offer.tip}
        )

    def why_reverted(self, call: Call, gas: int, receipt: TransactionReceipt) -> str:
        """The contract's text, by running the call again on the state before and after its block."""
        if receipt.gas_used >= gas:
            return "out of gas"
        block = receipt.block_number
        for tag in (max(0, block - 1), block):
            try:
                simulate(self._web3, call, self._signer.address, tag)
            except ContractRefusedError as error:
                return error.reason
            except NodeRefusedError:  # the node no longer has that state
                continue
        return "the reason cannot be found again"
