import type { Campaign, Rule, RuleValue } from "../api";

/** What people call the rules, in the order in which an owner thinks of them. Rules that are not named here stand under "More". */
export const GROUPS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["Who and what", {
    scientists: "Whose models may learn here", capsules: "Which Capsules may open gradients", auditors: "Which auditors may open gradients", assets: "What you are paid in",
    fields: "Which columns may be used", data_sets: "Which data sets may be used", purposes: "What for",
    ask_first: "Ask me about each campaign first", networks: "Allow neural networks",
  }],
  ["Privacy", {
    privacy: "Noise", privacy_budget: "Budget, epsilon in all", privacy_price: "Price of one release, epsilon", privacy_delta: "Delta",
    least_records: "Fewest records in a visit", least_classes: "Fewest classes of the label",
  }],
  ["Money", {
    minimum_reward: "Least that is left to earn", minimum_per_hour: "Least earnings of an hour", maximum_stake: "Largest stake",
    margin: "Margin over the cost", expected_share: "Expected share of what is left", stake_risk: "Chance of losing a stake", auto_claim: "Claim automatically",
  }],
  ["When and how much", {
    hours: "Hours of the day", minimum_submit_window: "Least time to submit, seconds", minimum_review_window: "Least time to judge, seconds",
    maximum_campaigns: "Campaigns at a time", submissions: "Submissions per campaign", no_gain_in_a_row: "Without gain in a row, at most",
    no_gain_pause: "Pause after one without gain, seconds", time_margin: "Seconds kept free before a deadline", memory_mb: "Memory, megabytes",
  }],
];

/** What an input holds: numbers as the text that is being typed. */
export type Draft = RuleValue;

export function titleOf(rule: string): string {
  return GROUPS.map(([, names]) => names[rule]).find((name) => name !== undefined) ?? rule;
}

/** The rules of each group that there are, and those of none. */
export function grouped(rules: readonly Rule[]): readonly (readonly [string, readonly Rule[]])[] {
  const named = new Set(GROUPS.flatMap(([, names]) => Object.keys(names)));
  const groups = GROUPS.map(([group, names]) => [group, Object.keys(names).flatMap((name) => rules.filter((rule) => rule.rule === name))] as const);
  return [...groups, ["More", rules.filter((rule) => !named.has(rule.rule))] as const].filter(([, found]) => found.length > 0);
}

/** The value that a draft means: a list without the empty lines that are left while one is written; a text that is not a number
 * stays a text, which the server refuses in words. */
export function valueOf(rule: Rule, draft: Draft): RuleValue {
  if (rule.kind === "list") return (draft as readonly string[]).map((one) => one.trim()).filter((one) => one !== "");
  if ((rule.kind === "whole" || rule.kind === "number") && typeof draft === "string") {
    const text = draft.trim().replace(",", ".");
    const value = Number(text);
    return text !== "" && Number.isFinite(value) ? value : draft;
  }
  return draft;
}

/** The rules whose drafts differ from what they are. */
export function changesOf(rules: readonly Rule[], drafts: Readonly<Record<string, Draft>>): Readonly<Record<string, RuleValue>> {
  const found: Record<string, RuleValue> = {};
  for (const rule of rules) {
    const draft = drafts[rule.rule];
    if (draft === undefined) continue;
    const value = valueOf(rule, draft);
    if (JSON.stringify(value) !== JSON.stringify(rule.value)) found[rule.rule] = value;
  }
  return found;
}

export interface Offer {
  readonly value: string;
  readonly name: string;
}

/** What the open campaigns would need in a list, to be added by a click. */
export function offersFor(rule: string, campaigns: readonly Campaign[], dataSets: readonly string[]): readonly Offer[] {
  const of = (pick: (campaign: Campaign) => readonly Offer[]) => [...new Map(campaigns.flatMap(pick).map((offer) => [offer.value, offer])).values()];
  const party = (what: string, address: string, title: string | null) => [{ value: address, name: `${what} ${address.slice(0, 8)}… of ${title?.slice(0, 40) ?? "a campaign"}` }];
  switch (rule) {
    case "scientists": return of((one) => party("scientist", one.scientist, one.title));
    case "capsules": return of((one) => party("Capsule", one.capsule, one.title));
    case "assets": return [{ value: "ether", name: "ether" }, ...of((one) => (/^0x0+$/.test(one.asset) ? [] : [{ value: one.asset, name: `token ${one.asset.slice(0, 8)}…` }]))];
    case "fields": return of((one) => one.fields.map((field) => ({ value: field, name: field.slice(0, 60) })));
    case "data_sets": return dataSets.map((name) => ({ value: name, name }));
    default: return [];
  }
}
