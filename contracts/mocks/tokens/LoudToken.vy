# pragma version 0.4.3
"""
@title Loud token: once loud, whatever it answers is followed by 16 KiB of zeros
@license GPL-3.0-or-later
@notice For tests only. Set to shout, it refuses transfers and permits with as many bytes.
"""

LOUD: constant(uint256) = 1
SHOUT: constant(uint256) = 2

mood: public(uint256)
balances: HashMap[address, uint256]
allowances: HashMap[address, HashMap[address, uint256]]


@external
def turn(mood: uint256):
    self.mood = mood


@external
def mint(to: address, amount: uint256):
    self.balances[to] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowances[msg.sender][spender] = amount
    return True


@external
@view
@raw_return
def balanceOf(account: address) -> Bytes[16384]:
    return self._answer(self.balances[account])


@external
@raw_return
def transfer(to: address, amount: uint256) -> Bytes[16384]:
    self._perhaps_shout()
    self.balances[msg.sender] -= amount
    self.balances[to] += amount
    return self._answer(1)


@external
@raw_return
def transferFrom(owner: address, to: address, amount: uint256) -> Bytes[16384]:
    self._perhaps_shout()
    self.allowances[owner][msg.sender] -= amount
    self.balances[owner] -= amount
    self.balances[to] += amount
    return self._answer(1)


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    raw_revert(abi_encode(empty(uint256[512])))


@internal
@view
def _answer(word: uint256) -> Bytes[16384]:
    if self.mood == 0:
        return abi_encode(word)
    return abi_encode(word, empty(uint256[511]))


@internal
@view
def _perhaps_shout():
    if self.mood == SHOUT:
        raw_revert(abi_encode(empty(uint256[512])))
