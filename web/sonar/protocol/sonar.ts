/** Calls of the contract that a scientist makes, as call data; and reading why one is refused. */
import type { Hex } from "viem";
import { decodeErrorResult, decodeFunctionResult, encodeFunctionData, parseAbi } from "viem/utils";

const TERMS =
  "struct Terms { bytes32 spec; address capsule; address asset; uint256 bounty; uint256 stake; uint256 fee; uint256 target; uint256 min_gain; uint256 max_start; uint256 submit_until; uint256 review_until; uint256 max_pending; bool gap_basis; }";

export const SONAR = parseAbi([
  TERMS,
  "function create_campaign(Terms terms, bytes32 salt) payable returns (bytes32)",
  "function cancel(bytes32 id)",
  "function settle(bytes32 id)",
  "function claim(bytes32 id, address account, address to) returns (uint256)",
  "function claimable(bytes32 id, address account) view returns (uint256)",
]);

export interface TermsArgument {
  readonly spec: Hex;
  readonly capsule: Hex;
  readonly asset: Hex;
  readonly bounty: bigint;
  readonly stake: bigint;
  readonly fee: bigint;
  readonly target: bigint;
  readonly min_gain: bigint;
  readonly max_start: bigint;
  readonly submit_until: bigint;
  readonly review_until: bigint;
  readonly max_pending: bigint;
  readonly gap_basis: boolean;
}

export function createCampaign(terms: TermsArgument, salt: Hex): Hex {
  return encodeFunctionData({ abi: SONAR, functionName: "create_campaign", args: [terms, salt] });
}

export function claim(id: Hex, account: Hex): Hex {
  return encodeFunctionData({ abi: SONAR, functionName: "claim", args: [id, account, account] });
}

export function settle(id: Hex): Hex {
  return encodeFunctionData({ abi: SONAR, functionName: "settle", args: [id] });
}

export function cancel(id: Hex): Hex {
  return encodeFunctionData({ abi: SONAR, functionName: "cancel", args: [id] });
}

/** The id that a simulated `create_campaign` answers with. */
export function createdId(answer: Hex): Hex {
  return decodeFunctionResult({ abi: SONAR, functionName: "create_campaign", data: answer });
}

/** The contract's own words in what a wallet throws; null if there are none. */
export function refusal(error: unknown): string | null {
  const seen = new Set<unknown>();
  const queue: unknown[] = [error];
  while (queue.length > 0 && seen.size < 50) {
    const one = queue.shift();
    if (seen.has(one)) continue;
    seen.add(one);
    if (typeof one === "string") {
      const said = /sonar: [\w ,.'-]{1,200}/.exec(one);
      if (said) return said[0];
      const data = /0x08c379a0[0-9a-fA-F]+/.exec(one);
      if (data) return wordsOf(data[0] as Hex);
    } else if (typeof one === "object" && one !== null) {
      queue.push(...(Object.values(one) as unknown[]));
      if (one instanceof Error) queue.push(one.message, one.cause);
    }
  }
  return null;
}

function wordsOf(data: Hex): string | null {
  try {
    const found = decodeErrorResult({ abi: parseAbi(["error Error(string)"]), data });
    return found.args[0];
  } catch {
    return null;
  }
}
