# pragma version 0.4.3
"""
@title Gas sweep: makes one call with every gas limit, until one is enough
@license GPL-3.0-or-later
@notice For tests only.
"""

from ethereum.ercs import IERC20


interface Owing:
    def owed(id: bytes32, account: address) -> uint256: view


@external
def sweep(
    target: address,
    data: Bytes[256],
    id: bytes32,
    asset: address,
    account: address,
    due: uint256,
    least: uint256,
    most: uint256,
    step: uint256,
) -> uint256:
    """
    @notice The first gas limit with which the call sends the account its `due`;
            `most`, if none below is enough. Reverts, if one does anything else.
    """
    owed: uint256 = staticcall Owing(target).owed(id, account)
    held: uint256 = self._holds(asset, target)
    had: uint256 = self._holds(asset, account)
    limit: uint256 = least
    for _: uint256 in range(2**20):
        if limit >= most:
            break
        done: bool = raw_call(target, data, gas=limit, revert_on_failure=False)
        moved: uint256 = due if done else 0
        assert self._holds(asset, target) == held - moved, "sweep: Sonar holds another amount"
        assert self._holds(asset, account) == had + moved, "sweep: another amount arrived"
        left: uint256 = staticcall Owing(target).owed(id, account)
        if done:
            assert left == 0, "sweep: something is still owed"
            return limit
        assert left == owed, "sweep: a call that failed had an effect"
        limit += step
    return most


@internal
@view
def _holds(asset: address, account: address) -> uint256:
    if asset == empty(address):
        return account.balance
    return staticcall IERC20(asset).balanceOf(account)
