/** The public half of a campaign's Paillier key: what is checked of it, and its proof. */
import { checkPrimeSync, createHash } from "node:crypto";
import { KeyFormError } from "../../errors.ts";
import { bitLength, concat, fromBigInt, sameBytes, toBigInt, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/cid.ts";
import { Fast, gcd } from "./modular.ts";

const SMALLEST_BITS = 2048;
const LARGEST_BITS = 8192;
const SMALL_FACTORS = 1 << 12;
const ROOTS = 11;

/** A modulus that was looked at, its square, and its name. */
export interface PublicKey {
  readonly n: bigint;
  readonly nSquared: bigint;
  readonly bits: number;
  readonly fingerprint: Uint8Array;
}

/** sha256 over "paillier", a zero byte and n, big-endian in its shortest form. */
export function fingerprintOf(n: bigint): Uint8Array {
  return sha256(concat([utf8("paillier\0"), fromBigInt(n, widthOf(n))]));
}

/**
 * The key with modulus n: its size, that it is odd, no prime, no perfect power, and without a prime factor below
 * 4096. `smallest`: tests use shorter keys.
 */
export function publicKeyFrom(n: bigint, smallest: number = SMALLEST_BITS): PublicKey {
  const bits = bitLength(n);
  if (bits < smallest || bits > LARGEST_BITS || bits % 8 !== 0) {
    throw new KeyFormError(`key size is ${bits} bits; it must be a multiple of 8 between ${smallest} and ${LARGEST_BITS}`);
  }
  if (n % 2n === 0n) throw new KeyFormError("the modulus n is even; a Paillier modulus is a product of two odd primes");
  if (gcd(n, product(smallPrimes())) !== 1n) {
    throw new KeyFormError("the modulus n has a prime factor below 4096; both factors must be large primes");
  }
  if (checkPrimeSync(n) || isPower(n, bits)) {
    throw new KeyFormError("the modulus n is a prime or a perfect power; it must be a product of two primes");
  }
  return { n, nSquared: n * n, bits, fingerprint: fingerprintOf(n) };
}

export function certificateBytes(n: bigint): number {
  return ROOTS * widthOf(n);
}

/** Whether the bytes are n-th roots modulo n of the eleven values that n itself draws: gcd(n, phi(n)) = 1. */
export function isCertified(n: bigint, certificate: Uint8Array): boolean {
  const width = widthOf(n);
  if (certificate.length !== certificateBytes(n)) return false;
  const modulus = fromBigInt(n, width);
  for (let place = 0; place < ROOTS; place += 1) {
    const root = toBigInt(certificate.subarray(place * width, (place + 1) * width));
    const stream = createHash("shake256", { outputLength: width + 16 })
      .update("openmined/paillier/certificate/1\0")
      .update(fromBigInt(BigInt(place), 4))
      .update(modulus)
      .digest();
    if (root < 1n || root >= n || Fast.power(root, n, n) !== toBigInt(new Uint8Array(stream)) % n) return false;
  }
  return true;
}

export function sameKey(one: PublicKey, fingerprint: Uint8Array, bits: number): boolean {
  return one.bits === bits && sameBytes(one.fingerprint, fingerprint);
}

function widthOf(n: bigint): number {
  return Math.ceil(bitLength(n) / 8);
}

function smallPrimes(): number[] {
  const primes: number[] = [];
  for (let number = 2; number < SMALL_FACTORS; number += 1) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

function product(numbers: readonly number[]): bigint {
  return numbers.reduce((all, number) => all * BigInt(number), 1n);
}

/** Its base would be above 2^12, for it has no smaller factor. */
function isPower(n: bigint, bits: number): boolean {
  return smallPrimes().some((exponent) => exponent <= bits / 12 && root(n, exponent, bits) ** BigInt(exponent) === n);
}

/** The largest integer whose power is at most n, by bisection of its bits. */
function root(n: bigint, exponent: number, bits: number): bigint {
  let found = 0n;
  for (let bit = Math.ceil(bits / exponent); bit >= 0; bit -= 1) {
    const tried = found | (1n << BigInt(bit));
    if (tried ** BigInt(exponent) <= n) found = tried;
  }
  return found;
}
