/** Reading the fields of an artifact: each is asked for by name, type and range; none may be left over. */
import { type Cbor, Float, loadsCbor } from "../protocol/cbor.ts";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { CanonicalError, isObject, loadsJson } from "../protocol/canonical_json.ts";
import { Cid, CidError } from "../protocol/cid.ts";
import { requireKnown } from "../errors.ts";
import { ArtifactError, MalformedError, OversizedError, Said } from "./errors.ts";
import { isPrintable } from "../wording.ts";

export const MIB = 1024 * 1024;
/** How large a stored artifact of each kind may be, in bytes. */
export const MAX_BYTES = {
  certificate: 64 * 1024,
  spec: MIB,
  public_key: 256 * MIB,
  model: 256 * MIB,
  gradient: 256 * MIB,
} as const;

export class Fields {
  readonly kind: string;
  private readonly left: Map<string, unknown>;
  private readonly at: string;

  constructor(kind: string, values: unknown, at = "") {
    this.kind = kind;
    this.at = at;
    if (values instanceof Map) this.left = new Map(values as ReadonlyMap<string, Cbor>);
    else if (isObject(values)) this.left = new Map(Object.entries(values));
    else throw new ArtifactError(kind, at, values, "an object with fields");
  }

  path(name: string): string {
    return this.at === "" ? name : `${this.at}.${name}`;
  }

  refuse(name: string, value: unknown, expected: string): never {
    throw new ArtifactError(this.kind, this.path(name), value, expected);
  }

  has(name: string): boolean {
    return this.left.has(name);
  }

  /** What is left, in the order of the names. */
  names(): string[] {
    return [...this.left.keys()].sort();
  }

  take(name: string): unknown {
    if (!this.left.has(name)) this.refuse(name, new Said("missing"), "a value");
    const value = this.left.get(name);
    this.left.delete(name);
    return value;
  }

  integer(name: string, least: number, most: number): number {
    const value = this.take(name);
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      this.refuse(name, shown(value), `a whole number of ${least} to ${most}`);
    }
    return value + 0;
  }

  /** A whole number that may be beyond 2^53. */
  big(name: string, least: bigint, most: bigint): bigint {
    const value = this.take(name);
    const whole = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
    if (typeof whole !== "bigint" || whole < least || whole > most) {
      this.refuse(name, shown(value), `a whole number of ${least} to ${most}`);
    }
    return whole;
  }

  number(name: string, least: number, most: number): number {
    const value = this.take(name);
    const found = value instanceof Float ? value.value : value;
    if (typeof found !== "number" || !Number.isFinite(found)) this.refuse(name, shown(value), "a finite number");
    if (found < least || found > most) this.refuse(name, shown(value), `a number of ${least} to ${most}`);
    return found + 0;
  }

  text(name: string, least: number, most: number): string {
    const value = this.take(name);
    if (typeof value !== "string" || [...value].length < least || [...value].length > most) {
      this.refuse(name, value, `a text of ${least} to ${most} characters`);
    }
    if (!isPrintable(value.replace(/[\n\t]/g, ""))) this.refuse(name, value, "a text of printable characters");
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.take(name);
    const found = choices.find((choice) => choice === value);
    return found ?? this.refuse(name, value, `one of ${choices.join(", ")}`);
  }

  /** As `oneOf`, from a list that later versions make longer: a name that is in none of `all` is one this version does not know. */
  known<T extends string>(name: string, choices: readonly T[], all: readonly string[] = choices): T {
    requireKnown(name, this.left.get(name), all);
    return this.oneOf(name, choices);
  }

  octets(name: string, length: number): Uint8Array {
    const value = this.take(name);
    if (!(value instanceof Uint8Array) || value.length !== length) this.refuse(name, value, `${length} bytes`);
    return value;
  }

  blob(name: string, most: number): Uint8Array {
    const value = this.take(name);
    if (!(value instanceof Uint8Array) || value.length < 1 || value.length > most) this.refuse(name, value, `1 to ${most} bytes`);
    return value;
  }

  hexOctets(name: string, length: number): Uint8Array {
    const value = this.take(name);
    const raw = typeof value === "string" && value.startsWith("0x") ? fromHex(value) : undefined;
    if (raw === undefined || raw.length !== length || `0x${toHex(raw)}` !== value) {
      this.refuse(name, value, `0x and ${2 * length} lower-case hexadecimal digits`);
    }
    return raw;
  }

  cid(name: string): Cid {
    const value = this.take(name);
    try {
      if (typeof value === "string") return Cid.parse(value);
      if (value instanceof Uint8Array) return new Cid(value);
    } catch (error) {
      if (!(error instanceof CidError)) throw error;
    }
    return this.refuse(name, value, "a CID (Qm...)");
  }

  optionalCid(name: string): Cid | null {
    if (this.left.get(name) === null) {
      this.left.delete(name);
      return null;
    }
    return this.cid(name);
  }

  items(name: string, least: number, most: number): readonly unknown[] {
    const value = this.take(name);
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      const found = Array.isArray(value) ? new Said(`a list of ${value.length}`) : value;
      this.refuse(name, found, `a list of ${least} to ${most}`);
    }
    return value as readonly unknown[];
  }

  inner(name: string): Fields {
    return new Fields(this.kind, this.take(name), this.path(name));
  }

  optionalInner(name: string): Fields | null {
    const value = this.take(name);
    return value === null ? null : new Fields(this.kind, value, this.path(name));
  }

  finish(): void {
    const unknown = [...this.left.keys()].sort()[0];
    if (unknown !== undefined) this.refuse(unknown.slice(0, 60), new Said("there"), "no such field");
  }
}

/** The fields of a canonical JSON artifact, `format` checked and taken out. */
export function readJson(kind: string, version: number, data: Uint8Array, most: number): Fields {
  return read(kind, version, data, most, "canonical JSON (RFC 8785)", () => loadsJson(data, most));
}

/** The fields of a deterministic CBOR artifact, `format` checked and taken out. */
export function readCbor(kind: string, version: number, data: Uint8Array, most: number): Fields {
  return read(kind, version, data, most, "deterministic CBOR (RFC 8949)", () => loadsCbor(data, most));
}

export function formatName(kind: string, version: number): string {
  return `openmined/${kind}/${version}`;
}

function read(kind: string, version: number, data: Uint8Array, most: number, expected: string, load: () => unknown): Fields {
  if (data.length > most) throw new OversizedError(kind, "", new Said(`${data.length} bytes`), `at most ${most} bytes`);
  let values: unknown;
  try {
    values = load();
  } catch (error) {
    if (error instanceof CanonicalError) throw new MalformedError(kind, "", new Said(error.message), expected);
    throw error;
  }
  const fields = new Fields(kind, values);
  const found = fields.take("format");
  if (found !== formatName(kind, version)) throw new MalformedError(kind, "format", found, `'${formatName(kind, version)}'`);
  return fields;
}

function shown(value: unknown): unknown {
  return value instanceof Float ? value.value : value;
}
