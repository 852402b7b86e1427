/**
 * The miner's own data: which files this mine may use, by name, place and digest; rows are never kept. The
 * registrations (`data/NAME.json`) are the Python mine's. Mine.js reads CSV files; others, and mappings, are refused.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { NotInMineJsError, OpenMinedError } from "../errors.ts";
import { readLimited, replaceSecretFile } from "../home/files.ts";
import { expandHome } from "../home/settings.ts";
import { Fraction } from "../privacy/fraction.ts";
import { fromHex, toHex, utf8 } from "../protocol/bytes.ts";
import { sha256 } from "../protocol/cid.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { CsvFile, SEPARATORS, TableError } from "./csv.ts";
import type { Mark } from "./numbers.ts";
import { type ColumnSeen, understand } from "./understanding.ts";

const FORMAT = "openmined/mine-data-set/2";
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const NAMED: Readonly<Record<string, string>> = { comma: ",", semicolon: ";", tab: "\t", bar: "|" };

/** A data set that cannot be registered or used. */
export class DataError extends OpenMinedError {}
export class DataChangedError extends DataError {}

export interface DataSet {
  readonly name: string;
  readonly kind: string;
  readonly location: string;
  readonly options: Readonly<Record<string, string>>;
  readonly live: boolean;
  readonly decimal: Mark | null;
  /** Share of records that may be left out. */
  readonly unusable: Fraction;
  readonly digest: string;
  /** A secret drawn each time the owner registers the data. */
  readonly registration: string;
  readonly rows: number;
  readonly names: readonly string[];
  readonly columns: readonly Pick<ColumnSeen, "name" | "kind" | "missing" | "oddRow">[];
}

/** The file, as the registration says it is to be read. */
export function sourceOf(data: Pick<DataSet, "name" | "kind" | "location" | "options">): CsvFile {
  if (data.kind !== "csv") throw new NotInMineJsError(`data set '${data.name}' is of kind ${data.kind}; Mine.js reads CSV files only: run mine-agent for it`);
  const separator = data.options["separator"];
  return new CsvFile(data.location, { encoding: data.options["encoding"], separator: separator === undefined ? undefined : (NAMED[separator] ?? separator) });
}

/** The data, if they still are what was registered. DataChangedError. */
export function requireUnchanged(data: DataSet): void {
  let digest: string;
  try {
    digest = toHex(sourceOf(data).digest());
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    throw new DataChangedError(`data set '${data.name}': ${error.message}; put it back, or \`mine-agent data remove ${data.name}\``);
  }
  if (digest !== data.digest) {
    throw new DataChangedError(
      `data set '${data.name}': ${data.location} is not what was registered (SHA-256 ${data.digest}); to use it as it is: ` +
        `mine-agent data add ${data.name} ${data.location} --replace`,
    );
  }
}

/** What tells whether a mine has trained on them already. Under a budget data registered anew are others, changed or not. */
export function identityOf(data: DataSet, budgeted: boolean): string {
  if (!budgeted) return data.digest;
  const digest = fromHex(data.digest) ?? new Uint8Array(0);
  return toHex(sha256(Buffer.concat([utf8(`openmined/registration/1\0${data.registration}`), digest])));
}

export class DataShelf {
  private readonly folder: string;

  constructor(home: string) {
    this.folder = join(home, "data");
  }

  /** Look through the file at `location`, without registering it. */
  look(name: string, location: string, options: Record<string, string>, decimal: string | null, unusable: Fraction): { data: DataSet; seen: readonly ColumnSeen[] } {
    if (!NAME.test(name)) throw new DataError(`'${name}' is not a name for data; use 1 to 64 of a-z, 0-9, '-' and '_', starting with a letter or digit`);
    if (decimal !== null && decimal !== "." && decimal !== ",") throw new DataError(`the decimal mark is '${decimal}'; expected '.' or ','`);
    const place = resolve(expandHome(location));
    if (/^[a-z][a-z0-9+]+:/.test(location) || (existsSync(place) && statSync(place).isDirectory()) || !/\.(csv|tsv|tab|txt)$/i.test(place)) {
      throw new NotInMineJsError(`'${location}' is not a CSV file; Mine.js reads .csv, .tsv, .tab and .txt only: run mine-agent for other data`);
    }
    for (const key of Object.keys(options)) {
      if (key !== "encoding" && key !== "separator") throw new DataError(`csv data have no option '${key}'; known: encoding, separator`);
    }
    const source = sourceOf({ name, kind: "csv", location: place, options });
    const table = understand(source, decimal);
    if (table.rows === 0) throw new DataError(`${source.name}: ${table.firstFault ?? "no record follows the header line"}`);
    if (new Fraction(BigInt(table.faults)).compare(unusable.times(new Fraction(BigInt(table.rows + table.faults)))) > 0) {
      throw new DataError(`${source.name}: ${table.firstFault ?? ""} (${table.faults} such rows of ${table.rows + table.faults}; at most ${unusable.toPercent()} of them may be left out)`);
    }
    const data: DataSet = {
      name, kind: "csv", location: place, options, live: false, decimal: decimal ?? table.decimal, unusable, digest: toHex(source.digest()),
      registration: randomBytes(16).toString("hex"), rows: table.rows, names: source.columns, columns: table.columns,
    };
    return { data, seen: table.columns };
  }

  keep(data: DataSet, replace: boolean): void {
    this.requireFree(data.name, replace);
    const document = {
      format: FORMAT, name: data.name, kind: data.kind, location: data.location, options: data.options, live: data.live, decimal: data.decimal,
      unusable: data.unusable.toString(), sha256: data.digest, registration: data.registration, rows: data.rows, names: data.names,
      columns: data.columns.map(({ name, kind, missing, oddRow }) => ({ name, kind, missing, odd_row: oddRow })),
    };
    replaceSecretFile(this.file(data.name), Buffer.from(`${JSON.stringify(document, null, 1)}\n`));
  }

  requireFree(name: string, replace: boolean): void {
    if (NAME.test(name) && existsSync(this.file(name)) && !replace) {
      throw new DataError(`data set '${name}' is registered already; give --replace to register it anew`);
    }
  }

  /** All data sets in the order of their names; one that this mine cannot use is refused when it is used. */
  all(): DataSet[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder).filter((file) => file.endsWith(".json")).sort().map((file) => this.read(file));
  }

  private read(file: string): DataSet {
    const path = join(this.folder, file);
    const refused = new DataError(`${path} is not a registration of a data set; delete it and add the data set again`);
    let found: unknown;
    try {
      found = JSON.parse(readLimited(path, 64 * 1024 * 1024)?.toString("utf8") ?? "");
    } catch {
      throw refused;
    }
    if (!isObject(found) || found["format"] !== FORMAT || `${String(found["name"])}.json` !== file) throw refused;
    const { name, kind, location, options, live, decimal, unusable, sha256: digest, registration, rows, names, columns } = found;
    const texts = [name, kind, location, unusable, digest, registration].every((value) => typeof value === "string");
    if (!texts || !isObject(options) || !Array.isArray(names) || !Array.isArray(columns) || typeof rows !== "number") throw refused;
    const mapping = join(this.folder, `${String(name)}.mapping.toml`);
    return {
      name: String(name), kind: existsSync(mapping) ? `${String(kind)}, seen through a mapping` : String(kind), location: String(location),
      options: Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)])), live: live === true,
      decimal: decimal === "." || decimal === "," ? decimal : null, unusable: Fraction.parse(String(unusable)), digest: String(digest),
      registration: String(registration), rows, names: names.map(String), columns: [],
    };
  }

  private file(name: string): string {
    return join(this.folder, `${name}.json`);
  }
}

export function separatorName(separator: string): string {
  return SEPARATORS[separator] ?? separator;
}
