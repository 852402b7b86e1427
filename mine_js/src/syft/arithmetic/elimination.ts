/** Linear equations by one elimination, in one order. */
import { Matrix } from "../matrix.ts";

/** left^-1 right of a symmetric positive definite matrix: Gauss and Jordan by columns, without pivots. */
export function solved(left: Matrix, right: Matrix): Matrix {
  const [size, width] = [left.rows, left.rows + right.columns];
  const both = new Float64Array(size * width);
  for (let i = 0; i < size; i += 1) {
    both.set(left.data.subarray(i * size, (i + 1) * size), i * width);
    both.set(right.data.subarray(i * right.columns, (i + 1) * right.columns), i * width + size);
  }
  for (let column = 0; column < size; column += 1) {
    const pivot = column * width;
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = both[row * width + column]! / both[pivot + column]!;
      for (let j = column + 1; j < width; j += 1) both[row * width + j]! -= factor * both[pivot + j]!;
    }
  }
  return new Matrix(size, right.columns).map((_, row, column) => both[row * width + size + column]! / both[row * width + row]! + 0);
}
