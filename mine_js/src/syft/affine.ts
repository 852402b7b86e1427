/** The affine map W -> A W + c that a mine's whole training visit amounts to, in plain float64. */
import { product } from "./arithmetic/product.ts";
import { Matrix } from "./matrix.ts";

export class AffineMap {
  /** (d, d) */
  readonly A: Matrix;
  /** (d, k) */
  readonly c: Matrix;

  constructor(A: Matrix, c: Matrix) {
    this.A = A.requireFinite("A");
    this.c = c.requireFinite("c");
  }

  /** The map that does this one first and `after` second. */
  then(after: AffineMap): AffineMap {
    return new AffineMap(product(after.A, this.A), product(after.A, this.c).plus(after.c));
  }

  /** The map done so many times, by repeated squaring. */
  repeated(times: number): AffineMap {
    let result = new AffineMap(Matrix.identity(this.A.rows), new Matrix(this.c.rows, this.c.columns));
    let power = new AffineMap(this.A, this.c);
    for (let rest = times; rest > 0; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) result = result.then(power);
      if (rest > 1) power = power.then(power);
    }
    return result;
  }

  /** The map that goes only `factor` of the way: (1 - factor) W + factor (A W + c). */
  damped(factor: number): AffineMap {
    const A = this.A.map((value, row, column) => {
      const eye = row === column ? 1 : 0;
      return eye + factor * (value - eye);
    });
    return new AffineMap(A, this.c.scaled(factor));
  }
}
