/**
 * Files of separated values, read as the Python mine reads them: strict where leniency would lose records, lenient
 * where nothing can be lost. Read piece by piece; the memory does not grow with the file.
 */
import { basename } from "node:path";
import { Collected, type Batch, digestOfFile, FileFormatError, piecesOf, requireColumns, type Source } from "../source.ts";
import { decoderOf, encodingOf } from "./encodings.ts";

export const SEPARATORS: Readonly<Record<string, string>> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" };
const LONGEST_CELL = 1 << 25;
const LOOK_AT = 200;
const TOTALS = ["total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "subtotal"];

/** What was understood of a file; `needed`: cells up to the last column that has a name. */
interface Shape {
  readonly encoding: string;
  readonly separator: string;
  readonly above: number;
  readonly comments: number;
  readonly header: readonly string[];
  readonly needed: number;
}

export class CsvFile implements Source {
  readonly path: string;
  readonly name: string;
  private readonly given: { encoding?: string | undefined; separator?: string | undefined };
  private known: Shape | undefined;

  constructor(path: string, options: { encoding?: string | undefined; separator?: string | undefined } = {}) {
    this.path = path;
    this.name = basename(path);
    this.given = options;
  }

  /** The names in the header, spaces around them cut; a column without a name is called by its place. */
  get columns(): readonly string[] {
    return this.shape.header;
  }

  get separator(): string {
    return this.shape.separator;
  }

  digest(): Uint8Array {
    return digestOfFile(this.path);
  }

  /** The records as texts; blank rows, comments and a total at the end are counted, not given. */
  // eslint-disable-next-line @typescript-eslint/require-await -- other sources have to wait
  async *batches(columns: readonly string[]): AsyncGenerator<Batch> {
    const { header } = this.shape;
    requireColumns(columns, header, this.name);
    const places = columns.map((name) => header.indexOf(name));
    const collected = new Collected(columns.length);
    let held: { row: number; cells: readonly string[] } | undefined;
    let count = 0;
    let first = true;
    for (const record of this.records()) {
      if (first) {
        first = false;
        continue;
      }
      if (held !== undefined && this.take(held, places, collected)) count += 1;
      if (collected.isFull) yield collected.batch();
      held = record;
    }
    if (held !== undefined && isTotal(held.cells) && count > 0) collected.leave("total row at the end");
    else if (held !== undefined) this.take(held, places, collected);
    yield collected.batch();
  }

  /** Whether the row is a record. */
  private take({ row, cells }: { row: number; cells: readonly string[] }, places: readonly number[], into: Collected): boolean {
    const { header, comments, needed } = this.shape;
    if (cells.every((cell) => cell.trim() === "")) into.leave("blank row");
    else if (cells.length !== header.length && (cells.length < needed || cells.slice(header.length).some((cell) => cell.trim() !== ""))) {
      if (comments > 0 && (cells[0] ?? "").trimStart().startsWith("#")) into.leave("comment");
      else into.fault(row, `has ${cells.length} cells; ${header.length} are expected`);
    } else {
      const picked = places.map((place) => cells[place] ?? "");
      into.add(row, picked, picked.reduce((sum, cell) => sum + cell.length, 0));
      return true;
    }
    return false;
  }

  private get shape(): Shape {
    if (this.known !== undefined) return this.known;
    const encoding = this.given.encoding ?? encodingOf(this.path, this.name);
    const { separator, above, comments } = this.dialect(encoding);
    this.known = { encoding, separator, above, comments, header: [], needed: 0 };
    const { value } = this.records().next() as { value?: { row: number; cells: readonly string[] } };
    if (value === undefined) throw new FileFormatError(`${this.name}: the file is empty; a header line is expected`);
    const names = value.cells.map((cell) => cell.replaceAll("\ufeff", "").trim().normalize("NFC"));
    if (names.every((name) => name === "")) throw new FileFormatError(`${this.name}: row ${value.row}: no column has a name; a header line is expected`);
    const header = names.map((name, place) => name || `(column ${place + 1})`);
    this.known = { ...this.known, header, needed: names.findLastIndex((name) => name !== "") + 1 };
    return this.known;
  }

  private *texts(encoding: string): Generator<string> {
    let decode: (piece?: Buffer) => string;
    try {
      decode = decoderOf(encoding);
    } catch {
      throw new FileFormatError(`'${encoding}' is not an encoding that is known; for instance utf-8 or windows-1252`);
    }
    try {
      for (const piece of piecesOf(this.path)) yield decode(piece);
      yield decode();
    } catch (error) {
      if (error instanceof FileFormatError) throw error;
      throw new FileFormatError(`${this.name}: not ${encoding} text; save the table in UTF-8, or name its encoding`);
    }
  }

  private dialect(encoding: string): { separator: string; above: number; comments: number } {
    const lines = firstLines(this.texts(encoding), LOOK_AT);
    let [above, comments, marked] = [0, 0, undefined as string | undefined];
    for (const line of lines) {
      const bare = line.trim().replace(/^\ufeff/, "").replace(/^"|"$/g, "");
      if (above === 0 && /^sep=.$/i.test(bare)) marked = bare[4];
      else if (above === 0 && /^\ufeff?sep=\t[\r\n]*$/i.test(line)) marked = "\t";
      else if (bare.startsWith("#")) comments += 1;
      else if (bare !== "") break;
      above += 1;
    }
    const { separator: given } = this.given;
    if (given !== undefined && !Object.hasOwn(SEPARATORS, given)) {
      throw new FileFormatError(`'${given}' is not a separator that is known; one of ${Object.values(SEPARATORS).join(", ")}`);
    }
    return { separator: given ?? marked ?? guess(lines.slice(above)), above, comments };
  }

  private *records(): Generator<{ row: number; cells: readonly string[] }> {
    const { encoding, separator, above } = this.known ?? { encoding: "utf-8", separator: ",", above: 0 };
    let row = above;
    for (const cells of parse(skipLines(this.texts(encoding), above), separator, () => `${this.name}: row ${row + 1}`)) {
      row += 1;
      if (cells.length > 1 || (cells[0] ?? "").replace(/[ \t\0\x1a]/g, "") !== "") yield { row, cells };
    }
  }
}

/** The records of texts, strictly: after a closing quote only a separator or the line's end. */
function* parse(texts: Iterable<string>, separator: string, place: () => string): Generator<string[]> {
  let cells: string[] = [];
  let cell = "";
  let state: "start" | "plain" | "quoted" | "closed" = "start";
  let afterReturn = false;
  for (const text of texts) {
    for (let at = 0; at < text.length; at += 1) {
      const sign = text[at] ?? "";
      if (afterReturn) {
        afterReturn = false;
        if (sign === "\n") continue;
      }
      if (state === "quoted") {
        if (sign === '"') state = "closed";
        else cell += sign;
        if (cell.length > LONGEST_CELL) throw new FileFormatError(`${place()}: a cell is longer than ${LONGEST_CELL} characters: a quote may be opened and not closed there`);
      } else if (sign === '"' && state === "start") state = "quoted";
      else if (sign === '"' && state === "closed") {
        cell += '"';
        state = "quoted";
      } else if (sign === separator) {
        cells.push(cell);
        cell = "";
        state = "start";
      } else if (sign === "\n" || sign === "\r") {
        afterReturn = sign === "\r";
        if (cells.length > 0 || cell !== "" || state !== "start") cells.push(cell);
        yield cells;
        cells = [];
        cell = "";
        state = "start";
      } else if (state === "closed") throw new FileFormatError(`${place()}: text follows a closing quote; inside quotes a quote is written twice`);
      else {
        cell += sign;
        state = "plain";
      }
    }
  }
  if (state === "quoted") throw new FileFormatError(`${place()}: a quote is opened and never closed; close it, or write it twice inside quotes`);
  if (cells.length > 0 || cell !== "" || state === "closed") yield [...cells, cell];
}

function firstLines(texts: Iterable<string>, most: number): string[] {
  let start = "";
  for (const text of texts) {
    start += text;
    if (start.length > 1 << 23 || start.split("\n").length > most) break;
  }
  return (start.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []).slice(0, most);
}

function* skipLines(texts: Iterable<string>, count: number): Generator<string> {
  let left = count;
  let rest = "";
  for (const text of texts) {
    rest += text;
    while (left > 0) {
      const end = /\r\n|\n|\r(?!$)/.exec(rest);
      if (end === null) break;
      rest = rest.slice(end.index + end[0].length);
      left -= 1;
    }
    if (left === 0) {
      yield rest;
      rest = "";
    }
  }
  if (left === 0 && rest !== "") yield rest;
}

/** The separator that gives the most records as many cells as the header; of equal ones, most cells. */
function guess(lines: readonly string[]): string {
  let best = ",";
  let rank: readonly [number, number] = [0, 0];
  for (const candidate of Object.keys(SEPARATORS)) {
    const widths: number[] = [];
    try {
      for (const record of parse(lines, candidate, () => "")) widths.push(record.length);
    } catch (error) {
      if (!(error instanceof FileFormatError)) throw error; // the last record may be cut off; the rest is said when it is read
    }
    const [header = 0] = widths;
    if (header < 2) continue;
    const some = widths.slice(1).filter((width) => width > 0);
    const others = some.length > 0 ? some : [header];
    const share = others.filter((width) => width === header).length / others.length;
    if (share > rank[0] || (share === rank[0] && header > rank[1])) [best, rank] = [candidate, [share, header]];
  }
  return best;
}

function isTotal(cells: readonly string[]): boolean {
  const first = (cells.find((cell) => cell.trim() !== "") ?? "").trim().replace(/:$/, "").toLowerCase();
  return cells.length > 1 && TOTALS.includes(first);
}
