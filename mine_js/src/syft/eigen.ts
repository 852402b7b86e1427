/** Eigenvalues and eigenvectors of a symmetric matrix, by cyclic Jacobi rotations. */
import { Matrix } from "./matrix.ts";

const MOST_SWEEPS = 60;

export interface Eigen {
  readonly values: Float64Array;
  /** One eigenvector a row. */
  readonly vectors: Matrix;
}

export function eigenOf(symmetric: Matrix): Eigen {
  const size = symmetric.rows;
  const a = new Matrix(size, size, symmetric.data.slice());
  const vectors = Matrix.identity(size);
  for (let sweep = 0; sweep < MOST_SWEEPS && !isDiagonal(a); sweep += 1) {
    for (let p = 0; p < size - 1; p += 1) {
      for (let q = p + 1; q < size; q += 1) rotate(a, vectors, p, q);
    }
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a.at(i, i)), vectors };
}

export function largestEigenvalue(symmetric: Matrix): number {
  return eigenOf(symmetric).values.reduce((most, value) => Math.max(most, value), -Infinity);
}

function isDiagonal(a: Matrix): boolean {
  let beside = 0;
  let all = 0;
  for (let i = 0; i < a.rows; i += 1) {
    for (let j = 0; j < a.rows; j += 1) {
      const square = a.at(i, j) ** 2;
      all += square;
      if (i !== j) beside += square;
    }
  }
  return beside <= all * 1e-32;
}

/** Makes a[p, q] zero; both rows and both columns turn by the same angle. */
function rotate(a: Matrix, vectors: Matrix, p: number, q: number): void {
  const apq = a.at(p, q);
  if (apq === 0) return;
  const theta = (a.at(q, q) - a.at(p, p)) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(t * t + 1);
  const sine = t * cosine;
  const size = a.rows;
  for (let k = 0; k < size; k += 1) {
    const [kp, kq] = [a.at(k, p), a.at(k, q)];
    a.set(k, p, cosine * kp - sine * kq);
    a.set(k, q, sine * kp + cosine * kq);
  }
  for (const turned of [a, vectors]) {
    const { data } = turned;
    for (let k = 0; k < size; k += 1) {
      const [pk, qk] = [data[p * size + k] ?? 0, data[q * size + k] ?? 0];
      data[p * size + k] = cosine * pk - sine * qk;
      data[q * size + k] = sine * pk + cosine * qk;
    }
  }
}
