// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

/// The functions of Sonar as Solidity writes them. `prove.py` refuses to run if a selector differs from the
/// compiled contract's: a call that only misses its function would "prove" anything.
interface ISonar {
    struct Terms {
        bytes32 spec;
        address capsule;
        address asset;
        uint256 bounty;
        uint256 stake;
        uint256 fee;
        uint256 target;
        uint256 min_gain;
        uint256 max_start;
        uint256 submit_until;
        uint256 review_until;
        uint256 max_pending;
        bool gap_basis;
    }

    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    struct Report {
        address miner;
        bytes32 update;
        uint256 verdict;
        uint256 accuracy;
        bytes32 model;
    }

    struct Campaign {
        address owner;
        uint256 state;
        Terms terms;
        bytes32 public_key;
        bytes32 model;
        uint256 version;
        uint256 start;
        uint256 best;
        uint256 submitted;
        uint256 evaluated;
        uint256 forfeited;
        uint256 paid;
        bytes32 result;
    }

    function register_capsule(bytes32 certificate) external;
    function create_campaign(Terms memory terms, bytes32 salt) external payable returns (bytes32);
    function create_campaign_with_permit(Terms memory terms, bytes32 salt, Permit memory permit)
        external
        returns (bytes32);
    function cancel(bytes32 id) external;
    function decline(bytes32 id, bytes memory reason) external;
    function open_campaign(bytes32 id, bytes32 public_key, bytes32 model, uint256 start) external;
    function submit(bytes32 id, bytes32 update, address miner) external payable returns (uint256);
    function submit_with_permit(bytes32 id, bytes32 update, address miner, Permit memory permit)
        external
        returns (uint256);
    function report(bytes32 id, Report[] memory reports) external;
    function reclaim(bytes32 id, uint256 index, bytes32 update, address miner) external;
    function deliver(bytes32 id, bytes32 result) external;
    function settle(bytes32 id) external;
    function claim(bytes32 id, address account, address to) external returns (uint256);
    function burn(address asset, uint256 amount) external;
    function version() external pure returns (uint256);
    function campaign(bytes32 id) external view returns (Campaign memory);
    function campaign_id(address owner, bytes32 spec, bytes32 salt) external view returns (bytes32);
    function certificate(address capsule) external view returns (bytes32);
    function queued(bytes32 id, uint256 index) external view returns (bytes32);
    function claimable(bytes32 id, address account) external view returns (uint256);
    function owed(bytes32 id, address account) external view returns (uint256);
}
