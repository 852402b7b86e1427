/** What the columns of a file hold, for its owner's eyes: kind, gaps, range. Nothing that training depends on. */
import type { CsvFile } from "./csv.ts";
import { Evidence, type Mark, marks, parseNumber } from "./numbers.ts";
import { isGap, trim, truthOf } from "./values.ts";

const MOST_COLUMNS = 1000;
const DATE =
  /^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$|^\d{1,2}[./]\d{1,2}[./]\d{2,4}$/;

export interface ColumnSeen {
  readonly name: string;
  readonly kind: string;
  readonly missing: number;
  /** The first row whose value is no number, in a column that has numbers, too. */
  readonly oddRow: number | null;
  readonly low: number | null;
  readonly high: number | null;
}
export interface TableSeen {
  readonly rows: number;
  readonly faults: number;
  readonly firstFault: string | null;
  /** "," if that is what all numbers speak for. */
  readonly decimal: Mark | null;
  readonly columns: readonly ColumnSeen[];
}

/** Look through the whole file twice: once for the decimal marks, once for the values. */
export function understand(source: CsvFile, decimal: Mark | null): TableSeen {
  const names = source.columns;
  const places = names.flatMap((name, place) => (names.indexOf(name) === names.lastIndexOf(name) ? [place] : [])).slice(0, MOST_COLUMNS);
  const evidence = new Map(places.map((place) => [names[place] ?? "", new Evidence()]));
  for (const row of source.rows({ leftOut: new Map() })) {
    if ("fault" in row) continue;
    for (const place of places) evidence.get(names[place] ?? "")?.add(trim(trim(row.cells[place] ?? "").replace(/%$/, "")));
  }
  const decimals = marks(evidence, decimal);
  const tallies = places.map((place) => new ColumnTally(names[place] ?? "", decimals.get(names[place] ?? "") ?? "."));
  let [rows, faults, firstFault] = [0, 0, null as string | null];
  for (const row of source.rows({ leftOut: new Map() })) {
    if ("fault" in row) {
      faults += 1;
      firstFault ??= `row ${row.row} ${row.fault}`;
      continue;
    }
    rows += 1;
    places.forEach((place, at) => tallies[at]?.add(row.cells[place] ?? "", row.row));
  }
  const columns = tallies.map((tally) => tally.seen());
  const numeric = tallies.filter((tally) => ["integer", "number"].includes(tally.kind()));
  const commas = numeric.some((tally) => tally.decimalCommas > 0);
  const plain = numeric.some((tally) => tally.kind() === "number" && tally.mark === ".");
  return { rows, faults, firstFault, decimal: commas && !plain ? "," : null, columns };
}

class ColumnTally {
  readonly name: string;
  readonly mark: Mark;
  decimalCommas = 0;
  private missing = 0;
  private oddRow: number | null = null;
  private low = Infinity;
  private high = -Infinity;
  private readonly counts = new Map<string, number>();

  constructor(name: string, mark: Mark) {
    this.name = name;
    this.mark = mark;
  }

  add(cell: string, row: number): void {
    const text = trim(cell);
    if (isGap(text)) {
      this.missing += 1;
      return;
    }
    const number = parseNumber(text, this.mark, (what) => {
      if (what === "decimal comma") this.decimalCommas += 1;
    });
    if (number !== undefined && Number.isFinite(number)) {
      this.low = Math.min(this.low, number);
      this.high = Math.max(this.high, number);
      this.count(Number.isInteger(number) && !text.includes(".") ? "integer" : "number");
      return;
    }
    this.oddRow ??= row;
    this.count(truthOf(text) !== undefined ? "boolean" : DATE.test(text) ? "date" : "text");
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
      low: ranged ? this.low : null, high: ranged ? this.high : null,
    };
  }

  private count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}
