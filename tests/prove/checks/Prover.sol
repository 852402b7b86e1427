// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ISonar} from "./ISonar.sol";
import {SonarCode} from "./SonarCode.sol";

interface Vm {
    function assume(bool) external pure;
    function prank(address) external;
    function load(address, bytes32) external view returns (bytes32);
    function store(address, bytes32, bytes32) external;
    function deal(address, uint256) external;
    function warp(uint256) external;
    function etch(address, bytes calldata) external;
}

interface Symbols {
    function enableSymbolicStorage(address) external;
}

/// The compiled Sonar with *any* content of its storage, and readers of that storage that do not branch (a view of
/// the contract would double the paths at each of its conditions).
abstract contract Prover {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Symbols internal constant svm = Symbols(address(uint160(uint256(keccak256("svm cheat code")))));
    ISonar internal constant sonar = ISonar(address(0x50A2));
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;
    uint256 internal constant MUCH = 1 << 120;

    uint256 internal constant REQUESTED = 1;
    uint256 internal constant OPEN = 2;
    uint256 internal constant SETTLED = 3;

    struct Hot {
        uint256 word;
        uint256 state;
        uint256 target;
        uint256 minGain;
        uint256 start;
        uint256 best;
        uint256 submitted;
        uint256 evaluated;
        uint256 forfeited;
        uint256 version;
        uint256 maxStart;
    }

    function setUp() public virtual {
        vm.etch(address(sonar), SonarCode.RUNTIME);
        svm.enableSymbolicStorage(address(sonar));
        vm.deal(address(sonar), MUCH);
    }

    // ------------------------------------------------------------ storage

    function slot(uint256 at) internal view returns (uint256) {
        return uint256(vm.load(address(sonar), bytes32(at)));
    }

    /// One word of a campaign's record.
    function recordOf(bytes32 id, uint256 member) internal view returns (uint256) {
        unchecked {
            return slot(uint256(keccak256(abi.encode(SonarCode.RECORDS_SLOT, id))) + member);
        }
    }

    /// The packed credit: payout in the lowest 128 bits, then 32 of stakes, then 32 of returns.
    function creditOf(bytes32 id, address account) internal view returns (uint256) {
        bytes32 inner = keccak256(abi.encode(SonarCode.CREDITS_SLOT, id));
        return slot(uint256(keccak256(abi.encode(inner, uint256(uint160(account))))));
    }

    function hotOf(bytes32 id) internal view returns (Hot memory) {
        uint256 w = recordOf(id, SonarCode.RECORD_HOT);
        return Hot({
            word: w,
            state: w & 3,
            target: bits(w, SonarCode.TARGET, 20),
            minGain: bits(w, SonarCode.MIN_GAIN, 20),
            start: bits(w, SonarCode.START, 20),
            best: bits(w, SonarCode.BEST, 20),
            submitted: bits(w, SonarCode.SUBMITTED, 24),
            evaluated: bits(w, SonarCode.EVALUATED, 24),
            forfeited: bits(w, SonarCode.FORFEITED, 24),
            version: bits(w, SonarCode.VERSION, 20),
            maxStart: bits(recordOf(id, SonarCode.RECORD_PRICE), SonarCode.MAX_START, 20)
        });
    }

    function capsuleOf(bytes32 id) internal view returns (address) {
        return address(uint160(recordOf(id, SonarCode.RECORD_JUDGE)));
    }

    function bountyOf(bytes32 id) internal view returns (uint256) {
        return recordOf(id, SonarCode.RECORD_JUDGE) >> SonarCode.BOUNTY;
    }

    function bits(uint256 word, uint256 from, uint256 count) internal pure returns (uint256) {
        unchecked {
            return (word >> from) & ((1 << count) - 1);
        }
    }

    /// All that an accuracy of `best` has earned, P(best), in plain words of the machine.
    function earned(bytes32 id, Hot memory h, uint256 best) internal view returns (uint256 amount) {
        uint256 bounty = bountyOf(id);
        (uint256 start, uint256 divisor) = (h.start, h.target);
        if (h.word & 4 != 0) {
            assembly {
                divisor := sub(divisor, start)
            }
        }
        assembly {
            amount := div(mul(bounty, sub(best, start)), divisor)
        }
    }

    // ------------------------------------------- conditions without branches

    function both(bool a, bool b) internal pure returns (bool c) {
        assembly {
            c := and(a, b)
        }
    }

    function either(bool a, bool b) internal pure returns (bool c) {
        assembly {
            c := or(a, b)
        }
    }

    function implies(bool a, bool b) internal pure returns (bool) {
        return either(!a, b);
    }

    /// What holds of every campaign's hot word between two calls; `Induction` proves that it does.
    function sound(Hot memory h) internal pure returns (bool holds) {
        holds = both(h.start <= h.best, h.best <= h.target);
        holds = both(holds, both(h.target <= 1_000_000, h.minGain <= h.target));
        holds = both(holds, both(h.forfeited <= h.evaluated, h.evaluated <= h.submitted));
        unchecked {
            holds = both(holds, h.version <= h.best - h.start);
        }
        holds = both(holds, implies(h.state <= REQUESTED, both(h.best == 0, h.submitted == 0)));
        holds = both(holds, both(implies(h.state != 0, h.minGain > 0), implies(h.state == OPEN, h.start < h.target)));
        holds = both(holds, (h.word == 0) == (h.state == 0));
        // What `create_campaign` saw to: whatever start is taken leaves room for one gain.
        unchecked {
            holds = both(holds, implies(h.state != 0, h.maxStart <= h.target - h.minGain));
        }
    }

    /// A truth about multiplication that halmos, which keeps products uninterpreted at first, is told in advance:
    /// Vyper's min(a, b) is b ^ ((a < b) * (a ^ b)).
    function hintMinimum(uint256 a, uint256 b) internal pure {
        uint256 chosen;
        assembly {
            chosen := mul(lt(a, b), xor(a, b))
        }
        vm.assume(either(both(a < b, chosen == a ^ b), both(a >= b, chosen == 0)));
    }

    /// The minimum that a report of that accuracy makes the contract compute.
    function hintReport(Hot memory h, uint256 accuracy) internal pure {
        hintMinimum(accuracy, h.target);
    }

    // -------------------------------------------------------------- calling

    /// Any call by any account but Sonar itself, with any value.
    function call(address caller, uint256 value, bytes memory data) internal returns (bool ok) {
        vm.assume(both(caller != address(sonar), value < MUCH));
        vm.deal(caller, value);
        vm.prank(caller);
        (ok,) = address(sonar).call{value: value}(data);
    }
}
