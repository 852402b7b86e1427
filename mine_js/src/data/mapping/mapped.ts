/** A source whose mapped fields are there under their own names, beside the columns it has. */
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { pythonFloat } from "../../wording.ts";
import { type Mark, type Notations, PLAINLY } from "../numbers.ts";
import { notationsOf } from "../reading.ts";
import { type Batch, type Cell, type Fault, Moment, OTHER, type Source, trim } from "../source.ts";
import { isMissing, numberIn, trimmed } from "../values.ts";
import { datePart, momentOf } from "./dates.ts";
import { type FieldMapping, type Origin, plainOrigin } from "./mapping.ts";

/** What a cell becomes; undefined where a factor or a date cannot be applied to it. */
type Made = Cell | undefined;

export class MappedSource implements Source {
  readonly name: string;
  private readonly source: Source;
  private readonly mapping: FieldMapping;
  private readonly settled: Notations | null;
  private readonly decimal: Mark | null;

  /** `settled`: how the source's columns write numbers; null: as a look at them says, with `decimal` as the owner's word on the mark. */
  constructor(source: Source, mapping: FieldMapping, settled: Notations | null, decimal: Mark | null) {
    this.source = source;
    this.settled = settled;
    this.mapping = mapping;
    this.decimal = decimal;
    this.name = source.name;
  }

  get columns(): readonly string[] {
    return this.mapping.names(this.source.columns);
  }

  digest(): Uint8Array {
    return fromHex(this.mapping.digest(toHex(this.source.digest()))) ?? new Uint8Array(0);
  }

  /** The records. A value that a factor or date cannot be applied to makes its record a fault. */
  async *batches(columns: readonly string[]): AsyncGenerator<Batch> {
    const origins = columns.map((name) => this.mapping.origins.get(name) ?? plainOrigin(name));
    const named = [...new Set(origins.flatMap(({ column }) => column ?? []))];
    const needed = named.length > 0 ? named : this.source.columns.slice(0, 1);
    const scaled = origins.flatMap((origin) => (isScaled(origin) && origin.column !== null ? [origin.column] : []));
    const written = this.settled ?? (await notationsOf(this.source, [...new Set(scaled)], this.decimal));
    for await (const batch of this.source.batches(needed)) {
      yield mapped(batch, origins.map((origin) => madeOf(origin, batch, needed, written)), origins);
    }
  }
}

function isScaled({ factor, offset, round }: Origin): boolean {
  return factor !== 1 || offset !== 0 || round;
}

function madeOf(origin: Origin, batch: Batch, needed: readonly string[], written: Notations): readonly Made[] {
  const { column, constant, factor, offset, round, date, values } = origin;
  if (column === null) return batch.rows.map(() => constant);
  const cells = batch.columns[needed.indexOf(column)] ?? [];
  if (isScaled(origin)) {
    const there = cells.map(trimmed);
    return there.map((cell): Made => {
      if (isMissing(cell, [])) return null;
      const number = numberIn(cell, written.get(column) ?? PLAINLY, () => undefined);
      return number === undefined || !Number.isFinite(number) ? undefined : (round ? nearest : wholeWhereItIs)(times(number, factor) + offset);
    });
  }
  if (date !== null) {
    return cells.map((cell): Made => {
      if (cell === null || (typeof cell === "string" && trim(cell) === "")) return null;
      const moment = typeof cell === "string" ? momentOf(trim(cell)) : cell instanceof Moment ? cell : undefined;
      return moment && datePart(moment, date);
    });
  }
  if (values.size === 0) return cells;
  return cells.map((cell): Made => {
    const text = textOf(cell);
    return text === null ? cell : (values.get(text) ?? text);
  });
}

/** The nearest whole number, halves to the even one. */
function nearest(value: number): number {
  const low = Math.floor(value);
  return value - low < 0.5 || (value - low === 0.5 && low % 2 === 0) ? low : low + 1;
}

/** One tenth is not a float, and ten is: 51 mm are 5.1 cm, and 51 x 0.1 are not. */
function times(number: number, factor: number): number {
  const parts = 1 / factor;
  return Number.isInteger(parts) ? number / parts : number * factor;
}

/** What differs from a whole number by the noise of a factor only (732 months x 1/12) is that number. */
function wholeWhereItIs(value: number): number {
  const whole = nearest(value);
  return Math.abs(value - whole) <= Math.abs(whole) * 1e-12 ? whole : value;
}

function textOf(cell: Cell): string | null {
  if (typeof cell === "string") return trim(cell);
  if (typeof cell === "number") return pythonFloat(cell).replace(/\.0$/, "");
  return cell === null || cell === OTHER || cell instanceof Moment ? null : String(cell);
}

function mapped(batch: Batch, made: readonly (readonly Made[])[], origins: readonly Origin[]): Batch {
  const bad = batch.rows.map((_, place) => made.findIndex((column) => column[place] === undefined));
  const good = <T>(list: readonly T[]): T[] => list.filter((_, place) => bad[place] === -1);
  const faults: Fault[] = batch.rows.flatMap((row, place) => {
    const origin = origins[bad[place] ?? -1];
    return origin === undefined ? [] : [{ row, problem: `column '${origin.column ?? ""}' is not a ${origin.date === null ? "number" : "date"}` }];
  });
  return {
    rows: good(batch.rows), columns: made.map((column) => good(column) as Cell[]), faults: [...batch.faults, ...faults], leftOut: batch.leftOut,
  };
}
