/** A campaign as it is drafted on the page, and the spec and terms that it becomes. Pure. */
import { parse } from "../../shared/format/amount";
import type { Json } from "../protocol/canonical";
import { areWhole, type FieldDraft, type Sheet, typed } from "./table";

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
  readonly capsule: string;
  readonly bounty: string;
  readonly target: string;
  readonly minGain: string;
  readonly stake: string;
  readonly fee: string;
  readonly days: string;
  readonly trainingSteps: string;
  readonly keyBits: string;
}

export const NEW_DRAFT: Draft = {
  title: "", description: "", purpose: "unstated", fields: [], capsule: "", bounty: "1", target: "80", minGain: "0.5", stake: "0.01", fee: "0.001",
  days: "7", trainingSteps: "50", keyBits: "3072",
};

/** The draft's numbers. Accuracies in parts per million, amounts in wei. */
export interface Money {
  readonly bounty: bigint;
  readonly stake: bigint;
  readonly fee: bigint;
  readonly target: number;
  readonly minGain: number;
  readonly days: number;
}

export const TOLERANCE = 10_000;
export const DAY = 86_400;
const REVIEW = 2 * DAY;
const MOST_WEI = (1n << 96n) - 1n;

/** What is wrong with each part of the draft, by the name of its input; empty if nothing is. */
export function faults(draft: Draft, sheet: Sheet | null, start: number | null): Partial<Record<keyof Draft | "file", string>> {
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
  if (draft.capsule === "") found.capsule = "Choose the Capsule that shall judge.";
  const bounty = parse(draft.bounty);
  if (bounty === null || bounty <= 0n || bounty > MOST_WEI) found.bounty = "An amount of ether above 0, as 1.5.";
  for (const name of ["stake", "fee"] as const) if (parse(draft[name]) === null) found[name] = "An amount of ether, as 0.01; 0 for none.";
  const target = ppm(draft.target), minGain = ppm(draft.minGain);
  if (target === null || target < 1) found.target = "A percentage from 0.0001 to 100.";
  else if (minGain === null || minGain < 1 || minGain > target) found.minGain = "A percentage above 0, and not more than the target.";
  else if (start !== null && target - start < minGain) found.target = `Guessing alone reaches ${start / 10_000} % of your records; the target must be above that by the least gain.`;
  const days = Number(draft.days);
  if (!(days >= 0.01 && days <= 365)) found.days = "From 0.01 to 365 days.";
  if (!/^[1-9]\d{0,5}$/.test(draft.trainingSteps)) found.trainingSteps = "A whole number from 1 to 999,999.";
  return found;
}

/** The numbers of a draft without faults. */
export function moneyOf(draft: Draft): Money {
  return {
    bounty: parse(draft.bounty) ?? 0n, stake: parse(draft.stake) ?? 0n, fee: parse(draft.fee) ?? 0n,
    target: ppm(draft.target) ?? 0, minGain: ppm(draft.minGain) ?? 0, days: Number(draft.days),
  };
}

/** Percent as typed, in parts per million; null if it is none. */
export function ppm(text: string): number | null {
  const found = parse(text, 4);
  return found === null || found > 1_000_000n ? null : Number(found);
}

/**
 * What the initial model, all weights 0, scores on the records: it always answers with the first class. A number is
 * answered by the middle of its range, which explains none of the variance. Rounded down, as Capsule does.
 */
export function startOf(draft: Draft, sheet: Sheet): number {
  const label = draft.fields.find((field) => field.use === "label");
  if (label === undefined || label.kind === "number" || label.kind === "integer") return 0;
  const { values } = typed(sheet, label);
  const first = classesOf(label)[0];
  return Math.floor((values.filter((value) => value === first).length * 1_000_000) / values.length);
}

/** The terms' bound on the start that Capsule may measure. */
export function maxStart(money: Money, start: number): number {
  return Math.max(0, Math.min(money.target - money.minGain, start + TOLERANCE));
}

export interface Named {
  readonly sealed: string;
  /** 0x and 64 digits */
  readonly digest: string;
  readonly rows: number;
  readonly capsuleCertificate: string;
  readonly scientistCertificate: string;
}

/** The spec's document; see docs/protocol.md. */
export function specOf(draft: Draft, start: number, named: Named): Json {
  const label = draft.fields.find((field) => field.use === "label");
  if (label === undefined) throw new RangeError("nothing is to be predicted");
  const inputs = draft.fields.filter((field) => field.use === "field");
  const classes = classesOf(label);
  const number = classes.length === 0;
  return {
    format: "openmined/spec/1",
    title: draft.title.trim(),
    description: draft.description.trim(),
    ...(draft.purpose === "unstated" ? {} : { purpose: draft.purpose }),
    input_schema: schemaOf(inputs.map((field) => [field.name, fieldSchema(field, false)])),
    output_schema: schemaOf([[label.name, fieldSchema(label, true)]]),
    algorithm: {
      family: number ? "linear" : classes.length === 2 ? "logistic" : "one_vs_rest",
      parameters: {},
      rule: { name: "gradient_descent", steps: Number(draft.trainingSteps), l2: 0.001, learning_rate: null, damping: 1 },
    },
    steps: [0.125, 0.25, 0.5, 1, 2],
    metric: number ? "r2" : "accuracy",
    start_ppm: start,
    start_tolerance_ppm: TOLERANCE,
    validation: { sealed: named.sealed, digest: named.digest, rows: named.rows },
    capsule_certificate: named.capsuleCertificate,
    scientist_certificate: named.scientistCertificate,
    auditor_certificate: null,
    initial: { kind: "zeros" },
    scheme: "paillier",
    key_bits: Number(draft.keyBits),
    privacy_floor: null,
    weight_bound: 8,
    difference_norm: 1000,
  };
}

export function times(money: Money, now: number): { submitUntil: number; reviewUntil: number } {
  const submitUntil = Math.floor(now + money.days * DAY);
  return { submitUntil, reviewUntil: submitUntil + REVIEW };
}

function classesOf(label: FieldDraft): (string | number | boolean)[] {
  if (label.kind === "boolean") return [false, true];
  if (label.kind !== "category") return [];
  return areWhole(label.values) ? label.values.map(Number) : [...label.values];
}

function schemaOf(fields: readonly [string, Json][]): Json {
  const names = fields.map(([name]) => name);
  return { type: "object", properties: Object.fromEntries(fields), required: names, openmined: { fields: names } };
}

function fieldSchema(field: FieldDraft, label: boolean): Json {
  if (field.kind === "boolean") {
    return label ? { type: "boolean", enum: [false, true], openmined: { kind: "label" } } : { type: "boolean", openmined: { kind: "boolean" } };
  }
  if (field.kind === "category") {
    const whole = areWhole(field.values);
    return { type: whole ? "integer" : "string", enum: whole ? field.values.map(Number) : [...field.values], openmined: { kind: label ? "label" : "category" } };
  }
  const low = Number(field.low), high = Number(field.high);
  const numeric = { kind: label ? "label" : field.kind, clip: [low, high], encode: { center: (low + high) / 2, scale: (high - low) / 4 } };
  return { type: label ? "number" : field.kind, openmined: numeric };
}
