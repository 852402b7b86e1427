# pragma version 0.4.3
"""
@title Permit token: an ERC-20 with EIP-2612 permits
@license GPL-3.0-or-later
@notice For tests only.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)

PERMIT: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
DOMAIN: constant(bytes32) = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)")

nonces: public(HashMap[address, uint256])


@external
@view
def digest(owner: address, spender: address, amount: uint256, deadline: uint256) -> bytes32:
    """
    @notice What the owner signs to permit this next.
    """
    return self._digest(owner, spender, amount, deadline)


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    assert block.timestamp <= deadline, "token: permit is too late"
    assert owner != empty(address) and owner == ecrecover(
        self._digest(owner, spender, amount, deadline), v, r, s
    ), "token: permit is not the owner's"
    self.nonces[owner] += 1
    ledger.allowance[owner][spender] = amount


@internal
@view
def _digest(owner: address, spender: address, amount: uint256, deadline: uint256) -> bytes32:
    domain: bytes32 = keccak256(abi_encode(DOMAIN, keccak256("Permit token"), chain.id, self))
    said: bytes32 = keccak256(
        abi_encode(PERMIT, owner, spender, amount, self.nonces[owner], deadline)
    )
    return keccak256(concat(x"1901", domain, said))


@external
def transfer(to: address, amount: uint256) -> bool:
    ledger._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
    return True
