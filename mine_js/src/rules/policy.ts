/** The owner's rules, and what a campaign asks for and offers, as far as they care. */
import type { Budget } from "../privacy/budget.ts";
import { Fraction } from "../privacy/fraction.ts";

/** Names that are allowed, or all of them. Addresses are in lower case. */
export class Allowed {
  readonly everything: boolean;
  private readonly names: ReadonlySet<string>;

  private constructor(names: Iterable<string>, everything: boolean) {
    this.names = new Set(names);
    this.everything = everything;
  }

  static of(names: readonly string[]): Allowed {
    return names.includes("any") ? new Allowed([], true) : new Allowed(names, false);
  }

  get isEmpty(): boolean {
    return !this.everything && this.names.size === 0;
  }

  /** The names, sorted; none if everything is allowed. */
  get listed(): readonly string[] {
    return [...this.names].sort();
  }

  has(name: string): boolean {
    return this.everything || this.names.has(name);
  }

  toString(): string {
    return this.everything ? "any" : this.listed.join(", ") || "none";
  }
}

/** How often and how late a mine works for one campaign. */
export interface Limits {
  readonly submissions: number;
  readonly noGainInARow: number;
  readonly noGainPause: number;
  readonly timeMargin: number;
  readonly leastRecords: number;
  readonly leastClasses: number;
}

/** From a minute of the day, to a minute that no longer belongs to it; may go over midnight. */
export interface Span {
  readonly begins: number;
  readonly ends: number;
}

/** The owner's rules; amounts in wei, times in seconds. `privacy`: null only by the owner's word. */
export interface Policy {
  readonly scientists: Allowed;
  readonly capsules: Allowed;
  readonly assets: Allowed;
  readonly fields: Allowed;
  readonly dataSets: Allowed;
  readonly purposes: Allowed;
  /** Of auditors' certificates, as CIDs. */
  readonly auditors: Allowed;
  readonly askFirst: boolean;
  /** When new work may begin; null: always. */
  readonly hours: readonly Span[] | null;
  readonly networks: boolean;
  readonly privacy: Budget | null;
  readonly minimumSubmitWindow: number;
  readonly minimumReviewWindow: number;
  readonly maximumCampaigns: number;
  readonly maximumStake: bigint;
  readonly minimumReward: bigint;
  readonly minimumPerHour: bigint;
  readonly expectedShare: Fraction;
  readonly stakeRisk: Fraction;
  readonly margin: Fraction;
  readonly autoClaim: boolean;
  /** What prepared data may take at most. */
  readonly memoryMb: number;
  readonly limits: Limits;
  /** Of policy.toml, as decisions keep it. */
  readonly text: string;
}

/** What a campaign asks for and offers; addresses in lower case, amounts in wei. What is null is not known yet. */
export interface Offer {
  readonly scientist: string;
  readonly capsule: string;
  readonly asset: string;
  /** Inputs and label. */
  readonly fields: readonly string[];
  readonly left: bigint;
  readonly stake: bigint;
  readonly fee: bigint;
  readonly gas: bigint;
  /** The least protection of every gradient. */
  readonly floor: { readonly epsilon: number; readonly delta: number } | null;
  readonly network: boolean;
  readonly data: string | null;
  readonly purpose: string | null;
  /** The certificate of who gets to open the gradients beside Capsule, once the campaign is over. */
  readonly auditor: string | null;
  /** How long submissions are still taken, and what Capsule then has to judge. */
  readonly submitWindow: number | null;
  readonly reviewWindow: number | null;
  /** Of the day, now. */
  readonly minute: number | null;
  /** Whether this mine has submitted to it; how many other campaigns it works for. */
  readonly begun: boolean;
  readonly others: number;
  /** How long one visit is expected to take, where a rule asks. */
  readonly visitSeconds: number | null;
  /** Of this mine's latest judged submissions here; and what they cost so far. */
  readonly payouts: readonly bigint[];
  readonly spent: bigint;
  /** The owner's on this campaign. */
  readonly word: "approved" | "refused" | null;
  /** How the token writes amounts; null: counted in its smallest unit. */
  readonly symbol: string | null;
  readonly decimals: number;
}
