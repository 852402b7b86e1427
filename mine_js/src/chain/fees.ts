/** What to offer per gas, with caps: a faulty node or a runaway market must not empty an account. */
import { FeesTooHighError } from "./errors.ts";
import type { Node } from "./node/node.ts";

const GWEI = 10n ** 9n;
const DEFAULT_TIP = GWEI;
const BUMP_PERCENT = 13n;
export const BUMP_AFTER = 90;

export interface FeePolicy {
  readonly maxFee: bigint;
  readonly tipCap: bigint;
  /** The most, in wei, that the gas of a call may cost in which a token's own code runs. */
  readonly maxTokenCall: bigint;
}
/** In wei per gas; `legacy`: a gas price, and both are it. */
export interface Fees {
  readonly maxFee: bigint;
  readonly tip: bigint;
  readonly legacy: boolean;
}

/** The policy for one call: what runs a token's code may not cost more than the owner allows. */
export function forGas(policy: FeePolicy, gas: bigint, runsToken: boolean): FeePolicy {
  return runsToken ? { ...policy, maxFee: smaller(policy.maxFee, policy.maxTokenCall / larger(1n, gas)) } : policy;
}

/** The offer for a new transaction: tip + twice the base fee, so it stays valid for six full blocks. */
export async function suggest(node: Node, policy: FeePolicy): Promise<Fees> {
  const { baseFee } = await node.latest();
  if (baseFee === null) {
    const price = larger(1n, await node.gasPrice());
    if (price > policy.maxFee) throw new FeesTooHighError(price, policy.maxFee);
    return { maxFee: price, tip: price, legacy: true };
  }
  const wanted = larger(1n, (await node.priorityFee()) ?? DEFAULT_TIP);
  const tip = smaller(wanted, smaller(policy.tipCap, larger(1n, policy.maxFee - baseFee)));
  if (baseFee + tip > policy.maxFee) throw new FeesTooHighError(baseFee + tip, policy.maxFee);
  return { maxFee: smaller(2n * baseFee + tip, policy.maxFee), tip, legacy: false };
}

/** Wei that one gas costs in the next block. */
export async function priceNow(node: Node): Promise<bigint> {
  const { baseFee } = await node.latest();
  return baseFee === null ? node.gasPrice() : baseFee + ((await node.priorityFee()) ?? DEFAULT_TIP);
}

/** The offer that replaces `old`, both parts raised; null if the caps do not allow it. */
export function bumped(old: Fees, wanted: Fees, policy: FeePolicy): Fees | null {
  const tip = larger(raised(old.tip), wanted.tip);
  const maxFee = larger(larger(raised(old.maxFee), wanted.maxFee), tip);
  return within({ maxFee, tip, legacy: wanted.legacy }, policy);
}

/** The next offer to a node that finds `old` too low: twice the tip, or just the cap. */
export function outbid(old: Fees, wanted: Fees, policy: FeePolicy): Fees | null {
  const least = bumped(old, wanted, policy);
  if (least === null) return null;
  const tip = larger(least.tip, smaller(2n * old.tip, policy.tipCap));
  return within({ maxFee: smaller(larger(least.maxFee, old.maxFee + tip), policy.maxFee), tip, legacy: least.legacy }, policy);
}

function within(offer: Fees, policy: FeePolicy): Fees | null {
  const tip = offer.legacy ? offer.maxFee : offer.tip;
  const cap = offer.legacy ? policy.maxFee : policy.tipCap;
  return offer.maxFee <= policy.maxFee && tip <= cap ? { ...offer, tip } : null;
}

function raised(amount: bigint): bigint {
  return amount + (amount * BUMP_PERCENT + 99n) / 100n + 1n;
}
function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
