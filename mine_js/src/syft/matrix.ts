/** Dense float64 matrices, row by row, and the few operations that training needs, in one fixed order. */
import { NotFiniteError, ShapeError } from "../errors.ts";

export class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;

  constructor(rows: number, columns: number, data?: Float64Array) {
    this.rows = rows;
    this.columns = columns;
    this.data = data ?? new Float64Array(rows * columns);
    if (this.data.length !== rows * columns) {
      throw new ShapeError(`${this.data.length} numbers for a matrix of ${rows} x ${columns}`);
    }
  }

  static identity(size: number): Matrix {
    const made = new Matrix(size, size);
    for (let i = 0; i < size; i += 1) made.set(i, i, 1);
    return made;
  }

  static from(rows: readonly (readonly number[])[]): Matrix {
    const columns = rows[0]?.length ?? 0;
    return new Matrix(rows.length, columns, Float64Array.from(rows.flat()));
  }

  at(row: number, column: number): number {
    return this.data[row * this.columns + column] ?? Number.NaN;
  }

  set(row: number, column: number, value: number): void {
    this.data[row * this.columns + column] = value;
  }

  map(change: (value: number, row: number, column: number) => number): Matrix {
    const made = new Matrix(this.rows, this.columns);
    for (let place = 0; place < this.data.length; place += 1) {
      const row = Math.floor(place / this.columns);
      made.data[place] = change(this.data[place] ?? 0, row, place - row * this.columns);
    }
    return made;
  }

  scaled(factor: number): Matrix {
    return this.map((value) => value * factor);
  }

  plus(other: Matrix): Matrix {
    return this.map((value, row, column) => value + other.at(row, column));
  }

  /** this @ other, each entry summed in the order of the inner index. */
  times(other: Matrix): Matrix {
    if (this.columns !== other.rows) {
      throw new ShapeError(`a product of ${this.rows} x ${this.columns} and ${other.rows} x ${other.columns}`);
    }
    const made = new Matrix(this.rows, other.columns);
    const [left, right, out, width] = [this.data, other.data, made.data, other.columns];
    for (let i = 0; i < this.rows; i += 1) {
      for (let k = 0; k < this.columns; k += 1) {
        const factor = left[i * this.columns + k] ?? 0;
        if (factor === 0) continue;
        const from = k * width;
        const to = i * width;
        for (let j = 0; j < width; j += 1) out[to + j] = (out[to + j] ?? 0) + factor * (right[from + j] ?? 0);
      }
    }
    return made;
  }

  /** Refuses NaN and infinity, naming the first. */
  requireFinite(name: string): this {
    const place = this.data.findIndex((value) => !Number.isFinite(value));
    if (place >= 0) {
      const row = Math.floor(place / this.columns);
      throw new NotFiniteError(`${name}[${row}, ${place % this.columns}] is ${this.data[place]}; every entry must be finite`);
    }
    return this;
  }
}
