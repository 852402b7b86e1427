/** Sums X'X and X'T over records as they are: what a mine without a privacy budget learns from. */
import { ParameterError, ShapeError } from "../errors.ts";
import { largestEigenvalue } from "./eigen.ts";
import type { LinearFamily, SeenRow } from "./family.ts";
import { Matrix } from "./matrix.ts";
import type { Quadratic } from "./rules.ts";

export class RowSums implements Quadratic {
  readonly shape: readonly [number, number];
  private readonly family: LinearFamily;
  private readonly products: Matrix;
  private readonly pulls: Matrix;
  private count = 0;

  constructor(family: LinearFamily) {
    this.family = family;
    this.shape = [family.rows, family.nOutputs];
    this.products = new Matrix(family.rows, family.rows);
    this.pulls = new Matrix(family.rows, family.nOutputs);
  }

  get rows(): number {
    return this.count;
  }

  add({ inputs, targets }: SeenRow): void {
    this.count += 1;
    const size = this.products.rows;
    const [products, pulls] = [this.products.data, this.pulls.data];
    for (let i = 0; i < size; i += 1) {
      const value = inputs[i] ?? 1;
      for (let j = 0; j < size; j += 1) products[i * size + j]! += value * (inputs[j] ?? 1);
      for (let j = 0; j < targets.length; j += 1) {
        pulls[i * targets.length + j]! += value * ((targets[j] ?? 0) - this.family.targetOffset);
      }
    }
  }

  hessian(l2: number): Matrix {
    if (this.count === 0) throw new ShapeError("no record to learn from");
    const factor = this.family.curvature / this.count;
    const last = this.products.rows - 1;
    return this.products.map((value, row, column) => {
      const scaled = value * factor;
      return row === column && row < last ? scaled + (this.family.penalty + l2) : scaled;
    });
  }

  pull(): Matrix {
    return this.pulls.map((value) => value / this.count);
  }

  stepSize(hessian: Matrix, wanted: number | null): number {
    return wanted ?? 1 / largestEigenvalue(hessian);
  }

  /** The whole, if one batch holds it; sums have no parts. */
  *batches(size: number): Generator<Quadratic> {
    if (size < this.count) throw new ParameterError(`batches of ${size} need the records themselves, not sums over ${this.count}`);
    yield this;
  }
}
