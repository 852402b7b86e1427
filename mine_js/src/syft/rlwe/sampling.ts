/** Everything random: what both sides expand from seeds, and what only a mine may know. */
import { createHash, randomBytes } from "node:crypto";
import { concat } from "../../protocol/bytes.ts";
import { DEGREE, PRIME_BITS, PRIMES } from "./ring.ts";

const DOMAIN = "openmined/rlwe/1/";
const SPARE = 64;
const MASK_BITS = 28;

/** The domain and the kind, then each part behind its length in four bytes. */
export function labelled(kind: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = [new TextEncoder().encode(`${DOMAIN}${kind}\0`)];
  for (const part of parts) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, part.length);
    pieces.push(length, part);
  }
  return concat(pieces);
}

/** A uniform polynomial: for each prime the first words of 54 bits of SHAKE-128 that are below it. */
export function uniform(material: Uint8Array): bigint[][] {
  return PRIMES.map((prime, place) => {
    for (let count = DEGREE + SPARE; ; count *= 2) {
      const stream = createHash("shake128", { outputLength: 8 * count }).update(material).update(Uint8Array.of(place)).digest();
      const words: bigint[] = [];
      for (let at = 0; at < count && words.length < DEGREE; at += 1) {
        const word = BigInt.asUintN(PRIME_BITS, stream.readBigUInt64LE(8 * at));
        if (word < prime) words.push(word);
      }
      if (words.length === DEGREE) return words;
    }
  });
}

/** Fresh multipliers, uniform in [-2^27, 2^27). */
export function masks(): bigint[] {
  const random = randomBytes(4 * DEGREE);
  return Array.from({ length: DEGREE }, (_, place) => BigInt(random.readInt32LE(4 * place) >> (32 - MASK_BITS)));
}

/** A fresh number, uniform in [-2^bits, 2^bits), bits up to 126. */
export function flood(bits: number): bigint {
  const random = randomBytes(16);
  const word = (random.readBigUInt64LE(8) << 64n) | random.readBigUInt64LE(0);
  return BigInt.asUintN(bits + 1, word) - (1n << BigInt(bits));
}
