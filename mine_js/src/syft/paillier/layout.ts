/** Where the numbers of a d x k weight matrix sit inside Paillier plaintexts: docs/encrypted-training.md. */
import { LayoutError, ShapeError } from "../../errors.ts";
import { ceilLog2, LARGEST_ENTRIES, WEIGHT_BITS } from "../fixed_point.ts";
import { LARGEST_ROWS, requireCarried } from "../sizes.ts";

export const MAP_BITS = 22;
const LARGEST_FRACTION = 40;
const LARGEST_SLOT = 256;

export interface LayoutNumbers {
  readonly keyBits: number;
  readonly rows: number;
  readonly columns: number;
  readonly weightBits: number;
  readonly mapBits: number;
  readonly slotBits: number;
  readonly rowsPerCiphertext: number;
  readonly columnsPerCiphertext: number;
}

/** The packing of one model and of every gradient made from it. */
export class Layout {
  readonly numbers: LayoutNumbers;

  constructor(numbers: LayoutNumbers) {
    this.numbers = numbers;
    const { rows, columns, weightBits, mapBits, slotBits, rowsPerCiphertext, columnsPerCiphertext, keyBits } = numbers;
    if (rows < 1 || columns < 1 || rows * columns > LARGEST_ENTRIES) {
      throw new ShapeError(`weights of shape (${rows}, ${columns}): needs 1 to ${LARGEST_ENTRIES} entries`);
    }
    for (const [name, bits] of [["weight_bits", weightBits], ["map_bits", mapBits]] as const) {
      if (bits < 1 || bits > LARGEST_FRACTION) throw new LayoutError(`${name} is ${bits}; it must be 1 to ${LARGEST_FRACTION}`);
    }
    if (slotBits < this.gradientBits + 2 || slotBits > LARGEST_SLOT) {
      throw new LayoutError(`slot_bits is ${slotBits}; it must be ${this.gradientBits + 2} to ${LARGEST_SLOT}`);
    }
    const tall = rowsPerCiphertext >= 1 && rowsPerCiphertext <= rows;
    if (!tall || columnsPerCiphertext < 1 || columnsPerCiphertext > columns || rowsPerCiphertext * columnsPerCiphertext > this.slots) {
      throw new LayoutError(
        `${rowsPerCiphertext} rows x ${columnsPerCiphertext} columns per ciphertext for weights of shape (${rows}, ${columns}) ` +
          `and a key of ${keyBits} bits, which has ${this.slots} slots`,
      );
    }
  }

  /** The layout that makes a mine's visit cheapest, counted in modular products. */
  static choose(rows: number, columns: number, keyBits: number, weightBound: number): Layout {
    const reach = weightBound * (Math.sqrt(rows) + 1);
    const slotBits = WEIGHT_BITS + MAP_BITS + 1 + Math.max(1, ceilLog2(reach));
    const slots = Math.floor((keyBits - 1) / slotBits);
    if (slots < 1) throw new LayoutError(`a slot of ${slotBits} bits does not fit a key of ${keyBits} bits`);
    const widths = new Set<number>();
    for (let blocks = Math.ceil(columns / slots); blocks <= columns; blocks += 1) widths.add(Math.ceil(columns / blocks));
    let best: Layout | undefined;
    for (const wide of [...widths].sort((one, other) => one - other)) {
      const groups = Math.ceil(rows / Math.min(rows, Math.floor(slots / wide)));
      const tall = Math.ceil(rows / groups);
      const made = new Layout({
        keyBits, rows, columns, slotBits, weightBits: WEIGHT_BITS, mapBits: MAP_BITS,
        rowsPerCiphertext: tall, columnsPerCiphertext: wide,
      });
      if (best === undefined || made.visitProducts() < best.visitProducts()) best = made;
    }
    if (best === undefined) throw new LayoutError(`no packing of ${rows} x ${columns} weights`);
    return best;
  }

  /** Slots in one plaintext: a balanced sum over them stays below n / 2. */
  get slots(): number {
    return Math.floor((this.numbers.keyBits - 1) / this.numbers.slotBits);
  }

  get gradientBits(): number {
    return this.numbers.weightBits + this.numbers.mapBits;
  }

  /** Largest absolute value a slot can hold. */
  get slotLimit(): bigint {
    return (1n << BigInt(this.numbers.slotBits - 1)) - 1n;
  }

  get columnBlocks(): number {
    return Math.ceil(this.numbers.columns / this.numbers.columnsPerCiphertext);
  }

  get rowGroups(): number {
    return Math.ceil(this.numbers.rows / this.numbers.rowsPerCiphertext);
  }

  get modelCiphertexts(): number {
    return this.numbers.rows * this.columnBlocks;
  }

  get gradientCiphertexts(): number {
    return this.rowGroups * this.columnBlocks;
  }

  /** Modular products of one visit with its noise, as the protocol estimates them. */
  visitProducts(): number {
    return this.mapProducts() + Math.floor((this.gradientCiphertexts * this.numbers.keyBits * 6) / 5);
  }

  /** Of these, those of the map alone. */
  mapProducts(): number {
    const { rows, mapBits, rowsPerCiphertext, slotBits } = this.numbers;
    const digits = Math.floor((rows * rows * (mapBits + 1)) / 7);
    const shifts = (rowsPerCiphertext - 1) * slotBits + mapBits + 1;
    return this.columnBlocks * (rows * 35 + digits + this.rowGroups * shifts);
  }

  equals(other: Layout): boolean {
    const ours = this.numbers;
    const theirs = other.numbers;
    return (Object.keys(ours) as (keyof LayoutNumbers)[]).every((name) => ours[name] === theirs[name]);
  }

  toString(): string {
    const n = this.numbers;
    return (
      `Layout(shape=(${n.rows}, ${n.columns}), key_bits=${n.keyBits}, slot_bits=${n.slotBits}, ` +
      `rows_per_ciphertext=${n.rowsPerCiphertext}, columns_per_ciphertext=${n.columnsPerCiphertext}, ` +
      `weight_bits=${n.weightBits}, map_bits=${n.mapBits})`
    );
  }
}

/** Rows^2 * column blocks of a layout, as a visit counts them: some minutes of one core at 2048 bits. */
const LARGEST_WORK = 1 << 25;

/** Raises SizeError, as the Python mine says it, for a model that takes too long to train. */
export function requirePaillierSize(rows: number, columns: number, keyBits: number, weightBound: number): void {
  requireCarried("paillier", rows, columns, (d) => {
    if (d > LARGEST_ROWS || d * columns > LARGEST_ENTRIES || d ** 2 > LARGEST_WORK) return false;
    return d ** 2 * Layout.choose(d, columns, keyBits, weightBound).columnBlocks <= LARGEST_WORK;
  });
}
