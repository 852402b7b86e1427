import { createConfig } from "ponder";
import { parseAbi } from "viem";

const SONAR = parseAbi([
  "event CampaignCreated(bytes32 indexed id, address indexed owner, address indexed capsule, bytes32 spec, address asset, uint256 bounty, uint256 limits, uint256 price, bytes32 salt)",
  "event CampaignOpened(bytes32 indexed id, bytes32 public_key, bytes32 model, uint256 start)",
  "event Submitted(bytes32 indexed id, uint256 index, address indexed miner, bytes32 update)",
  "event Verdicts(bytes32 indexed id, uint256 first, bytes32 verdicts)",
  "event Improved(bytes32 indexed id, uint256 index, uint256 version, uint256 accuracy, uint256 payout, bytes32 model)",
  "event Settled(bytes32 indexed id, uint256 paid, uint256 refund, uint256 fees, uint256 burned)",
]);

export default createConfig({
  chains: { local: { id: 31337, rpc: process.env.SONAR_RPC!, pollingInterval: 1000 } },
  contracts: { Sonar: { chain: "local", abi: SONAR, address: process.env.SONAR_ADDRESS as `0x${string}`, startBlock: 0 } },
});
