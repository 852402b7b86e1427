/** JSON lines: an object on each line, its keys the columns. A key that a line lacks is a gap. */
import { basename } from "node:path";
import { type Batch, type Cell, Collected, digestOfFile, FileFormatError, LONGEST_LINE, piecesOf, requireColumns, type Source } from "../source.ts";
import { type Json, jsonText, parseStrangersJson } from "./strangers_json.ts";

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

export class JsonLines implements Source {
  readonly name: string;
  private readonly path: string;
  private known: readonly string[] | undefined;

  constructor(path: string) {
    this.path = path;
    this.name = basename(path);
  }

  /** The keys of all lines, in the order in which they first appear. */
  get columns(): readonly string[] {
    if (this.known !== undefined) return this.known;
    const names = new Set<string>();
    for (const { value } of this.lines()) {
      if (value instanceof Map) for (const name of value.keys()) if ((name as string).isWellFormed()) names.add(name as string);
    }
    if (names.size === 0) throw new FileFormatError(`${this.name}: no line is a JSON object; one on each line is expected`);
    this.known = [...names];
    return this.known;
  }

  digest(): Uint8Array {
    return digestOfFile(this.path);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other sources have to wait
  async *batches(columns: readonly string[]): AsyncGenerator<Batch> {
    requireColumns(columns, this.columns, this.name);
    const collected = new Collected(columns.length);
    for (const { row, value, size } of this.lines()) {
      if (!(value instanceof Map)) {
        collected.fault(row, "is not a JSON object");
        continue;
      }
      const record = value as ReadonlyMap<string, Json>;
      collected.add(row, columns.map((name) => cellOf(record.get(name) ?? null)), size);
      if (collected.isFull) yield collected.batch();
    }
    yield collected.batch();
  }

  /** What is on the lines, undefined for what is not JSON, and their bytes. Blank lines are passed over. */
  private *lines(): Generator<{ row: number; value: Json | undefined; size: number }> {
    let row = 0;
    let kept: Buffer[] = [];
    let size = 0;
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const line = (): { row: number; value: Json | undefined; size: number } | undefined => {
      row += 1;
      const raw = Buffer.concat(kept);
      const length = size;
      [kept, size] = [[], 0];
      if (length > LONGEST_LINE) throw new FileFormatError(`${this.name}: line ${row} is longer than ${LONGEST_LINE} bytes`);
      try {
        const text = decoder.decode(raw); // takes a byte order mark away
        return text.trim() === "" ? undefined : { row, value: parseStrangersJson(text), size: length };
      } catch (error) {
        if (error instanceof TypeError) return { row, value: undefined, size: length };
        throw error;
      }
    };
    for (const piece of piecesOf(this.path)) {
      let from = 0;
      for (;;) {
        const end = piece.indexOf(10, from);
        const part = piece.subarray(from, end < 0 ? piece.length : end + 1);
        kept.push(part);
        size += part.length;
        if (end < 0 && size > LONGEST_LINE) line();
        if (end < 0) break;
        const made = line();
        if (made !== undefined) yield made;
        from = end + 1;
      }
    }
    if (size > 0) {
      const made = line();
      if (made !== undefined) yield made;
    }
  }
}

/** Numbers, texts and booleans keep their type; nested values, and whole numbers beyond 64 bits, are texts. */
function cellOf(value: Json): Cell {
  if (typeof value === "bigint") return value >= LEAST && value <= MOST ? value : String(value);
  if (typeof value === "string") return value.toWellFormed().replaceAll("\ufffd", value.isWellFormed() ? "\ufffd" : "?");
  return value === null || typeof value === "boolean" || typeof value === "number" ? value : jsonText(value);
}
