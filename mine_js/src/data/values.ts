/** One cell turned into a field's type: what is missing, what does not fit, and what had to be converted. */
import { shorten } from "../artifacts/errors.ts";
import { type Field, isNumeric, isStrict, type Value } from "../schema/profile.ts";
import { type Mark, parseNumber } from "./numbers.ts";

const GAPS = new Set([
  "", "NA", "N/A", "n/a", "na", "#N/A", "#NA", "NaN", "nan", "NAN", "-nan", "NULL", "Null", "null", "None", "none",
  "?", "-", "--", "\u2013", ".", "..", "\\N", "<NA>", "NaT", "k. A.", "k.A.", "#NV", "missing", "Missing",
]);
const TRUE = new Set(["true", "t", "yes", "y", "on", "1", "ja", "j", "wahr", "oui", "vrai", "s\u00ed", "si", "sim", "verdadero"]);
const FALSE = new Set(["false", "f", "no", "n", "off", "0", "nein", "falsch", "non", "faux", "n\u00e3o", "nao", "falso"]);

/** A value; or why there is none: a gap or unknown class that drops the record by the schema's rule, or an unusable cell. */
export type Converted = { readonly value: Value } | { readonly drop: true } | { readonly unusable: true; readonly missing: boolean };

export function trim(text: string): string {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

export function isGap(text: string): boolean {
  return GAPS.has(text);
}

export function truthOf(text: string): boolean | undefined {
  const word = text.toLowerCase().replace(/^([01])\.0+$/, "$1");
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

/** What would have been right, in words. */
export function expected(field: Field): string {
  if (field.classes.length > 0) {
    const some = field.classes.slice(0, 8).map((value) => shorten(value)).join(", ");
    return `one of ${field.classes.length <= 8 ? some : `${some}, ... (${field.classes.length} values)`}`;
  }
  return { number: "a finite number", integer: "a whole number", boolean: "true or false", string: "a text" }[field.jsonType];
}

export function convert(field: Field, cell: string, mark: Mark, note: (what: string) => void): Converted {
  const text = trim(cell);
  if (isGap(text) && !(field.classes as readonly unknown[]).includes(text)) {
    if (text !== "") note(`'${text}' as missing`);
    return byRule(field.missing, true);
  }
  const value = read(field, text, mark, note);
  if (field.classes.length > 0) {
    if (value !== undefined && field.classes.includes(value)) return { value };
    return byRule(field.unknown, false);
  }
  return value === undefined ? { unusable: true, missing: false } : { value };
}

function byRule(rule: Field["missing"], missing: boolean): Converted {
  if (isStrict(rule)) return { unusable: true, missing };
  return rule.value === null ? { drop: true } : { value: rule.value };
}

function read(field: Field, text: string, mark: Mark, note: (what: string) => void): Value | undefined {
  if (field.jsonType === "boolean") {
    const truth = truthOf(text);
    if (truth !== undefined && !["true", "false", "0", "1"].includes(text.toLowerCase())) note("word for true or false");
    return truth;
  }
  if (isNumeric(field) || field.jsonType === "integer") {
    const number = parseNumber(text, mark, note);
    if (number === undefined || !Number.isFinite(number)) return undefined;
    if (field.jsonType === "integer" && !(Number.isInteger(number) && Math.abs(number) < 2 ** 53)) return undefined;
    return number + 0;
  }
  const normal = text.normalize("NFC");
  if (normal !== text) note("letters composed (Unicode NFC)");
  return normal;
}
