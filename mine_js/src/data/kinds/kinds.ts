/** The kinds of data that Mine.js reads, and which of them a location is. */
import { readdirSync } from "node:fs";
import { NotInMineJsError } from "../../errors.ts";
import { DataError } from "../errors.ts";
import { type Source, startsWith } from "../source.ts";
import { ARROW_MAGIC, ArrowFile } from "./arrow.ts";
import { beginsWith, isFolder } from "./collections/folders.ts";
import { TEXT_ENDINGS, TextFolder } from "./collections/texts.ts";
import { CsvFile } from "./csv.ts";
import { JsonLines } from "./json_lines.ts";
import { ParquetFile } from "./parquet.ts";
import { beginsWithParquet, namesSeveral, PARQUET_ENDINGS, ParquetFiles } from "./parquet_files.ts";
import { SQLITE_MAGIC, SqliteTable } from "./sqlite.ts";

type Options = Readonly<Record<string, string>>;

export interface Kind {
  readonly name: string;
  /** What it is, and its options, in the words of mine-agent. */
  readonly about: string;
  readonly options: Options;
  /** Whether it may change while it is registered: then its digest is taken anew before each use. */
  readonly live: boolean;
  readonly takes: (location: string) => boolean;
  readonly source: (location: string, options: Options) => Source;
}

const NAMED: Options = { comma: ",", semicolon: ";", tab: "\t", bar: "|" };
const ending = (...endings: readonly string[]) => (location: string): boolean => endings.some((end) => location.toLowerCase().endsWith(end));

/** In the order in which a location is offered to them; CSV is the last. */
export const KINDS: readonly Kind[] = [
  {
    name: "arrow", about: "Arrow IPC files and streams (also called Feather).", options: {}, live: false,
    takes: (location) => ending(".arrow", ".arrows", ".feather", ".ipc")(location) || startsWith(location, ARROW_MAGIC),
    source: (location) => new ArrowFile(location),
  },
  {
    name: "jsonl", about: "Files with one JSON object on each line.", options: {}, live: false, takes: ending(".jsonl", ".ndjson"),
    source: (location) => new JsonLines(location),
  },
  {
    name: "parquet", about: "Parquet files: one, all of a folder, or those that a path with * and ? names.", options: {}, live: false,
    takes: (location) => ending(...PARQUET_ENDINGS)(location) || startsWith(location, "PAR1") || beginsWithParquet(location),
    source: (location) => (namesSeveral(location) ? new ParquetFiles(location) : new ParquetFile(location)),
  },
  {
    name: "sqlite", about: "A table or query of an SQLite database, opened read-only.",
    options: {
      table: "the table (may be left out if there is one only), or", query: "a SELECT that gives the records, in an order of its own (order by)",
    },
    live: true, takes: (location) => ending(".sqlite", ".sqlite3", ".db", ".db3")(location) || startsWith(location, SQLITE_MAGIC),
    source: (location, options) => new SqliteTable(location, options),
  },
  {
    name: "texts", about: "A folder of text files, in folders named by their label.", options: {}, live: false,
    takes: (location) => beginsWith(location, TEXT_ENDINGS), source: (location) => new TextFolder(location),
  },
  {
    name: "csv", about: "Files of separated values.",
    options: { encoding: "of the text, as utf-8 or cp1252; else recognised", separator: "comma, semicolon, tab or bar; else recognised" },
    live: false, takes: ending(".csv", ".tsv", ".tab", ".txt"),
    source: (location, { encoding, separator }) => new CsvFile(location, { encoding, separator: separator === undefined ? undefined : (NAMED[separator] ?? separator) }),
  },
];
const IMAGES = [".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm"];
const POSTS = /^tweets?(-part.*)?\.js$/;
const nowhere = (): boolean => false;
/** What mine-agent alone reads, and which locations it takes for its own. */
const OF_PYTHON: Readonly<Record<string, (location: string) => boolean>> = {
  images: (location) => beginsWith(location, IMAGES),
  mail: (location) => (isFolder(location) ? ["cur", "new"].every((part) => isFolder(`${location}/${part}`)) : location.toLowerCase().endsWith(".mbox") || startsWith(location, "From ")),
  postgres: nowhere, python: nowhere, sql: nowhere,
  "x-archive": (location) => [`${location}/data`, location].some((place) => isFolder(place) && readdirSync(place, { withFileTypes: true }).some((entry) => entry.isFile() && POSTS.test(entry.name))),
};

/** NotInMineJsError for what mine-agent alone reads. */
export function kindNamed(name: string): Kind {
  const found = KINDS.find((kind) => kind.name === name);
  const known = KINDS.map((kind) => kind.name).sort().join(", ");
  if (found !== undefined) return found;
  if (Object.hasOwn(OF_PYTHON, name)) throw new NotInMineJsError(`Mine.js reads data of kind ${known}; run mine-agent for data of kind '${name}'`);
  throw new DataError(`'${name}' is not a kind of data; known: ${known}`);
}

/** The kind that takes a location; CSV if none does. */
export function kindFor(location: string): Kind {
  if (/^[a-z][a-z0-9+]+:/.test(location)) {
    throw new NotInMineJsError(`'${location}' is no file; Mine.js reads data of kind ${KINDS.map((kind) => kind.name).sort().join(", ")}: run mine-agent for other data`);
  }
  const foreign = Object.entries(OF_PYTHON).find(([, takes]) => takes(location));
  if (foreign !== undefined) return kindNamed(foreign[0]);
  const found = KINDS.find((kind) => kind.takes(location));
  if (found === undefined && isFolder(location)) {
    throw new DataError(`${location}: a folder that holds no text files or Parquet files; give the path of the file with the records, or say what it is (--as)`);
  }
  return found ?? kindNamed("csv");
}

export function checkOptions(kind: Kind, options: Options): void {
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(kind.options, key));
  if (unknown !== undefined) throw new DataError(`${kind.name} data have no option '${unknown}'; known: ${Object.keys(kind.options).sort().join(", ") || "none"}`);
}
