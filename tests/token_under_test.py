"""A token for campaigns in tests, of which people are given some, and approve none."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.tokens import Asset, Token
from pysonar.chain.sending.signer import Signer
from tests.conftest import Anvil
from tests.roles import Transact

UNIT = 10**6
STRICT = "contracts/mocks/tokens/StrictToken.vy"


class GivenToken:
    """The token at `address`; six decimals, symbol USDX."""

    def __init__(self, node: Anvil, address: str, transact: Transact) -> None:
        self.node, self.address, self._transact = node, address, transact
        self.token = Token(node.web3, address)

    @property
    def asset(self) -> Asset:
        """As the chain says it."""
        return self.token.asset()

    def give(self, payer: Signer, to: str, amount: int) -> None:
        """Mint; `payer` pays the gas."""
        data = keccak(text="mint(address,uint256)")[:4] + encode(["address", "uint256"], [to, amount])
        self._transact(self.node, payer, Call(self.address, data, 0, "mint"))

    def approve(self, owner: Signer, spender: str, amount: int) -> None:
        """As the owner may have done by hand."""
        self._transact(self.node, owner, self.token.approve(spender, amount))
