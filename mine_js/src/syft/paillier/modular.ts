/**
 * Arithmetic on residues. `Judge` is written to be obviously right; `Fast` raises to powers through OpenSSL, by
 * way of Node's Diffie-Hellman interface: computeSecret(r) is r^x mod p, in constant time, for odd moduli that
 * need not be prime. Products are BigInt's in both, and not constant in time.
 */
import { createDiffieHellman, type DiffieHellman, randomBytes } from "node:crypto";
import { CiphertextError } from "../../errors.ts";
import { bitLength, fromBigInt, toBigInt } from "../../protocol/bytes.ts";

export interface Powers {
  /** base^exponent mod modulus; the modulus is odd. */
  power(base: bigint, exponent: bigint, modulus: bigint): bigint;
}

/** Square and multiply. */
export const Judge: Powers = {
  power(base, exponent, modulus) {
    let result = 1n;
    let square = base % modulus;
    for (let rest = exponent; rest > 0n; rest >>= 1n) {
      if ((rest & 1n) === 1n) result = (result * square) % modulus;
      square = (square * square) % modulus;
    }
    return result;
  },
};

const LARGEST_BITS = 10_000;
const KEPT = 4;
const groups = new Map<string, DiffieHellman>();

export const Fast: Powers = {
  power(base, exponent, modulus) {
    const bits = bitLength(modulus);
    const small = base % modulus;
    if (bits > LARGEST_BITS || bits < 512 || small < 2n || small > modulus - 2n || exponent >= modulus || exponent < 2n) {
      return Judge.power(base, exponent, modulus);
    }
    const width = Math.ceil(bits / 8);
    const found = toBigInt(group(exponent, modulus, width).computeSecret(fromBigInt(small, width)));
    // OpenSSL gives zeros for a shared secret of 0, 1 or p - 1, which would be a bad one there, and is none here.
    return found === 0n ? Judge.power(base, exponent, modulus) : found;
  },
};

/** The constructor tests the modulus for primality, which takes tens of milliseconds: once for each key. */
function group(exponent: bigint, modulus: bigint, width: number): DiffieHellman {
  const name = `${exponent.toString(36)}/${modulus.toString(36)}`;
  let found = groups.get(name);
  if (found === undefined) {
    found = createDiffieHellman(Buffer.from(fromBigInt(modulus, width)), Buffer.from([2]));
    found.setPrivateKey(Buffer.from(fromBigInt(exponent, Math.ceil(bitLength(exponent) / 8))));
    groups.set(name, found);
    const oldest = groups.keys().next();
    if (groups.size > KEPT && !oldest.done) groups.delete(oldest.value);
  }
  return found;
}

/** A uniform integer in [0, bound), by rejection. */
export function randomBelow(bound: bigint): bigint {
  const bits = bitLength(bound - 1n);
  const octets = Math.ceil(bits / 8);
  const surplus = BigInt(8 * octets - bits);
  for (;;) {
    const value = toBigInt(new Uint8Array(randomBytes(octets))) >> surplus;
    if (value < bound) return value;
  }
}

export function gcd(one: bigint, other: bigint): bigint {
  while (other !== 0n) [one, other] = [other, one % other];
  return one < 0n ? -one : one;
}

export function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next] = [modulus, ((value % modulus) + modulus) % modulus];
  let [s, nextS] = [0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [s, nextS] = [nextS, s - quotient * nextS];
  }
  if (r !== 1n) throw new CiphertextError("a ciphertext has no inverse modulo n^2");
  return s < 0n ? s + modulus : s;
}

/** All inverses for the price of one and three products each (Montgomery's trick). */
export function inverses(numbers: readonly bigint[], modulus: bigint): bigint[] {
  const prefix = [1n];
  for (const number of numbers) prefix.push(((prefix.at(-1) ?? 1n) * number) % modulus);
  let inverted = inverse(prefix.at(-1) ?? 1n, modulus);
  const result = new Array<bigint>(numbers.length);
  for (let index = numbers.length - 1; index >= 0; index -= 1) {
    result[index] = (inverted * (prefix[index] ?? 1n)) % modulus;
    inverted = (inverted * (numbers[index] ?? 1n)) % modulus;
  }
  return result;
}
