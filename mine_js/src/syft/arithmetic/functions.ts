/** Cosine and logarithm by one series each, in float64 and in one order. */
import { roundHalfEven } from "../fixed_point.ts";
import { exponentOf } from "./product.ts";

export const TURN = 6.283185307179586;
const LN2 = 0.6931471805599453;
const EVEN: number[] = [];
const ODD: number[] = [];
for (let k = 0, factorial = 1; k < 12; k += 1) {
  EVEN.push((k % 2 === 0 ? 1 : -1) / factorial);
  factorial *= (2 * k + 1) * (2 * k + 2); // exact up to 22!
}
for (let k = 0; k < 13; k += 1) ODD.push(1 / (2 * k + 1));

/** cos(2 pi x) of a number of turns. */
export function cosine(turns: number): number {
  const part = Math.abs(turns - roundHalfEven(turns));
  const mirrored = part > 0.25;
  const angle = (mirrored ? 0.5 - part : part) * TURN;
  const value = horner(angle * angle, EVEN);
  return mirrored ? -value : value;
}

/** ln x of a positive number. */
export function logarithm(value: number): number {
  let exponent = exponentOf(value);
  let mantissa = value * 2 ** -exponent;
  if (mantissa * mantissa < 0.5) {
    mantissa *= 2;
    exponent -= 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  return exponent * LN2 + 2 * s * horner(s * s, ODD);
}

function horner(x: number, terms: readonly number[]): number {
  return terms.reduceRight((value, term, place) => (place === terms.length - 1 ? term : value * x + term), 0);
}
