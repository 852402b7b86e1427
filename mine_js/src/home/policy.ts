/** policy.toml: the owner's rules. An empty list denies; an unknown entry is an error, never ignored. */
import { join } from "node:path";
import { isAddress, ZERO_ADDRESS } from "../chain/words.ts";
import { Budget, DEFAULTS } from "../privacy/budget.ts";
import { Fraction } from "../privacy/fraction.ts";
import { PrivacyError } from "../errors.ts";
import { parseWei } from "../protocol/amounts.ts";
import { PURPOSES } from "../artifacts/spec.ts";
import { Allowed, type Policy, type Span } from "../rules/policy.ts";
import { createSecretFile } from "./files.ts";
import { isAmount } from "./settings.ts";
import { asToml, checkValues, parseToml, readSettings, type Setting, SettingsError, type Values } from "./toml.ts";

export const POLICY_FILE = "policy.toml";
const NEIGHBOURS = "one record more or less in the data set";

const anyOr = (names: readonly string[], fits: (name: string) => boolean): boolean =>
  (names.length === 1 && names[0] === "any") || (!names.includes("any") && names.every(fits));
const addresses = (comment: string): Setting => ({
  kind: "texts", usual: [], comment, expected: 'a list of addresses (0x and 40 hexadecimal digits), or ["any"]',
  allowed: (names: readonly string[]) => anyOr(names, (name) => /^0x[0-9a-fA-F]{40}$/.test(name)),
});
const share = (words: string, usual: number, comment: string): Setting => ({
  kind: "number", usual, comment, expected: `${words} from 0 to 1`, allowed: (value: number) => value >= 0 && value <= 1,
});
const count = (usual: number, comment: string): Setting => ({
  kind: "whole", usual, comment, expected: "a whole number from 0 to 1000000000", allowed: (value: number) => value >= 0 && value <= 1e9,
});
const epsilon = (usual: number, comment: string): Setting => ({
  kind: "number", usual, comment, expected: "an epsilon above 0, such as 3", allowed: (value: number) => value > 0,
});
const amount = (usual: string, comment: string): Setting => ({
  kind: "text", usual, comment, expected: `an amount with its unit, such as '${usual === "0" ? "0.01 ether" : usual}'`, allowed: isAmount,
});

const KNOWN: Readonly<Record<string, Setting>> = {
  scientists: addresses(
    'The rules of this mine. They are read again at every round and told to nobody. A list names what is allowed; an empty list allows ' +
      'nothing; ["any"] allows everything. See what they say about the open campaigns with: mine-agent campaigns. First: whose models may ' +
      "learn here (addresses).",
  ),
  capsules: addresses("Which Capsules may open this mine's gradients (addresses)."),
  assets: {
    kind: "texts", usual: [], expected: 'a list of "ether" and addresses of tokens, or ["any"]', comment: 'What this mine is paid in: "ether", or addresses of tokens.',
    allowed: (names: readonly string[]) => anyOr(names, (name) => name === "ether" || isAddress(name)),
  },
  fields: {
    kind: "texts", usual: [], expected: 'a list of columns\' names, or ["any"]', comment: "Columns of the data that a campaign may use, the label too.",
    allowed: (names: readonly string[]) => anyOr(names, (name) => name !== ""),
  },
  data_sets: {
    kind: "texts", usual: ["any"], expected: 'a list of names of registered data, or ["any"]', comment: "Which of the registered data models may learn from.",
    allowed: (names: readonly string[]) => anyOr(names, (name) => name !== ""),
  },
  purposes: {
    kind: "texts", usual: ["any"], expected: `a list of ${PURPOSES.join(", ")}, or ["any"]`,
    comment: "What a model may be for, by the campaign's spec. It is the scientist's word, and nobody checks it.",
    allowed: (names: readonly string[]) => anyOr(names, (name) => (PURPOSES as readonly string[]).includes(name)),
  },
  auditors: {
    kind: "texts", usual: [], expected: 'a list of CIDs of certificates (Qm...), or ["any"]',
    comment:
      "Auditors who may open this mine's gradients beside Capsule, once a campaign is over, if its spec names one: CIDs of their certificates. " +
      "Campaigns without an auditor need none.",
    allowed: (names: readonly string[]) => anyOr(names, (name) => /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/.test(name)),
  },
  ask_first: {
    kind: "flag", usual: false, expected: "true or false",
    comment: "Join a campaign only once you have approved it: mine-agent approve ID, or mine-agent refuse ID. All the other rules hold as well.",
  },
  hours: {
    kind: "texts", usual: ["any"], expected: "a list of spans such as '22:00-06:00', or [\"any\"]",
    comment: "Hours of the day in which new work begins, by this machine's clock. What was submitted is looked after at all hours.",
    allowed: (names: readonly string[]) => anyOr(names, (name) => spanOf(name) !== undefined),
  },
  networks: {
    kind: "flag", usual: false, expected: "true or false",
    comment: "Whether neural networks may learn here, too. A dishonest Capsule could send one that singles out a row of the data, and a mine cannot tell; with the other models it learns sums over all rows.",
  },
  privacy: {
    kind: "text", usual: "differential", expected: "'differential' or 'none'", allowed: (value: string) => value === "differential" || value === "none",
    comment:
      "What this mine's gradients may tell of a single record. 'differential': a linear model learns from sums over all records, released once under noise; " +
      `no outcome becomes likelier by more than a factor e^epsilon, but for a chance of delta, by ${NEIGHBOURS}. 'none': no noise. Whoever opens the gradients ` +
      "can then work out sums over the records, and from two of them a single record. Networks learn only with 'none'.",
  },
  privacy_budget: epsilon(DEFAULTS.epsilon, "Epsilon of all releases together, over all campaigns and data sets, for good. What was spent is in the ledger: mine-agent ledger"),
  privacy_price: epsilon(DEFAULTS.price, "Epsilon of one release."),
  privacy_delta: {
    kind: "number", usual: DEFAULTS.delta, expected: "a chance above 0 and below 1, such as 1e-6", allowed: (value: number) => value > 0 && value < 1,
    comment: "The delta of both: at most one in the number of records.",
  },
  minimum_submit_window: count(0, "Seconds for which a campaign must still take submissions when this mine begins with it."),
  minimum_review_window: count(0, "Seconds that a campaign leaves to Capsule for judging, after its last submission."),
  maximum_campaigns: count(1000, "Campaigns to work for at a time."),
  maximum_stake: amount("0.1 ether", "The largest stake of one submission: it is burned if Capsule cannot use the gradient."),
  minimum_reward: amount("0", "A campaign must have at least this much left to pay."),
  minimum_per_hour: amount("0", "An hour of computing must be expected to earn at least this much, after costs."),
  expected_share: share("a share", 0.25, "This share of what is left must cover fee, gas, and the stake times the chance of losing it."),
  stake_risk: share("a chance", 0.01, "That chance."),
  margin: {
    kind: "number", usual: 0, expected: "a number from 0 to 1000", allowed: (value: number) => value >= 0 && value <= 1000,
    comment: "How far expected earnings must be above the cost: 0.5 asks for half of the cost on top.",
  },
  memory_mb: {
    kind: "whole", usual: 1024, expected: "a whole number from 16 to 1000000000", allowed: (value: number) => value >= 16 && value <= 1e9,
    comment: "Megabytes that models, keys and prepared data may take (Mine.js keeps eight visits beside them).",
  },
  auto_claim: { kind: "flag", usual: true, expected: "true or false", comment: "Claim by itself once a campaign is settled." },
  submissions: count(50, "Submissions per campaign."),
  no_gain_in_a_row: count(5, "This many in a row without gain end the work for a campaign."),
  no_gain_pause: count(1, "Seconds to wait after a submission without gain, doubled by each further one."),
  time_margin: count(30, "Seconds before a campaign's deadline after which nothing new is begun."),
  least_records: count(20, "Usable records that a visit must have: from fewer, Capsule could read single ones. Under a privacy budget the rows registered count, and what a noised release has at most."),
  least_classes: count(2, "Classes of the label that they must have; 1 lets data train that hold only one. Not asked under a privacy budget: the answer would be exact."),
};

/** The policy in the file of a home; entries left out keep their default, which denies. */
export function loadPolicy(home: string): Policy {
  const path = join(home, POLICY_FILE);
  const text = readSettings(path);
  return { ...meaning(checkValues(path, parseToml(text, path), KNOWN), path), text };
}

/** The policy that a text says. */
export function parsePolicy(text: string, source: string): Policy {
  return { ...meaning(checkValues(source, parseToml(text, source), KNOWN), source), text };
}

/** Every rule of a policy file's text: its value, what it may be, and what it means. */
export function policyRules(text: string, source: string): { [key: string]: string | number | boolean | null | readonly string[] }[] {
  const values = checkValues(source, parseToml(text, source), KNOWN);
  const kinds: Readonly<Record<string, string>> = { texts: "list", "text or texts": "list" };
  return Object.entries(KNOWN).map(([rule, { kind, usual, expected, comment }]) => ({
    rule, kind: kinds[kind] ?? kind, value: values[rule] ?? null, default: usual ?? null, expected, about: comment ?? "",
    choices: rule === "purposes" ? PURPOSES : rule === "privacy" ? ["differential", "none"] : [],
  }));
}

/** Check the first rules; nothing is written. */
export function firstPolicy(answers: Record<string, unknown>): Values {
  const values = checkValues("the first rules", { assets: ["ether"], ...answers }, KNOWN);
  meaning(values, "the first rules");
  return values;
}

export function writeFirstPolicy(home: string, values: Values): void {
  createSecretFile(join(home, POLICY_FILE), Buffer.from(asToml(values, KNOWN)));
}

function meaning(values: Values, source: string): Omit<Policy, "text"> {
  const names = (key: string): readonly string[] => values[key] as readonly string[];
  const number = (key: string): number => Number(values[key]);
  const asAddresses = (key: string): Allowed => Allowed.of(names(key).map((name) => (name === "ether" ? ZERO_ADDRESS : name.toLowerCase())));
  return {
    scientists: asAddresses("scientists"),
    capsules: asAddresses("capsules"),
    assets: asAddresses("assets"),
    fields: Allowed.of(names("fields")),
    dataSets: Allowed.of(names("data_sets")),
    purposes: Allowed.of(names("purposes")),
    auditors: Allowed.of(names("auditors")),
    askFirst: values["ask_first"] === true,
    hours: names("hours").includes("any") ? null : names("hours").flatMap((text) => spanOf(text) ?? []),
    networks: values["networks"] === true,
    minimumSubmitWindow: number("minimum_submit_window"),
    minimumReviewWindow: number("minimum_review_window"),
    maximumCampaigns: number("maximum_campaigns"),
    minimumPerHour: parseWei(String(values["minimum_per_hour"])),
    margin: Fraction.parse(String(values["margin"])),
    privacy: budget(values, source),
    maximumStake: parseWei(String(values["maximum_stake"])),
    minimumReward: parseWei(String(values["minimum_reward"])),
    expectedShare: Fraction.parse(String(values["expected_share"])),
    stakeRisk: Fraction.parse(String(values["stake_risk"])),
    autoClaim: values["auto_claim"] === true,
    memoryMb: number("memory_mb"),
    limits: {
      submissions: number("submissions"), noGainInARow: number("no_gain_in_a_row"), noGainPause: number("no_gain_pause"),
      timeMargin: number("time_margin"), leastRecords: number("least_records"), leastClasses: number("least_classes"),
    },
  };
}

/** The span that "22:00-06:00" gives; undefined for what is not a span of two different times. */
function spanOf(text: string): Span | undefined {
  const found = /^(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(text);
  if (found === null) return undefined;
  const [hour = 0, minute = 0, toHour = 0, toMinute = 0] = found.slice(1).map(Number);
  const [begins, ends] = [hour * 60 + minute, toHour * 60 + toMinute];
  return minute < 60 && toMinute < 60 && begins < 1440 && ends <= 1440 && begins !== ends ? { begins, ends } : undefined;
}

function budget(values: Values, source: string): Budget | null {
  try {
    const made = new Budget(Number(values["privacy_budget"]), Number(values["privacy_price"]), Number(values["privacy_delta"]));
    return values["privacy"] === "none" ? null : made;
  } catch (error) {
    if (error instanceof PrivacyError) throw new SettingsError(`${source}: the setting 'privacy_budget' is not a possible budget: ${error.message}`);
    throw error;
  }
}
