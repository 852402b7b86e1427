"""Makes a call into a signed transaction: simulated first, affordable, with gas limit and fees. Stores and
sends nothing.
"""

from __future__ import annotations

from web3 import Web3

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import simulate
from pysonar.chain.errors import (
    ContractRefusedError,
    GasTooHighError,
    InsufficientFundsError,
    NodeRefusedError,
)
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import TransactionReceipt
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import FeePolicy, Fees
from pysonar.chain.sending.signer import Signer


class TransactionMaker:
    """For one account on one chain."""

    def __init__(self, web3: Web3, signer: Signer, policy: FeePolicy) -> None:
        self._web3 = web3
        self._signer = signer
        self._policy = policy
        self._chain_id = rpc.chain_id(web3)

    def prepare(self, call: Call, reserved: int) -> tuple[int, Fees]:
        """Gas limit and fees of a call that the contract would accept and the account can pay, besides the
        `reserved` wei of transactions still waiting. ContractRefusedError, InsufficientFundsError,
        FeesTooHighError, GasTooHighError.
        """
        account = self._signer.address
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
        if call.most_gas is not None and gas > call.most_gas:
            raise GasTooHighError(call.label, gas, call.most_gas)
        offer = fees.suggest(self._web3, self._policy)
        needed = call.value + gas * offer.max_fee + reserved
        if held < needed:
            raise InsufficientFundsError(call.label, account, held, needed)
        return gas, offer

    def sign(self, call: Call, nonce: int, gas: int, offer: Fees) -> bytes:
        """The signed bytes."""
        return self._signer.sign(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": call.to,
                "value": call.value,
                "data": call.data,
                "gas": gas,
                "maxFeePerGas": offer.max_fee,
                "maxPriorityFeePerGas": offer.tip,
            }
        )

    def why_reverted(self, call: Call, gas: int, receipt: TransactionReceipt) -> str:
        """The contract's text, by running the call again on the state before and after its block."""
        if receipt.gas_used >= gas:
            return "out of gas"
        block = receipt.block_number
        for tag in (block - 1, block):
            try:
                simulate(self._web3, call, self._signer.address, tag)
            except ContractRefusedError as error:
                return error.reason
            except NodeRefusedError:  # the node no longer has that state
                continue
        return "the reason cannot be found again"
