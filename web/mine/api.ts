import useSWR, { type SWRResponse } from "swr";

import { read } from "./session";

/** What the mine's server answers with: the rows of `mine-agent ... --format json`. Amounts are digits of the smallest unit. */
export interface Happening {
  readonly time: string;
  readonly event: string;
  readonly sentence: string;
  readonly campaign?: string;
  readonly data?: string;
  readonly share?: number;
  readonly seconds_left?: number;
}

export interface Status {
  readonly account: string;
  readonly chain_id: number;
  readonly contract: string;
  readonly running: boolean;
  readonly paused: boolean;
  readonly work: Happening | null;
  readonly waiting: string | null;
  readonly looked_at: number | null;
  readonly quiet: readonly { why: string; command: string | null }[];
  readonly asked: readonly string[];
  readonly open: number | null;
  readonly joined: number | null;
  readonly campaigns_unknown: string | null;
  readonly happenings: readonly Happening[];
}

export interface Campaign {
  readonly campaign: string;
  readonly title: string | null;
  readonly purpose: string | null;
  readonly scientist: string;
  readonly capsule: string;
  readonly asset: string;
  readonly symbol: string | null;
  readonly decimals: number;
  readonly bounty: string;
  readonly left: string;
  readonly point_pays: string;
  readonly start_ppm: number;
  readonly best_ppm: number;
  readonly target_ppm: number;
  readonly stake: string;
  readonly submit_until: number;
  readonly joins: boolean;
  readonly word: string | null;
  readonly data: string;
  readonly fields: readonly string[];
  readonly coverage: number | null;
  readonly missing: readonly string[];
  readonly privacy: string | null;
  readonly visit: string | null;
  readonly fits: readonly { data: string; fits: boolean; missing: readonly string[] }[];
  readonly reasons: readonly { rule: string; reason: string; for_now: boolean }[];
  readonly failure: string | null;
}

export interface DataSet {
  readonly name: string;
  readonly kind: string;
  readonly location: string;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly usable: boolean;
  readonly why_not: string | null;
}

export interface CampaignFit {
  readonly campaign: string;
  readonly title: string | null;
  readonly fits: boolean;
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  readonly why_not: string | null;
}

export interface ColumnSeen {
  readonly name: string;
  readonly kind: string;
  readonly missing_share: string | null;
  readonly range: string | null;
  readonly remark: string | null;
  readonly samples: string;
}

export interface Rule {
  readonly rule: string;
  readonly kind: "list" | "flag" | "whole" | "number" | "text";
  readonly value: RuleValue;
  readonly default: RuleValue;
  readonly expected: string;
  readonly about: string;
  readonly choices: readonly string[];
}

export type RuleValue = boolean | number | string | readonly string[];

export interface Policy {
  readonly text: string;
  readonly digest: string;
  readonly rules: readonly Rule[];
}

export interface PolicyChange {
  readonly campaign: string;
  readonly title: string | null;
  readonly data: string | null;
  readonly changes: boolean;
  readonly joins_before: boolean;
  readonly joins_after: boolean;
  readonly why_before: string;
  readonly why_after: string;
}

export interface Earning {
  readonly campaign: string;
  readonly state: string;
  readonly asset: string;
  readonly symbol: string | null;
  readonly decimals: number;
  readonly outcomes: string;
  readonly promised: string;
  readonly claimable: string;
  readonly claimed: string;
  readonly staked: string;
  readonly gas: string;
  readonly spent: string;
  readonly net: string;
}

export interface Payment {
  readonly block: number;
  readonly time: number | null;
  readonly campaign: string | null;
  readonly what: string;
  readonly asset: string;
  readonly symbol: string | null;
  readonly decimals: number;
  readonly amount: string;
  readonly total: string;
}

export interface LedgerEntry {
  readonly number: number;
  readonly time: number;
  readonly what: string;
  readonly campaign: string | null;
  readonly data: string | null;
  readonly epsilon: number | null;
  readonly total_epsilon: number;
}

export interface Ledger {
  readonly privacy: string;
  readonly neighbours: string;
  readonly delta: number;
  readonly budget_epsilon: number | null;
  readonly price_epsilon: number | null;
  readonly spent_epsilon: number;
  readonly releases_left: number | null;
  readonly unprotected_gradients: number;
  readonly entries: readonly LedgerEntry[];
}

export interface Decision {
  readonly number: number;
  readonly time: number;
  readonly campaign: string;
  readonly data: string;
  readonly answer: "train" | "later" | "no";
  readonly why: string;
  readonly replay: string;
  readonly rules: readonly { rule: string; passed: boolean; wants: string; found: string }[];
}

/** What a sentence of the agent says where the pages have buttons. */
const COMMANDS = /: mine-agent approve ID, or mine-agent refuse ID(?=;|$)| \(mine-agent approve ID takes that back\)(?=;|$)| until `mine-agent resume`| mine-agent explain \S+ says what it asks for; then: mine-agent approve \S+, or: mine-agent refuse \S+$/g;

/** A sentence of the agent without the commands that explain, approve, refuse and resume. */
export function withoutCommand(sentence: string): string {
  return sentence.replace(COMMANDS, "");
}

/** What is at a path, asked again every `every` milliseconds if that is given. Without, also not when the tab comes back: drafts
 * depend on what was shown, and data sets are read whole for an answer. */
export function useMine<T>(path: string | null, every = 0): SWRResponse<T, Error> {
  return useSWR<T, Error>(path, read, { keepPreviousData: true, refreshInterval: every, revalidateOnFocus: every > 0, errorRetryInterval: 3000 });
}

/** A campaign's title, or the beginning of its id where the title is not known. */
export function nameOf(campaign: { readonly campaign: string; readonly title: string | null }): string {
  return campaign.title ?? shortId(campaign.campaign);
}

export function shortId(campaign: string): string {
  return campaign.slice(0, 10);
}
