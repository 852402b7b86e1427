/** One SQLite file per agent, the same as the Python mine's: bound to one chain and one contract, durable. */
import { closeSync, constants, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DatabaseUnusableError, WrongDatabaseError } from "./errors.ts";
import { checksum } from "./words.ts";

const VERSION = 1;
const BUSY_MS = 30_000;

/** The tables of one room: what is done in step 1, in step 2, and so on. */
export interface Tables {
  readonly room: string;
  readonly steps: readonly (readonly string[])[];
  /** Whether the steps make new tables only: what an earlier release left is mine-agent's to bring up to date. */
  readonly fresh?: boolean;
}

export function openDatabase(path: string, chainId: number, genesis: string, contract: string, rooms: readonly Tables[]): DatabaseSync {
  const identity = { version: String(VERSION), "chain id": String(chainId), "genesis block": `0x${genesis}`, contract: checksum(contract) };
  let database: DatabaseSync;
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600));
    database = new DatabaseSync(path, { timeout: BUSY_MS });
    database.exec("pragma journal_mode=wal; pragma synchronous=full; pragma foreign_keys=on");
  } catch {
    throw new DatabaseUnusableError(`the database ${path} cannot be opened; use another home directory, or free the disk`);
  }
  try {
    transaction(database, () => {
      database.exec("create table if not exists meta (name text primary key, value text not null) strict");
      const stored = new Map(database.prepare("select name, value from meta").all().map((row) => [String(row["name"]), String(row["value"])]));
      for (const [what, expected] of Object.entries(identity)) {
        const found = stored.get(what);
        if (found === undefined) database.prepare("insert into meta (name, value) values (?, ?)").run(what, expected);
        else if (found !== expected) {
          throw new WrongDatabaseError(`${path} belongs to another ${what}: ${found}, expected ${expected}; use another home directory`);
        }
      }
      for (const room of rooms) migrate(database, room);
    });
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** All or nothing; takes the write lock at once. Inside another it is part of that one. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  if (database.isTransaction) return work();
  database.exec("begin immediate");
  try {
    const result = work();
    database.exec("commit");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}

function migrate(database: DatabaseSync, { room, steps, fresh }: Tables): void {
  database.exec("create table if not exists migration (room text primary key, step integer not null) strict");
  const row = database.prepare("select step from migration where room = ?").get(room);
  const done = row === undefined ? 0 : Number(row["step"]);
  if (done > steps.length) {
    throw new DatabaseUnusableError(`the tables of '${room}' are of step ${done}, this release knows ${steps.length}: a newer release made them; install it`);
  }
  if (fresh === true && done > 0 && done < steps.length) {
    throw new DatabaseUnusableError(`the tables of '${room}' are of an earlier release; open the home once with mine-agent, which brings them up to date`);
  }
  if (done === steps.length) return;
  for (const statement of steps.slice(done).flat()) database.exec(statement);
  database
    .prepare("insert into migration (room, step) values (?, ?) on conflict (room) do update set step = excluded.step")
    .run(room, steps.length);
}
