/**
 * May this mine work for that campaign? Every rule of the owner asked once, in a fixed order, each with what it wants,
 * what was found, and the reason if the two do not go together. Decided on the mine's side, and said to nobody.
 */
import { ZERO_ADDRESS } from "../chain/words.ts";
import { PrivacyError } from "../errors.ts";
import type { Budget } from "../privacy/budget.ts";
import { Fraction } from "../privacy/fraction.ts";
import { formatTokens, formatWei } from "../protocol/amounts.ts";
import { general, shownMinute } from "../wording.ts";
import { isInside, shownHours } from "./hours.ts";
import type { Allowed, Offer, Policy } from "./policy.ts";

/** One rule, asked about one campaign; `reason`: why it forbids it, null if it does not. */
export interface RuleCheck {
  readonly rule: string;
  readonly wants: string;
  readonly found: string;
  readonly reason: string | null;
  /** Whether it passes by itself or by the owner's word, with the rules as they are. */
  readonly forNow: boolean;
}
/** One rule that forbids a campaign, and why. */
export interface Refusal {
  readonly rule: string;
  readonly reason: string;
  readonly forNow: boolean;
}

const LATEST = 4;
const HOUR = 3600n;

/** Every rule of the policy that forbids the offer, in a fixed order; empty if the mine may join. */
export function refusals(policy: Policy, offer: Offer): Refusal[] {
  return ruleChecks(policy, offer).flatMap(({ rule, reason, forNow }) => (reason === null ? [] : [{ rule, reason, forNow }]));
}

/** Every rule asked about the offer. A rule about something that is not known yet is left out. */
export function ruleChecks(policy: Policy, offer: Offer): RuleCheck[] {
  return [...whoAndWhat(policy, offer), ...when(policy, offer), ...money(policy, offer)];
}

function* whoAndWhat(policy: Policy, offer: Offer): Generator<RuleCheck> {
  yield listed("scientists", policy.scientists, `scientist ${offer.scientist}`, offer.scientist);
  yield listed("capsules", policy.capsules, `Capsule ${offer.capsule}`, offer.capsule);
  yield listed("assets", policy.assets, `asset ${offer.asset === ZERO_ADDRESS ? "ether" : offer.asset}`, offer.asset);
  if (offer.data !== null) yield listed("data_sets", policy.dataSets, `data set ${offer.data}`, offer.data);
  const forbidden = offer.fields.filter((name) => !policy.fields.has(name));
  const allowed = policy.fields.toString();
  const fields = forbidden.length > 0 ? `fields not allowed: ${some(forbidden)} (allowed: ${allowed})` : null;
  yield check("fields", allowed, some(offer.fields) || "none", fields);
  if (offer.purpose !== null) yield listed("purposes", policy.purposes, `purpose ${offer.purpose}`, offer.purpose);
  if (offer.auditor !== null) {
    yield listed("auditors", policy.auditors, `auditor ${offer.auditor}, who gets to open your gradients once the campaign is over,`, offer.auditor);
  }
  yield check(
    "networks",
    policy.networks ? "allowed" : "not allowed",
    offer.network ? "a neural network" : "no neural network",
    offer.network && !policy.networks
      ? "the model is a neural network: a dishonest Capsule could send one that singles out a row (networks = true in policy.toml allows it)"
      : null,
  );
  const { floor } = offer;
  const wants = policy.privacy === null ? "none" : `epsilon ${general(policy.privacy.price)} a release`;
  const asked = floor === null ? "nothing" : `epsilon ${general(floor.epsilon)}, delta ${general(floor.delta)}`;
  yield check("privacy", wants, `asks for ${asked}`, againstPrivacy(policy.privacy, offer));
  yield ownersWord(policy, offer);
}

function ownersWord({ askFirst }: Policy, { word }: Offer): RuleCheck {
  const [wants, found] = [askFirst ? "your approval" : "no approval", word ?? "nothing said"];
  if (word === "refused") return check("ask_first", wants, found, "you have refused it (mine-agent approve ID takes that back)");
  if (!askFirst || word === "approved") return check("ask_first", wants, found, null);
  return check("ask_first", wants, found, "it waits for your word: mine-agent approve ID, or mine-agent refuse ID", true);
}

function* when(policy: Policy, offer: Offer): Generator<RuleCheck> {
  const { minute, submitWindow, reviewWindow, others, begun } = offer;
  if (minute !== null) {
    const inside = policy.hours === null || isInside(policy.hours, minute);
    const [now, hours] = [shownMinute(minute), policy.hours === null ? "any" : shownHours(policy.hours) || "none"];
    yield check("hours", hours, now, inside ? null : `it is ${now}; new work begins in the hours ${hours}`, true);
  }
  if (submitWindow !== null && !begun) yield atLeast("minimum_submit_window", policy.minimumSubmitWindow, submitWindow, "left to submit");
  if (reviewWindow !== null) yield atLeast("minimum_review_window", policy.minimumReviewWindow, reviewWindow, "for Capsule to judge");
  const most = policy.maximumCampaigns;
  const full = !begun && others >= most ? `this mine works for ${others} campaigns; it takes ${most} at a time` : null;
  yield check("maximum_campaigns", `${most} at a time`, `${others} others`, full, true);
}

function* money(policy: Policy, offer: Offer): Generator<RuleCheck> {
  const ether = offer.asset === ZERO_ADDRESS;
  const show = (amount: bigint): string => shownAmount(offer, amount);
  const latest = offer.payouts.slice(-LATEST);
  const sum = (amounts: readonly bigint[]): Fraction => new Fraction(amounts.reduce((all, one) => all + one, 0n));
  const mean = new Fraction(offer.left).times(policy.expectedShare).plus(sum(latest)).over(new Fraction(BigInt(1 + latest.length)));
  const expected = mean.compare(new Fraction(offer.left)) > 0 ? new Fraction(offer.left) : mean;
  const cost = new Fraction(offer.fee + offer.gas).plus(new Fraction(offer.stake).times(policy.stakeRisk));
  if (ether) yield* amountsOfEther(policy, offer, expected.minus(cost));
  const above = policy.margin.plus(new Fraction(1n));
  const onTop = policy.margin.top === 0n ? "" : ` and ${general(policy.margin.toNumber(), 4)} of it on top`;
  const wants = `${show(cost.ceil())} of ${ether ? "fee, gas and risk to the stake" : "fee and risk to the stake"}${onTop}`;
  const reckoned =
    offer.payouts.length > 0
      ? `${show(expected.floor())} estimated from the last ${latest.length} payouts and what is left`
      : `${policy.expectedShare.toString()} of the ${show(offer.left)} left to earn`;
  const pays = expected.compare(cost.times(above)) >= 0;
  yield check("expected_share", `covers ${wants}`, reckoned, pays ? null : `${reckoned} does not cover ${wants}`);
  const hoped = sum(offer.payouts).plus(expected);
  const spent = new Fraction(offer.spent).plus(cost);
  const found = `${show(spent.ceil())} spent with the next submission, ${show(hoped.floor())} earned with it`;
  const allPays = offer.spent === 0n || hoped.compare(spent.times(above)) >= 0;
  yield check("margin", `no more spent on a campaign than it is expected to pay${onTop}`, found, allPays ? null : `it no longer pays: ${found}`);
}

/** The rules that name an amount of ether, which nothing of a token can be set against. */
function* amountsOfEther(policy: Policy, offer: Offer, gain: Fraction): Generator<RuleCheck> {
  const [stake, most] = [formatWei(offer.stake), formatWei(policy.maximumStake)];
  yield check("maximum_stake", `at most ${most}`, stake, offer.stake <= policy.maximumStake ? null : `stake ${stake} is above ${most}`);
  const [left, least] = [formatWei(offer.left), formatWei(policy.minimumReward)];
  const little = offer.left >= policy.minimumReward ? null : `${left} left to earn is below ${least}`;
  yield check("minimum_reward", `at least ${least}`, `${left} left to earn`, little);
  if (offer.visitSeconds !== null) yield perHour(policy.minimumPerHour, gain, offer.visitSeconds);
}

/** `gain`: what the next submission is expected to leave, in wei. */
function perHour(least: bigint, gain: Fraction, visitSeconds: number): RuleCheck {
  const each = gain.times(new Fraction(HOUR)).over(Fraction.ofFloat(Math.max(visitSeconds, 1e-3)));
  const whole = each.top < 0n ? each.ceil() : each.floor(); // towards zero
  const found = `${formatWei(whole)} an hour, of ${general(visitSeconds, 3)} s a visit`;
  const reason = whole >= least ? null : `${found}, is below ${formatWei(least)}`;
  return check("minimum_per_hour", `at least ${formatWei(least)} an hour`, found, reason);
}

/** An amount of what the campaign pays in, for people. */
export function shownAmount(offer: Pick<Offer, "asset" | "symbol" | "decimals">, amount: bigint): string {
  const { asset, symbol, decimals } = offer;
  return asset === ZERO_ADDRESS ? formatWei(amount) : formatTokens(amount, symbol ?? `units of ${asset.slice(0, 8)}...${asset.slice(-4)}`, decimals);
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

function check(rule: string, wants: string, found: string, reason: string | null, forNow = false): RuleCheck {
  return { rule, wants, found, reason, forNow };
}

function listed(rule: string, allowed: Allowed, what: string, name: string): RuleCheck {
  const names = allowed.toString();
  return check(rule, names, what, allowed.has(name) ? null : `${what} is not allowed (allowed: ${names})`);
}

function atLeast(rule: string, least: number, seconds: number, what: string): RuleCheck {
  const found = `${seconds} s ${what}`;
  return check(rule, `at least ${least} s`, found, seconds >= least ? null : `${found} is less than ${least} s`);
}

/** At most five: a campaign can ask for thousands of fields. */
export function some(names: readonly string[]): string {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}
