/**
 * Products of matrices whose bits do not depend on the order of the sums in them (docs/protocol.md, section 9): each
 * factor is cut into two slices of whole numbers so short that sums of their products are exact in float64.
 */
import { ShapeError } from "../../errors.ts";
import { roundHalfEven } from "../fixed_point.ts";
import { Matrix } from "../matrix.ts";

/** Of a sum over records, at most: longer sums would leave short slices. */
const ROWS_AT_ONCE = 4096;
const NOTHING = 2 ** -400;

/** The bits of a slice for sums of so many terms. */
export function sliceBits(terms: number): number {
  return (52 - (terms > 1 ? 32 - Math.clz32(terms - 1) : 0)) >> 1;
}

/** How many rows of so many numbers one part of a sum over rows has. */
export function rowsAtOnce(columns: number): number {
  return Math.min(ROWS_AT_ONCE, Math.max(256, Math.floor(2 ** 20 / columns)));
}

/** The smallest e with value < 2^e, of a positive number or 0 of 0; as C's frexp. */
export function exponentOf(value: number): number {
  if (value === 0) return 0;
  let exponent = Math.floor(Math.log2(value)) + 1;
  while (value >= 2 ** exponent) exponent += 1;
  while (value < 2 ** (exponent - 1)) exponent -= 1;
  return exponent;
}

interface Slices {
  readonly first: Float64Array;
  readonly second: Float64Array;
  /** 2^(e - t) of each row or column. */
  readonly units: Float64Array;
}

function sliced(matrix: Matrix, bits: number, by: "rows" | "columns"): Slices {
  matrix.requireFinite("a factor");
  const { rows, columns, data } = matrix;
  const largest = new Float64Array(by === "rows" ? rows : columns);
  for (let i = 0, place = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1, place += 1) {
      const at = by === "rows" ? i : j;
      const size = Math.abs(data[place]!);
      if (size > largest[at]!) largest[at] = size;
    }
  }
  const exponents = Array.from(largest, exponentOf);
  const factors = Float64Array.from(largest, (size, at) => (size < NOTHING ? 0 : 2 ** Math.max(bits - exponents[at]!, -1022)));
  const [first, second, shift] = [new Float64Array(data.length), new Float64Array(data.length), 2 ** bits];
  for (let i = 0, place = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1, place += 1) {
      const scaled = data[place]! * factors[by === "rows" ? i : j]!;
      const whole = roundHalfEven(scaled);
      first[place] = whole;
      second[place] = roundHalfEven((scaled - whole) * shift);
    }
  }
  return { first, second, units: Float64Array.from(exponents, (exponent) => 2 ** (exponent - bits)) };
}

/** left right. */
export function product(left: Matrix, right: Matrix): Matrix {
  const terms = left.columns;
  if (terms !== right.rows || terms === 0) {
    throw new ShapeError(`matrices of shapes (${left.rows}, ${left.columns}) and (${right.rows}, ${right.columns}) cannot be multiplied`);
  }
  const bits = sliceBits(terms);
  const [rows, columns] = [sliced(left, bits, "rows"), sliced(right, bits, "columns")];
  const made = new Matrix(left.rows, right.columns);
  const width = right.columns;
  const [whole, rest, shift] = [new Float64Array(width), new Float64Array(width), 2 ** -bits];
  const [one, two] = [columns.first, columns.second];
  for (let i = 0; i < left.rows; i += 1) {
    whole.fill(0);
    rest.fill(0);
    for (let k = 0; k < terms; k += 1) {
      const [high, low] = [rows.first[i * terms + k]!, rows.second[i * terms + k]!];
      if (high === 0 && low === 0) continue;
      for (let j = 0, from = k * width; j < width; j += 1, from += 1) {
        const above = one[from]!;
        whole[j]! += high * above;
        rest[j]! += high * two[from]! + low * above;
      }
    }
    const unit = rows.units[i]!;
    for (let j = 0; j < width; j += 1) made.data[i * width + j] = joined(whole[j]!, rest[j]!, shift, unit, columns.units[j]!);
  }
  return made;
}

function joined(whole: number, rest: number, shift: number, row: number, column: number): number {
  return (whole + rest * shift) * row * column + 0;
}

/** X'X and X'T over rows that come one after another, in the memory of one part of them. */
export class SumsOfProducts {
  readonly products: Matrix;
  readonly pulls: Matrix;
  private readonly atOnce: number;
  private rows: Float64Array[] = [];
  private targets: Float64Array[] = [];

  constructor(columns: number, outputs: number) {
    this.products = new Matrix(columns, columns);
    this.pulls = new Matrix(columns, outputs);
    this.atOnce = rowsAtOnce(columns);
  }

  add(row: Float64Array, targets: Float64Array): void {
    this.rows.push(row);
    this.targets.push(targets);
    if (this.rows.length === this.atOnce) this.flush();
  }

  /** Adds what is held; only after the last row, or where a part is full. */
  flush(): void {
    if (this.rows.length === 0) return;
    const rows = Matrix.stacked(this.rows);
    addTo(this.products, gramOf(rows));
    addTo(this.pulls, product(rows.transposed(), Matrix.stacked(this.targets)));
    [this.rows, this.targets] = [[], []];
  }
}

function addTo(total: Matrix, part: Matrix): void {
  for (let place = 0; place < part.data.length; place += 1) total.data[place]! += part.data[place]!;
}

/** rows' rows of one part: half of it is computed, as it is symmetric. */
function gramOf(rows: Matrix): Matrix {
  const [size, bits] = [rows.columns, sliceBits(rows.rows)];
  const { first, second, units } = sliced(rows, bits, "columns");
  const [whole, rest] = [new Float64Array(size * size), new Float64Array(size * size)];
  for (let from = 0; from < first.length; from += size) {
    for (let i = 0; i < size; i += 1) {
      const [high, low] = [first[from + i]!, second[from + i]!];
      if (high === 0 && low === 0) continue;
      for (let j = i, to = i * size + i; j < size; j += 1, to += 1) {
        const above = first[from + j]!;
        whole[to]! += high * above;
        rest[to]! += high * second[from + j]! + low * above;
      }
    }
  }
  const made = new Matrix(size, size);
  for (let i = 0; i < size; i += 1) {
    for (let j = i; j < size; j += 1) {
      const [sum, small] = [whole[i * size + j]!, rest[i * size + j]!];
      made.set(i, j, joined(sum, small, 2 ** -bits, units[i]!, units[j]!));
      made.set(j, i, joined(sum, small, 2 ** -bits, units[j]!, units[i]!));
    }
  }
  return made;
}
