/** What a release costs, in zero-concentrated differential privacy, as exact fractions: docs/privacy.md. */
import { PrivacyError } from "../errors.ts";
import { Fraction } from "./fraction.ts";

export const RHO_BITS = 40n;
const LARGEST_RHO = 1n << 20n;
const LARGEST_EPSILON = 1e5;
const STEPS = 200;
const SLACK = 1 + 1e-9;

/** A chance above 0, below 1, and at most one in the number of rows. */
export function requireDelta(delta: number, rows?: number): number {
  if (!(delta > 1e-300 && delta < 1)) throw new PrivacyError(`delta is ${delta}; needs a number between 0 and 1, such as 1e-6`);
  if (rows !== undefined && delta * rows > 1) {
    throw new PrivacyError(`delta is ${delta} for ${rows} records; needs at most ${(1 / rows).toExponential(1)}, one in that number`);
  }
  return delta;
}

/** The smallest epsilon of rho-zCDP at `delta`, rounded up; 0 for rho = 0. */
export function epsilonAt(rho: Fraction, delta: number): number {
  requireDelta(delta);
  if (rho.top < 0n) throw new PrivacyError(`rho is ${rho.toString()}; a cost is never negative`);
  if (rho.top === 0n) return 0;
  return epsilonOf(nextUp(rho.toNumber()), delta);
}

function epsilonOf(cost: number, delta: number): number {
  let low = 1 + 1e-12;
  let high = Math.max(2, (Math.log(1 / delta) / cost) * 2 + 2);
  for (let step = 0; step < STEPS; step += 1) {
    const middle = Math.sqrt((low - 1) * (high - 1)) + 1;
    if (cost + Math.log(middle * delta) / (middle - 1) ** 2 < 0) low = middle;
    else high = middle;
  }
  const by = (alpha: number): number => cost * alpha - Math.log(alpha * delta) / (alpha - 1) + Math.log1p(-1 / alpha);
  return Math.max(0, Math.min(by(low), by(high))) * SLACK;
}

const known = new Map<string, Fraction>();

/** The largest multiple of 2^-40 that is no more than (epsilon, delta): what a budget or price comes to. */
export function rhoFor(epsilon: number, delta: number): Fraction {
  if (!(epsilon > 0 && epsilon <= LARGEST_EPSILON)) {
    throw new PrivacyError(`epsilon is ${epsilon}; needs a number above 0, up to ${LARGEST_EPSILON}`);
  }
  requireDelta(delta);
  const name = `${epsilon}/${delta}`;
  let found = known.get(name);
  if (found === undefined) known.set(name, (found = searched(epsilon, delta)));
  return found;
}

function searched(epsilon: number, delta: number): Fraction {
  let low = 0n;
  let high = LARGEST_RHO << RHO_BITS;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (epsilonAt(new Fraction(middle, 1n << RHO_BITS), delta) <= epsilon) low = middle;
    else high = middle - 1n;
  }
  if (low === 0n) throw new PrivacyError(`epsilon ${epsilon} at delta ${delta} allows nothing; needs a larger epsilon`);
  return new Fraction(low, 1n << RHO_BITS);
}

/** The next float64 above a positive one. */
function nextUp(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigUint64(0, view.getBigUint64(0) + 1n);
  return view.getFloat64(0);
}
