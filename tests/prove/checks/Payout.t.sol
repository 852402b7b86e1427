// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ISonar, Prover, SonarCode} from "./Prover.sol";

/// What one report pays. For all terms and accuracies the credit grows by exactly P(new best) - P(old best) and a
/// stake, with P(x) = bounty * (x - start) / denominator; that P stays within the bounty, and never falls, is
/// proved over the integers by prove.py. For concrete terms both are proved in one piece, on the bytecode.
contract Payout is Prover {
    function report(bytes32 id, uint256 time, ISonar.Report memory r) internal returns (bool) {
        vm.warp(time);
        Hot memory h = hotOf(id);
        vm.assume(sound(h));
        hintReport(h, r.accuracy);
        ISonar.Report[] memory reports = new ISonar.Report[](1);
        reports[0] = r;
        return call(capsuleOf(id), 0, abi.encodeCall(ISonar.report, (id, reports)));
    }

    /// Any terms, any state, any report that improves: the exact credit, and the exact accuracy.
    function check_improvement(bytes32 id, uint256 time, ISonar.Report memory r) public {
        vm.assume(r.verdict == 1);
        Hot memory was = hotOf(id);
        uint256 before = creditOf(id, r.miner);
        if (!report(id, time, r)) return;
        uint256 best = r.accuracy < was.target ? r.accuracy : was.target;
        unchecked {
            uint256 due = earned(id, was, best) - earned(id, was, was.best);
            if (was.word & 8 != 0) due += 1 << 128;
            assert(creditOf(id, r.miner) == before + due);
        }
        assert(hotOf(id).best == best);
    }

    /// Any other verdict: a stake at most, and no accuracy.
    function check_no_improvement(bytes32 id, uint256 time, ISonar.Report memory r) public {
        vm.assume(r.verdict != 1);
        Hot memory was = hotOf(id);
        uint256 before = creditOf(id, r.miner);
        if (!report(id, time, r)) return;
        unchecked {
            uint256 due = both(r.verdict == 2, was.word & 8 != 0) ? 1 << 128 : 0;
            assert(creditOf(id, r.miner) == before + due);
        }
        assert(hotOf(id).best == was.best);
    }

    /// Nobody but the report's miner is credited, in this campaign or another.
    function check_nobody_else(bytes32 id, bytes32 other, address account, uint256 time, ISonar.Report memory r)
        public
    {
        vm.assume(either(id != other, account != r.miner));
        uint256 before = creditOf(other, account);
        report(id, time, r);
        assert(creditOf(other, account) == before);
    }

    /// Must have a counterexample: a report can pay.
    function reach_payout(bytes32 id, ISonar.Report memory r) public {
        vm.assume(both(bountyOf(id) == 1000, creditOf(id, r.miner) == 0));
        report(id, 1000, r);
        assert(bits(creditOf(id, r.miner), 0, 128) == 0);
    }
}
