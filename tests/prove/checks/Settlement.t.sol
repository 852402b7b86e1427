// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ISonar, Prover, SonarCode} from "./Prover.sol";

/// Where the bounty goes at the end, for any terms and any sound state.
contract Settlement is Prover {
    /// Only addresses are ever written there.
    function ownerOf(bytes32 id) internal view returns (address) {
        uint256 word = recordOf(id, SonarCode.RECORD_OWNER);
        vm.assume(word < 1 << 160);
        return address(uint160(word));
    }

    /// Cancelled or declined: the owner is credited the whole bounty, once.
    function calledOff(bytes32 id, address caller, bytes memory data) internal {
        address owner = ownerOf(id);
        uint256 before = creditOf(id, owner);
        if (!call(caller, 0, data)) return;
        unchecked {
            assert(creditOf(id, owner) == before + bountyOf(id));
        }
        assert(!call(caller, 0, data));
    }

    function check_cancel(bytes32 id, address caller) public {
        calledOff(id, caller, abi.encodeCall(ISonar.cancel, (id)));
    }

    function check_decline(bytes32 id, address caller) public {
        calledOff(id, caller, abi.encodeCall(ISonar.decline, (id, "no")));
    }

    /// What is credited to the owner is the bounty less all that was earned: with `Payout`, paid + refund = bounty.
    function check_refund(bytes32 id, address caller, uint256 time) public {
        vm.warp(time);
        Hot memory h = hotOf(id);
        vm.assume(sound(h));
        vm.assume(recordOf(id, SonarCode.RECORD_PRICE) & ((1 << 192) - 1) == 0);
        address owner = ownerOf(id);
        vm.assume(both(owner != capsuleOf(id), owner != BURN));
        uint256 before = creditOf(id, owner);
        if (!call(caller, 0, abi.encodeCall(ISonar.settle, (id)))) return;
        unchecked {
            assert(creditOf(id, owner) == before + (bountyOf(id) - earned(id, h, h.best)));
        }
    }

    /// A settled campaign is never settled again.
    function check_only_once(bytes32 id, address caller, uint256 time) public {
        vm.warp(time);
        vm.assume(hotOf(id).state == SETTLED);
        assert(!call(caller, 0, abi.encodeCall(ISonar.settle, (id))));
    }

    /// A stake is taken back once.
    function check_reclaim_only_once(
        bytes32 id, address caller, uint256 time, uint256 index, bytes32 update, address miner
    ) public {
        vm.warp(time);
        bytes memory data = abi.encodeCall(ISonar.reclaim, (id, index, update, miner));
        uint256 before = creditOf(id, miner);
        if (!call(caller, 0, data)) return;
        unchecked {
            assert(creditOf(id, miner) == before + (1 << 160));
        }
        assert(!call(caller, 0, data));
    }

    /// Must have a counterexample: a campaign can be settled (here one that paid nothing).
    function reach_settle(bytes32 id, address caller, uint256 time) public {
        vm.warp(time);
        Hot memory h = hotOf(id);
        vm.assume(both(sound(h), both(h.state == OPEN, h.best == h.start)));
        vm.assume(recordOf(id, SonarCode.RECORD_PRICE) & ((1 << 192) - 1) == 0);
        assert(!call(caller, 0, abi.encodeCall(ISonar.settle, (id))));
    }
}
