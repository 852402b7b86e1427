/** Which models, metrics and encryptions fit a draft, which of them are recommended, and where a model starts. Pure. */
import type { Draft } from "./draft";
import { areWhole, type FieldDraft, type Sheet, typed } from "./table";

/** Above this share of one class, the share of right answers rewards a model that always names it. */
const RARE = 0.75;
export const RANDOM_FEATURES = 256;

export interface Choices {
  /** Family and its name for people; the recommended one first. */
  readonly families: readonly (readonly [string, string])[];
  readonly metrics: readonly (readonly [string, string])[];
}

export function labelOf(draft: Pick<Draft, "fields">): FieldDraft | undefined {
  return draft.fields.find((field) => field.use === "label");
}

/** What can learn this label, and how it can be measured. */
export function choicesOf(label: FieldDraft): Choices {
  const count = classesOf(label).length;
  if (count === 0) return { families: [["ridge", "Ridge regression"], ["linear", "Linear regression"]], metrics: [["r2", "R², the share of the variance that it explains"]] };
  const metrics = [["accuracy", "Share of right answers"], ["auc", "How well the classes are told apart (AUC)"], ["balanced_accuracy", "Right answers, each class counting alike"]] as const;
  const rest = ["one_vs_rest", "One against the rest"] as const;
  return { families: count === 2 ? [["logistic", "Logistic regression"], rest] : [rest], metrics };
}

export function familyOf(draft: Draft, label: FieldDraft): string {
  return draft.family === "" ? (choicesOf(label).families[0]?.[0] ?? "") : draft.family;
}

/** The metric, and why it is recommended where the draft leaves it open. */
export function metricOf(draft: Draft, label: FieldDraft, sheet: Sheet): { metric: string; why: string } {
  if (classesOf(label).length === 0) return { metric: "r2", why: "" };
  if (draft.metric !== "") return { metric: draft.metric, why: "" };
  const most = mostFrequent(sheet, label);
  return most > RARE ? { metric: "auc", why: `${Math.round(most * 100)} % of the records have the same answer: what counts is how often a record of one class is above one of another.` } : { metric: "accuracy", why: "" };
}

/** The share of the most frequent class. */
function mostFrequent(sheet: Sheet, label: FieldDraft): number {
  const counts = new Map<unknown, number>();
  for (const value of typed(sheet, label).values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.max(...counts.values()) / sheet.rows.length;
}

/** Whether the metric pays whoever shifts a bias, which takes no record: docs/noise-mining.md. */
export function paysForShifts(draft: Draft, label: FieldDraft, sheet: Sheet): boolean {
  return metricOf(draft, label, sheet).metric === "balanced_accuracy" && mostFrequent(sheet, label) > RARE;
}

/** Parameters of the family, as the spec has them. */
export function parametersOf(draft: Draft): Record<string, unknown> {
  if (draft.bends !== "yes") return {};
  const inputs = draft.fields.filter((field) => field.use === "field").length;
  return { features: { name: "fourier", count: RANDOM_FEATURES, gamma: Number((0.3 / Math.max(1, inputs)).toPrecision(1)) } };
}

/**
 * What the initial model, all weights 0, scores on the records: it always answers with the first class. A number is
 * answered by the middle of its range, which explains none of the variance. Rounded down, as Capsule does. Records that
 * only guide are not measured.
 */
export function startOf(draft: Draft, sheet: Sheet, guides: readonly boolean[] = []): number {
  const label = labelOf(draft);
  if (label === undefined || label.kind === "number" || label.kind === "integer") return 0;
  const values = typed(sheet, label).values.filter((_, row) => guides[row] !== true);
  const { metric } = metricOf(draft, label, sheet);
  if (metric === "auc") return 500_000; // all weights 0 tell nothing apart
  if (metric === "balanced_accuracy") {
    // The first class is always right and every other one that occurs never.
    return values.some((value) => value === first(label)) ? Math.floor(1_000_000 / new Set(values).size) : 0;
  }
  return Math.floor((values.filter((value) => value === first(label)).length * 1_000_000) / values.length);
}

/** Whether the records hold at least two different labels; with fewer they measure nothing. */
export function labelsDiffer(sheet: Sheet, label: FieldDraft, guides: readonly boolean[] = []): boolean {
  return new Set(typed(sheet, label).values.filter((_, row) => guides[row] !== true)).size > 1;
}

function first(label: FieldDraft): string | number | boolean | undefined {
  return classesOf(label)[0];
}


export function classesOf(label: FieldDraft): (string | number | boolean)[] {
  if (label.kind === "boolean") return [false, true];
  if (label.kind !== "category") return [];
  return areWhole(label.values) ? label.values.map(Number) : [...label.values];
}
