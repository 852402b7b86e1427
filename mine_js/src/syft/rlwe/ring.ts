/**
 * The ring Z_Q[X] / (X^8192 + 1), Q a product of three primes of 54 bits, on BigInt: written to be clearly right. A polynomial
 * is its residues, prime by prime: coefficients, or values at the odd powers of psi, in the order of docs/protocol.md, section 9.
 */
export const DEGREE = 8192;
export const PRIME_BITS = 54;
/** The largest below 2^54 that are 1 modulo 16,384, and for each its smallest primitive 16,384-th root of unity. */
export const PRIMES = [18014398508400641n, 18014398508138497n, 18014398507892737n] as const;
export const ROOTS = [1991035980967n, 365254547778n, 801515875877n] as const;
export const MODULUS = PRIMES[0] * PRIMES[1] * PRIMES[2];

/** Residues of a polynomial modulo each of the primes. */
export type Polynomial = readonly bigint[][];

const ORDER_BITS = 13;
const tables = new Map<bigint, bigint[]>();

export function modulo(value: bigint, prime: bigint): bigint {
  const rest = value % prime;
  return rest < 0n ? rest + prime : rest;
}

export function power(base: bigint, exponent: bigint, prime: bigint): bigint {
  let [result, factor] = [1n, modulo(base, prime)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * factor) % prime;
    factor = (factor * factor) % prime;
  }
  return result;
}

export function inverse(value: bigint, prime: bigint): bigint {
  return power(value, prime - 2n, prime);
}

/** Signed integers as residues modulo each prime. */
export function residuesOf(values: readonly bigint[]): bigint[][] {
  return PRIMES.map((prime) => values.map((value) => modulo(value, prime)));
}

/** Coefficients to values. */
export function forward(coefficients: Polynomial): bigint[][] {
  return PRIMES.map((prime, place) => transformed(coefficients[place] ?? [], prime, powersOf(ROOTS[place] ?? 0n, prime)));
}

function transformed(coefficients: readonly bigint[], prime: bigint, twiddles: readonly bigint[]): bigint[] {
  const x = Array.from({ length: DEGREE }, (_, place) => coefficients[place] ?? 0n);
  for (let parts = 1, half = DEGREE / 2; half >= 1; parts *= 2, half /= 2) {
    for (let part = 0; part < parts; part += 1) {
      const factor = twiddles[parts + part]!;
      const first = 2 * half * part;
      for (let at = first; at < first + half; at += 1) {
        const [a, product] = [x[at]!, (x[at + half]! * factor) % prime];
        const [sum, difference] = [a + product, a - product];
        x[at] = sum >= prime ? sum - prime : sum;
        x[at + half] = difference < 0n ? difference + prime : difference;
      }
    }
  }
  return x;
}

/** Values to coefficients. */
export function backward(values: Polynomial): bigint[][] {
  return PRIMES.map((prime, place) => {
    const twiddles = powersOf(inverse(ROOTS[place] ?? 0n, prime), prime);
    const x = [...(values[place] ?? [])];
    for (let parts = DEGREE / 2, half = 1; parts >= 1; parts /= 2, half *= 2) {
      for (let part = 0; part < parts; part += 1) {
        const factor = twiddles[parts + part]!;
        const first = 2 * half * part;
        for (let at = first; at < first + half; at += 1) {
          const [a, b] = [x[at]!, x[at + half]!];
          const sum = a + b;
          x[at] = sum >= prime ? sum - prime : sum;
          x[at + half] = ((a - b + prime) * factor) % prime;
        }
      }
    }
    const share = inverse(BigInt(DEGREE), prime);
    return x.map((value) => (value * share) % prime);
  });
}

/** Adds the product of two polynomials, all as values, to `total`. */
export function addProduct(total: bigint[][], left: Polynomial, right: Polynomial): void {
  PRIMES.forEach((prime, place) => {
    const [sum, one, other] = [total[place]!, left[place]!, right[place]!];
    for (let at = 0; at < DEGREE; at += 1) sum[at] = (sum[at]! + one[at]! * other[at]!) % prime;
  });
}

export function nothing(): bigint[][] {
  return PRIMES.map(() => new Array<bigint>(DEGREE).fill(0n));
}

/** root^r for every r below 8,192, at the place that is r with its 13 bits reversed. */
function powersOf(root: bigint, prime: bigint): bigint[] {
  const known = tables.get(root);
  if (known !== undefined) return known;
  const made = new Array<bigint>(DEGREE).fill(0n);
  let value = 1n;
  for (let exponent = 0; exponent < DEGREE; exponent += 1) {
    let place = 0;
    for (let bit = 0; bit < ORDER_BITS; bit += 1) place |= ((exponent >> bit) & 1) << (ORDER_BITS - 1 - bit);
    made[place] = value;
    value = (value * root) % prime;
  }
  tables.set(root, made);
  return made;
}

/** round(Q v / 2^slotBits) of signed integers below 2^(slotBits - 1): residues. */
export function scaled(values: readonly bigint[], slotBits: number): bigint[][] {
  const rests = values.map((value) => BigInt.asIntN(slotBits, value * MODULUS));
  return PRIMES.map((prime) => {
    const factor = inverse(1n << BigInt(slotBits), prime);
    return rests.map((rest) => modulo(-rest * factor, prime));
  });
}

const GUARD = 10n;

/** round(2^bits x / Q) modulo 2^bits of numbers given by their residues, by the floors of three quotients. */
export function toPowerOfTwo(residues: Polynomial, bits: number): bigint[] {
  const wide = BigInt(bits) + GUARD;
  const shares = PRIMES.map((prime) => inverse(modulo(MODULUS / prime, prime), prime));
  const count = residues[0]?.length ?? 0;
  return Array.from({ length: count }, (_, at) => {
    let sum = 1n << (GUARD - 1n);
    PRIMES.forEach((prime, place) => {
      sum += (((residues[place]![at]! * shares[place]!) % prime) << wide) / prime;
    });
    return BigInt.asUintN(bits, sum >> GUARD);
  });
}
