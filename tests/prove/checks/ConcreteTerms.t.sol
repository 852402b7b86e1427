// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ISonar, Prover, SonarCode} from "./Prover.sol";

/// What `Payout` and the integers prove in two steps for all terms, in one step on the bytecode for some.
/// @custom:halmos --solver z3
contract ConcreteTerms is Prover {
    uint256 internal constant CAPSULE = 0xCA95;

    /// Concrete terms and a concrete best, any accuracy: the report pays no more than what was left of the bounty.
    function within(uint256 bounty, uint256 target, uint256 start, bool gap, uint256 best, uint256 accuracy)
        internal
    {
        (bytes32 id, address miner) = (bytes32(0), address(1));
        uint256 word = OPEN | (gap ? 4 : 0) | (target << SonarCode.TARGET) | (1 << SonarCode.MIN_GAIN);
        word |= (start << SonarCode.START) | (1 << SonarCode.SUBMITTED) | (best << SonarCode.BEST);
        word |= 2000 << SonarCode.SUBMIT_UNTIL;
        write(id, SonarCode.RECORD_HOT, word);
        write(id, SonarCode.RECORD_JUDGE, (bounty << SonarCode.BOUNTY) | CAPSULE);
        vm.assume(creditOf(id, miner) == 0);
        uint256 divisor = gap ? target - start : target;
        ISonar.Report memory r = ISonar.Report(miner, bytes32(uint256(2)), 1, accuracy, bytes32(uint256(1)));
        ISonar.Report[] memory reports = new ISonar.Report[](1);
        reports[0] = r;
        hintReport(hotOf(id), accuracy);
        vm.warp(1000);
        if (!call(address(uint160(CAPSULE)), 0, abi.encodeCall(ISonar.report, (id, reports)))) return;
        assert(creditOf(id, miner) <= bounty - bounty * (best - start) / divisor);
    }

    function write(bytes32 id, uint256 member, uint256 word) internal {
        unchecked {
            uint256 at = uint256(keccak256(abi.encode(SonarCode.RECORDS_SLOT, id))) + member;
            vm.store(address(sonar), bytes32(at), bytes32(word));
        }
    }

    function check_within_one_wei(uint256 accuracy) public {
        within(1, 1_000_000, 0, false, 999_998, accuracy);
    }

    function check_within_a_thousand_wei(uint256 accuracy) public {
        within(1000, 800_000, 0, false, 0, accuracy);
    }

    function check_within_ten_ether(uint256 accuracy) public {
        within(10 ether, 900_000, 100_000, false, 100_000, accuracy);
    }

    function check_within_the_rest_of_ten_ether(uint256 accuracy) public {
        within(10 ether, 900_000, 100_000, false, 777_777, accuracy);
    }

    function check_within_the_gap(uint256 accuracy) public {
        within(10 ether, 900_000, 100_000, true, 333_333, accuracy);
    }

    function check_within_the_largest_bounty(uint256 accuracy) public {
        within((1 << 96) - 1, 999_983, 333_337, true, 333_337, accuracy);
    }
}
