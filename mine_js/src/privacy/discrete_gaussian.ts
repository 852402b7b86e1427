/**
 * Exact samples of the discrete Gaussian, from whole numbers and the operating system's randomness only:
 * algorithms 1 to 3 of Canonne, Kamath and Steinke (2020). No floating-point number takes part.
 */
import { randomBytes } from "node:crypto";
import { PrivacyError } from "../errors.ts";
import { bitLength, toBigInt } from "../protocol/bytes.ts";

/** Where uniform integers in [0, bound) come from. */
export interface Randomness {
  below(bound: bigint): bigint;
}

const BLOCK = 1 << 14;

/** The operating system's, read in blocks. */
export class SystemRandomness implements Randomness {
  private block = new Uint8Array(0);
  private at = 0;

  below(bound: bigint): bigint {
    const bits = bitLength(bound - 1n);
    const octets = (bits + 7) >> 3;
    if (octets === 0) return 0n;
    const surplus = BigInt(8 * octets - bits);
    for (;;) {
      if (this.at + octets > this.block.length) {
        this.block = new Uint8Array(randomBytes(Math.max(BLOCK, octets)));
        this.at = 0;
      }
      const value = toBigInt(this.block.subarray(this.at, this.at + octets)) >> surplus;
      this.at += octets;
      if (value < bound) return value;
    }
  }
}

/** One sample; `variance` is sigma^2, a whole number of 1 or more. */
export function sampleDiscreteGaussian(variance: bigint, randomness: Randomness): bigint {
  if (variance < 1n) throw new PrivacyError(`the variance of discrete Gaussian noise is ${variance}; needs an integer from 1 on`);
  const scale = squareRoot(variance) + 1n;
  const bottom = 2n * variance * scale * scale;
  for (;;) {
    const value = discreteLaplace(scale, randomness);
    const size = value < 0n ? -value : value;
    if (bernoulliExp((size * scale - variance) ** 2n, bottom, randomness)) return value;
  }
}

/** P(X = x) proportional to exp(-|x| / scale). */
function discreteLaplace(scale: bigint, randomness: Randomness): bigint {
  for (;;) {
    const rest = randomness.below(scale);
    if (!bernoulliExp(rest, scale, randomness)) continue;
    let whole = 0n;
    while (bernoulliExp(1n, 1n, randomness)) whole += 1n;
    const size = rest + scale * whole;
    const negative = randomness.below(2n) === 1n;
    if (!negative) return size;
    if (size > 0n) return -size; // zero is drawn with one sign only
  }
}

/** True with probability exp(-top / bottom), exactly. */
function bernoulliExp(top: bigint, bottom: bigint, randomness: Randomness): boolean {
  while (top > bottom) {
    if (!bernoulliExp(1n, 1n, randomness)) return false;
    top -= bottom;
  }
  let count = 1n;
  while (randomness.below(bottom * count) < top) count += 1n;
  return count % 2n === 1n;
}

/** The largest integer whose square is at most the value. */
export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}
