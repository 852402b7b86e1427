/**
 * Gradient steps where there are fewer rows than inputs, by the few directions in which the rows differ: with Z the rows
 * and the unit row of the bias, all steps are W -> a W + Z' M Z W + Z' C (docs/protocol.md, section 9).
 */
import { AffineMap } from "./affine.ts";
import { product } from "./arithmetic/product.ts";
import { columnOf, largestOf, scaledDown, SQUARINGS } from "./arithmetic/spectrum.ts";
import { Matrix } from "./matrix.ts";

export interface FewRows {
  /** (n, d), the bias last. */
  readonly rows: Matrix;
  /** (n, k), the family's offset taken off. */
  readonly targets: Matrix;
  readonly curvature: number;
  readonly penalty: number;
}

interface Steps {
  readonly keep: number;
  readonly inner: Matrix;
  readonly offset: Matrix;
}

export function thinSteps(few: FewRows, l2: number, wanted: number | null, steps: number, damping: number): AffineMap {
  const { rows, targets } = few;
  const [count, inputs] = [rows.rows, rows.columns];
  const [lam, share] = [few.penalty + l2, few.curvature / count];
  const spanning = new Matrix(count + 1, inputs);
  spanning.data.set(rows.data);
  spanning.set(count, inputs - 1, 1);
  const across = spanning.transposed();
  const gram = product(spanning, across);
  const weights = Float64Array.from({ length: count + 1 }, (_, row) => (row < count ? share : -lam));
  const rate = wanted ?? 1 / Math.max(lam, largestEigenvalue(gram, weights, lam));
  const pull = rate / count;
  const offset = new Matrix(count + 1, targets.columns).map((_, row, column) => (row < count ? targets.at(row, column) * pull : 0));
  const inner = new Matrix(count + 1, count + 1).map((_, row, column) => (row === column ? -(rate * (weights[row] ?? 0)) : 0));
  let power: Steps = { keep: 1 - rate * lam, inner, offset };
  let done: Steps = { keep: 1, inner: new Matrix(count + 1, count + 1), offset: new Matrix(count + 1, targets.columns) };
  for (let rest = steps; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) done = then(done, power, gram);
    if (rest > 1) power = then(power, power, gram);
  }
  const { keep } = done;
  const A = product(across, product(done.inner, spanning)).map((value, row, column) => (row === column ? value + keep : value));
  return new AffineMap(A, product(across, done.offset)).damped(damping);
}

function then(first: Steps, after: Steps, gram: Matrix): Steps {
  const pushed = product(after.inner, gram);
  const inner = after.inner.scaled(first.keep).plus(first.inner.scaled(after.keep)).plus(product(pushed, first.inner));
  const offset = first.offset.scaled(after.keep).plus(product(pushed, first.offset)).plus(after.offset);
  return { keep: first.keep * after.keep, inner, offset };
}

/** Of lam I + Z' D Z in the span of Z, which takes Z' w to Z' K w, K = lam I + D G. */
function largestEigenvalue(gram: Matrix, weights: Float64Array, lam: number): number {
  const step = gram.map((value, row, column) => {
    const scaled = (weights[row] ?? 0) * value;
    return row === column ? scaled + lam : scaled;
  });
  let power = step;
  for (let round = 0; round < SQUARINGS; round += 1) power = scaledDown(product(power, power));
  const vector = columnOf(power, largestOf(product(gram, power)));
  const seen = product(gram, vector).transposed();
  return product(seen, product(step, vector)).at(0, 0) / product(seen, vector).at(0, 0);
}
