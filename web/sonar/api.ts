/** What the statistics service answers with: `sonar_web/api/shapes.py` in TypeScript. */
import useSWR, { type SWRResponse } from "swr";

import { ask } from "../shared/http";

export interface Answer<T> {
  readonly chain_id: number;
  readonly contract: string;
  readonly block: number;
  readonly block_hash: string;
  readonly next: string | null;
  readonly data: T;
}

export type CampaignState = "requested" | "open" | "settled" | "cancelled" | "declined";

/** Accuracies in parts per million, times in seconds since 1970, amounts as digits of wei. */
export interface Terms {
  readonly bounty: string;
  readonly stake: string;
  readonly fee: string;
  readonly target: number;
  readonly min_gain: number;
  readonly max_start: number;
  readonly submit_until: number;
  readonly review_until: number;
  readonly max_pending: number;
  readonly gap_basis: boolean;
}

export interface Campaign {
  readonly id: string;
  readonly title: string | null;
  readonly owner: string;
  readonly capsule: string;
  readonly asset: string;
  readonly spec: string | null;
  readonly terms: Terms;
  readonly salt: string;
  readonly state: CampaignState;
  readonly public_key: string | null;
  readonly model: string | null;
  readonly version: number;
  readonly start: number | null;
  readonly best: number | null;
  readonly submitted: number;
  readonly evaluated: number;
  readonly paid: string;
  readonly refund: string | null;
  readonly fees: string | null;
  readonly burned: string | null;
  readonly result: string | null;
  readonly reason: string | null;
  readonly created_block: number;
  readonly created_at: number;
  readonly opened_at: number | null;
  readonly delivered_at: number | null;
  readonly ended_at: number | null;
}

export type Verdict = "improved" | "no_gain" | "malformed" | "unavailable";

export interface Submission {
  readonly campaign: string;
  readonly index: number;
  readonly miner: string;
  readonly update: string | null;
  readonly submitted_block: number;
  readonly submitted_at: number;
  readonly verdict: Verdict | null;
  readonly verdict_at: number | null;
  readonly version: number | null;
  readonly accuracy: number | null;
  readonly payout: string | null;
  readonly model: string | null;
  readonly reclaimed: boolean;
}

export interface Miner {
  readonly address: string;
  readonly asset: string;
  readonly earned: string;
  readonly submissions: number;
  readonly improved: number;
  readonly no_gain: number;
  readonly malformed: number;
  readonly unavailable: number;
  readonly reclaimed: number;
}

export interface Capsule {
  readonly address: string;
  readonly campaigns: number;
  readonly opened: number;
  readonly declined: number;
  readonly delivered: number;
  readonly improved: number;
  readonly no_gain: number;
  readonly malformed: number;
  readonly unavailable: number;
  readonly opening_seconds: number;
  readonly verdict_seconds: number;
  readonly unavailable_seconds: number;
  readonly mean_opening_seconds: number | null;
  readonly mean_verdict_seconds: number | null;
  readonly unavailable_hours: number;
}

export interface Day {
  readonly day: string;
  readonly asset: string;
  readonly campaigns: number;
  readonly opened: number;
  readonly settled: number;
  readonly submissions: number;
  readonly verdicts: number;
  readonly gains: number;
  readonly bounties: string;
  readonly paid: string;
}

/** Gas of the transactions of one kind on one day (UTC); `cost` in wei. */
export interface GasDay {
  readonly day: string;
  readonly call: string;
  readonly transactions: number;
  readonly used: number;
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  readonly cost: string;
}

/** How a token says it is counted. */
export interface Token {
  readonly address: string;
  readonly symbol: string | null;
  readonly decimals: number;
}

export const API = "/api/v1";

/** An answer that is asked for again whenever the index has read a new block (`useNews`). */
export function useAnswer<T>(path: string | null): SWRResponse<Answer<T>, Error> {
  return useSWR<Answer<T>, Error>(path === null ? null : API + path, ask, { keepPreviousData: true, shouldRetryOnError: true });
}
