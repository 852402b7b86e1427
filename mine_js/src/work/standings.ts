/** What became of this mine's submissions, read off the chain's history each time it is asked. Nothing is kept. */
import { fates, type SonarEvent, type Verdict } from "../chain/events.ts";
import type { Submission } from "../home/journal.ts";
import type { Outcome, Past } from "../rules/pacing.ts";

/** One submission: this home's record of it, and its place in the queue. One of the two may be null. */
export interface Standing {
  readonly update: string;
  readonly made: Submission | null;
  readonly index: number | null;
  readonly verdict: Verdict | null;
  readonly payout: bigint;
  readonly accuracy: number | null;
  readonly outcome: Outcome;
}

const OUTCOME: Readonly<Record<Verdict, Outcome>> = { NONE: "waiting", IMPROVED: "improved", NO_GAIN: "no gain", MALFORMED: "burned", UNAVAILABLE: "burned" };

/** Every submission of the miner to one campaign: strangers' in its name first, then this home's as they were made. */
export function standingsOf(miner: string, made: readonly Submission[], history: Iterable<SonarEvent>): Standing[] {
  const queue = new Map(fates(history).filter((fate) => fate.submitted && fate.miner === miner).map((fate) => [fate.index, fate]));
  const own = made.map((entry): Standing => {
    const fate = [...queue.values()].find((one) => one.update === entry.update);
    if (fate === undefined) {
      const outcome = entry.givenUp === null ? "waiting" : "withdrawn";
      return { update: entry.update, made: entry, index: null, verdict: null, payout: 0n, accuracy: null, outcome };
    }
    queue.delete(fate.index);
    return queued(fate, entry);
  });
  return [...[...queue.values()].map((fate) => queued(fate, null)), ...own];
}

function queued(fate: ReturnType<typeof fates>[number], made: Submission | null): Standing {
  const withdrawn = fate.reclaimed || (made !== null && made.givenUp !== null);
  const outcome = fate.verdict !== null ? OUTCOME[fate.verdict] : withdrawn ? "withdrawn" : "waiting";
  const { update, index, verdict, payout, accuracy } = fate;
  return { update, made, index, verdict, payout, accuracy, outcome };
}

/**
 * What of them counts for pacing. Since version 2 of the contract anybody may submit in this miner's name: what this
 * home did not make says nothing of its data.
 */
export function pastOf(standings: readonly Standing[], version: number, now: number): Past[] {
  return standings.flatMap(({ made, outcome }) => {
    if (made !== null) return [{ data: made.dataDigest, baseModel: made.baseModel, outcome, decided: made.closedAt ?? now }];
    return version === 1 ? [{ data: "", baseModel: "", outcome, decided: now }] : [];
  });
}
