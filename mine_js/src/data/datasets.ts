/**
 * The miner's own data: which sources this mine may use, by name, place and digest; rows are never kept. The
 * registrations (`data/NAME.json`, and a mapping beside it) are the Python mine's.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { readLimited, replaceSecretFile } from "../home/files.ts";
import { expandHome } from "../home/settings.ts";
import { Fraction } from "../privacy/fraction.ts";
import { fromHex, toHex, utf8 } from "../protocol/bytes.ts";
import { sha256 } from "../protocol/cid.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { DataChangedError, DataError } from "./errors.ts";
import { checkOptions, kindFor, kindNamed } from "./kinds/kinds.ts";
import { MappedSource } from "./mapping/mapped.ts";
import { type FieldMapping, readMapping } from "./mapping/mapping.ts";
import { settledBy, type Written } from "./notations.ts";
import { SchemaError, type Source } from "./source.ts";
import { type ColumnSeen, type TableSeen, understand } from "./understanding.ts";

const FORMAT = "openmined/mine-data-set/2";
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export interface DataSet extends Written {
  readonly name: string;
  readonly kind: string;
  readonly location: string;
  readonly options: Readonly<Record<string, string>>;
  readonly live: boolean;
  /** Share of records that may be left out. */
  readonly unusable: Fraction;
  readonly digest: string;
  /** A secret drawn each time the owner registers the data. */
  readonly registration: string;
  readonly rows: number;
  readonly names: readonly string[];
  readonly columns: readonly Pick<ColumnSeen, "name" | "kind" | "missing" | "oddRow" | "notation">[];
}

/** All columns; mapped fields under the campaigns' names for them. */
export function columnNames({ names, mapping }: Pick<DataSet, "names" | "mapping">): readonly string[] {
  return mapping === null ? names : mapping.names(names);
}

/** The data, as the registration says they are to be read. */
function sourceOf({ kind, location, options, mapping, settled, decimal }: DataSet): Source {
  const source = kindNamed(kind).source(location, options);
  return mapping === null ? source : new MappedSource(source, mapping, settled, decimal);
}

/** The same data as they are now: a live source's digest taken anew. DataChangedError if what is not live has changed, or is gone. */
export function renewed(data: DataSet): DataSet {
  let digest: string;
  try {
    digest = toHex(sourceOf(data).digest());
  } catch (error) {
    if (!(error instanceof SchemaError || error instanceof DataError)) throw error;
    throw new DataChangedError(`data set '${data.name}': ${error.message}; put it back, or \`mine-agent data remove ${data.name}\``);
  }
  if (digest !== data.digest && !data.live) {
    throw new DataChangedError(
      `data set '${data.name}': ${data.location} is not what was registered (SHA-256 ${data.digest}); to use it as it is: ` +
        `mine-agent data add ${data.name} ${data.location} --replace`,
    );
  }
  return digest === data.digest ? data : { ...data, digest };
}

/**
 * What `work` makes of the source, if it is what was registered before and after. DataChangedError: it is another one; what
 * was made of it is not used. What changed meanwhile is first of all changed, whatever it then looked like.
 */
export async function whileUnchanged<T>(data: DataSet, work: (source: Source) => Promise<T>): Promise<T> {
  if (renewed(data).digest !== data.digest) throw new DataChangedError(`data set '${data.name}' changed just now; it is looked at again`);
  const requireSame = (): void => {
    if (renewed(data).digest !== data.digest) throw new DataChangedError(`data set '${data.name}' changed while it was read; it is read again`);
  };
  let made: T;
  try {
    made = await work(sourceOf(data));
  } catch (error) {
    if (error instanceof SchemaError || error instanceof DataError) requireSame();
    throw error;
  }
  requireSame();
  return made;
}

/** What tells whether a mine has trained on them already. Under a budget data registered anew are others, changed or not. */
export function identityOf(data: DataSet, budgeted: boolean): string {
  if (!budgeted) return data.digest;
  const digest = fromHex(data.digest) ?? new Uint8Array(0);
  return toHex(sha256(Buffer.concat([utf8(`openmined/registration/1\0${data.registration}`), digest])));
}

/** No data set has that name. */
export class UnknownDataError extends DataError {}

export class DataShelf {
  private readonly folder: string;

  constructor(home: string) {
    this.folder = join(home, "data");
  }

  /** Look through the data at `location`, without registering them. */
  async look(
    name: string, location: string, options: Record<string, string>, decimal: string | null, unusable: Fraction, kindName?: string,
  ): Promise<{ data: DataSet; seen: TableSeen }> {
    if (!NAME.test(name)) throw new DataError(`'${name}' is not a name for data; use 1 to 64 of a-z, 0-9, '-' and '_', starting with a letter or digit`);
    if (decimal !== null && decimal !== "." && decimal !== ",") throw new DataError(`the decimal mark is '${decimal}'; expected '.' or ','`);
    const place = /^[a-z][a-z0-9+]+:/.test(location) ? location : resolve(expandHome(location));
    const kind = kindName === undefined ? kindFor(place) : kindNamed(kindName);
    checkOptions(kind, options);
    const source = kind.source(place, options);
    const table = await understand(source, decimal);
    if (table.rows === 0) {
      const none = kind.name === "csv" ? "no record follows the header line" : "there is no record in it";
      throw new DataError(`${source.name}: ${table.firstFault ?? none}`);
    }
    if (new Fraction(BigInt(table.faults)).compare(unusable.times(new Fraction(BigInt(table.rows + table.faults)))) > 0) {
      throw new DataError(`${source.name}: ${table.firstFault ?? ""} (${table.faults} such rows of ${table.rows + table.faults}; at most ${unusable.toPercent()} of them may be left out)`);
    }
    const mark = decimal ?? table.decimal;
    const settled = settledBy(table.columns.map(({ name: column, notation }) => ({ name: column, ...notation })), source.columns, mark) ?? null;
    const data: DataSet = {
      name, kind: kind.name, location: place, options, live: kind.live, decimal: mark, unusable, digest: toHex(source.digest()),
      registration: randomBytes(16).toString("hex"), rows: table.rows, names: source.columns, columns: table.columns, settled, mapping: null,
      looked: table.columns.map(({ name: column }) => column),
    };
    return { data, seen: table };
  }

  /** What the columns of registered data hold, as the owner calls them. */
  async seen({ kind, location, options, decimal }: DataSet): Promise<readonly ColumnSeen[]> {
    return (await understand(kindNamed(kind).source(location, options), decimal)).columns;
  }

  keep(data: DataSet, replace: boolean): void {
    this.requireFree(data.name, replace);
    const document = {
      format: FORMAT, name: data.name, kind: data.kind, location: data.location, options: data.options, live: data.live, decimal: data.decimal,
      unusable: data.unusable.toString(), sha256: data.digest, registration: data.registration, rows: data.rows, names: data.names,
      columns: data.columns.map(({ name, kind, missing, oddRow, notation }) => ({ name, kind, missing, odd_row: oddRow, ...notation })),
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
    const { name, kind, location, options, live, unusable, sha256: digest, registration, rows, names, columns } = found;
    const texts = [name, kind, location, unusable, digest, registration].every((value) => typeof value === "string");
    if (!texts || !isObject(options) || !Array.isArray(names) || !Array.isArray(columns) || typeof rows !== "number") throw refused;
    const decimal = found["decimal"] === "." || found["decimal"] === "," ? found["decimal"] : null;
    const settled = settledBy(columns, names.map(String), decimal);
    if (settled === undefined) throw refused;
    return this.mapped({
      name: String(name), kind: String(kind), location: String(location),
      options: Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)])), live: live === true,
      decimal, settled, unusable: Fraction.parse(String(unusable)), digest: String(digest),
      registration: String(registration), rows, names: names.map(String), columns: [], mapping: null,
      looked: columns.map((column) => (isObject(column) ? String(column["name"]) : "")),
    });
  }

  /** The data set seen through the mapping that its name has, if it has one. */
  mapped(data: DataSet): DataSet {
    const mapping = readMapping(this.mappingFile(data.name));
    return mapping === undefined ? data : { ...data, mapping, digest: mapping.digest(data.digest) };
  }

  /** Let the data set be seen through `mapping` from now on; null: as it is. */
  keepMapping(name: string, mapping: FieldMapping | null): void {
    this.get(name);
    if (mapping === null) rmSync(this.mappingFile(name), { force: true });
    else replaceSecretFile(this.mappingFile(name), Buffer.from(mapping.text));
  }

  /** Forget `name`; the data themselves stay. */
  remove(name: string): void {
    this.get(name);
    for (const file of [this.file(name), this.mappingFile(name)]) rmSync(file, { force: true });
  }

  get(name: string): DataSet {
    if (NAME.test(name) && existsSync(this.file(name))) return this.read(`${name}.json`);
    throw new UnknownDataError(`no data set '${name}' is registered (registered: ${this.all().map((one) => one.name).join(", ") || "none"})`);
  }

  private mappingFile(name: string): string {
    return join(this.folder, `${name}.mapping.toml`);
  }

  private file(name: string): string {
    return join(this.folder, `${name}.json`);
  }
}
