/** Of a symmetric matrix: its largest eigenvalue, and itself without its negative ones. By products alone. */
import { roundHalfEven } from "../fixed_point.ts";
import { Matrix } from "../matrix.ts";
import { exponentOf, product, sliceBits } from "./product.ts";

export const SQUARINGS = 10;
const MOST_ROUNDS = 48;
const SETTLED = 2 ** -30;

/** Of a positive semidefinite matrix: v'Hv / v'v, v the column of H^1024 with the largest diagonal entry. */
export function largestEigenvalue(symmetric: Matrix): number {
  const bits = sliceBits(symmetric.rows);
  let power = symmetric;
  for (let round = 0; round < SQUARINGS; round += 1) power = squared(whole(power, bits));
  const vector = whole(columnOf(power, largestOf(power)), bits);
  const along = product(vector.transposed(), product(symmetric, vector)).at(0, 0);
  return along / vector.data.reduce((sum, entry) => sum + entry * entry, 0);
}

/** V max(D, 0) V' of V D V': (H + H sign(H)) / 2, the sign by the iteration of Newton and Schulz. */
export function positivePart(symmetric: Matrix): Matrix {
  const size = symmetric.rows;
  const sums = product(symmetric.map(Math.abs), new Matrix(size, 1).map(() => 1));
  const largest = sums.largest();
  if (largest === 0) return symmetric;
  let sign = symmetric.scaled(2 ** -exponentOf(largest));
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const [before, cube] = [sign, product(product(sign, sign), sign)];
    const after = evened(before.map((value, row, column) => 1.5 * value - 0.5 * cube.at(row, column)));
    sign = after;
    if (after.map((value, row, column) => value - before.at(row, column)).largest() < SETTLED) break;
  }
  const turned = product(symmetric, sign);
  return evened(symmetric.map((value, row, column) => 0.5 * (value + turned.at(row, column))));
}

/** Over the smallest power of two above its largest absolute value. */
export function scaledDown(matrix: Matrix): Matrix {
  return matrix.scaled(2 ** -exponentOf(matrix.largest()));
}

/** The place of the largest diagonal entry, the first of equals. */
export function largestOf(square: Matrix): number {
  let found = 0;
  for (let i = 1; i < square.rows; i += 1) if (square.at(i, i) > square.at(found, found)) found = i;
  return found;
}

export function columnOf(matrix: Matrix, column: number): Matrix {
  return new Matrix(matrix.rows, 1).map((_, row) => matrix.at(row, column));
}

function evened(matrix: Matrix): Matrix {
  return matrix.map((value, row, column) => (value + matrix.at(column, row)) * 0.5);
}

function whole(matrix: Matrix, bits: number): Matrix {
  return scaledDown(matrix).map((value) => roundHalfEven(value * 2 ** bits));
}

/** The square of a symmetric matrix of whole numbers: exact in any order, so half of it is computed. */
function squared(symmetric: Matrix): Matrix {
  const { rows: size, data } = symmetric;
  const made = new Matrix(size, size);
  for (let k = 0; k < size; k += 1) {
    const row = k * size;
    for (let i = 0; i < size; i += 1) {
      const factor = data[row + i]!;
      if (factor === 0) continue;
      for (let j = i; j < size; j += 1) made.data[i * size + j]! += factor * data[row + j]!;
    }
  }
  return made.map((value, row, column) => (column >= row ? value : made.at(column, row)));
}
