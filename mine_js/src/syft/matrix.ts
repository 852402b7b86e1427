/** Dense float64 matrices, row by row; their products are in arithmetic/product.ts. */
import { NotFiniteError, ShapeError } from "../errors.ts";
import { pythonFloat } from "../wording.ts";

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

  static stacked(rows: readonly Float64Array[]): Matrix {
    const columns = rows[0]?.length ?? 0;
    const made = new Matrix(rows.length, columns);
    rows.forEach((row, place) => made.data.set(row, place * columns));
    return made;
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

  transposed(): Matrix {
    return new Matrix(this.columns, this.rows).map((_, row, column) => this.at(column, row));
  }

  /** The largest absolute value. */
  largest(): number {
    return this.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  }

  /** Refuses NaN and infinity, naming the first. */
  requireFinite(name: string): this {
    const place = this.data.findIndex((value) => !Number.isFinite(value));
    if (place >= 0) {
      const row = Math.floor(place / this.columns);
      throw new NotFiniteError(`${name}[${row}, ${place % this.columns}] is ${pythonFloat(this.data[place] ?? NaN)}; every entry must be finite`);
    }
    return this;
  }
}
