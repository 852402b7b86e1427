/** Tables and queries of SQLite databases, opened read-only. SQLite keeps a type with each value, not with a column. */
import { basename } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { DataError } from "../errors.ts";
import { type Batch, type Cell, Collected, FileFormatError, LONGEST_LINE, opened, requireColumns, type Source, startsWith } from "../source.ts";
import { closeSync } from "node:fs";
import { type DatabaseValue, RowsDigest } from "./rows_digest.ts";

export const SQLITE_MAGIC = "SQLite format 3\0";
const TABLES = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name";

export class SqliteTable implements Source {
  readonly name: string;
  private readonly path: string;
  private readonly query: string;

  /** The records of the named table or of the query; of the one table, if there is one only. */
  constructor(path: string, options: Readonly<Record<string, string>>) {
    this.path = path;
    this.name = basename(path);
    this.query = queryOf(Object.keys(options).length > 0 ? options : this.only(), `SQLite database ${path}`);
  }

  get columns(): readonly string[] {
    return this.opened((database) => database.prepare(`select * from (${this.query}) limit 0`).columns().map((column) => column.name));
  }

  /** SHA-256 of the SELECT's rows, in their order: other tables may change meanwhile. */
  digest(): Uint8Array {
    const digest = new RowsDigest(this.columns);
    this.opened((database) => {
      for (const row of this.rows(database)) digest.add(row);
    });
    return digest.sum();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other sources have to wait
  async *batches(columns: readonly string[]): AsyncGenerator<Batch> {
    const there = this.columns;
    requireColumns(columns, there, this.name);
    const places = columns.map((name) => there.indexOf(name));
    const collected = new Collected(columns.length);
    const database = this.open();
    try {
      let number = 0;
      for (const row of this.rows(database)) {
        number += 1;
        collected.add(number, places.map((place) => cellOf(row[place] ?? null)), lengthOf(row));
        if (collected.isFull) yield collected.batch();
      }
    } catch (error) {
      throw this.said(error);
    } finally {
      database.close();
    }
    yield collected.batch();
  }

  private *rows(database: DatabaseSync): Generator<readonly DatabaseValue[]> {
    const statement = database.prepare(this.query);
    statement.setReadBigInts(true);
    let number = 0;
    for (const row of listsOf(statement)) {
      number += 1;
      if (lengthOf(row) > LONGEST_LINE) {
        throw new DataError(
          `${this.name}: row ${number} is longer than ${LONGEST_LINE} characters; leave the long column out, ` +
            "with a SELECT that names the others (--set query='select ...')",
        );
      }
      yield row;
    }
  }

  private only(): Record<string, string> {
    const [table, ...more] = this.opened((database) => database.prepare(TABLES).all().map((row) => String(row["name"])));
    return table !== undefined && more.length === 0 ? { table } : {};
  }

  private open(): DatabaseSync {
    closeSync(opened(this.path));
    if (!startsWith(this.path, SQLITE_MAGIC)) throw new FileFormatError(`${this.name}: not an SQLite database`);
    const database = new DatabaseSync(this.path, { readOnly: true, timeout: 10_000 });
    database.exec("pragma query_only = on");
    return database;
  }

  private opened<T>(work: (database: DatabaseSync) => T): T {
    let database: DatabaseSync | undefined;
    try {
      database = this.open();
      return work(database);
    } catch (error) {
      throw this.said(error);
    } finally {
      database?.close();
    }
  }

  /** What SQLite says as an error that says what to look at; others as they are. */
  private said(error: unknown): unknown {
    const isSqlite = error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
    return isSqlite ? new DataError(`${this.name}: SQLite says: ${error.message}; see the table or query given`) : error;
  }
}

function listsOf(statement: StatementSync): Iterable<readonly DatabaseValue[]> {
  statement.setReturnArrays(true);
  return statement.iterate() as unknown as Iterable<readonly DatabaseValue[]>; // lists, since that is what was asked for
}

function lengthOf(row: readonly DatabaseValue[]): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === "string" || value instanceof Uint8Array ? value.length : 0), 0);
}

function cellOf(value: DatabaseValue): Cell {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
}

/** The SELECT that gives the records: one table, or one query of the owner's, never more. */
function queryOf(options: Readonly<Record<string, string>>, what: string): string {
  const { table, query } = options;
  if ((table === undefined) === (query === undefined)) throw new DataError(`${what}: give either --set table=NAME or --set query='select ...'`);
  if (query !== undefined) return query.trim().replace(/;+$/, "");
  const parts = (table ?? "").split(".");
  if (parts.includes("") || (table ?? "").includes("\0")) throw new DataError(`'${table}' is not the name of a table; expected table or schema.table`);
  return `select * from ${parts.map((part) => `"${part.replaceAll('"', '""')}"`).join(".")}`;
}
