/** What the columns of a source hold, for its owner's eyes: kind, gaps, range, and how its texts write numbers. */
import { pythonFloat } from "../wording.ts";
import { Evidence, type Mark, type Notation, notations, parseNumber, PLAINLY } from "./numbers.ts";
import { lookAt } from "./reading.ts";
import { type Cell, Moment, type Source } from "./source.ts";
import { isMissing, trimmed, truthOf } from "./values.ts";

const MOST_COLUMNS = 1000;
const MOST_WORDS = 64;
const DATE =
  /^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$|^\d{1,2}[./]\d{1,2}[./]\d{2,4}$/;

export interface ColumnSeen {
  readonly name: string;
  readonly kind: string;
  readonly missing: number;
  /** The first row whose value is not a number, in a column that has numbers, too. */
  readonly oddRow: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** How its texts write numbers. */
  readonly notation: Notation;
  /** Different texts in the order of their first rows, as long as there are few; null if there are many. */
  readonly words: readonly string[] | null;
}
export interface TableSeen {
  readonly rows: number;
  readonly faults: number;
  readonly firstFault: string | null;
  /** "," if that is what all numbers speak for. */
  readonly decimal: Mark | null;
  readonly columns: readonly ColumnSeen[];
}

/** Look through the whole source twice: once for how numbers are written, once for the values. */
export async function understand(source: Source, decimal: Mark | null): Promise<TableSeen> {
  const all = source.columns;
  const names = all.filter((name) => all.indexOf(name) === all.lastIndexOf(name)).slice(0, MOST_COLUMNS);
  const evidence = new Map(names.map((name) => [name, new Evidence()]));
  for await (const { columns } of source.batches(names)) {
    for (const [at, name] of names.entries()) {
      const column = (columns[at] ?? []).map(trimmed);
      if (column.some((cell) => typeof cell === "string")) lookAt(column, evidence.get(name));
    }
  }
  const written = notations(evidence, decimal);
  const tallies = names.map((name) => new ColumnTally(name, written.get(name) ?? PLAINLY));
  let [rows, faultCount, firstFault] = [0, 0, null as string | null];
  for await (const batch of source.batches(names)) {
    const [fault] = batch.faults;
    if (fault !== undefined) firstFault ??= `row ${fault.row} ${fault.problem}`;
    faultCount += batch.faults.length;
    rows += batch.rows.length;
    for (const [at, tally] of tallies.entries()) tally.add((batch.columns[at] ?? []).map(trimmed), batch.rows);
  }
  const columns = tallies.map((tally) => tally.seen());
  const numeric = tallies.filter((tally) => ["integer", "number"].includes(tally.kind()));
  const commas = numeric.some((tally) => tally.decimalCommas > 0);
  const plain = numeric.some((tally) => tally.kind() === "number" && tally.notation.mark === ".");
  return { rows, faults: faultCount, firstFault, decimal: commas && !plain ? "," : null, columns };
}

class ColumnTally {
  readonly name: string;
  readonly notation: Notation;
  decimalCommas = 0;
  private missing = 0;
  private oddRow: number | null = null;
  private low = Infinity;
  private high = -Infinity;
  private readonly counts = new Map<string, number>();
  private readonly words = new Set<string>();

  constructor(name: string, notation: Notation) {
    this.name = name;
    this.notation = notation;
  }

  /** The trimmed cells of one batch. */
  add(column: readonly Cell[], rows: readonly number[]): void {
    const cells = asOneType(column);
    for (const [place, cell] of cells.entries()) {
      if (isMissing(cell, [])) this.missing += 1;
      else if (typeof cell === "string") this.text(cell, rows[place] ?? 0);
      else if (typeof cell === "boolean") this.count("boolean");
      else if (typeof cell === "bigint") this.number(Number(cell), "integer");
      else if (typeof cell === "number") this.number(cell, "number");
      else this.count(cell instanceof Moment ? "date" : "other");
    }
  }

  private text(text: string, row: number): void {
    if (this.words.size <= MOST_WORDS) this.words.add(text);
    const number = parseNumber(text, this.notation, (what) => {
      if (what === "decimal comma") this.decimalCommas += 1;
    });
    if (number !== undefined && Number.isFinite(number)) {
      this.number(number, Number.isInteger(number) && !text.includes(".") ? "integer" : "number");
      return;
    }
    this.oddRow ??= row;
    this.count(truthOf(text) !== undefined ? "boolean" : DATE.test(text) ? "date" : "text");
  }

  private number(number: number, kind: "integer" | "number"): void {
    this.low = Math.min(this.low, number);
    this.high = Math.max(this.high, number);
    this.count(kind);
  }

  kind(): string {
    const present = [...this.counts.keys()].sort().join();
    if (present === "") return "empty";
    if (!present.includes(",")) return present;
    if (present === "integer,number") return "number";
    return present === "boolean,integer" && this.low >= 0 && (this.high === 0 || this.high === 1) ? "boolean" : "text";
  }

  seen(): ColumnSeen {
    const kind = this.kind();
    const numeric = this.counts.has("integer") || this.counts.has("number");
    const ranged = kind === "integer" || kind === "number";
    return {
      name: this.name, kind, missing: this.missing, oddRow: numeric && kind === "text" ? this.oddRow : null,
      low: ranged ? this.low : null, high: ranged ? this.high : null, notation: this.notation,
      words: this.words.size > MOST_WORDS ? null : [...this.words],
    };
  }

  private count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

/** Cells of several types for people to look at: as numbers if there are no others, else as texts. */
function asOneType(column: readonly Cell[]): readonly Cell[] {
  const types = new Set(column.flatMap((cell) => (cell === null ? [] : [typeof cell])));
  if (types.size < 2) return column;
  if (types.size === 2 && types.has("bigint") && types.has("number")) return column.map((cell) => (typeof cell === "bigint" ? Number(cell) : cell));
  return column.map((cell) => (typeof cell === "number" ? pythonFloat(cell) : typeof cell === "bigint" || typeof cell === "boolean" ? String(cell) : cell));
}
