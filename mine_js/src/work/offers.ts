/** What a submission costs now, and whether there is time left for it. */
import type { Spec } from "../artifacts/spec.ts";
import { type CampaignRecord, inEther, leftToEarn, targetReached } from "../chain/sonar.ts";
import type { Offer } from "../rules/policy.ts";
import type { Connection } from "./connection.ts";

export const SUBMIT_GAS = 80_000n;

/** What the owner's policy is asked about; without the spec, no fields and no privacy are asked for. */
export function offerOf(record: CampaignRecord, price: bigint, now: number, known: { spec?: Spec; data?: string; connection?: Connection } = {}): Offer {
  const { spec, connection } = known;
  const own = connection?.standings(record.id).filter((standing) => standing.made !== null) ?? [];
  const evaluated = own.filter((standing) => standing.verdict !== null);
  const burned = own.filter((standing) => standing.outcome === "burned");
  return {
    scientist: record.owner.toLowerCase(),
    capsule: record.capsule.toLowerCase(),
    asset: record.asset.toLowerCase(),
    fields: spec === undefined ? [] : spec.schema.columns.map((field) => field.name),
    left: leftToEarn(record),
    stake: record.stake,
    fee: record.fee,
    gas: inEther(record) ? SUBMIT_GAS * price : 0n,
    floor: spec?.privacyFloor ?? null,
    network: spec?.family === "mlp",
    data: known.data ?? null,
    purpose: spec?.purpose ?? null,
    auditor: spec?.auditor?.toString() ?? null,
    submitWindow: Math.max(0, record.submitUntil - now),
    reviewWindow: record.reviewUntil - record.submitUntil,
    minute: new Date().getHours() * 60 + new Date().getMinutes(),
    begun: own.length > 0,
    others: connection === undefined ? 0 : connection.ownCampaignIds().filter((id) => id !== record.id && !connection.settledIds().has(id)).length,
    payouts: evaluated.map((standing) => standing.payout),
    spent: record.fee * BigInt(evaluated.length) + record.stake * BigInt(burned.length),
    word: connection?.journal.word(record.id) ?? null,
  };
}

/** Why nothing can be submitted now, with `margin` seconds to spare; null if it can. */
export function whyClosed(record: CampaignRecord, now: number, margin: number): string | null {
  if (record.state !== "OPEN") return `the campaign is ${record.state.toLowerCase()}`;
  if (targetReached(record)) return "the target is reached";
  if (now + margin >= record.submitUntil) return "the time to submit is over, or nearly so";
  const pending = record.submitted - record.evaluated;
  return pending >= record.maxPending ? `the queue is full (${pending} submissions wait)` : null;
}
