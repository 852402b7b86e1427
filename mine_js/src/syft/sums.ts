/**
 * Sums X'X and X'T over records as they are: what a mine without a privacy budget learns from. The records themselves
 * are kept while they are fewer than inputs: a rule then works in the few directions in which they differ.
 */
import { ParameterError, ShapeError } from "../errors.ts";
import { SumsOfProducts } from "./arithmetic/product.ts";
import { largestEigenvalue } from "./arithmetic/spectrum.ts";
import type { LinearFamily, SeenRow } from "./family.ts";
import { Matrix } from "./matrix.ts";
import type { Quadratic } from "./rules.ts";
import type { FewRows } from "./thin.ts";

export class RowSums implements Quadratic {
  readonly shape: readonly [number, number];
  private readonly family: LinearFamily;
  private first: Float64Array[] = [];
  private firstTargets: Float64Array[] = [];
  private added: SumsOfProducts | undefined;
  private count = 0;

  constructor(family: LinearFamily) {
    this.family = family;
    this.shape = [family.rows, family.nOutputs];
  }

  get rows(): number {
    return this.count;
  }

  add({ inputs, targets }: SeenRow): void {
    this.count += 1;
    const row = new Float64Array(inputs.length + 1);
    row.set(inputs);
    row[inputs.length] = 1;
    const pulled = targets.map((target) => target - this.family.targetOffset);
    if (this.added === undefined && this.count < this.family.rows - 1) {
      this.first.push(row);
      this.firstTargets.push(pulled);
      return;
    }
    this.sums().add(row, pulled);
  }

  few(): FewRows | undefined {
    if (this.added !== undefined || this.count === 0 || this.count >= this.family.rows - 1) return undefined;
    return {
      rows: Matrix.stacked(this.first), targets: Matrix.stacked(this.firstTargets),
      curvature: this.family.curvature, penalty: this.family.penalty,
    };
  }

  hessian(l2: number): Matrix {
    if (this.count === 0) throw new ShapeError("no record to learn from");
    const factor = this.family.curvature / this.count;
    const products = this.flushed().products;
    const last = products.rows - 1;
    return products.map((value, row, column) => {
      const scaled = value * factor;
      return row === column && row < last ? scaled + (this.family.penalty + l2) : scaled;
    });
  }

  pull(): Matrix {
    return this.flushed().pulls.map((value) => value / this.count);
  }

  stepSize(hessian: Matrix, wanted: number | null): number {
    return wanted ?? 1 / largestEigenvalue(hessian);
  }

  /** The whole, if one batch holds it; sums have no parts. */
  *batches(size: number): Generator<Quadratic> {
    if (size < this.count) throw new ParameterError(`batches of ${size} need the records themselves, not sums over ${this.count}`);
    yield this;
  }

  /** The sums, with the records that were kept until now. */
  private sums(): SumsOfProducts {
    if (this.added !== undefined) return this.added;
    const made = new SumsOfProducts(this.family.rows, this.family.nOutputs);
    this.first.forEach((row, place) => made.add(row, this.firstTargets[place] ?? new Float64Array(0)));
    [this.first, this.firstTargets] = [[], []];
    this.added = made;
    return made;
  }

  private flushed(): SumsOfProducts {
    const made = this.sums();
    made.flush();
    return made;
  }
}
