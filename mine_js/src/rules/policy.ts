/** May this mine work for that campaign? Decided here, on the mine's side, and told to nobody. */
import { ZERO_ADDRESS } from "../chain/words.ts";
import { PrivacyError } from "../errors.ts";
import type { Budget } from "../privacy/budget.ts";
import { Fraction } from "../privacy/fraction.ts";
import { formatWei } from "../protocol/amounts.ts";

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

  has(name: string): boolean {
    return this.everything || this.names.has(name);
  }

  toString(): string {
    return this.everything ? "any" : [...this.names].sort().join(", ") || "none";
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
  readonly limits: Limits;
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
  /** Of this mine's latest judged submissions here; and what they cost so far. */
  readonly payouts: readonly bigint[];
  readonly spent: bigint;
  /** The owner's on this campaign. */
  readonly word: "approved" | "refused" | null;
}

/** One rule that forbids a campaign, and why; `forNow`: it passes by itself or by the owner's word. */
export interface Refusal {
  readonly rule: string;
  readonly reason: string;
  readonly forNow: boolean;
}

const LATEST = 4;

/** Every rule of the policy that forbids the offer, in a fixed order; empty if the mine may join. */
export function refusals(policy: Policy, offer: Offer): Refusal[] {
  const found: Refusal[] = [];
  const unless = (fine: boolean, rule: string, reason: string, forNow = false): void => {
    if (!fine) found.push({ rule, reason, forNow });
  };
  const listed = (rule: string, allowed: Allowed, what: string, name: string): void =>
    unless(allowed.has(name), rule, `${what} is not allowed (allowed: ${allowed.toString()})`);
  listed("scientists", policy.scientists, `scientist ${offer.scientist}`, offer.scientist);
  listed("capsules", policy.capsules, `Capsule ${offer.capsule}`, offer.capsule);
  listed("assets", policy.assets, `asset ${offer.asset === ZERO_ADDRESS ? "ether" : offer.asset}`, offer.asset);
  if (offer.data !== null) listed("data_sets", policy.dataSets, `data set ${offer.data}`, offer.data);
  const forbidden = offer.fields.filter((name) => !policy.fields.has(name));
  unless(forbidden.length === 0, "fields", `fields not allowed: ${some(forbidden)} (allowed: ${policy.fields.toString()})`);
  if (offer.purpose !== null) listed("purposes", policy.purposes, `purpose ${offer.purpose}`, offer.purpose);
  if (offer.auditor !== null) {
    const who = `auditor ${offer.auditor}, who gets to open your gradients once the campaign is over,`;
    listed("auditors", policy.auditors, who, offer.auditor);
  }
  unless(
    policy.networks || !offer.network,
    "networks",
    "the model is a neural network: a dishonest Capsule could send one that singles out a row (networks = true in policy.toml allows it)",
  );
  const against = againstPrivacy(policy.privacy, offer);
  unless(against === null, "privacy", against ?? "");
  if (offer.word === "refused") unless(false, "ask_first", "you have refused it (mine-agent approve ID takes that back)");
  else {
    unless(!policy.askFirst || offer.word === "approved", "ask_first", "it waits for your word: mine-agent approve ID, or mine-agent refuse ID", true);
  }
  when(policy, offer, unless);
  money(policy, offer, unless);
  return found;
}

type Unless = (fine: boolean, rule: string, reason: string, forNow?: boolean) => void;

function when(policy: Policy, offer: Offer, unless: Unless): void {
  const { minute, submitWindow, reviewWindow } = offer;
  if (minute !== null && policy.hours !== null) {
    const inside = policy.hours.some(({ begins, ends }) => (begins < ends ? minute >= begins && minute < ends : minute >= begins || minute < ends));
    const spans = policy.hours.map(({ begins, ends }) => `${shownMinute(begins)}-${shownMinute(ends)}`).join(", ");
    unless(inside, "hours", `it is ${shownMinute(minute)}; new work begins in the hours ${spans || "none"}`, true);
  }
  if (submitWindow !== null && !offer.begun) {
    const least = policy.minimumSubmitWindow;
    unless(submitWindow >= least, "minimum_submit_window", `${submitWindow} s left to submit is less than ${least} s`);
  }
  if (reviewWindow !== null) {
    const least = policy.minimumReviewWindow;
    unless(reviewWindow >= least, "minimum_review_window", `${reviewWindow} s for Capsule to judge is less than ${least} s`);
  }
  unless(
    offer.begun || offer.others < policy.maximumCampaigns,
    "maximum_campaigns",
    `this mine works for ${offer.others} campaigns; it takes ${policy.maximumCampaigns} at a time`,
    true,
  );
}

function money(policy: Policy, offer: Offer, unless: Unless): void {
  const { maximumStake, minimumReward, expectedShare, margin } = policy;
  unless(offer.stake <= maximumStake, "maximum_stake", `stake ${formatWei(offer.stake)} is above ${formatWei(maximumStake)}`);
  unless(offer.left >= minimumReward, "minimum_reward", `${formatWei(offer.left)} left to earn is below ${formatWei(minimumReward)}`);
  const latest = offer.payouts.slice(-LATEST);
  const sum = (amounts: readonly bigint[]): Fraction => new Fraction(amounts.reduce((all, one) => all + one, 0n));
  const mean = new Fraction(offer.left).times(expectedShare).plus(sum(latest)).over(new Fraction(BigInt(1 + latest.length)));
  const expected = mean.compare(new Fraction(offer.left)) > 0 ? new Fraction(offer.left) : mean;
  const cost = new Fraction(offer.fee + offer.gas).plus(new Fraction(offer.stake).times(policy.stakeRisk));
  const above = margin.plus(new Fraction(1n));
  const onTop = margin.top === 0n ? "" : ` and ${general(margin.toNumber(), 4)} of it on top`;
  const reckoned =
    offer.payouts.length > 0
      ? `${formatWei(expected.floor())} reckoned from the last ${latest.length} payouts and what is left`
      : `${expectedShare.toString()} of the ${formatWei(offer.left)} left to earn`;
  unless(
    expected.compare(cost.times(above)) >= 0,
    "expected_share",
    `${reckoned} does not cover ${formatWei(cost.ceil())} of fee, gas and risk to the stake${onTop}`,
  );
  const hoped = sum(offer.payouts).plus(expected);
  const spent = new Fraction(offer.spent).plus(cost);
  unless(
    offer.spent === 0n || hoped.compare(spent.times(above)) >= 0,
    "margin",
    `it no longer pays: ${formatWei(spent.ceil())} spent with the next submission, ${formatWei(hoped.floor())} earned with it`,
  );
  unless(
    policy.minimumPerHour === 0n,
    "minimum_per_hour",
    "Mine.js does not reckon earnings by the hour; set minimum_per_hour to 0, or run mine-agent",
  );
}

function shownMinute(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** Why the owner's budget and the campaign's wish do not go together. */
function againstPrivacy(budget: Budget | null, { floor, network }: Offer): string | null {
  if (budget === null) {
    if (floor === null) return null;
    return (
      `the campaign asks for gradients with differential privacy (epsilon ${general(floor.epsilon)}, delta ${general(floor.delta)}); ` +
      'this mine gives none (privacy = "none" in policy.toml)'
    );
  }
  if (network) {
    return (
      "the model is a neural network: how much its gradients tell of a single record cannot be bounded yet, so none is trained under a " +
      'privacy budget (privacy = "none" in policy.toml gives it up)'
    );
  }
  try {
    if (floor !== null) budget.forFloor(floor.epsilon, floor.delta);
    return null;
  } catch (error) {
    if (error instanceof PrivacyError) return error.message;
    throw error;
  }
}

/** A number with up to six digits, as Python's format "g" writes it. */
export function general(value: number, digits = 6): string {
  if (value === 0) return "0";
  const [mantissa = "", exponent = "0"] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (power < -4 || power >= digits) {
    return `${trimmed(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trimmed(value.toFixed(Math.max(0, digits - 1 - power)));
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** At most five: a campaign can ask for thousands of fields. */
function some(names: readonly string[]): string {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}
