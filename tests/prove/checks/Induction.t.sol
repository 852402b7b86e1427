// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ISonar, Prover, SonarCode} from "./Prover.sol";

/// One call of any function, by anybody, at any time, on any state that is sound: it stays sound, `best` does not
/// fall, and unless the caller is the campaign's capsule neither best nor model nor version moves. `id` is any
/// campaign, `other` the one that is called: the same or another. A state with nothing in it is sound; so all of
/// this holds for every reachable state.
contract Induction is Prover {
    function afterwards(bytes32 id, address caller, uint256 value, bytes memory data) internal {
        Hot memory was = hotOf(id);
        address capsule = capsuleOf(id);
        uint256 model = recordOf(id, SonarCode.RECORD_MODEL);
        vm.assume(sound(was));
        if (!call(caller, value, data)) return;
        Hot memory now_ = hotOf(id);
        bool kept = both(now_.best == was.best, now_.version == was.version);
        kept = both(kept, recordOf(id, SonarCode.RECORD_MODEL) == model);
        bool good = both(sound(now_), now_.best >= was.best);
        assert(both(good, either(kept, both(caller == capsule, was.word != 0))));
    }

    function check_register_capsule(bytes32 id, address caller, uint256 value, uint256 time, bytes32 c)
        public
    {
        vm.warp(time);
        afterwards(id, caller, value, abi.encodeCall(ISonar.register_capsule, (c)));
    }

    function check_create_campaign(
        bytes32 id, address caller, uint256 value, uint256 time, ISonar.Terms memory terms, bytes32 salt
    ) public {
        vm.warp(time);
        vm.assume(terms.asset == address(0));
        afterwards(id, caller, value, abi.encodeCall(ISonar.create_campaign, (terms, salt)));
    }

    function check_cancel(bytes32 id, address caller, uint256 value, uint256 time, bytes32 other) public {
        vm.warp(time);
        afterwards(id, caller, value, abi.encodeCall(ISonar.cancel, (other)));
    }

    function check_decline(bytes32 id, address caller, uint256 value, uint256 time, bytes32 other)
        public
    {
        vm.warp(time);
        afterwards(id, caller, value, abi.encodeCall(ISonar.decline, (other, "no")));
    }

    function check_open_campaign(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, bytes32 key, bytes32 m,
        uint256 start
    ) public {
        vm.warp(time);
        afterwards(id, caller, value, abi.encodeCall(ISonar.open_campaign, (other, key, m, start)));
    }

    function check_submit(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, bytes32 update, address miner
    ) public {
        vm.warp(time);
        vm.assume(recordOf(other, SonarCode.RECORD_ASSET) == 0);
        afterwards(id, caller, value, abi.encodeCall(ISonar.submit, (other, update, miner)));
    }

    function check_report_improved(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, ISonar.Report memory r
    ) public {
        vm.assume(r.verdict == 1);
        hintReport(hotOf(other), r.accuracy);
        reported(id, caller, value, time, other, r);
    }

    function check_report_no_gain(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, ISonar.Report memory r
    ) public {
        vm.assume(r.verdict == 2);
        reported(id, caller, value, time, other, r);
    }

    function check_report_unusable(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, ISonar.Report memory r
    ) public {
        vm.assume(both(r.verdict != 1, r.verdict != 2));
        reported(id, caller, value, time, other, r);
    }

    function reported(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, ISonar.Report memory r
    ) internal {
        vm.warp(time);
        ISonar.Report[] memory reports = new ISonar.Report[](1);
        reports[0] = r;
        afterwards(id, caller, value, abi.encodeCall(ISonar.report, (other, reports)));
    }

    function check_reclaim(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, uint256 index, bytes32 u, address m
    ) public {
        vm.warp(time);
        afterwards(id, caller, value, abi.encodeCall(ISonar.reclaim, (other, index, u, m)));
    }

    function check_deliver(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, bytes32 result
    ) public {
        vm.warp(time);
        afterwards(id, caller, value, abi.encodeCall(ISonar.deliver, (other, result)));
    }

    function check_settle(bytes32 id, address caller, uint256 value, uint256 time, bytes32 other) public {
        vm.warp(time);
        afterwards(id, caller, value, abi.encodeCall(ISonar.settle, (other)));
    }

    function check_claim(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 other, address account, address to
    ) public {
        vm.warp(time);
        vm.assume(recordOf(other, SonarCode.RECORD_ASSET) == 0);
        afterwards(id, caller, value, abi.encodeCall(ISonar.claim, (other, account, to)));
    }
}
