/**
 * From the owner's columns to a campaign's fields: other names, units, words, constants, parts of dates. A TOML file
 * beside the registration, a table for each field; docs/run-mine.md says how. Nobody else sees it.
 */
import { readFileSync } from "node:fs";
import { parse, TomlDate } from "smol-toml";
import { shorten } from "../../artifacts/errors.ts";
import { errorCode } from "../../home/files.ts";
import { isObject } from "../../protocol/canonical_json.ts";
import { fromHex, toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/cid.ts";
import { pythonFloat } from "../../wording.ts";
import { DataError } from "../errors.ts";
import { decodeText } from "./text.ts";

export const DATE_PARTS = ["year", "month", "day", "weekday", "hour", "days"] as const;
export type DatePart = (typeof DATE_PARTS)[number];
const KEYS = ["column", "factor", "offset", "round", "values", "constant", "date"];
const MOST_BYTES = 1 << 20;

/** Where one field's values come from: a column, or the same for every record. */
export interface Origin {
  readonly column: string | null;
  readonly factor: number;
  readonly offset: number;
  readonly round: boolean;
  readonly values: ReadonlyMap<string, string>;
  readonly constant: string | null;
  readonly date: DatePart | null;
}

/** A mapping as it was read; `text` is what its owner sees. */
export class FieldMapping {
  readonly text: string;
  readonly origins: ReadonlyMap<string, Origin>;

  constructor(text: string, origins: ReadonlyMap<string, Origin>) {
    this.text = text;
    this.origins = origins;
  }

  /** The digest of data seen through this mapping, in hexadecimal. */
  digest(data: string): string {
    return toHex(sha256(Buffer.concat([utf8("openmined/mapping/1\0"), fromHex(data) ?? new Uint8Array(0), utf8(this.text)])));
  }

  /** The names there are once it is applied; a field whose column is not there is left out. */
  names(there: readonly string[]): string[] {
    const fields = [...this.origins].filter(([, { column }]) => column === null || there.includes(column)).map(([name]) => name);
    return [...fields, ...there.filter((name) => !this.origins.has(name))];
  }
}

export function plainOrigin(column: string): Origin {
  return { column, factor: 1, offset: 0, round: false, values: new Map(), constant: null, date: null };
}

/** The mapping in a file, saved by whichever editor; undefined if there is none. */
export function readMapping(path: string): FieldMapping | undefined {
  let raw: Buffer;
  try {
    raw = readFileSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new DataError(`${path}: it cannot be read (${errorCode(error)}); expected a mapping in TOML`);
  }
  if (raw.length > MOST_BYTES) throw new DataError(`${path}: it is longer than ${MOST_BYTES} bytes; expected a mapping in TOML`);
  // Ends of lines are not part of what a mapping says: its digest is that of the data seen through it.
  return parseMapping(decodeText(raw, path).replaceAll("\r\n", "\n").replaceAll("\r", "\n"), path);
}

export function parseMapping(text: string, source: string): FieldMapping {
  let document: Record<string, unknown>;
  try {
    document = parse(text, { integersAsBigInt: true });
  } catch (error) {
    const place = error instanceof Error && "line" in error && "column" in error ? ` (at line ${String(error.line)}, column ${String(error.column)})` : "";
    throw new DataError(`${source}: not TOML${place}`);
  }
  const origins = new Map<string, Origin>();
  for (const [key, table] of Object.entries(document)) {
    const name = key.normalize("NFC");
    if (!isTable(table)) throw new DataError(`${source}: ${name} is ${shownToml(table)}; expected a table, [${name}]`);
    origins.set(name, originOf(`${source}: [${name}]`, table));
  }
  return new FieldMapping(text, origins);
}

function originOf(at: string, table: Record<string, unknown>): Origin {
  const unknown = Object.keys(table).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new DataError(`${at} has the key '${unknown}'; known: ${KEYS.join(", ")}`);
  const has = (key: string): boolean => Object.hasOwn(table, key);
  if (has("column") === has("constant")) throw new DataError(`${at}: expected either column or constant`);
  if (has("constant") && Object.keys(table).length > 1) throw new DataError(`${at}: a constant has no other keys`);
  const number = (key: "factor" | "offset", usual: number): number => {
    const value = has(key) ? table[key] : usual;
    if ((typeof value !== "number" && typeof value !== "bigint") || !Number.isFinite(Number(value))) throw new DataError(`${at}: ${key} is ${shownToml(value)}; expected a finite number`);
    return Number(value);
  };
  const [factor, offset] = [number("factor", 1), number("offset", 0)];
  if (factor === 0) throw new DataError(`${at}: factor is 0; use constant`);
  const round = has("round") ? table["round"] : false;
  if (typeof round !== "boolean") throw new DataError(`${at}: round is ${shownToml(round)}; expected true or false`);
  const values = has("values") ? table["values"] : {};
  const { date, column } = table;
  if (!isTable(values) || Object.values(values).some((value) => Array.isArray(value) || isTable(value))) {
    throw new DataError(`${at}: values is ${shownToml(values)}; expected a table of words and what they become`);
  }
  const part = DATE_PARTS.find((known) => known === date);
  if (has("date") && part === undefined) throw new DataError(`${at}: date is ${shownToml(date)}; expected one of ${DATE_PARTS.join(", ")}`);
  if (has("column") && typeof column !== "string") throw new DataError(`${at}: column is ${shownToml(column)}; expected a name`);
  const ways = [Object.keys(values).length > 0, has("date"), round || factor !== 1 || offset !== 0];
  if (ways.filter(Boolean).length > 1) throw new DataError(`${at}: expected only one of values, date, and factor with offset and round`);
  return {
    column: typeof column === "string" ? column : null, factor, offset, round, date: part ?? null,
    values: new Map(Object.entries(values).map(([key, value]) => [key, word(value)])), constant: has("constant") ? word(table["constant"]) : null,
  };
}

/** A value as Python's `str` writes it, true and false in small letters. */
function word(value: unknown): string {
  if (value instanceof TomlDate) return value.toISOString().replace("T", " ").replace(/Z$/, "+00:00");
  return typeof value === "number" ? pythonFloat(value) : String(value);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !(value instanceof Date);
}

function shownToml(value: unknown): string {
  return typeof value === "number" ? pythonFloat(value) : shorten(value);
}
