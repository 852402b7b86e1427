/**
 * Canonical JSON (RFC 8785): one value, one sequence of bytes. What is read must be exactly what would be
 * written; anything else is refused.
 */
import { OpenMinedError } from "../errors.ts";
import { sameBytes, utf8 } from "./bytes.ts";

export const MAX_DEPTH = 16;
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The value or the bytes are not in the one allowed form. */
export class CanonicalError extends OpenMinedError {}
/** There are more bytes than the caller allows. */
export class TooManyBytesError extends CanonicalError {}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** UTF-8, keys sorted by UTF-16 code units, shortest numbers. */
export function dumpsJson(value: unknown): Uint8Array {
  return utf8(text(value, MAX_DEPTH));
}

/** The value of canonical JSON bytes. Raises TooManyBytesError, CanonicalError. */
export function loadsJson(data: Uint8Array, maxBytes: number): Json {
  if (data.length > maxBytes) {
    throw new TooManyBytesError(`${data.length} bytes of JSON; at most ${maxBytes} are read`);
  }
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new CanonicalError("not UTF-8");
  }
  if (deeperThan(source, MAX_DEPTH)) throw new CanonicalError(`nested deeper than ${MAX_DEPTH} levels`);
  let value: Json;
  try {
    value = JSON.parse(source) as Json;
  } catch {
    throw new CanonicalError("not JSON");
  }
  if (!sameBytes(dumpsJson(value), data)) {
    throw new CanonicalError("JSON that is not canonical (RFC 8785): sorted keys, no spaces, shortest numbers");
  }
  return value;
}

function text(value: unknown, depth: number): string {
  if (depth < 0) throw new CanonicalError(`nested deeper than ${MAX_DEPTH} levels`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new CanonicalError("a text that is not valid Unicode has no JSON form");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new CanonicalError(`${value} is not a finite number`);
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER && Math.abs(value) < 1e21) {
      throw new CanonicalError(`${value} in JSON; whole numbers up to ${Number.MAX_SAFE_INTEGER} are expected`);
    }
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => text(item, depth - 1)).join(",")}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${text(key, MAX_DEPTH)}:${text(value[key], depth - 1)}`).join(",")}}`;
  }
  throw new CanonicalError(`a value of type ${typeof value} has no canonical form`);
}

function deeperThan(source: string, most: number): boolean {
  let depth = 0;
  for (const [token] of source.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > most + 1) return true;
  }
  return false;
}
