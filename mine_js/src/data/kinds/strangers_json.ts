/**
 * JSON that somebody else wrote, as Python's `json` reads it: whole numbers of any size stay exact, NaN and infinities are
 * gaps, a key that is there twice has its last value. JSON.parse can do none of these.
 */
import { pythonFloat } from "../../wording.ts";

/** null, true, a bigint for a number without point and exponent, a number for others. */
export type Json = null | boolean | bigint | number | string | readonly Json[] | ReadonlyMap<string, Json>;

const DEEPEST = 200;
const MOST_DIGITS = 4300;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
 
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The value of a text; undefined for what is not JSON, or nested more than 200 deep. */
export function parseStrangersJson(text: string): Json | undefined {
  try {
    return new Reader(text).all();
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

/** The text of a nested value, as Python's `json.dumps` writes it. */
export function jsonText(value: Json): string {
  if (typeof value === "number") return pythonFloat(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(jsonText).join(", ")}]`;
  if (value === null || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return `{${[...(value as ReadonlyMap<string, Json>)].map(([key, inner]) => `${JSON.stringify(key)}: ${jsonText(inner)}`).join(", ")}}`;
}

class NotJson extends Error {}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  all(): Json {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) throw new NotJson();
    return value;
  }

  private value(depth: number): Json {
    if (depth > DEEPEST) throw new NotJson();
    this.space();
    const sign = this.text[this.at];
    if (sign === "{") return this.object(depth + 1);
    if (sign === "[") return this.list(depth + 1);
    if (sign === '"') return this.string();
    for (const [word, value] of [["null", null], ["true", true], ["false", false], ["NaN", null], ["Infinity", null], ["-Infinity", null]] as const) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  private object(depth: number): Json {
    const made = new Map<string, Json>();
    this.at += 1;
    if (this.next("}")) return made;
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') throw new NotJson();
      const key = this.string();
      if (!this.next(":")) throw new NotJson();
      made.set(key, this.value(depth));
      if (this.next("}")) return made;
      if (!this.next(",")) throw new NotJson();
    }
  }

  private list(depth: number): Json {
    const made: Json[] = [];
    this.at += 1;
    if (this.next("]")) return made;
    for (;;) {
      made.push(this.value(depth));
      if (this.next("]")) return made;
      if (!this.next(",")) throw new NotJson();
    }
  }

  private string(): string {
    let made = "";
    this.at += 1;
    for (;;) {
      made += this.match(PLAIN)[0];
      const sign = this.text[this.at];
      this.at += 1;
      if (sign === '"') return made;
      if (sign !== "\\") throw new NotJson();
      const escape = this.text[this.at] ?? "";
      this.at += 1;
      const plain = Object.hasOwn(ESCAPES, escape) ? ESCAPES[escape] : undefined;
      const code = this.text.slice(this.at, this.at + 4);
      if (plain !== undefined) made += plain;
      else if (escape === "u" && /^[0-9a-fA-F]{4}$/.test(code)) {
        made += String.fromCharCode(Number.parseInt(code, 16));
        this.at += 4;
      } else throw new NotJson();
    }
  }

  private number(): bigint | number {
    const [text, point, exponent] = this.match(NUMBER);
    if (point !== undefined || exponent !== undefined) return Number(text);
    if (text.length > MOST_DIGITS) throw new NotJson();
    return BigInt(text);
  }

  private match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) throw new NotJson();
    this.at = pattern.lastIndex;
    return found;
  }

  private next(sign: string): boolean {
    this.space();
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private space(): void {
    while (" \t\n\r".includes(this.text[this.at] ?? "?")) this.at += 1;
  }
}
