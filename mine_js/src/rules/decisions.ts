/** Whether to train one data set for one campaign, decided from facts alone: the same facts and rules give the same. */
import { type RuleCheck, type Refusal, ruleChecks, some } from "./checks.ts";
import { nextMove, type Past } from "./pacing.ts";
import type { Offer, Policy } from "./policy.ts";

export const ASK = "ask_first";
const [SCHEMA, STATE, PACE] = ["schema", "state", "pace"];

/** Digests in hexadecimal; times in seconds since 1970. */
export interface Facts {
  readonly offer: Offer;
  /** Fields of the campaign that the data set has no column for. */
  readonly lacking: readonly string[];
  /** Why the campaign takes no submission, whatever the owner says. */
  readonly closed: string | null;
  readonly past: readonly Past[];
  readonly data: string;
  readonly model: string;
  readonly now: number;
}

export type Answer = "train" | "later" | "no";
export interface Decision {
  /** Train now; later, when what stands in the way has passed or the owner has spoken; no. */
  readonly answer: Answer;
  readonly reasons: readonly Refusal[];
  readonly checks: readonly RuleCheck[];
}

/** What the owner's rules, the schema, the campaign's state and this mine's past come to. */
export function decide(policy: Policy, facts: Facts): Decision {
  const { offer, closed, lacking } = facts;
  const checks = ruleChecks(policy, offer);
  const reasons: Refusal[] = checks.flatMap(({ rule, reason, forNow }) => (reason === null ? [] : [{ rule, reason, forNow }]));
  const margin = policy.limits.timeMargin;
  const against = (rule: string, reason: string, forNow = false): unknown => reasons.push({ rule, reason, forNow });
  if (closed !== null) against(STATE, closed);
  else if (offer.submitWindow !== null && offer.submitWindow <= margin) {
    against(STATE, `${offer.submitWindow} s are left to submit; ${margin} s are kept free`);
  }
  if (lacking.length > 0) against(SCHEMA, `${offer.data ?? "None"} lacks ${some(lacking)}`);
  const { move, reason } = nextMove(facts.past, facts.data, facts.model, policy.limits, facts.now);
  if (move !== "train") against(PACE, reason, move === "wait");
  const answer = reasons.length === 0 ? "train" : reasons.every((one) => one.forNow) ? "later" : "no";
  return { answer, reasons, checks };
}

/** Whether nothing but the owner's word is missing. */
export function asks({ reasons }: Pick<Decision, "reasons">): boolean {
  return reasons.length > 0 && reasons.every((one) => one.rule === ASK && one.forNow);
}
