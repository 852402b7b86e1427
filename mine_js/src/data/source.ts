/** What every source of records looks like to its reader: columns by name, and batches of some of them. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { OpenMinedError } from "../errors.ts";
import { shorten } from "../artifacts/errors.ts";
import { errorCode } from "../home/files.ts";

const PIECE = 1 << 20;
/** Rows of a batch of texts, and of one of typed columns. */
export const BATCH_ROWS = 16_384;
export const TYPED_ROWS = 65_536;
/** Characters of a batch after which it is cut, and the longest line or row there may be. */
export const BATCH_CHARACTERS = 1 << 25;
export const LONGEST_LINE = 1 << 26;

/** A date or a time, in seconds since 1970. */
export class Moment {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
}
/** A nested value, bytes, or another thing that no field can be made of. */
export const OTHER = Symbol("other");
/** One value as it was found: a bigint is of an integer type, a number of a floating one. */
export type Cell = string | bigint | number | boolean | null | Moment | typeof OTHER;

export interface Fault {
  readonly row: number;
  readonly problem: string;
}

/** Some records of the wanted columns, a list of cells for each; rows as a spreadsheet counts them in texts, else from 1. */
export interface Batch {
  readonly rows: readonly number[];
  readonly columns: readonly (readonly Cell[])[];
  /** Records that could not be taken apart into cells; they are not in `columns`. */
  readonly faults: readonly Fault[];
  /** Rows that are not records (blank, comments, totals), by kind. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** A source of records. Reading it twice gives the same records, or throws. */
export interface Source {
  readonly name: string;
  readonly columns: readonly string[];
  /** SHA-256 of all that decides the records. */
  digest(): Uint8Array;
  batches(columns: readonly string[]): AsyncGenerator<Batch>;
}

/** Base of what can be wrong with records. */
export class SchemaError extends OpenMinedError {}
/** A source cannot be read as a table at all. */
export class FileFormatError extends SchemaError {}
/** Records lack columns that a schema requires. */
export class MissingColumnError extends SchemaError {}
/** A value of the records is missing or does not fit its field. `place` names it without showing it. */
export class BadValueError extends SchemaError {
  readonly place: string;
  readonly column: string;
  readonly value: Cell;
  constructor(source: string, row: number, column: string, cell: Cell, expected: string, more = "") {
    const where = `${source}: row ${row}, column '${column}'`;
    super(`${where} is ${cell === null ? "missing" : shown(cell)}; ${expected} is expected${more === "" ? "" : ` (${more})`}`);
    this.column = column;
    this.value = cell;
    this.place = `${where} is not ${expected}`;
  }
}

/** Without the white space around it, as Unicode has it. */
export function trim(text: string): string {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

function shown(cell: Cell): string {
  return cell === OTHER || cell instanceof Moment ? "a value of another kind" : shorten(cell);
}

/** Throws where a wanted column is not there, with the nearest name where one is near, or is there twice. */
export function requireColumns(wanted: readonly string[], there: readonly string[], source: string): void {
  const missing = wanted.filter((name) => !there.includes(name));
  if (missing.length > 0) {
    throw new MissingColumnError(`${source} (which has ${listed(there)}${near(missing, there)}): no column ${missing.map((name) => shorten(name)).join(", ")}`);
  }
  for (const name of wanted) {
    const places = there.flatMap((known, place) => (known === name ? [place + 1] : []));
    if (places.length > 1) {
      throw new FileFormatError(`${source}: column ${shorten(name)} is there ${places.length} times (columns ${places.join(", ")}); rename all but one`);
    }
  }
}

function near(missing: readonly string[], there: readonly string[]): string {
  const letters = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const by = new Map(there.map((name) => [letters(name), name]));
  const found = missing.flatMap((name) => {
    const other = by.get(letters(name));
    return other === undefined ? [] : [`${shorten(other)} is not ${shorten(name)}`];
  });
  return found.length > 0 ? `; ${found.slice(0, 3).join(", ")}` : "";
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, 12).map((name) => name.slice(0, 40)).join(", ");
  return names.length <= 12 ? some : `${some}, ... ${names.length} columns`;
}

/** A file piece by piece. FileFormatError: there is none, or it cannot be read. */
export function* piecesOf(path: string | Buffer): Generator<Buffer> {
  const handle = opened(path);
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(PIECE);
      const read = readSync(handle, buffer, 0, PIECE, null);
      if (read === 0) return;
      yield buffer.subarray(0, read);
    }
  } finally {
    closeSync(handle);
  }
}

/** A file opened for reading, to be closed by the caller. */
export function opened(path: string | Buffer): number {
  try {
    if (!statSync(path).isFile()) throw new FileFormatError(`${String(path)}: not a file; give the path of a file`);
    return openSync(path, "r");
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    throw new FileFormatError(`${String(path)}: ${errorCode(error) === "ENOENT" ? "no such file; give the path of a file" : `cannot be read (${errorCode(error)})`}`);
  }
}

/** SHA-256 of a file's bytes. */
export function digestOfFile(path: string | Buffer): Uint8Array {
  const hash = createHash("sha256");
  for (const piece of piecesOf(path)) hash.update(piece);
  return new Uint8Array(hash.digest());
}

/** Whether there is a file that begins with these bytes. */
export function startsWith(path: string, magic: string): boolean {
  const wanted = Buffer.from(magic, "latin1");
  const found = Buffer.alloc(wanted.length);
  let handle: number;
  try {
    if (!statSync(path).isFile()) return false;
    handle = openSync(path, "r");
  } catch {
    return false;
  }
  try {
    return readSync(handle, found, 0, found.length, 0) === found.length && found.equals(wanted);
  } finally {
    closeSync(handle);
  }
}

/** Collects records into batches of bounded rows and characters. */
export class Collected {
  private rows: number[] = [];
  private columns: Cell[][];
  private faults: Fault[] = [];
  private leftOut = new Map<string, number>();
  private size = 0;

  constructor(width: number) {
    this.columns = Array.from({ length: width }, () => []);
  }

  add(row: number, cells: readonly Cell[], size: number): void {
    this.rows.push(row);
    this.columns.forEach((column, place) => column.push(cells[place] ?? null));
    this.size += size;
  }

  fault(row: number, problem: string): void {
    this.faults.push({ row, problem });
  }

  leave(kind: string): void {
    this.leftOut.set(kind, (this.leftOut.get(kind) ?? 0) + 1);
  }

  get isFull(): boolean {
    return this.rows.length >= BATCH_ROWS || this.size >= BATCH_CHARACTERS;
  }

  batch(): Batch {
    const { rows, columns, faults, leftOut } = this;
    this.rows = [];
    this.columns = columns.map(() => []);
    this.faults = [];
    this.leftOut = new Map();
    this.size = 0;
    return { rows, columns, faults, leftOut };
  }
}
