/** Floats to integers at a public scale, exactly and with bounds. */
import { BoundError } from "../errors.ts";
import type { Matrix } from "./matrix.ts";

export const WEIGHT_BITS = 22;
export const LARGEST_ENTRIES = 1 << 24;
const LARGEST_WHOLE = 2 ** 53;

/** The nearest whole number, ties to even. */
export function roundHalfEven(value: number): number {
  if (!(Math.abs(value) < 2 ** 52)) return value;
  const floor = Math.floor(value);
  const above = value - floor;
  if (above < 0.5 || (above === 0.5 && floor % 2 === 0)) return floor + 0;
  return floor + 1;
}

/** round(x * 2^bits), ties to even; whole numbers below 2^53. */
export function toFixed(value: number, bits: number, name: string): number {
  const scaled = roundHalfEven(value * 2 ** bits);
  if (!(Math.abs(scaled) < LARGEST_WHOLE)) {
    throw new BoundError(`${name} is ${value}; absolute values must be below ${2 ** (53 - bits)}`);
  }
  return scaled + 0;
}

/** round((A - I) * 2^bits), the integers that multiply the ciphertexts, row by row. */
export function fixedMap(A: Matrix, bits: number): Float64Array {
  const made = new Float64Array(A.data.length);
  for (let i = 0; i < A.rows; i += 1) {
    for (let j = 0; j < A.columns; j += 1) {
      const entry = i === j ? A.at(i, j) - 1 : A.at(i, j);
      made[i * A.columns + j] = toFixed(entry, bits, `A - I[${i}, ${j}]`);
    }
  }
  return made;
}

/** The largest integer that a weight bound gives: round(bound * 2^bits), ties to even. */
export function fixedLimit(bound: number, bits: number): number {
  if (!(Number.isFinite(bound) && bound > 0)) throw new BoundError(`a bound of ${bound}; it must be positive and finite`);
  return toFixed(bound, bits, "the bound of the weights");
}

/** The smallest e with 2^e >= value, for a positive finite number; exact. */
export function ceilLog2(value: number): number {
  let exponent = Math.round(Math.log2(value));
  while (2 ** exponent < value) exponent += 1;
  while (2 ** (exponent - 1) >= value) exponent -= 1;
  return exponent;
}
