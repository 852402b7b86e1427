/** One column of a batch turned into a field's type: what is missing, what does not fit, and what had to be converted. */
import { shorten } from "../artifacts/errors.ts";
import { type Field, isNumeric, isStrict, type Value } from "../schema/profile.ts";
import { FITTING_TEXT, isFitText } from "../schema/text.ts";
import { type Notation, parseNumber } from "./numbers.ts";
import { type Cell, trim } from "./source.ts";

const GAPS = new Set([
  "", "NA", "N/A", "n/a", "na", "#N/A", "#NA", "NaN", "nan", "NAN", "-nan", "NULL", "Null", "null", "None", "none",
  "?", "-", "--", "\u2013", ".", "..", "\\N", "<NA>", "NaT", "k. A.", "k.A.", "#NV", "missing", "Missing",
]);
const TRUE = new Set(["true", "t", "yes", "y", "on", "1", "ja", "j", "wahr", "oui", "vrai", "s\u00ed", "si", "sim", "verdadero"]);
const FALSE = new Set(["false", "f", "no", "n", "off", "0", "nein", "falsch", "non", "faux", "n\u00e3o", "nao", "falso"]);

/** A value; or why there is none: a gap or unknown class that drops the record by the schema's rule, or an unusable cell. */
export type Converted = { readonly value: Value } | { readonly drop: true } | { readonly unusable: true; readonly missing: boolean };
type Note = (what: string) => void;

/** Texts trimmed, all else as it is. */
export function trimmed(cell: Cell): Cell {
  return typeof cell === "string" ? trim(cell) : cell;
}

export function isGap(text: string): boolean {
  return GAPS.has(text);
}

/** Whether a trimmed cell holds nothing, or a word for that which the field has not as a class. */
export function isMissing(cell: Cell, classes: readonly unknown[]): boolean {
  if (typeof cell === "string") return GAPS.has(cell) && !classes.includes(cell);
  return cell === null || (typeof cell === "number" && Number.isNaN(cell));
}

export function truthOf(text: string): boolean | undefined {
  const word = text.toLowerCase().replace(/^([01])\.0+$/, "$1");
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

/** What would have been right, in words. */
export function expected(field: Field): string {
  if (field.text !== null) return FITTING_TEXT;
  if (field.classes.length > 0) {
    const some = field.classes.slice(0, 8).map((value) => shorten(value)).join(", ");
    return `one of ${field.classes.length <= 8 ? some : `${some}, ... (${field.classes.length} values)`}`;
  }
  return { number: "a finite number", integer: "a whole number", boolean: "true or false", string: "a text" }[field.jsonType];
}

/** A column's trimmed cells as the field asks; what a value becomes depends on that value and the column's notation. */
export function convert(field: Field, column: readonly Cell[], notation: Notation, note: Note): Converted[] {
  return column.map((cell): Converted => {
    if (isMissing(cell, field.classes)) {
      if (typeof cell === "string" && cell !== "") note(`'${cell}' as missing`);
      return byRule(field.missing, true);
    }
    const value = read(field, cell, notation, note);
    if (field.classes.length > 0) {
      if (value !== undefined && field.classes.includes(value)) return { value };
      return byRule(field.unknown, false);
    }
    return value === undefined ? { unusable: true, missing: false } : { value };
  });
}

function byRule(rule: Field["missing"], missing: boolean): Converted {
  if (isStrict(rule)) return { unusable: true, missing };
  return rule.value === null ? { drop: true } : { value: rule.value };
}

function read(field: Field, cell: Cell, notation: Notation, note: Note): Value | undefined {
  if (field.jsonType === "boolean") return truthIn(cell, note);
  if (isNumeric(field) || field.jsonType === "integer") {
    const number = numberIn(cell, notation, note);
    if (number === undefined || !Number.isFinite(number)) return undefined;
    if (field.jsonType === "integer" && !(Number.isInteger(number) && Math.abs(number) < 2 ** 53)) return undefined;
    return number + 0;
  }
  if (field.text !== null) return typeof cell === "string" && isFitText(cell) ? cell : undefined;
  if (typeof cell === "bigint") return String(cell);
  if (typeof cell !== "string") return undefined;
  const normal = cell.normalize("NFC");
  if (normal !== cell) note("letters composed (Unicode NFC)");
  return normal;
}

/** A trimmed cell as a float64: of whole numbers beyond 2^53 the nearest, and to even where two are as near. */
export function numberIn(cell: Cell, notation: Notation, note: Note): number | undefined {
  if (typeof cell === "string") return parseNumber(cell, notation, note);
  return typeof cell === "bigint" ? Number(cell) : typeof cell === "number" ? cell : undefined;
}

function truthIn(cell: Cell, note: Note): boolean | undefined {
  if (typeof cell === "boolean") return cell;
  if (typeof cell === "bigint" || typeof cell === "number") return Number(cell) === 1 ? true : Number(cell) === 0 ? false : undefined;
  if (typeof cell !== "string") return undefined;
  const truth = truthOf(cell);
  if (truth !== undefined && !["true", "false", "0", "1"].includes(cell.toLowerCase())) note("word for true or false");
  return truth;
}
