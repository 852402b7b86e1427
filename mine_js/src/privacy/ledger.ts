/**
 * The ledger of a home, the same file as the Python mine's: what was spent of its records' privacy, for good. A cost
 * is written down before anything is drawn; a release is stored before anything is computed from it.
 */
import { closeSync, constants, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { transaction } from "../chain/database.ts";
import { OpenMinedError, PrivacyError } from "../errors.ts";
import { errorCode, makePrivateDirectory, readLimited, replaceSecretFile } from "../home/files.ts";
import { fromHex, sameBytes, toHex } from "../protocol/bytes.ts";
import { dumpsJson } from "../protocol/canonical_json.ts";
import { CanonicalError } from "../protocol/canonical_json.ts";
import { dumpsCbor, loadsCbor } from "../protocol/cbor.ts";
import { sha256 } from "../protocol/cid.ts";
import { utf8 } from "../protocol/bytes.ts";
import { general } from "../wording.ts";
import type { Budget } from "./budget.ts";
import { Fraction } from "./fraction.ts";
import { NoisedSums } from "./released.ts";

const FILE = "ledger.sqlite";
const HEAD = "ledger.head";
const FORMAT = "openmined/privacy-ledger/1";
const FIRST = toHex(sha256(utf8(FORMAT)));
const MOST_RELEASE = 2 ** 30;
const PASSING: Readonly<Record<number, string>> = {
  5: "another process is using it", 6: "another process is using it", 8: "it is read-only", 10: "the disk fails", 13: "the disk is full", 14: "it cannot be opened",
};
const TABLES = `
create table if not exists entry (number integer primary key, time integer not null, kind text not null,
    campaign blob not null, data text not null, key blob not null, rho text not null, about text not null,
    previous blob not null, hash blob not null) strict;
create table if not exists release (key blob primary key, content blob not null) strict;
create trigger if not exists entries_stay before update on entry
    begin select raise(abort, 'append only'); end;
create trigger if not exists entries_remain before delete on entry
    begin select raise(abort, 'append only'); end;`;

export type Kind = "opened" | "charged" | "released" | "submitted" | "unprotected" | "lost";
const KINDS: readonly string[] = ["opened", "charged", "released", "submitted", "unprotected", "lost"];

/** One line; bytes in hexadecimal, empty where they mean nothing. */
export interface Entry {
  readonly number: number;
  readonly time: number;
  readonly kind: Kind;
  readonly campaign: string;
  readonly data: string;
  readonly key: string;
  readonly rho: Fraction;
  readonly about: string;
  readonly previous: string;
  readonly hash: string;
}

/** What is wrong with the ledger of spent privacy: after it nothing was released. */
export class LedgerError extends OpenMinedError {}
/** It was edited, cut off, put back from a copy, or cannot be read: the mine stops. */
export class LedgerDamagedError extends LedgerError {
  constructor(path: string, what: string) {
    super(
      `the privacy ledger ${path} ${what}; nothing is released from it. Put back the newest copy; if there is none, ` +
        "`mine-agent ledger --start-anew` begins one in which the whole budget is spent",
    );
  }
}
export class LedgerUnusableError extends LedgerError {
  constructor(path: string, what: string) {
    super(`the privacy ledger ${path} cannot be used now: ${what}; nothing was released`);
  }
}
/** The owner's limit does not cover one release more. */
export class BudgetSpentError extends LedgerError {}

export function hashOf(entry: Omit<Entry, "hash">): string {
  const { number, time, kind, campaign, data, key, about, previous } = entry;
  return toHex(sha256(dumpsJson({ format: FORMAT, number, time, kind, campaign, data, key, rho: entry.rho.toString(), about, previous })));
}

export function firstEntry(time: number, account: string): Entry {
  const entry = { number: 1, time, kind: "opened" as const, campaign: "", data: "", key: "", rho: new Fraction(0n), about: account, previous: FIRST };
  return { ...entry, hash: hashOf(entry) };
}

export class Ledger {
  readonly path: string;
  private readonly head: string;
  private readonly database: DatabaseSync;

  /** The ledger in a home; made if there never was one. `account`: the mine's address. */
  constructor(folder: string, account: string, now: number) {
    this.path = join(folder, FILE);
    this.head = join(folder, HEAD);
    makePrivateDirectory(folder);
    if (!existsSync(this.path) && existsSync(this.head)) throw new LedgerDamagedError(this.path, "is gone");
    this.database = this.telling(() => {
      closeSync(openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o600));
      const database = new DatabaseSync(this.path, { timeout: 30_000 });
      database.exec("pragma synchronous=extra");
      transaction(database, () => database.exec(TABLES));
      return database;
    });
    if (this.entries().length === 0) {
      this.writing((entries) => {
        if (entries.length === 0) this.append(firstEntry(now, account), entries);
      });
    }
    const [first] = this.entries();
    if (first !== undefined && first.about !== account) throw new LedgerDamagedError(this.path, `belongs to ${first.about}, not to ${account}`);
  }

  close(): void {
    this.database.close();
  }

  /** All of it, each entry checked against the one before, and all against the note beside. */
  entries(): Entry[] {
    const noted = this.noted(); // read first: it is written last
    const entries = this.telling(() => this.database.prepare("select * from entry order by number").all()).map((row) => this.entryFrom(row));
    const fault = firstFault(entries) ?? missing(entries, noted);
    if (fault !== undefined) throw new LedgerDamagedError(this.path, fault);
    return entries;
  }

  spent(): Fraction {
    return spentIn(this.entries());
  }

  /** Write the cost of a release down, if the budget covers it, before anything is drawn. */
  charge(key: string, rho: Fraction, budget: Budget, campaign: string, data: string, now: number): void {
    if (rho.top <= 0n) throw new PrivacyError(`a release that costs ${rho.toString()} cannot be charged; needs a cost above 0`);
    this.writing((entries) => {
      const total = spentIn(entries);
      if (total.plus(rho).compare(budget.limit) > 0) {
        throw new BudgetSpentError(
          `a release would cost epsilon ${general(budget.shown(rho), 3)}, and of the budget of ${general(budget.epsilon)} (delta ${general(budget.delta)}) ` +
            `${general(budget.shown(total), 3)} is spent; nothing is released. To go on, the owner raises privacy_budget in policy.toml`,
        );
      }
      this.add(entries, { kind: "charged", now, key, rho, campaign, data });
    });
  }

  /** Store a release that was charged for; what is stored in the end: the first one of its key. */
  keep(key: string, noised: NoisedSums, campaign: string, data: string, now: number): NoisedSums {
    const content = dumpsCbor(noised.toFields());
    this.writing((entries) => {
      if (!entries.some((entry) => entry.kind === "charged" && entry.key === key)) {
        throw new LedgerDamagedError(this.path, "has no charge for a release that was drawn");
      }
      if (entries.some((entry) => entry.kind === "released" && entry.key === key)) return;
      this.database.prepare("insert or ignore into release values (?, ?)").run(octets(key), content);
      this.add(entries, { kind: "released", now, key, campaign, data, about: toHex(sha256(content)) });
    });
    const stored = this.release(key);
    if (stored === undefined) throw new LedgerDamagedError(this.path, "lacks a release that it has just stored");
    return stored;
  }

  /** The release of that key, exactly as it was drawn. */
  release(key: string): NoisedSums | undefined {
    const digest = this.entries().find((entry) => entry.kind === "released" && entry.key === key)?.about;
    const row = this.telling(() => this.database.prepare("select content from release where key = ?").get(octets(key)));
    const content = row?.["content"];
    if (digest === undefined && content === undefined) return undefined;
    if (!(content instanceof Uint8Array) || digest !== toHex(sha256(content))) {
      throw new LedgerDamagedError(this.path, "holds another release than its entries say");
    }
    try {
      return NoisedSums.fromFields(loadsCbor(content, MOST_RELEASE));
    } catch (error) {
      if (error instanceof CanonicalError || error instanceof PrivacyError) throw new LedgerDamagedError(this.path, "holds a release that cannot be read");
      throw error;
    }
  }

  /** Write down a gradient before it is submitted: from the release of a key, or (null) without noise. Free of charge. */
  note(update: string, key: string | null, campaign: string, data: string, now: number): void {
    this.writing((entries) => {
      if (entries.some((entry) => entry.about === update && entry.campaign === campaign)) return;
      this.add(entries, { kind: key === null ? "unprotected" : "submitted", now, key: key ?? "", about: update, campaign, data });
    });
  }

  /** A ledger without one of the gradients that the chain knows of this mine is an old copy. */
  requireKnown(updates: readonly string[]): void {
    const known = new Set(this.entries().map((entry) => entry.about));
    const lacking = updates.find((update) => !known.has(update));
    if (lacking !== undefined) {
      throw new LedgerDamagedError(this.path, `knows nothing of gradient 0x${lacking}, which this mine has submitted: it is an old copy, or another mine uses this account`);
    }
  }

  private add(entries: Entry[], line: { kind: Kind; now: number; key?: string; rho?: Fraction; campaign?: string; data?: string; about?: string }): void {
    const last = entries.at(-1);
    if (last === undefined) throw new LedgerDamagedError(this.path, "has no beginning");
    const entry = {
      number: last.number + 1, time: Math.max(line.now, last.time), kind: line.kind, campaign: line.campaign ?? "", data: line.data ?? "", key: line.key ?? "",
      rho: line.rho ?? new Fraction(0n), about: line.about ?? "", previous: last.hash,
    };
    this.append({ ...entry, hash: hashOf(entry) }, entries);
  }

  private append(entry: Entry, entries: Entry[]): void {
    this.database
      .prepare("insert into entry values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(
        entry.number, entry.time, entry.kind, octets(entry.campaign), entry.data, octets(entry.key), entry.rho.toString(), entry.about,
        octets(entry.previous), octets(entry.hash),
      );
    entries.push(entry);
  }

  private writing(work: (entries: Entry[]) => void): void {
    this.telling(() => transaction(this.database, () => work(this.entries())));
    const last = this.database.prepare("select number, hash from entry order by number desc limit 1").get();
    if (last !== undefined) replaceSecretFile(this.head, Buffer.from(`${Number(last["number"])} ${toHex(last["hash"] as Uint8Array)}\n`));
  }

  private noted(): { number: number; hash: string } | undefined {
    const raw = readLimited(this.head, 1024)?.toString("ascii");
    if (raw === undefined) return undefined;
    const found = /^(\d{1,12}) ([0-9a-f]{64})\n$/.exec(raw);
    if (found === null) throw new LedgerDamagedError(this.path, `has an unreadable note of its length, ${this.head}`);
    return { number: Number(found[1]), hash: found[2] ?? "" };
  }

  private entryFrom(row: Record<string, unknown>): Entry {
    const bytes = (name: string): string => {
      const value = row[name];
      if (value instanceof Uint8Array) return toHex(value);
      throw new LedgerDamagedError(this.path, "holds something that is not an entry");
    };
    const kind = String(row["kind"]);
    if (!KINDS.includes(kind)) throw new LedgerDamagedError(this.path, "holds something that is not an entry");
    const cost = (): Fraction => {
      try {
        return Fraction.parse(String(row["rho"]));
      } catch {
        throw new LedgerDamagedError(this.path, "holds something that is not an entry");
      }
    };
    return {
      number: Number(row["number"]), time: Number(row["time"]), kind: kind as Kind, campaign: bytes("campaign"), data: String(row["data"]), key: bytes("key"),
      rho: cost(), about: String(row["about"]), previous: bytes("previous"), hash: bytes("hash"),
    };
  }

  private telling<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof OpenMinedError) throw error;
      const code = typeof error === "object" && error !== null && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
      if (code !== undefined && PASSING[code] !== undefined) throw new LedgerUnusableError(this.path, PASSING[code]);
      if (code !== undefined) throw new LedgerDamagedError(this.path, "is not a ledger of this project, or damaged");
      if (errorCode(error) !== "") throw new LedgerUnusableError(this.path, errorCode(error));
      throw error;
    }
  }
}

export function spentIn(entries: readonly Entry[]): Fraction {
  return entries.reduce((sum, entry) => sum.plus(entry.rho), new Fraction(0n));
}

function firstFault(entries: readonly Entry[]): string | undefined {
  let previous = FIRST;
  for (const [place, entry] of entries.entries()) {
    const number = place + 1;
    if (entry.number !== number) return `lacks entry ${number}`;
    if (entry.previous !== previous || entry.hash !== hashOf(entry)) return `was changed at entry ${number}`;
    if ((entry.kind === "opened") !== (number === 1)) return `has no beginning where it must be: entry ${number} is '${entry.kind}'`;
    if (entry.rho.top < 0n) return `has a negative cost at entry ${number}`;
    previous = entry.hash;
  }
  return undefined;
}

function missing(entries: readonly Entry[], noted: { number: number; hash: string } | undefined): string | undefined {
  if (noted === undefined) return entries.length > 1 ? `has lost the note of its length, ${HEAD}` : undefined;
  if (noted.number > entries.length) return `ends at entry ${entries.length}, but had ${noted.number}: it was cut off or is an old copy`;
  const known = entries[noted.number - 1];
  if (known === undefined || !sameBytes(octets(known.hash), octets(noted.hash))) return `is another one than before at entry ${noted.number}`;
  return undefined;
}

function octets(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
