/** A campaign as it is drafted on the page, and the spec and terms that it becomes. Pure. */
import { parse } from "../../shared/format/amount";
import { choicesOf, labelOf, labelsDiffer, paysForShifts } from "./model";
import type { FieldDraft, Sheet } from "./table";

export const PURPOSES: readonly [string, string][] = [
  ["unstated", "Not stated"], ["research", "Scientific research"], ["health", "Health care and medicine"], ["education", "Teaching and learning"],
  ["public_service", "Public administration and relief"], ["environment", "Climate, nature, energy, farming"], ["safety", "Safety and security"],
  ["product", "A commercial product"], ["advertising", "Advertising"], ["finance", "Credit, insurance, trading"], ["employment", "Hiring and judging people at work"],
  ["law_enforcement", "Policing, courts, border control"], ["defence", "Military use"], ["other", "Something else"],
];

export interface Draft {
  readonly title: string;
  readonly description: string;
  readonly purpose: string;
  readonly fields: readonly FieldDraft[];
  /** "" for what is recommended. */
  readonly family: string;
  readonly bends: string;
  readonly metric: string;
  readonly scheme: string;
  readonly capsule: string;
  /** "" for ether, else a token's address. */
  readonly asset: string;
  readonly bounty: string;
  readonly target: string;
  /** "" for what is recommended, as of the fee. */
  readonly minGain: string;
  readonly stake: string;
  readonly fee: string;
  readonly days: string;
  readonly trainingSteps: string;
  readonly keyBits: string;
}

export const NEW_DRAFT: Draft = {
  title: "", description: "", purpose: "unstated", fields: [], family: "", bends: "no", metric: "", scheme: "", capsule: "", asset: "", bounty: "1", target: "80", minGain: "", stake: "0.01", fee: "",
  days: "7", trainingSteps: "8", keyBits: "3072",
};

/** The draft's numbers. Accuracies in parts per million, amounts in wei. */
export interface Money {
  readonly bounty: bigint;
  readonly stake: bigint;
  readonly fee: bigint;
  readonly target: number;
  readonly minGain: number;
  readonly guidingRows: number;
  readonly days: number;
}

/** What keeps luck from being paid: what `sonar campaign create` asks for without a word, by the service. */
export interface Guards {
  /** How many records only guide the search for the step. */
  readonly guiding_rows: number;
  readonly min_gain: number;
  /** In the bounty's smallest unit, as digits. */
  readonly fee: string;
}

/** How the bounty is counted. */
export interface Unit {
  readonly symbol: string;
  readonly decimals: number;
}

export const ETHER_UNIT: Unit = { symbol: "ETH", decimals: 18 };
export const TOLERANCE = 10_000;
export const DAY = 86_400;
const REVIEW = 2 * DAY;
const MOST_WEI = (1n << 96n) - 1n;

/** What is wrong with each part of the draft, by the name of its input; empty if nothing is. `unit`: of the asset; null while it is not known. */
export function faults(draft: Draft, sheet: Sheet | null, start: number | null, unit: Unit | null = ETHER_UNIT, guards: Guards | null = null): Partial<Record<keyof Draft | "file", string>> {
  const found: Partial<Record<keyof Draft | "file", string>> = {};
  if (draft.title.trim() === "") found.title = "Give it a title of up to 200 characters.";
  if (sheet === null) found.file = "Choose the file with your validation records.";
  const labels = draft.fields.filter((field) => field.use === "label"), inputs = draft.fields.filter((field) => field.use === "field");
  if (sheet !== null && labels.length !== 1) found.fields = "Exactly one column is to be predicted.";
  else if (sheet !== null && inputs.length === 0) found.fields = "At least one column must be a field.";
  for (const field of [...labels, ...inputs]) {
    const bounds = [Number(field.low), Number(field.high)] as const;
    if ((field.kind === "number" || field.kind === "integer") && !(field.low.trim() !== "" && field.high.trim() !== "" && bounds[0] < bounds[1])) {
      found.fields = `"${field.name.slice(0, 60)}" needs a least and a greatest value.`;
    }
    if (field.kind === "category" && field.values.length < 2) found.fields = `"${field.name.slice(0, 60)}" needs at least two values.`;
  }
  const label = labelOf(draft);
  if (found.fields === undefined && sheet !== null && label !== undefined && start !== null && !labelsDiffer(sheet, label)) {
    found.fields = `All records have the same "${label.name.slice(0, 60)}", and measure nothing. Capsule would decline them: choose records with at least two different ones.`;
  }
  if (label !== undefined && !choicesOf(label).families.some(([name]) => name === draft.family || draft.family === "")) found.family = "This model does not fit what is predicted.";
  if (draft.capsule === "") found.capsule = "Choose the Capsule that shall judge.";
  if (draft.asset !== "" && !/^0x[0-9a-fA-F]{40}$/.test(draft.asset)) found.asset = "A token's address, 0x and 40 hex digits; or nothing, for ether.";
  const { symbol, decimals } = unit ?? ETHER_UNIT;
  const bounty = parse(draft.bounty, decimals);
  if (bounty === null || bounty <= 0n || bounty > MOST_WEI) found.bounty = `An amount of ${symbol} above 0, with at most ${decimals} digits after the point.`;
  for (const name of ["stake", "fee"] as const) {
    if (name === "fee" && draft.fee === "") continue; // what is recommended
    const amount = parse(draft[name], decimals);
    if (amount === null || amount > MOST_WEI) found[name] = `An amount of ${symbol}, with at most ${decimals} digits after the point; 0 for none.`;
  }
  const target = ppm(draft.target), minGain = draft.minGain === "" ? (guards?.min_gain ?? 1) : ppm(draft.minGain);
  if (target === null || target < 1) found.target = "A percentage from 0.0001 to 100.";
  else if (minGain === null || minGain < 1 || minGain > target) found.minGain = "A percentage above 0, and not more than the target.";
  else if (start !== null && target - start < minGain) found.target = `Guessing alone reaches ${start / 10_000} % of your records; the target must be above that by the least gain.`;
  const paying = sheet === null ? 0 : sheet.rows.length - moneyOf(draft, decimals, guards).guidingRows;
  if (sheet !== null && found.target === undefined && target !== null && paying < leastRows(target)) {
    const more = Math.ceil((leastRows(target) * sheet.rows.length) / Math.max(1, paying)); // of more, the same share only guides
    found.file = `${paying} records decide over the bounty: one more right earns over a tenth of it, by luck or not. For this target choose ${more} or more.`;
  } else if (sheet !== null && draft.minGain === "" && sheet.rows.length < LEAST_RECORDS) {
    found.file = `${sheet.rows.length} records cannot be told from luck: guesses would be paid, whatever is asked for. Choose ${LEAST_RECORDS} or more, or say a least gain of your own.`;
  }
  const days = Number(draft.days);
  if (!(days >= 0.01 && days <= 365)) found.days = "From 0.01 to 365 days.";
  if (!/^[1-9]\d{0,5}$/.test(draft.trainingSteps)) found.trainingSteps = "A whole number from 1 to 999,999.";
  return found;
}

/** Fewer leave, after the first mine, what any direction finds. */
const LEAST_STEPS = 8;

/** Why somebody without a record would be paid after the first mine, and what to change, a sentence each; for a draft without faults. The page plays no mines: it asks where such campaigns were measured. */
export function freeRiding(draft: Draft, sheet: Sheet, guards: Guards, unit: Unit): string[] {
  const label = labelOf(draft), money = moneyOf(draft, unit.decimals, guards);
  return [
    ...(label !== undefined && paysForShifts(draft, label, sheet) ? ["Whoever only names the rare answer more often is paid, and needs no record for it. Measure by AUC: that counts the order alone."] : []),
    ...(Number(draft.trainingSteps) < LEAST_STEPS ? [`So few steps of training leave what guesses find. Let a mine take ${LEAST_STEPS} or more.`] : []),
    ...(draft.minGain !== "" && sheet.rows.length < LEAST_RECORDS ? [`${sheet.rows.length} records cannot be told from luck. Choose ${LEAST_RECORDS} or more, and leave the least gain empty.`] : []),
    ...(money.minGain < guards.min_gain ? [`What is below ${guards.min_gain / 10_000} % of so many records is luck. Leave the least gain empty.`] : []),
    ...(money.fee < BigInt(guards.fee) ? ["At so small a fee guesses cost less than they find. Leave the fee empty."] : []),
  ];
}

/** Of fewer no guard keeps luck out, as `sonar campaign create` says. */
const LEAST_RECORDS = 100;

/** The fewest paying records of which none earns over a tenth of the bounty; the target in ppm is what the contract divides by. As `sonar campaign create` asks. */
const leastRows = (target: number): number => Math.ceil(10_000_000 / target);

/** The numbers of a draft without faults. */
export function moneyOf(draft: Draft, decimals = 18, guards: Guards | null = null): Money {
  return {
    bounty: parse(draft.bounty, decimals) ?? 0n, stake: parse(draft.stake, decimals) ?? 0n, fee: draft.fee === "" ? BigInt(guards?.fee ?? 0) : (parse(draft.fee, decimals) ?? 0n),
    target: ppm(draft.target) ?? 0, minGain: draft.minGain === "" ? (guards?.min_gain ?? 0) : (ppm(draft.minGain) ?? 0),
    guidingRows: draft.minGain === "" ? (guards?.guiding_rows ?? 0) : 0, // whoever says the least gain has a guard of their own
    days: Number(draft.days),
  };
}

/** Percent as typed, in parts per million; null if it is none. */
export function ppm(text: string): number | null {
  const found = parse(text, 4);
  return found === null || found > 1_000_000n ? null : Number(found);
}

/** The terms' bound on the start that Capsule may measure. */
export function maxStart(money: Money, start: number): number {
  return Math.max(0, Math.min(money.target - money.minGain, start + TOLERANCE));
}

export function times(money: Money, now: number): { submitUntil: number; reviewUntil: number } {
  const submitUntil = Math.floor(now + money.days * DAY);
  return { submitUntil, reviewUntil: submitUntil + REVIEW };
}

/** The parts of the page in its order. */
const PARTS: readonly (readonly [keyof ReturnType<typeof faults>, string])[] = [
  ["title", "Title"], ["file", "Validation records"], ["fields", "Columns"], ["bounty", "Bounty"], ["target", "Target"], ["minGain", "Least gain"], ["days", "Open for"], ["stake", "Stake"],
  ["fee", "Fee"], ["capsule", "Capsule"], ["family", "Model"], ["trainingSteps", "Training steps"], ["asset", "Token"],
];

/** What was found out about a draft. */
export interface Found {
  readonly wrong: ReturnType<typeof faults>;
  /** Why a beginner's accuracy cannot be measured. */
  readonly startTrouble: string | null;
  /** Why Capsule would decline it. */
  readonly objections: readonly string[];
  /** Whether the least gain and the fee that are recommended are still being worked out, or the token has not answered yet. */
  readonly waits: boolean;
  readonly hasKey: boolean;
}

/** What keeps a draft from being checked, in the order of the page: whoever finds the button grey reads here why. Empty if it is whole. */
export function missingFrom(found: Found): string[] {
  const said = PARTS.flatMap(([part, name]) => (found.wrong[part] === undefined ? [] : [`${name}: ${found.wrong[part]}`]));
  if (found.startTrouble !== null && found.wrong.fields === undefined) said.push(`Columns: ${found.startTrouble}`);
  said.push(...found.objections.map((objection) => `Capsule: ${objection}`));
  if (said.length === 0 && found.waits) said.push("What is recommended is still being worked out.");
  if (!found.hasKey) said.push("Your key: choose a passphrase and make it, in step 3.");
  return said;
}
