/** The profile of JSON Schema 2020-12 that campaigns use, with its keyword `openmined`: docs/protocol.md, section 4. */
import { isObject } from "../protocol/canonical_json.ts";
import type { HashedText } from "../syft/text/hashed_text.ts";
import { isPrintable } from "../wording.ts";
import { ProfileError } from "./errors.ts";
import { hashedText, TEXT_KEYWORDS, TEXT_OPTIONAL } from "./text.ts";

const MAX_FIELDS = 4096;
const MAX_ENUM = 1024;
const MAX_COLUMNS = 65_536;
const MAX_NAME = 128;
const MAX_TEXT = 2000;
/** Characters of a text that is put in place of a missing one. */
const MAX_SUBSTITUTE = 128;
const MAX_MAGNITUDE = 1e15;
const DIALECT = "https://json-schema.org/draft/2020-12/schema";

export type Value = string | number | boolean;
type JsonType = "number" | "integer" | "boolean" | "string";
type Kind = "number" | "integer" | "boolean" | "category" | "text" | "label";

/** What to do with a gap: leave the record out, put a value there, or (neither) take the record for faulty. */
export interface GapRule {
  readonly drop: boolean;
  readonly value: Value | null;
}

export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly jsonType: JsonType;
  /** Empty for numbers and booleans that are not labels. */
  readonly classes: readonly Value[];
  readonly clip: readonly [number, number];
  readonly center: number;
  readonly scale: number;
  readonly missing: GapRule;
  readonly unknown: GapRule;
  /** Of texts only. */
  readonly text: HashedText | null;
}

export function isNumeric(field: Field): boolean {
  return (field.jsonType === "number" || field.jsonType === "integer") && field.classes.length === 0;
}

/** Columns of X this field takes. */
export function columnsOf(field: Field): number {
  return field.text?.columns ?? (field.kind === "category" ? field.classes.length : 1);
}

const STRICT: GapRule = { drop: false, value: null };
export function isStrict(rule: GapRule): boolean {
  return !rule.drop && rule.value === null;
}

export function inputFields(document: unknown): readonly Field[] {
  const { names, properties } = root(document);
  const fields = names.map((name) => oneField(name, properties[name], false));
  const columns = fields.reduce((sum, field) => sum + columnsOf(field), 0);
  if (columns > MAX_COLUMNS) throw new ProfileError("properties", columns, `at most ${MAX_COLUMNS} columns after one-hot encoding`);
  return fields;
}

export function outputField(document: unknown): Field {
  const { names, properties } = root(document);
  const [name] = names;
  if (name === undefined || names.length !== 1) throw new ProfileError("openmined.fields", names, "exactly one label");
  return oneField(name, properties[name], true);
}

function root(document: unknown): { names: readonly string[]; properties: Record<string, unknown> } {
  const top = keys("", document, ["openmined", "properties", "required", "type"], ["$schema", "description", "title"]);
  if ((top["$schema"] ?? DIALECT) !== DIALECT) throw new ProfileError("$schema", top["$schema"], DIALECT);
  texts("", top);
  if (top["type"] !== "object") throw new ProfileError("type", top["type"], "'object'");
  const properties = top["properties"];
  const count = isObject(properties) ? Object.keys(properties).length : 0;
  if (!isObject(properties) || count < 1 || count > MAX_FIELDS) {
    throw new ProfileError("properties", properties, `an object with 1 to ${MAX_FIELDS} fields`);
  }
  const names = keys("openmined", top["openmined"], ["fields"], [])["fields"];
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
    throw new ProfileError("openmined.fields", names, "a list of field names");
  }
  const known = names as readonly string[];
  const same = new Set(known).size === known.length && known.length === count && known.every((name) => Object.hasOwn(properties, name));
  if (!same) throw new ProfileError("openmined.fields", names, "every name in `properties`, each once");
  if (JSON.stringify(top["required"]) !== JSON.stringify(names)) {
    throw new ProfileError("required", top["required"], "the same list as openmined.fields");
  }
  for (const name of known) {
    if (name === "" || [...name].length > MAX_NAME || !isPrintable(name) || name !== name.trim()) {
      throw new ProfileError("openmined.fields", name, `names of 1 to ${MAX_NAME} printable characters`);
    }
  }
  return { names: known, properties };
}

const TYPES: Readonly<Record<Kind, readonly JsonType[]>> = {
  number: ["number"],
  integer: ["integer"],
  boolean: ["boolean"],
  category: ["string", "integer"],
  text: ["string"],
  label: ["string", "integer", "boolean", "number"],
};

function oneField(name: string, document: unknown, label: boolean): Field {
  const at = `properties.${name}`;
  const field = keys(at, document, ["openmined", "type"], ["description", "enum", "title"]);
  texts(at, field);
  const meaning = field["openmined"];
  const said = isObject(meaning) ? meaning["kind"] : undefined;
  const kinds: readonly Kind[] = label ? ["label"] : ["number", "integer", "boolean", "category", "text"];
  const kind = kinds.find((known) => known === said);
  if (kind === undefined) throw new ProfileError(`${at}.openmined.kind`, said ?? "", `one of ${kinds.join(", ")}`);
  const jsonType = TYPES[kind].find((type) => type === field["type"]);
  if (jsonType === undefined) throw new ProfileError(`${at}.type`, field["type"], `${TYPES[kind].join(" or ")} for kind ${kind}`);
  const numeric = kind === "number" || kind === "integer" || (kind === "label" && jsonType === "number");
  const isText = kind === "text";
  const needed = ["kind", ...(numeric ? ["clip", "encode"] : isText ? TEXT_KEYWORDS : [])];
  const inner = keys(`${at}.openmined`, meaning, needed, ["missing", "unit", "unknown", ...(isText ? TEXT_OPTIONAL : [])]);
  if (Object.hasOwn(inner, "unit")) oneText(`${at}.openmined.unit`, inner["unit"]);
  let classes: readonly Value[] = [];
  if (numeric || kind === "boolean" || isText) {
    if (Object.hasOwn(field, "enum")) throw new ProfileError(`${at}.enum`, field["enum"], `no enum for a ${numeric ? "number" : kind}`);
  } else classes = listed(at, jsonType, field["enum"]);
  const rule = (keyword: "missing" | "unknown"): GapRule => gapRule(at, keyword, inner, jsonType, classes, label);
  const plain = { name, kind, jsonType, classes, missing: rule("missing"), unknown: rule("unknown"), text: isText ? hashedText(at, inner) : null };
  return numeric ? { ...plain, ...scaling(at, inner) } : { ...plain, clip: [0, 1], center: 0, scale: 1 };
}

function scaling(at: string, meaning: Record<string, unknown>): Pick<Field, "clip" | "center" | "scale"> {
  const clip = meaning["clip"];
  if (!Array.isArray(clip) || clip.length !== 2) throw new ProfileError(`${at}.openmined.clip`, clip, "a list [lowest, highest]");
  const [low, high] = [number(`${at}.openmined.clip`, clip[0]), number(`${at}.openmined.clip`, clip[1])];
  if (!(low < high)) throw new ProfileError(`${at}.openmined.clip`, clip, "lowest < highest");
  const encode = keys(`${at}.openmined.encode`, meaning["encode"], ["center", "scale"], []);
  const center = number(`${at}.openmined.encode.center`, encode["center"]);
  const scale = number(`${at}.openmined.encode.scale`, encode["scale"]);
  if (!(scale >= 1 / MAX_MAGNITUDE)) throw new ProfileError(`${at}.openmined.encode.scale`, scale, `a number from ${1 / MAX_MAGNITUDE} on`);
  if (!(Math.max(Math.abs(low - center), Math.abs(high - center)) / scale <= MAX_MAGNITUDE)) {
    throw new ProfileError(`${at}.openmined.encode`, encode, `encoded values of at most ${MAX_MAGNITUDE}`);
  }
  return { clip: [low, high], center, scale };
}

function listed(at: string, jsonType: JsonType, values: unknown): readonly Value[] {
  if (!Array.isArray(values) || values.length < 2 || values.length > MAX_ENUM) {
    throw new ProfileError(`${at}.enum`, values, `a list of 2 to ${MAX_ENUM} values`);
  }
  for (const value of values as readonly unknown[]) {
    if (typeof value !== (jsonType === "integer" ? "number" : jsonType) || (jsonType === "integer" && !Number.isInteger(value))) {
      throw new ProfileError(`${at}.enum`, value, `values of type ${jsonType}`);
    }
    if (typeof value === "string" && (value === "" || [...value].length > MAX_NAME || value !== value.trim())) {
      throw new ProfileError(`${at}.enum`, value, `texts of 1 to ${MAX_NAME} characters, no spaces around`);
    }
    if (typeof value === "number" && Math.abs(value) > MAX_MAGNITUDE) {
      throw new ProfileError(`${at}.enum`, value, `whole numbers of at most ${MAX_MAGNITUDE}`);
    }
  }
  if (new Set(values).size !== values.length) throw new ProfileError(`${at}.enum`, values, "values that differ");
  if (jsonType === "boolean" && values[0] !== false) throw new ProfileError(`${at}.enum`, values, "[false, true], in that order");
  return values as readonly Value[];
}

function gapRule(
  at: string, keyword: "missing" | "unknown", meaning: Record<string, unknown>, jsonType: JsonType, classes: readonly Value[], label: boolean,
): GapRule {
  const strict = keyword === "missing" ? "required" : "refuse";
  const there = Object.hasOwn(meaning, keyword);
  const rule = there ? meaning[keyword] : strict;
  const path = `${at}.openmined.${keyword}`;
  if (keyword === "unknown" && there && classes.length === 0) {
    throw new ProfileError(path, rule, "no such keyword (only fields with an enum have unknown values)");
  }
  if (rule === strict) return STRICT;
  if (rule === "drop") return { drop: true, value: null };
  if (label) throw new ProfileError(path, rule, `'${strict}' or 'drop' (a label has no substitute)`);
  if (!isObject(rule) || Object.keys(rule).join() !== "value") {
    throw new ProfileError(path, rule, `'${strict}', 'drop' or {'value': ...}`);
  }
  return { drop: false, value: substitute(`${path}.value`, rule["value"], jsonType, classes) };
}

function substitute(at: string, value: unknown, jsonType: JsonType, classes: readonly Value[]): Value {
  if (classes.length > 0) {
    const known = classes.find((candidate) => candidate === value);
    if (known === undefined) throw new ProfileError(at, value, "one of the values in enum");
    return known;
  }
  if (jsonType === "string") {
    if (typeof value !== "string" || value.trim() === "" || [...value].length > MAX_SUBSTITUTE) throw new ProfileError(at, value, `a text of 1 to ${MAX_SUBSTITUTE} characters`);
    return value;
  }
  if (jsonType === "boolean") {
    if (typeof value !== "boolean") throw new ProfileError(at, value, "true or false");
    return value;
  }
  const found = number(at, value);
  if (jsonType === "integer" && !Number.isInteger(found)) throw new ProfileError(at, value, "a whole number");
  return found;
}

function keys(at: string, value: unknown, required: readonly string[], optional: readonly string[]): Record<string, unknown> {
  if (!isObject(value)) throw new ProfileError(at, value, "an object");
  const path = (key: string): string => (at === "" ? key : `${at}.${key}`);
  const missing = [...required].sort().find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw new ProfileError(path(missing), null, "a value (it is missing)");
  const unknown = Object.keys(value).sort().find((key) => !required.includes(key) && !optional.includes(key));
  if (unknown !== undefined) {
    const known = [...required, ...optional].sort().join(", ");
    throw new ProfileError(path(unknown), value[unknown], `no such keyword (known here: ${known})`);
  }
  return value;
}

function texts(at: string, document: Record<string, unknown>): void {
  for (const key of ["title", "description"]) {
    if (Object.hasOwn(document, key)) oneText(at === "" ? key : `${at}.${key}`, document[key]);
  }
}

function oneText(at: string, value: unknown): void {
  if (typeof value !== "string" || [...value].length > MAX_TEXT) throw new ProfileError(at, value, `a text of at most ${MAX_TEXT} characters`);
}

function number(at: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new ProfileError(at, value, "a finite number");
  if (Math.abs(value) > MAX_MAGNITUDE) throw new ProfileError(at, value, `a number of at most ${MAX_MAGNITUDE}`);
  return value;
}
