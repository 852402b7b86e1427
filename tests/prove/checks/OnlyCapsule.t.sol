// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ISonar, Prover} from "./Prover.sol";

/// Whatever the storage holds, at any time and with any arguments: the functions of the capsule revert for anybody
/// else.
contract OnlyCapsule is Prover {
    /// The lengths of `reports` that are tried are the edges of what the contract reads.
    /// @custom:halmos --default-array-lengths 0,1,2,32 --loop 33
    function check_report(bytes32 id, address caller, uint256 value, uint256 time, ISonar.Report[] memory reports)
        public
    {
        vm.warp(time);
        vm.assume(caller != capsuleOf(id));
        assert(!call(caller, value, abi.encodeCall(ISonar.report, (id, reports))));
    }

    function check_open_campaign(
        bytes32 id, address caller, uint256 value, uint256 time, bytes32 key, bytes32 model, uint256 start
    ) public {
        vm.warp(time);
        vm.assume(caller != capsuleOf(id));
        assert(!call(caller, value, abi.encodeCall(ISonar.open_campaign, (id, key, model, start))));
    }

    function check_deliver(bytes32 id, address caller, uint256 value, uint256 time, bytes32 result) public {
        vm.warp(time);
        vm.assume(caller != capsuleOf(id));
        assert(!call(caller, value, abi.encodeCall(ISonar.deliver, (id, result))));
    }

    function check_decline(bytes32 id, address caller, uint256 value, uint256 time) public {
        vm.warp(time);
        vm.assume(caller != capsuleOf(id));
        assert(!call(caller, value, abi.encodeCall(ISonar.decline, (id, "no"))));
    }

    /// The same for one report that pays nothing: without products, so that a fault shows at once.
    function check_unusable(bytes32 id, address caller, uint256 time, ISonar.Report memory r) public {
        vm.assume(caller != capsuleOf(id));
        assert(!unusable(id, caller, time, r));
    }

    /// The other side, which must have a counterexample: the capsule can.
    function reach_unusable(bytes32 id, address caller, uint256 time, ISonar.Report memory r) public {
        assert(!unusable(id, caller, time, r));
    }

    function unusable(bytes32 id, address caller, uint256 time, ISonar.Report memory r) internal returns (bool) {
        vm.warp(time);
        vm.assume(r.verdict > 2);
        ISonar.Report[] memory reports = new ISonar.Report[](1);
        reports[0] = r;
        return call(caller, 0, abi.encodeCall(ISonar.report, (id, reports)));
    }
}
