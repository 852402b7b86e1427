/** A mine's records as they are, for rules that go through them in an order of their own. */
import { createHash } from "node:crypto";
import { MemoryLimitError } from "../errors.ts";
import type { LinearFamily, SeenRow } from "./family.ts";
import type { Matrix } from "./matrix.ts";
import type { Quadratic } from "./rules.ts";
import { RowSums } from "./sums.ts";
import type { FewRows } from "./thin.ts";

const BYTES = 8;
/** Of the records, while they are collected. */
const COPIES = 2;

export class Rows implements Quadratic {
  readonly shape: readonly [number, number];
  private readonly family: LinearFamily;
  private readonly data: string;
  private readonly mostBytes: number;
  private readonly kept: SeenRow[] = [];
  private bytes = 0;
  private whole: RowSums | undefined;

  /** `data`: what they are called; `mostBytes`: what the owner gives; more records are refused before they fill it. */
  constructor(family: LinearFamily, data = "the records", mostBytes = Infinity) {
    this.family = family;
    this.data = data;
    this.mostBytes = mostBytes;
    this.shape = [family.rows, family.nOutputs];
  }

  get rows(): number {
    return this.kept.length;
  }

  add(row: SeenRow): void {
    this.kept.push(row);
    this.bytes += COPIES * BYTES * (row.inputs.length + row.targets.length);
    if (this.bytes > this.mostBytes) {
      throw new MemoryLimitError(`${this.kept.length} records of '${this.data}', which this model needs all at once,`, this.bytes, this.mostBytes);
    }
    this.whole = undefined;
  }

  few(): FewRows | undefined {
    return this.sums().few();
  }

  hessian(l2: number): Matrix {
    return this.sums().hessian(l2);
  }

  pull(): Matrix {
    return this.sums().pull();
  }

  stepSize(hessian: Matrix, wanted: number | null): number {
    return this.sums().stepSize(hessian, wanted);
  }

  /** All records, `size` at a time; the last batch has what is left. */
  *batches(size: number, seed: number, epoch: number): Generator<Quadratic> {
    const order = orderOf(this.kept.length, seed, epoch);
    for (let first = 0; first < order.length; first += size) yield this.sums(order.slice(first, first + size));
  }

  private sums(places?: readonly number[]): RowSums {
    if (places === undefined && this.whole !== undefined) return this.whole;
    const made = new RowSums(this.family);
    for (const place of places ?? this.kept.keys()) {
      const row = this.kept[place];
      if (row !== undefined) made.add(row);
    }
    if (places === undefined) this.whole = made;
    return made;
  }
}

/** A permutation: the places sorted by 64-bit little-endian words of SHAKE-256, the earlier of equals first. */
export function orderOf(count: number, seed: number, epoch: number): number[] {
  const stream = createHash("shake256", { outputLength: Math.max(8, 8 * count) }).update(`openmined/mini_batch/1/${seed}/${epoch}`).digest();
  const high = Uint32Array.from({ length: count }, (_, place) => stream.readUInt32LE(8 * place + 4));
  const low = Uint32Array.from({ length: count }, (_, place) => stream.readUInt32LE(8 * place));
  const places = Array.from({ length: count }, (_, place) => place);
  return places.sort((one, other) => (high[one] ?? 0) - (high[other] ?? 0) || (low[one] ?? 0) - (low[other] ?? 0) || one - other);
}
