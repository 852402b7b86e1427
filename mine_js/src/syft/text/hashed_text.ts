/**
 * Texts as numbers by the hashing trick: docs/protocol.md, section 4. The set of a text's parts (runs of words, substrings of
 * words) is hashed with a keyed BLAKE2b of 8 bytes to columns and signs, and the row divided by its length.
 */
import { blake2b } from "@noble/hashes/blake2.js";
import { utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/cid.ts";
import { wordsOf } from "./folding.ts";

export const FEWEST_COLUMNS = 16;
export const MOST_COLUMNS = 4096;
export const MOST_WORDS = 3;
export const MOST_CHARACTERS = 8;
/** Parts whose place is remembered, so that frequent ones are hashed once. */
const MOST_KNOWN = 1 << 20;

interface Place {
  readonly column: number;
  readonly sign: 1 | -1;
}

export class HashedText {
  readonly columns: number;
  /** The longest run of words that counts as one part; 0 for none. */
  readonly words: number;
  /** The shortest and the longest substring of words; null for none. */
  readonly characters: readonly [number, number] | null;
  private readonly key: Uint8Array;
  private readonly known = new Map<string, Place>();

  constructor(columns: number, words: number, characters: readonly [number, number] | null, seed: string) {
    this.columns = columns;
    this.words = words;
    this.characters = characters;
    this.key = sha256(utf8(`openmined/text/1/${seed}`));
  }

  /** Writes a text's row of length 1 from `at` on into zeros. A text without words leaves them. */
  transform(text: string, into: Float64Array, at: number): void {
    const row = into.subarray(at, at + this.columns);
    for (const part of this.parts(wordsOf(text))) {
      const { column, sign } = this.known.get(part) ?? this.place(part);
      row[column] = (row[column] ?? 0) + sign;
    }
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length === 0) return;
    for (const [column, value] of row.entries()) if (value !== 0) row[column] = value / length;
  }

  private parts(words: readonly string[]): ReadonlySet<string> {
    const found = new Set<string>();
    for (let count = 1; count <= this.words; count += 1) {
      for (let first = 0; first + count <= words.length; first += 1) found.add(`w:${words.slice(first, first + count).join(" ")}`);
    }
    if (this.characters === null) return found;
    const [shortest, longest] = this.characters;
    for (const word of new Set(words)) {
      const padded = [" ", ...word, " "];
      for (let size = shortest; size <= longest; size += 1) {
        for (let first = 0; first + size <= padded.length; first += 1) found.add(`c:${padded.slice(first, first + size).join("")}`);
      }
    }
    return found;
  }

  private place(part: string): Place {
    const digest = blake2b(utf8(part), { key: this.key, dkLen: 8 });
    const value = digest.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const made: Place = { column: Number((value >> 1n) % BigInt(this.columns)), sign: (value & 1n) === 1n ? 1 : -1 };
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.set(part, made);
    return made;
  }
}
