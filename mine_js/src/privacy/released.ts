/** A release: sums over clipped records under noise, drawn once; and what a training rule sees of it. */
import { PrivacyError } from "../errors.ts";
import { type Cbor, type CborMap, cborMap } from "../protocol/cbor.ts";
import { largestEigenvalue, positivePart } from "../syft/arithmetic/spectrum.ts";
import type { LinearFamily } from "../syft/family.ts";
import { roundHalfEven } from "../syft/fixed_point.ts";
import { Matrix } from "../syft/matrix.ts";
import type { Quadratic } from "../syft/rules.ts";
import { type Randomness, sampleDiscreteGaussian, SystemRandomness } from "./discrete_gaussian.ts";
import { floatFromHex, floatToHex } from "./float_hex.ts";
import { Fraction } from "./fraction.ts";
import { Clip, GRID_BITS, MOST_ROWS, UNIT } from "./grid.ts";

const SENSITIVITY = 1n << BigInt(4 * GRID_BITS);
const TARGETS_SHARE = new Fraction(3n, 4n);
const LARGEST_SIDE = 1 << 13;

/** X'X and X'Y in whole grid units, exact: as private as the records. */
export class UnnoisedSums {
  readonly rows: number;
  readonly columns: number;
  readonly clip: Clip;
  private readonly products: Float64Array;
  private readonly pulls: Float64Array;
  private count = 0;

  constructor(rows: number, columns: number, clip: Clip) {
    this.rows = rows;
    this.columns = columns;
    this.clip = clip;
    this.products = new Float64Array(rows * rows);
    this.pulls = new Float64Array(rows * columns);
  }

  /** One record more: its inputs with the bias, then its targets, on the grid. */
  add(record: Int16Array): void {
    this.count += 1;
    if (this.count > MOST_ROWS) throw new PrivacyError(`more than ${MOST_ROWS} rows; split the data set`);
    const { rows, columns } = this;
    for (let i = 0; i < rows; i += 1) {
      const value = record[i] ?? 0;
      if (value === 0) continue;
      for (let j = i; j < rows; j += 1) this.products[i * rows + j]! += value * (record[j] ?? 0);
      for (let j = 0; j < columns; j += 1) this.pulls[i * columns + j]! += value * (record[rows + j] ?? 0);
    }
  }

  /** Under fresh noise that costs at most rho; the caller charges for it beforehand. */
  noised(rho: Fraction, randomness: Randomness = new SystemRandomness()): NoisedSums {
    const { above, beside } = variances(rho);
    const { rows } = this;
    const triangle = new BigInt64Array((rows * (rows + 1)) / 2);
    let place = 0;
    for (let i = 0; i < rows; i += 1) {
      for (let j = i; j < rows; j += 1) {
        const noise = sampleDiscreteGaussian(i === j ? 2n * above : above, randomness);
        triangle[place++] = BigInt(this.products[i * rows + j] ?? 0) + noise;
      }
    }
    const pulls = BigInt64Array.from(this.pulls, (sum) => BigInt(sum) + sampleDiscreteGaussian(beside, randomness));
    return new NoisedSums(rows, this.columns, triangle, pulls, above, beside, this.clip);
  }

  toJSON(): never {
    throw new PrivacyError("sums without noise have no form outside this process; call noised() first");
  }
}

/** (above the diagonal of X'X, of X'Y) for a release at rho, rounded up. */
function variances(rho: Fraction): { above: bigint; beside: bigint } {
  const targets = rho.times(TARGETS_SHARE);
  const above = new Fraction(SENSITIVITY).over(rho.minus(targets).times(new Fraction(4n))).ceil();
  return { above, beside: new Fraction(SENSITIVITY).over(targets.times(new Fraction(2n))).ceil() };
}

/** Whatever is computed from it, however often and for whomever, costs nothing more. */
export class NoisedSums {
  readonly rows: number;
  readonly columns: number;
  /** The upper triangle of X'X, row by row. */
  readonly triangle: BigInt64Array;
  readonly pulls: BigInt64Array;
  readonly productsVariance: bigint;
  readonly pullsVariance: bigint;
  readonly clip: Clip;

  constructor(
    rows: number, columns: number, triangle: BigInt64Array, pulls: BigInt64Array,
    productsVariance: bigint, pullsVariance: bigint, clip: Clip,
  ) {
    if (triangle.length !== (rows * (rows + 1)) / 2 || pulls.length !== rows * columns) {
      throw new PrivacyError(`a release with ${triangle.length} products and ${pulls.length} pulls for (${rows}, ${columns})`);
    }
    if (productsVariance < 1n || pullsVariance < 1n) throw new PrivacyError("a release with noise of variance below 1");
    this.rows = rows;
    this.columns = columns;
    this.triangle = triangle;
    this.pulls = pulls;
    this.productsVariance = productsVariance;
    this.pullsVariance = pullsVariance;
    this.clip = clip;
  }

  /** What it cost, exactly. */
  get rho(): Fraction {
    return new Fraction(SENSITIVITY, 4n * this.productsVariance).plus(new Fraction(SENSITIVITY, 2n * this.pullsVariance));
  }

  /**
   * How many records there are at most, but for once in 40 times: the noised sum over the squared bias, and
   * twice its noise's standard deviation; 0 or more.
   */
  get mostRows(): number {
    const count = Number(this.triangle.at(-1) ?? 0n) + 2 * Math.sqrt(Number(2n * this.productsVariance));
    return Math.max(0, Math.floor(count / this.clip.biasUnit ** 2));
  }

  /** X'X under noise, symmetric, in grid units. */
  products(): Matrix {
    const made = new Matrix(this.rows, this.rows);
    let place = 0;
    for (let i = 0; i < this.rows; i += 1) {
      for (let j = i; j < this.rows; j += 1) {
        const value = Number(this.triangle[place++]);
        made.set(i, j, value);
        made.set(j, i, value);
      }
    }
    return made;
  }

  /** The form in which it is stored. */
  toFields(): CborMap {
    return cborMap({
      rows: this.rows,
      columns: this.columns,
      triangle: littleEndian(this.triangle),
      pulls: littleEndian(this.pulls),
      products_variance: String(this.productsVariance),
      pulls_variance: String(this.pullsVariance),
      clip_inputs: floatToHex(this.clip.inputs),
      clip_targets: floatToHex(this.clip.targets),
    });
  }

  static fromFields(fields: Cbor): NoisedSums {
    const refused = new PrivacyError("stored bytes are not a release: a field is missing or of another form");
    if (!(fields instanceof Map)) throw refused;
    const map = fields as CborMap;
    const [rows, columns] = [map.get("rows"), map.get("columns")];
    const octets = (name: string): BigInt64Array => {
      const value = map.get(name);
      if (!(value instanceof Uint8Array) || value.length % 8 !== 0) throw refused;
      const view = new DataView(value.buffer, value.byteOffset, value.length);
      return BigInt64Array.from({ length: value.length / 8 }, (_, place) => view.getBigInt64(8 * place, true));
    };
    const text = (name: string): string => {
      const value = map.get(name);
      if (typeof value !== "string") throw refused;
      return value;
    };
    const whole = (name: string): bigint => {
      if (!/^[0-9]{1,40}$/.test(text(name))) throw refused;
      return BigInt(text(name));
    };
    const side = (value: Cbor | undefined): number => {
      if (typeof value !== "number" || value < 1 || value > LARGEST_SIDE) throw refused;
      return value;
    };
    const clip = new Clip(floatFromHex(text("clip_inputs")), floatFromHex(text("clip_targets")));
    return new NoisedSums(
      side(rows), side(columns), octets("triangle"), octets("pulls"), whole("products_variance"), whole("pulls_variance"), clip,
    );
  }
}

function littleEndian(values: BigInt64Array): Uint8Array {
  const made = new Uint8Array(8 * values.length);
  const view = new DataView(made.buffer);
  values.forEach((value, place) => view.setBigInt64(8 * place, value, true));
  return made;
}

/** The quadratic problem of a release: eigenvalues below zero become zero, and a ridge of the noise's size is added. */
export class ReleasedProblem implements Quadratic {
  private readonly noised: NoisedSums;
  private readonly family: LinearFamily;
  readonly shape: readonly [number, number];
  private mended: Matrix | undefined;

  constructor(noised: NoisedSums, family: LinearFamily) {
    if (noised.rows !== family.rows || noised.columns !== family.nOutputs) {
      throw new PrivacyError(`the release is of shape (${noised.rows}, ${noised.columns}); the model needs (${family.rows}, ${family.nOutputs})`);
    }
    this.noised = noised;
    this.family = family;
    this.shape = [noised.rows, noised.columns];
  }

  /** About how many records there are, 1 or more. */
  get rows(): number {
    const square = this.noised.clip.biasUnit ** 2;
    const count = Number(this.noised.triangle.at(-1)) / square;
    const spread = Math.sqrt(Number(2n * this.noised.productsVariance)) / square;
    return Math.max(1, roundHalfEven(Math.max(count, spread)));
  }

  few(): undefined {
    return undefined;
  }

  hessian(l2: number): Matrix {
    const factor = this.family.curvature / this.rows;
    const last = this.noised.rows - 1;
    return this.repaired().map((value, row, column) => {
      const scaled = value * factor;
      return row === column && row < last ? scaled + (this.family.penalty + l2) : scaled;
    });
  }

  pull(): Matrix {
    const { clip, columns } = this.noised;
    const inputs = clip.withBias / UNIT;
    const targets = clip.targets / UNIT;
    const products = this.noised.products();
    return new Matrix(this.noised.rows, columns).map((_, row, column) => {
      const pull = Number(this.noised.pulls[row * columns + column]) * (inputs * targets);
      const sum = products.at(row, products.columns - 1) * (inputs / clip.biasUnit);
      return (pull - this.family.targetOffset * sum) / this.rows;
    });
  }

  stepSize(hessian: Matrix, wanted: number | null): number {
    const largest = 1 / largestEigenvalue(hessian);
    return wanted === null ? largest : Math.min(wanted, largest);
  }

  /** One for each batch of `size` records, each on all of them: a release has no parts. */
  *batches(size: number): Generator<Quadratic> {
    for (let left = Math.ceil(this.rows / size); left > 0; left -= 1) yield this;
  }

  private repaired(): Matrix {
    if (this.mended !== undefined) return this.mended;
    const unit = this.noised.clip.withBias / UNIT;
    const scale = unit * unit;
    const ridge = Math.sqrt(Number(this.noised.productsVariance * BigInt(this.noised.rows))) * scale;
    const positive = positivePart(this.noised.products().scaled(scale));
    this.mended = positive.map((value, row, column) => (row === column ? value + ridge : value));
    return this.mended;
  }
}
