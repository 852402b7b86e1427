/**
 * Deterministic CBOR (RFC 8949, section 4.2.1) of plain values. Integers are numbers or, beyond 2^53, bigints;
 * a `Float` is a float even where it is whole; maps are `Map`s with text keys.
 */
import { concat, fromBigInt, sameBytes, utf8 } from "./bytes.ts";
import { CanonicalError, MAX_DEPTH, TooManyBytesError } from "./canonical_json.ts";

const MAX_INTEGER = 2n ** 64n - 1n;
const MAX_ITEMS = 1 << 16;

/** A number that is a float on the wire, whole or not. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export type CborMap = ReadonlyMap<string, Cbor>;
export type Cbor = null | boolean | number | bigint | Float | string | Uint8Array | readonly Cbor[] | CborMap;

export function cborMap(fields: { readonly [name: string]: Cbor }): CborMap {
  return new Map(Object.entries(fields));
}

export function dumpsCbor(value: Cbor): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, MAX_DEPTH, parts);
  return concat(parts);
}

/** The value of deterministic CBOR bytes; a whole float comes back as a `Float`. */
export function loadsCbor(data: Uint8Array, maxBytes: number, maxItems: number = MAX_ITEMS): Cbor {
  if (data.length > maxBytes) throw new TooManyBytesError(`${data.length} bytes of CBOR; at most ${maxBytes} are read`);
  const reader = new Reader(data, maxItems);
  const value = reader.value(MAX_DEPTH);
  if (reader.at !== data.length) throw new CanonicalError(`${data.length - reader.at} bytes follow the CBOR value`);
  if (!sameBytes(dumpsCbor(value), data)) {
    throw new CanonicalError("CBOR that is not deterministic: sorted keys, shortest forms");
  }
  return value;
}

function write(value: Cbor, depth: number, parts: Uint8Array[]): void {
  if (depth < 0) throw new CanonicalError(`nested deeper than ${MAX_DEPTH} levels`);
  if (value === null) parts.push(Uint8Array.of(0xf6));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new CanonicalError(`${value} is not a whole number below 2^53`);
    writeInteger(BigInt(value), parts);
  } else if (typeof value === "bigint") writeInteger(value, parts);
  else if (value instanceof Float) parts.push(floatBytes(value.value));
  else if (typeof value === "string") {
    if (!value.isWellFormed()) throw new CanonicalError("a text that is not valid Unicode has no CBOR form");
    const encoded = utf8(value);
    parts.push(head(3, BigInt(encoded.length)), encoded);
  } else if (value instanceof Uint8Array) parts.push(head(2, BigInt(value.length)), value);
  else if (value instanceof Map) writeMap(value as CborMap, depth, parts);
  else {
    const items = value as readonly Cbor[];
    parts.push(head(4, BigInt(items.length)));
    for (const item of items) write(item, depth - 1, parts);
  }
}

function writeMap(value: CborMap, depth: number, parts: Uint8Array[]): void {
  parts.push(head(5, BigInt(value.size)));
  const entries = [...value].map(([key, item]) => ({ key: dumpsCbor(key), item }));
  entries.sort((one, other) => Buffer.compare(one.key, other.key));
  for (const { key, item } of entries) {
    parts.push(key);
    write(item, depth - 1, parts);
  }
}

function writeInteger(value: bigint, parts: Uint8Array[]): void {
  if (value > MAX_INTEGER || value < -MAX_INTEGER - 1n) {
    throw new CanonicalError(`an integer of more than 64 bits; ${-MAX_INTEGER - 1n} to ${MAX_INTEGER} is expected`);
  }
  parts.push(value >= 0n ? head(0, value) : head(1, -1n - value));
}

function head(major: number, argument: bigint): Uint8Array {
  const top = major << 5;
  if (argument < 24n) return Uint8Array.of(top | Number(argument));
  for (const [info, width] of [[24, 1], [25, 2], [26, 4], [27, 8]] as const) {
    if (argument < 1n << BigInt(8 * width)) return concat([Uint8Array.of(top | info), fromBigInt(argument, width)]);
  }
  throw new CanonicalError("an integer of more than 64 bits");
}

function floatBytes(value: number): Uint8Array {
  if (!Number.isFinite(value)) throw new CanonicalError(`${value} is not a finite number`);
  const made = Buffer.alloc(9);
  const view = new DataView(made.buffer, made.byteOffset, 9);
  view.setFloat16(1, value);
  if (Object.is(view.getFloat16(1), value)) return shortened(made, 0xf9, 2);
  view.setFloat32(1, value);
  if (Object.is(view.getFloat32(1), value)) return shortened(made, 0xfa, 4);
  view.setFloat64(1, value);
  return shortened(made, 0xfb, 8);
}

function shortened(made: Buffer, first: number, width: number): Uint8Array {
  made[0] = first;
  return new Uint8Array(made.subarray(0, 1 + width));
}

/** Reads plain values; never reserves room for more than the bytes that are there. */
class Reader {
  at = 0;
  private readonly data: Uint8Array;
  private readonly view: DataView;
  private readonly maxItems: number;
  private itemsLeft: number;

  constructor(data: Uint8Array, maxItems: number) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.maxItems = this.itemsLeft = maxItems;
  }

  value(depth: number): Cbor {
    if (depth < 0) throw new CanonicalError(`nested deeper than ${MAX_DEPTH} levels`);
    this.itemsLeft -= 1;
    if (this.itemsLeft < 0) throw new CanonicalError(`more than ${this.maxItems} values`);
    const first = this.take(1)[0] ?? 0;
    const major = first >> 5;
    const info = first & 31;
    if (major === 7) return this.simple(info);
    const argument = this.argument(info);
    if (major === 0) return plain(argument);
    if (major === 1) return plain(-1n - argument);
    if (major === 2) return this.take(this.room(argument, 1)).slice();
    if (major === 3) return this.text(this.room(argument, 1));
    if (major === 4) return Array.from({ length: this.room(argument, 1) }, () => this.value(depth - 1));
    if (major === 5) return this.mapping(this.room(argument, 2), depth - 1);
    throw new CanonicalError(`CBOR tag ${argument}: tags are not used`);
  }

  private argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info > 27) throw new CanonicalError("a CBOR value of indefinite or reserved length");
    return this.take(1 << (info - 24)).reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  }

  private simple(info: number): Cbor {
    if (info === 20) return false;
    if (info === 21) return true;
    if (info === 22) return null;
    const at = this.at;
    if (info === 25) return this.take(2) && new Float(this.view.getFloat16(at));
    if (info === 26) return this.take(4) && new Float(this.view.getFloat32(at));
    if (info === 27) return this.take(8) && new Float(this.view.getFloat64(at));
    throw new CanonicalError(`CBOR simple value ${info}: only false, true, null and floats are used`);
  }

  private text(length: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(length));
    } catch (error) {
      if (error instanceof CanonicalError) throw error;
      throw new CanonicalError("a CBOR text is not UTF-8");
    }
  }

  private mapping(length: number, depth: number): CborMap {
    const result = new Map<string, Cbor>();
    for (let index = 0; index < length; index += 1) {
      const key = this.value(depth);
      if (typeof key !== "string") throw new CanonicalError("a CBOR map key is not a text");
      if (result.has(key)) throw new CanonicalError(`key '${key.slice(0, 40)}' comes twice`);
      result.set(key, this.value(depth));
    }
    return result;
  }

  private room(items: bigint, each: number): number {
    const left = this.data.length - this.at;
    if (items * BigInt(each) > BigInt(left)) throw new CanonicalError(`CBOR that announces ${items} items in ${left} bytes`);
    return Number(items);
  }

  private take(count: number): Uint8Array {
    const piece = this.data.subarray(this.at, this.at + count);
    if (piece.length !== count) throw new CanonicalError(`CBOR ends ${count - piece.length} bytes too early`);
    this.at += count;
    return piece;
  }
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
