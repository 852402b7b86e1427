/** Where the numbers of a d x k weight matrix sit in polynomials of 8,192 coefficients. All of it is public. */
import { LayoutError, ShapeError } from "../../errors.ts";
import { ceilLog2 } from "../fixed_point.ts";
import { LARGEST_ROWS, requireCarried } from "../sizes.ts";
import { DEGREE, PRIME_BITS, PRIMES } from "./ring.ts";

export const MAP_BITS = 22;
export const GRADIENT_BITS = 44;
export const LARGEST_SLOT = 64;
export const ZEROS = 12;
export const POLYNOMIAL_BYTES = (DEGREE * PRIMES.length * PRIME_BITS) / 8;
const ROOM_BITS = 12;
const FLOOD_BELOW = 5;
const MOST_POLYNOMIALS = 512;
const MOST_PRODUCTS = 1 << 16;
/** What a layout costs: nanoseconds of a core of 2024, and of a line of 80 Mbit/s. */
const [TRANSFORMS, PRODUCT, FINISH, BYTE] = [200_000, 75_000, 1_500_000, 100];

export interface RlweNumbers {
  /** d, the bias counted. */
  readonly rows: number;
  /** k */
  readonly columns: number;
  readonly slotBits: number;
  /** b, inputs in a model polynomial. */
  readonly block: number;
  /** r, rows in an answer. */
  readonly rowsPerAnswer: number;
  /** K, columns in a polynomial. */
  readonly columnsPerPolynomial: number;
}

const up = (whole: number, part: number): number => Math.ceil(whole / part);

export class RlweLayout {
  readonly numbers: RlweNumbers;

  constructor(numbers: RlweNumbers) {
    const { block, rowsPerAnswer, columnsPerPolynomial } = numbers;
    this.numbers = numbers;
    if (block * rowsPerAnswer * columnsPerPolynomial > DEGREE) {
      throw new LayoutError(`${block} x ${rowsPerAnswer} x ${columnsPerPolynomial} numbers do not fit a polynomial of ${DEGREE}`);
    }
    const products = this.polynomials * this.rowBlocks;
    if (this.polynomials > MOST_POLYNOMIALS || products > MOST_PRODUCTS) {
      throw new LayoutError(`${this.polynomials} polynomials and ${products} products; at most ${MOST_POLYNOMIALS} and ${MOST_PRODUCTS} are worked with`);
    }
  }

  /** The layout with the least sum of a mine's work and of what travels; the same everywhere. */
  static choose(rows: number, columns: number, weightBound: number): RlweLayout {
    if (rows < 1 || columns < 1) throw new ShapeError(`weights of shape (${rows}, ${columns}): needs at least one row and one column`);
    const found = cheapest(rows, columns, weightBound);
    if (found !== undefined) return found;
    requireCarried("rlwe", rows, columns, (fewer) => fewer !== rows && cheapest(fewer, columns, weightBound) !== undefined);
    throw new ShapeError(`no layout of ${rows} x ${columns} weights`);
  }

  get columnBlocks(): number {
    return up(this.numbers.columns, this.numbers.columnsPerPolynomial);
  }
  get inputBlocks(): number {
    return up(this.numbers.rows, this.numbers.block);
  }
  get rowBlocks(): number {
    return up(this.numbers.rows, this.numbers.rowsPerAnswer);
  }
  get polynomials(): number {
    return this.columnBlocks * this.inputBlocks;
  }
  /** First halves of a model and of its zeros. */
  get modelBytes(): number {
    return (this.polynomials + ZEROS) * POLYNOMIAL_BYTES;
  }
  get answerBits(): number {
    return this.numbers.slotBits + ROOM_BITS;
  }
  get floodBits(): number {
    return PRIME_BITS * PRIMES.length - this.numbers.slotBits - FLOOD_BELOW;
  }
  /** The largest absolute value of an integer in an answer. */
  get slotLimit(): bigint {
    return (1n << BigInt(this.numbers.slotBits - 1)) - 1n;
  }

  equals(other: RlweLayout): boolean {
    return this.toString() === other.toString();
  }

  toString(): string {
    const { rows, columns, slotBits, block, rowsPerAnswer, columnsPerPolynomial } = this.numbers;
    return `RlweLayout(shape=(${rows}, ${columns}), slot_bits=${slotBits}, block=${block}, rows=${rowsPerAnswer}, columns=${columnsPerPolynomial})`;
  }
}

function slotBitsFor(rows: number, weightBound: number): number {
  return GRADIENT_BITS + 1 + Math.max(1, ceilLog2(weightBound * (Math.sqrt(rows) + 1)));
}

function cheapest(rows: number, columns: number, weightBound: number): RlweLayout | undefined {
  const slotBits = slotBitsFor(rows, weightBound);
  if (slotBits > LARGEST_SLOT || rows > LARGEST_ROWS || columns > DEGREE) return undefined;
  let found: { order: readonly number[]; numbers: RlweNumbers } | undefined;
  for (const columnsPerPolynomial of parts(columns)) {
    const area = Math.floor(DEGREE / columnsPerPolynomial);
    for (const block of parts(rows)) {
      if (block > area) continue;
      const most = Math.min(rows, Math.floor(area / block));
      const rowsPerAnswer = up(rows, up(rows, most));
      const [sides, inputs, outputs] = [up(columns, columnsPerPolynomial), up(rows, block), up(rows, rowsPerAnswer)];
      if (sides * inputs > MOST_POLYNOMIALS || sides * inputs * outputs > MOST_PRODUCTS) continue;
      const work = inputs * outputs * (TRANSFORMS + sides * PRODUCT) + sides * outputs * (ZEROS * (TRANSFORMS + PRODUCT) + FINISH);
      const answers = Math.floor(((rows * columns + sides * outputs * DEGREE) * (slotBits + ROOM_BITS)) / 8);
      const order = [work + BYTE * (sides * inputs * POLYNOMIAL_BYTES + answers), -columnsPerPolynomial, -block, -rowsPerAnswer];
      if (found === undefined || isLess(order, found.order)) found = { order, numbers: { rows, columns, slotBits, block, rowsPerAnswer, columnsPerPolynomial } };
    }
  }
  return found && new RlweLayout(found.numbers);
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, place) => value !== other[place]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}

/** Sizes that cut `whole` into equal parts, one for each number of parts that makes a difference. */
function parts(whole: number): number[] {
  return [...new Set(Array.from({ length: whole }, (_, place) => up(whole, place + 1)))].sort((one, other) => one - other);
}
