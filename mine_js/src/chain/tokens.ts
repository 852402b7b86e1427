/** ERC-20 tokens as Sonar meets them. A token is a stranger's contract: what it answers is checked, and believed no further. */
import { toHex } from "../protocol/bytes.ts";
import type { Node, Tag } from "./node/node.ts";
import type { Call } from "./sonar.ts";
import { encodeCall, type Word, Words } from "./words.ts";

/** What the account holds, in the smallest unit. */
export function balanceOf(node: Node, token: string, account: string): Promise<bigint> {
  return ask(node, token, "balanceOf(address)", [account], "latest");
}

/** How much of the owner's the spender may take. */
export function allowance(node: Node, token: string, owner: string, spender: string, tag: Tag): Promise<bigint> {
  return ask(node, token, "allowance(address,address)", [owner, spender], tag);
}

/** Lets the spender take exactly so much, whatever was approved before. */
export function approval(token: string, spender: string, amount: bigint): Call {
  return { to: token, data: encodeCall("approve(address,uint256)", [spender, amount]), value: 0n, label: "approve", runsToken: true };
}

async function ask(node: Node, token: string, signature: string, words: readonly Word[], tag: Tag): Promise<bigint> {
  const answer = await node.call({ to: token, data: `0x${toHex(encodeCall(signature, words))}` }, tag);
  return new Words(answer, signature).big();
}
