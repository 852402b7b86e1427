/** A scientist's validation file, read in the browser: columns of texts, and what they look like. */
import Papa from "papaparse";

export interface Sheet {
  readonly names: readonly string[];
  /** Rows of texts, each as long as `names`. */
  readonly rows: readonly (readonly string[])[];
}

export type Kind = "number" | "integer" | "boolean" | "category";

export interface FieldDraft {
  readonly name: string;
  readonly use: "field" | "label" | "leave out";
  readonly kind: Kind;
  readonly low: string;
  readonly high: string;
  /** For categories: in the order that counts. */
  readonly values: readonly string[];
}

export class TableError extends Error {}

const MOST_VALUES = 1024;
const FEW = 12;

/** The sheet in a CSV file. TableError says which row is wrong and how. */
export function readSheet(text: string): Sheet {
  const parsed = Papa.parse<string[]>(text.replace(/^\ufeff/, ""), { skipEmptyLines: "greedy" });
  const [head, ...rows] = parsed.data.map((row) => row.map((cell) => cell.trim()));
  if (head === undefined || rows.length === 0) throw new TableError("The file has no records: a line of names and at least one record are expected.");
  const twice = head.find((name, place) => name === "" || head.indexOf(name) !== place);
  if (twice !== undefined) throw new TableError(twice === "" ? "A column has no name." : `Two columns are called "${twice.slice(0, 60)}".`);
  const ragged = rows.findIndex((row) => row.length !== head.length);
  if (ragged >= 0) throw new TableError(`Row ${ragged + 2} has ${rows[ragged]?.length ?? 0} values; the head has ${head.length} names.`);
  return { names: head, rows };
}

/** What each column looks like; the last one is taken for what is to be predicted. All of it can be changed. */
export function guess(sheet: Sheet): FieldDraft[] {
  return sheet.names.map((name, place) => {
    const values = [...new Set(sheet.rows.map((row) => row[place] ?? ""))].filter((value) => value !== "");
    const use = place === sheet.names.length - 1 ? "label" : "field";
    const numbers = values.map(Number);
    const numeric = values.every((value) => value !== "" && Number.isFinite(Number(value)));
    const whole = numeric && numbers.every(Number.isInteger);
    const truth = values.length > 0 && values.every((value) => /^(true|false)$/i.test(value));
    const kind: Kind = truth ? "boolean" : numeric && !(use === "label" && whole && values.length <= FEW) ? (whole ? "integer" : "number") : "category";
    const [low, high] = numeric && values.length > 0 ? around(Math.min(...numbers), Math.max(...numbers), whole) : [0, 1];
    const sorted = [...values].sort(numeric ? (one, other) => Number(one) - Number(other) : undefined);
    return { name, use, kind, low: String(low), high: String(high), values: kind === "category" ? sorted.slice(0, MOST_VALUES) : [] };
  });
}

/** Round bounds around two numbers, so that they do not tell the least and the greatest value. Of whole numbers, and of a column that is 0 throughout, they are at least 1 apart. */
function around(low: number, high: number, whole: boolean): [number, number] {
  const spread = Math.max(high - low, Math.abs(high) / 10);
  const size = whole || spread === 0 ? Math.max(1, 10 ** Math.floor(Math.log10(spread || 1))) : 10 ** Math.floor(Math.log10(spread));
  const down = Math.floor(low / size) * size, up = Math.ceil(high / size) * size;
  return [tidy(down), tidy(up > down ? up : down + size)];
}

function tidy(number: number): number {
  return Number(number.toPrecision(12));
}

/** The values of one column in its field's type. TableError names the first that does not fit. */
export function typed(sheet: Sheet, draft: FieldDraft): { type: "number" | "integer" | "boolean" | "string"; values: (number | boolean | string)[] } {
  const place = sheet.names.indexOf(draft.name);
  const type = draft.kind === "category" ? (areWhole(draft.values) ? "integer" : "string") : draft.kind;
  const values = sheet.rows.map((row, at) => {
    const cell = row[place] ?? "";
    const value = one(cell, draft, type);
    if (value === null) throw new TableError(`Row ${at + 2}, column "${draft.name.slice(0, 60)}" is ${cell === "" ? "empty" : `"${cell.slice(0, 40)}"`}; ${expected(draft)} is expected.`);
    return value;
  });
  return { type, values };
}

function one(cell: string, draft: FieldDraft, type: string): number | boolean | string | null {
  if (cell === "") return null;
  if (draft.kind === "category") return draft.values.includes(cell) ? (type === "integer" ? Number(cell) : cell) : null;
  if (draft.kind === "boolean") return /^(true|1)$/i.test(cell) ? true : /^(false|0)$/i.test(cell) ? false : null;
  const number = Number(cell);
  return Number.isFinite(number) && (draft.kind === "number" || Number.isSafeInteger(number)) ? number : null;
}

function expected(draft: FieldDraft): string {
  if (draft.kind === "category") return `one of ${draft.values.slice(0, 8).join(", ")}`;
  return { boolean: "true or false", integer: "a whole number", number: "a number" }[draft.kind];
}

export function areWhole(values: readonly string[]): boolean {
  return values.length > 0 && values.every((value) => /^-?(0|[1-9]\d{0,14})$/.test(value));
}
