/** The open campaigns as this mine's owner wants to see them: what fits, and whether the mine would join, by which rules. */
import type { Spec } from "../artifacts/spec.ts";
import { NodeError } from "../chain/errors.ts";
import { type CampaignRecord } from "../chain/sonar.ts";
import type { DataSet } from "../data/datasets.ts";
import { OpenMinedError } from "../errors.ts";
import { decide, type Decision, type Facts } from "../rules/decisions.ts";
import type { Policy } from "../rules/policy.ts";
import type { Connection } from "./connection.ts";
import { Library } from "./library.ts";
import { factsOf, momentOf } from "./offers.ts";
import { type VisitCost, visitCost } from "./visit_cost.ts";

/** One data set for one campaign, and what the rules say of the two together; `data` null: none is registered. */
export interface Prospect {
  readonly data: DataSet | null;
  readonly facts: Facts;
  readonly decision: Decision;
}

/** One open campaign; without a usable spec `fault` says why. `visit`: what one costs, if that was asked for. `best`: the most promising of the prospects. */
export interface Listing {
  readonly record: CampaignRecord;
  readonly spec: Spec | undefined;
  readonly fault: string | null;
  readonly visit: VisitCost | null;
  readonly prospects: readonly Prospect[];
  readonly best: Prospect;
}

/** Every campaign that is open on the chain, oldest first. `costs`: whether to tell what a visit costs, which is measured first. */
export async function openCampaigns(connection: Connection, policy: Policy, costs = policy.minimumPerHour > 0n): Promise<Listing[]> {
  const [sets, library, settled] = [connection.home.data().all(), new Library(connection), connection.settledIds()];
  const records = await connection.sonar.many(connection.campaignIds().filter((id) => !settled.has(id)));
  const moment = await momentOf(connection, records);
  const open = [...records.values()].filter((record) => record.state === "OPEN");
  const listings: Listing[] = [];
  for (const record of open) {
    const { spec, fault } = await specOf(library, record);
    const visit = spec === undefined || !costs ? null : visitCost(connection.journal, record.id, spec);
    const prospects = (sets.length > 0 ? sets : [null]).map((data): Prospect => {
      const facts = factsOf(connection, moment, record, data, policy, spec, visit?.seconds ?? null);
      return { data, facts, decision: decide(policy, facts) };
    });
    const rank = ({ decision, facts }: Prospect): number[] => [joins(decision) ? 0 : 1, facts.lacking.length, decision.reasons.length];
    const sorted = [...prospects].sort((one, other) => compare(rank(one), rank(other)));
    listings.push({ record, spec, fault, visit, prospects: sorted, best: sorted[0] as Prospect });
  }
  return listings;
}

/** Whether this mine works for it, though perhaps not at this moment: only its own earlier submissions stand in the way. */
export function joins(decision: Decision): boolean {
  return decision.reasons.every(({ rule, forNow }) => rule === "pace" && forNow);
}

/** Whether `run` works for the campaign. */
export function isJoined({ spec, best }: Listing): boolean {
  return spec !== undefined && best.data !== null && joins(best.decision);
}

async function specOf(library: Library, record: CampaignRecord): Promise<Pick<Listing, "spec" | "fault">> {
  try {
    return { spec: await library.spec(record), fault: null };
  } catch (error) {
    if (error instanceof NodeError || !(error instanceof OpenMinedError)) throw error;
    return { spec: undefined, fault: error.message };
  }
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, place) => value !== other[place]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
