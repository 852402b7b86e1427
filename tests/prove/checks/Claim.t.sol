// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ISonar, Prover, SonarCode} from "./Prover.sol";

/// Claims of campaigns in ether, for any storage: they send what is owed, once, to the account that it is owed to.
/// The receiver is any account without code of ours; re-entrancy and tokens are for the tests.
contract Claim is Prover {
    function claim(bytes32 id, address caller, address to) internal returns (bool ok, uint256 amount) {
        vm.assume(recordOf(id, SonarCode.RECORD_HOT) & 16 == 0);
        vm.assume(both(caller != address(sonar), caller != BURN));
        vm.assume(both(to != address(this), to != BURN));
        vm.prank(caller);
        bytes memory answer;
        (ok, answer) = address(sonar).call(abi.encodeCall(ISonar.claim, (id, caller, to)));
        if (ok) amount = abi.decode(answer, (uint256));
    }

    /// A claim sends exactly what the views called claimable, and no more than what they called owed.
    function check_never_more_than_owed(bytes32 id, address caller, address to) public {
        uint256 claimable = sonar.claimable(id, caller);
        uint256 owed = sonar.owed(id, caller);
        uint256 held = address(sonar).balance;
        (bool ok, uint256 amount) = claim(id, caller, to);
        if (!ok) return;
        assert(both(amount == claimable, amount <= owed));
        assert(address(sonar).balance == held - amount);
    }

    /// A second claim right after the first sends nothing: it reverts.
    function check_only_once(bytes32 id, address caller, address to) public {
        (bool ok,) = claim(id, caller, to);
        if (!ok) return;
        (bool again,) = claim(id, caller, to);
        assert(!again);
    }

    /// A claim before settlement leaves the promised payout where it is, and takes stakes and returns away.
    function check_payouts_wait_for_settlement(bytes32 id, address caller, address to) public {
        uint256 before = creditOf(id, caller);
        uint256 state = hotOf(id).state;
        (bool ok,) = claim(id, caller, to);
        if (!ok) return;
        assert(creditOf(id, caller) == (state == SETTLED ? 0 : bits(before, 0, 128)));
    }

    /// Nobody's claim touches what anybody else is owed.
    function check_nobody_else(bytes32 id, bytes32 other, address caller, address account, address to) public {
        vm.assume(either(id != other, account != caller));
        uint256 before = creditOf(other, account);
        claim(id, caller, to);
        assert(creditOf(other, account) == before);
    }

    /// Must have a counterexample: a claim can send something.
    function reach_claim(bytes32 id, address caller, address to) public {
        (bool ok,) = claim(id, caller, to);
        assert(!ok);
    }
}
