/** What a campaign in a token needs of the token: how much is held and approved, and the exact approval. */
import type { Hex } from "viem";
import { decodeFunctionResult, encodeFunctionData, parseAbi } from "viem/utils";

import { simulate, type Transaction, type Wallet, WalletError } from "./wallet";

const TOKEN = parseAbi([
  "function balanceOf(address owner) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount)",
]);

/**
 * The next approval that is missing for `amount` to be taken by `spender`; null if none is. Exactly the amount is
 * approved; one that is there and too small is set to zero first, as some tokens demand. WalletError: too little held.
 */
export async function nextApproval(wallet: Wallet, account: Hex, token: Hex, spender: Hex, amount: bigint, shown: (amount: bigint) => string): Promise<{ transaction: Transaction; amount: bigint } | null> {
  const ask = async (functionName: "balanceOf" | "allowance", args: readonly [Hex] | readonly [Hex, Hex]): Promise<bigint> => {
    const data = functionName === "balanceOf" ? encodeFunctionData({ abi: TOKEN, functionName, args: [args[0]] }) : encodeFunctionData({ abi: TOKEN, functionName, args: args as readonly [Hex, Hex] });
    const answer = await simulate(wallet, { from: account, to: token, data, value: 0n });
    return decodeFunctionResult({ abi: TOKEN, functionName, data: answer as Hex });
  };
  const held = await ask("balanceOf", [account]);
  if (held < amount) throw new WalletError(`The account holds ${shown(held)}; the bounty is ${shown(amount)}. Nothing was sent.`);
  const allowed = await ask("allowance", [account, spender]);
  if (allowed >= amount) return null;
  const next = allowed === 0n ? amount : 0n;
  const transaction = { from: account, to: token, data: encodeFunctionData({ abi: TOKEN, functionName: "approve", args: [spender, next] }), value: 0n };
  await simulate(wallet, transaction);
  return { transaction, amount: next };
}
