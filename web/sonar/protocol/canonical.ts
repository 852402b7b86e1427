/** Canonical JSON (RFC 8785): the same value always has the same bytes, so the same CID. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
// A record cannot refer to itself; an interface can.
export interface JsonObject {
  readonly [name: string]: Json;
}

/** JavaScript writes numbers and strings as RFC 8785 asks; what is left is the order of names. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value as JsonObject);
    const sorted = entries.sort(([one], [other]) => (one < other ? -1 : 1)); // by UTF-16 code units
    return `{${sorted.map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError("JSON has no such number");
  return JSON.stringify(value);
}
