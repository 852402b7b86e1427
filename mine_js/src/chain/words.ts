/** Ethereum's words of 32 bytes: every argument, answer and event of Sonar's that a mine meets is made of them. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat, fromBigInt, fromHex, toBigInt, toHex, utf8 } from "../protocol/bytes.ts";
import { UnexpectedAnswerError } from "./errors.ts";

export const ZERO_ADDRESS = `0x${"0".repeat(40)}`;
export const EMPTY = "0".repeat(64);
export type Word = Uint8Array | bigint | string;

export function keccak(data: Uint8Array): Uint8Array {
  return keccak_256(data);
}

/** The mixed-case form (EIP-55) of a well-formed address. */
export function checksum(address: string): string {
  const digits = address.slice(2).toLowerCase();
  const hash = toHex(keccak(utf8(digits)));
  return `0x${[...digits].map((digit, place) => (parseInt(hash[place] ?? "0", 16) >= 8 ? digit.toUpperCase() : digit)).join("")}`;
}

/** Whether it is an address: 0x and 40 digits, and if in mixed case then the right one. */
export function isAddress(text: string): boolean {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return false;
  const digits = text.slice(2);
  return digits === digits.toLowerCase() || digits === digits.toUpperCase() || checksum(text) === text;
}

/** Call data: the selector of a function's signature, then one word for each argument. */
export function encodeCall(signature: string, words: readonly Word[]): Uint8Array {
  return concat([keccak(utf8(signature)).subarray(0, 4), encodeWords(words)]);
}

/** 32 bytes as they are, integers big-endian, addresses (texts) padded on the left. */
export function encodeWords(words: readonly Word[]): Uint8Array {
  return concat(
    words.map((word) => {
      if (typeof word === "bigint") return fromBigInt(word, 32);
      const raw = typeof word === "string" ? fromHex(word) : word;
      if (raw === undefined || raw.length > 32) throw new UnexpectedAnswerError("an argument", "at most 32 bytes");
      return concat([new Uint8Array(32 - raw.length), raw]);
    }),
  );
}

/** An answer, read word by word. */
export class Words {
  private readonly data: Uint8Array;
  private readonly what: string;
  private at = 0;

  constructor(data: Uint8Array, what: string) {
    this.data = data;
    this.what = what;
  }

  /** 32 bytes in hexadecimal. */
  hex(): string {
    const word = this.data.subarray(this.at, this.at + 32);
    if (word.length !== 32) throw new UnexpectedAnswerError(this.what, "more words");
    this.at += 32;
    return toHex(word);
  }

  big(): bigint {
    return BigInt(`0x${this.hex()}`);
  }

  /** A whole number below 2^53. */
  number(): number {
    const value = this.big();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new UnexpectedAnswerError(this.what, "a number below 2^53");
    return Number(value);
  }

  address(): string {
    const word = this.hex();
    if (!word.startsWith("0".repeat(24))) throw new UnexpectedAnswerError(this.what, "an address");
    return checksum(`0x${word.slice(24)}`);
  }

  flag(): boolean {
    const value = this.big();
    if (value > 1n) throw new UnexpectedAnswerError(this.what, "true or false");
    return value === 1n;
  }

  /** The bytes that the next word points to. */
  octets(): Uint8Array {
    const start = this.number();
    const length = Number(toBigInt(this.data.subarray(start, start + 32)));
    const found = this.data.subarray(start + 32, start + 32 + length);
    if (found.length !== length) throw new UnexpectedAnswerError(this.what, "bytes that are there");
    return found;
  }
}
