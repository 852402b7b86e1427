/** Several Parquet files as one source: those of a folder, or those that a path with * and ? names. Files and folders whose names begin with "." or "_" are not data. */
import { existsSync } from "node:fs";
import { basename, sep } from "node:path";
import { type Batch, FileFormatError, requireColumns, type Source } from "../source.ts";
import { digestOfFolder, filesIn, type Found, isFolder, requireFolder, textOf } from "./collections/folders.ts";
import { ParquetFile } from "./parquet.ts";

export const PARQUET_ENDINGS: readonly string[] = [".parquet", ".pq"];

/** Whether it is a folder, or a pattern: a path that leads to nothing itself and has * or ? in it. */
export function namesSeveral(location: string): boolean {
  return isFolder(location) || (!existsSync(location) && isPattern(location));
}

/** Whether it is a folder whose first file of data is a Parquet file. */
export function beginsWithParquet(location: string): boolean {
  if (!isFolder(location)) return false;
  for (const found of filesIn(location, null)) if (isData(found)) return PARQUET_ENDINGS.some((ending) => found.name.toLowerCase().endsWith(ending));
  return false;
}

export class ParquetFiles implements Source {
  readonly name: string;
  private readonly folder: string;
  private readonly pattern: readonly RegExp[];

  constructor(location: string) {
    [this.folder, this.pattern] = takenApart(location);
    this.name = basename(location);
    requireFolder(this.folder, "Parquet files");
    if (this.found().next().done === true) {
      throw new FileFormatError(`${location}: no Parquet file ${this.pattern.length > 0 ? "is called so" : "is in this folder"} (${PARQUET_ENDINGS.join(", ")})`);
    }
  }

  /** The first file's. FileFormatError: another has others. */
  get columns(): readonly string[] {
    const [first, ...others] = this.files();
    const names = first?.columns ?? [];
    for (const other of others) {
      const there = other.columns;
      const column = [...names.filter((name) => !there.includes(name)), ...there.filter((name) => !names.includes(name))].sort(byCodePoints)[0];
      if (column === undefined) continue;
      const [has, lacks] = names.includes(column) ? [first, other] : [other, first];
      throw new FileFormatError(`${this.name}: ${has?.name ?? ""} has a column '${column}' and ${lacks?.name ?? ""} has not; all files need the same columns`);
    }
    return names;
  }

  /** SHA-256 of names and bytes of all files. */
  digest(): Uint8Array {
    return digestOfFolder(this.found());
  }

  /** The rows of one file after the other, counted on. */
  async *batches(columns: readonly string[]): AsyncGenerator<Batch> {
    requireColumns(columns, this.columns, this.name);
    let first = 1;
    for (const file of this.files()) {
      for await (const batch of file.batches(columns)) {
        yield { ...batch, rows: batch.rows.map((_, place) => first + place) };
        first += batch.rows.length;
      }
    }
  }

  private files(): ParquetFile[] {
    return [...this.found()].map(({ path, relative }) => new ParquetFile(path, textOf(relative)));
  }

  private *found(): Generator<Found> {
    const depth = this.pattern.length;
    for (const found of filesIn(this.folder, PARQUET_ENDINGS, depth > 0 ? depth : Infinity)) {
      if (!isData(found)) continue;
      const parts = textOf(found.relative).split("/");
      if (depth === 0 || (parts.length === depth && this.pattern.every((wanted, place) => wanted.test(parts[place] ?? "")))) yield found;
    }
  }
}

function isData({ relative }: Found): boolean {
  return !textOf(relative).split("/").some((part) => part.startsWith(".") || part.startsWith("_"));
}

function isPattern(name: string): boolean {
  return name.includes("*") || name.includes("?");
}

/** The folder that files are looked for in, and what each part of their path below it has to be. */
function takenApart(location: string): [string, RegExp[]] {
  if (isFolder(location)) return [location, []];
  const parts = location.split(sep).filter((part, place) => part !== "" || place === 0);
  const first = parts.findIndex(isPattern);
  const folder = parts.slice(0, first).join(sep);
  return [folder === "" ? sep : folder, parts.slice(first).map(asPattern)];
}

/** `*` is any letters of a name, `?` one; every other letter is itself. */
function asPattern(part: string): RegExp {
  const meant: Record<string, string> = { "*": ".*", "?": "." };
  return new RegExp(`^${[...part].map((letter) => meant[letter] ?? letter.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&")).join("")}$`, "su");
}

function byCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
