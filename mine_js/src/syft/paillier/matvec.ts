/**
 * The encrypted matrix-vector product, rows packed into outputs:
 *
 *     out[o] = prod_{r < R} prod_j bases[j] ^ (matrix[o R + r, j] * 2^(r shift)) mod m
 *
 * by Straus' method with signed odd windows (width-w non-adjacent form): one table of odd powers per base
 * serves all rows.
 */
import { inverses, Judge } from "./modular.ts";

/** Entries are whole numbers below 2^53, row by row. */
export interface Product {
  readonly bases: readonly bigint[];
  readonly matrix: Float64Array;
  readonly modulus: bigint;
  readonly rowsPerOutput: number;
  readonly rowShift: number;
}

const WIDEST = 8;

/** By the definition: slow, and obviously right. */
export function matvecByDefinition({ bases, matrix, modulus, rowsPerOutput, rowShift }: Product): bigint[] {
  const negative = inverses(bases, modulus);
  const rows = matrix.length / bases.length;
  const outputs: bigint[] = [];
  for (let first = 0; first < rows; first += rowsPerOutput) {
    let product = 1n;
    for (let row = first; row < Math.min(first + rowsPerOutput, rows); row += 1) {
      for (let j = 0; j < bases.length; j += 1) {
        const entry = matrix[row * bases.length + j] ?? 0;
        const base = (entry < 0 ? negative[j] : bases[j]) ?? 1n;
        const exponent = BigInt(Math.abs(entry)) << BigInt((row - first) * rowShift);
        product = (product * Judge.power(base, exponent, modulus)) % modulus;
      }
    }
    outputs.push(product % modulus);
  }
  return outputs;
}

export function matvec(product: Product): bigint[] {
  const { bases, matrix, modulus, rowsPerOutput, rowShift } = product;
  const rows = matrix.length / bases.length;
  const largest = matrix.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  const width = bestWidth(rows, bases.length, largest === 0 ? 1 : Math.floor(Math.log2(largest)) + 1);
  const tables = new Tables(bases, width, modulus);
  const outputs: bigint[] = [];
  for (let first = 0; first < rows; first += rowsPerOutput) {
    const places: (number[] | undefined)[] = [];
    const last = Math.min(first + rowsPerOutput, rows);
    for (let row = first; row < last; row += 1) {
      for (let j = 0; j < bases.length; j += 1) {
        addDigits(matrix[row * bases.length + j] ?? 0, width, (row - first) * rowShift, j, places);
      }
    }
    let result = 1n;
    for (let place = places.length - 1; place >= 0; place -= 1) {
      if (result !== 1n) result = (result * result) % modulus;
      const digits = places[place] ?? [];
      for (let at = 0; at < digits.length; at += 2) {
        result = (result * tables.entry(digits[at] ?? 0, digits[at + 1] ?? 1)) % modulus;
      }
    }
    outputs.push(result);
  }
  return outputs;
}

/** Pairs (column, signed odd digit) of one entry, at the places where they weigh. */
function addDigits(entry: number, width: number, shift: number, column: number, places: (number[] | undefined)[]): void {
  const full = 2 ** width;
  let rest = entry;
  for (let place = shift; rest !== 0; place += 1) {
    if (rest % 2 !== 0) {
      let digit = ((rest % full) + full) % full;
      if (digit >= full / 2) digit -= full;
      (places[place] ??= []).push(column, digit);
      rest -= digit;
    }
    rest /= 2;
  }
}

function bestWidth(rows: number, columns: number, bits: number): number {
  let best = 2;
  let fewest = Infinity;
  for (let width = 2; width <= WIDEST; width += 1) {
    const products = columns * 2 ** (width - 1) + (rows * columns * bits) / (width + 1);
    if (products < fewest) [best, fewest] = [width, products];
  }
  return best;
}

/** Odd powers of each base and of its inverse, made when first asked for. */
class Tables {
  private readonly modulus: bigint;
  private readonly count: number;
  private readonly positive: (bigint[] | undefined)[];
  private readonly negative: (bigint[] | undefined)[];
  private readonly bases: readonly bigint[];
  private inverted: bigint[] | undefined;

  constructor(bases: readonly bigint[], width: number, modulus: bigint) {
    this.bases = bases;
    this.modulus = modulus;
    this.count = 2 ** (width - 2);
    this.positive = new Array<bigint[] | undefined>(bases.length);
    this.negative = new Array<bigint[] | undefined>(bases.length);
  }

  entry(column: number, digit: number): bigint {
    const place = (Math.abs(digit) - 1) / 2;
    if (digit > 0) return (this.positive[column] ??= this.odd(this.bases[column] ?? 1n))[place] ?? 1n;
    this.inverted ??= inverses(this.bases, this.modulus);
    return (this.negative[column] ??= this.odd(this.inverted[column] ?? 1n))[place] ?? 1n;
  }

  private odd(base: bigint): bigint[] {
    const powers = [base % this.modulus];
    const square = (base * base) % this.modulus;
    while (powers.length < this.count) powers.push(((powers.at(-1) ?? 1n) * square) % this.modulus);
    return powers;
  }
}
