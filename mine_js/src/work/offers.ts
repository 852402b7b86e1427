/** What a decision about a campaign is made from: the chain, the spec, this mine's own past there, the clock, the owner's word. */
import type { Policy } from "../rules/policy.ts";
import type { Spec } from "../artifacts/spec.ts";
import { priceNow } from "../chain/fees.ts";
import { OutboxRecords } from "../chain/outbox_records.ts";
import { type CampaignRecord, inEther, leftToEarn, targetReached } from "../chain/sonar.ts";
import { columnNames, type DataSet, identityOf } from "../data/datasets.ts";
import type { Facts } from "../rules/decisions.ts";
import type { Offer } from "../rules/policy.ts";
import type { Asset } from "./money/assets.ts";
import type { Connection } from "./connection.ts";
import { pastOf } from "./standings.ts";

export const SUBMIT_GAS = 80_000n;

/** What is the same for all campaigns at one time; `active`: campaigns that this mine works for. */
export interface Moment {
  readonly chainTime: number;
  readonly price: bigint;
  readonly active: ReadonlySet<string>;
  /** What the campaigns pay in, by address. */
  readonly assets: ReadonlyMap<string, Asset>;
}

export async function momentOf(connection: Connection, records: ReadonlyMap<string, CampaignRecord>): Promise<Moment> {
  const chainTime = await connection.sonar.now();
  const active = connection.journal.submissions().filter((made) => {
    const record = records.get(made.campaign);
    return made.givenUp === null && record?.state === "OPEN" && !targetReached(record) && chainTime < record.submitUntil;
  });
  const assets = new Map<string, Asset>();
  for (const address of new Set([...records.values()].map((record) => record.asset))) assets.set(address, await connection.asset(address));
  return { assets, chainTime, price: await priceNow(connection.node), active: new Set(active.map((made) => made.campaign)) };
}

/** What speaks for and against training the data for the campaign. Without its spec, what that would say is left open. */
export function factsOf(connection: Connection, moment: Moment, record: CampaignRecord, data: DataSet | null, policy: Policy, spec?: Spec, visitSeconds: number | null = null): Facts {
  const [standings, now] = [connection.standings(record.id), seconds()];
  const judged = standings.filter((standing) => standing.made !== null && standing.verdict !== null);
  const offer: Offer = {
    ...bareOffer(record, moment.price),
    fields: spec === undefined ? [] : spec.schema.columns.map((field) => field.name),
    floor: spec?.privacyFloor ?? null,
    network: spec?.family === "mlp",
    data: data?.name ?? null,
    purpose: spec?.purpose ?? null,
    auditor: spec?.auditor?.toString() ?? null,
    submitWindow: Math.max(0, record.submitUntil - moment.chainTime),
    reviewWindow: record.reviewUntil - record.submitUntil,
    minute: new Date().getHours() * 60 + new Date().getMinutes(),
    begun: standings.some((standing) => standing.made !== null),
    others: [...moment.active].filter((campaign) => campaign !== record.id).length,
    payouts: judged.map((standing) => standing.payout),
    spent: spentOn(connection, record, judged.length, judged.filter((standing) => standing.outcome === "burned").length),
    word: connection.decisions.word(record.id),
    visitSeconds,
    ...unitsOf(record, moment),
  };
  return {
    offer,
    lacking: spec === undefined || data === null ? [] : spec.schema.missing(columnNames(data)),
    closed: whyClosed(record, moment.chainTime, 0, spec),
    past: pastOf(standings, connection.sonar.version, now),
    data: data === null ? "" : identityOf(data, policy.privacy !== null),
    model: record.model,
    now,
  };
}

/** How the campaign's amounts are written, if it pays in a token. */
function unitsOf(record: CampaignRecord, moment: Moment): Pick<Offer, "symbol" | "decimals"> {
  const asset = inEther(record) ? undefined : moment.assets.get(record.asset);
  return { symbol: asset?.symbol ?? null, decimals: asset?.decimals ?? 0 };
}

/** What the chain says of a campaign alone, without what this mine knows. */
export function bareOffer(record: CampaignRecord, price: bigint): Offer {
  return {
    scientist: record.owner.toLowerCase(), capsule: record.capsule.toLowerCase(), asset: record.asset.toLowerCase(), fields: [],
    left: leftToEarn(record), stake: record.stake, fee: record.fee, gas: inEther(record) ? SUBMIT_GAS * price : 0n, floor: null, network: false,
    data: null, purpose: null, auditor: null, submitWindow: null, reviewWindow: null, minute: null, begun: false, others: 0, visitSeconds: null, payouts: [], spent: 0n, word: null,
    symbol: null, decimals: 0,
  };
}

/** Fees, burned stakes and, where it can be set against them, gas of this campaign so far. */
function spentOn(connection: Connection, record: CampaignRecord, judged: number, burned: number): bigint {
  const spent = BigInt(judged) * record.fee + BigInt(burned) * record.stake;
  if (!inEther(record)) return spent;
  const sent = new OutboxRecords(connection.database, connection.address).ofCampaign(record.id);
  return sent.reduce((sum, { receipt }) => sum + (receipt === null ? 0n : receipt.gasUsed * receipt.gasPrice), spent);
}

/** Why nothing can be submitted now, with `margin` seconds to spare; null if it can, for all that is known without the spec. */
export function whyClosed(record: CampaignRecord, now: number, margin: number, spec?: Pick<Spec, "evaluations">): string | null {
  if (record.state !== "OPEN") return `the campaign is ${record.state.toLowerCase()}`;
  if (targetReached(record)) return "the target is reached";
  if (now + margin >= record.submitUntil) return "the time to submit is over, or nearly so";
  const pending = record.submitted - record.evaluated;
  if (pending >= record.maxPending) return `the queue is full (${pending} submissions wait)`;
  const measured = spec?.evaluations ?? null;
  if (measured === null || record.submitted < measured) return null;
  return `the validation set is used up: it is measured on for ${measured} submissions, and ${record.submitted} are made`;
}

export function seconds(): number {
  return Math.trunc(Date.now() / 1000);
}
