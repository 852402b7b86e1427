/** The outbox's tables, the same as the Python mine's: a row for each transaction, one for each signed version. */
import type { DatabaseSync } from "node:sqlite";
import { fromHex, toHex } from "../protocol/bytes.ts";
import type { Fees } from "./fees.ts";
import { receiptFromJson, receiptToJson, type TransactionReceipt } from "./node/answers.ts";
import type { Call } from "./sonar.ts";

export const OUTBOX_TABLES = {
  room: "outbox",
  fresh: true,
  steps: [
    [],
    [
      `create table outbox (
        number integer primary key, deed text not null, campaign blob, try integer not null default 0,
        account text not null, nonce integer not null, receiver text not null, data blob not null,
        value text not null, label text not null, token integer not null default 0, gas integer not null,
        status text not null, problem text, block integer, receipt text, told integer not null default 0,
        created real not null, unique (account, nonce), unique (account, deed, try)) strict`,
      `create table outbox_attempt (
        hash blob primary key, number integer not null references outbox (number), raw blob not null,
        max_fee text not null, tip text not null, legacy integer not null default 0, created real not null,
        sent real) strict`,
      "create index outbox_campaign on outbox (campaign)",
      "create index outbox_attempt_number on outbox_attempt (number)",
    ],
  ],
};

export type Status = "waiting" | "mined" | "confirmed" | "reverted" | "displaced";

export interface Pending {
  readonly number: number;
  readonly deed: string;
  readonly nonce: number;
  readonly call: Call;
  readonly gas: bigint;
  readonly status: Status;
  readonly hashes: readonly string[];
  readonly problem: string | null;
  readonly block: number | null;
  readonly receipt: TransactionReceipt | null;
  readonly told: boolean;
}
export interface Attempt {
  readonly hash: string;
  readonly raw: Uint8Array;
  readonly fees: Fees;
  readonly created: number;
}

export function isFailed(pending: Pending): boolean {
  return pending.status === "reverted" || pending.status === "displaced";
}
export function isFinal(pending: Pending): boolean {
  return pending.status === "confirmed" || isFailed(pending);
}

/** <action>/<campaign in hex, or ->/<tail>. */
export function deedOf(action: string, campaign: string | null, tail = ""): string {
  return `${action}/${campaign ?? "-"}/${tail}`;
}

type Row = Record<string, unknown>;

export class OutboxRecords {
  readonly database: DatabaseSync;
  readonly account: string;

  constructor(database: DatabaseSync, account: string) {
    this.database = database;
    this.account = account;
  }

  find(deed: string): Pending | undefined {
    return this.select("deed = ? and try = 0", deed)[0];
  }
  row(number: number): Pending {
    const [found] = this.select("number = ?", number);
    if (found === undefined) throw new RangeError(`the outbox has no row ${number}`);
    return found;
  }
  all(): Pending[] {
    return this.select("account = account");
  }
  unfinished(): Pending[] {
    return this.select("status in ('waiting', 'mined')");
  }
  ofCampaign(campaign: string): Pending[] {
    return this.select("campaign = ?", fromHex(campaign) ?? new Uint8Array(0));
  }
  confirmed(action: string, campaign: string): Pending[] {
    return this.confirmedFrom(`${action}/${campaign}/`);
  }
  /** Those approvals of the amount for the campaign that went through. */
  approvals(campaign: string, token: string, amount: bigint): Pending[] {
    return this.confirmedFrom(`approve/${campaign}/${token}.${amount}.`);
  }
  private confirmedFrom(start: string): Pending[] {
    return this.select("status = 'confirmed' and substr(deed, 1, ?) = ?", start.length, start);
  }
  currentFrom(nonce: number): Pending[] {
    return this.select("status not in ('waiting', 'mined') and nonce >= ? and try = 0", nonce);
  }
  withNonce(nonce: number): Pending | undefined {
    return this.select("nonce = ?", nonce)[0];
  }

  /** The first nonce from `atNode` on that no transaction of ours has. */
  freeNonce(atNode: number): number {
    const rows = this.database.prepare("select nonce from outbox where account = ? and nonce >= ?").all(this.account, atNode);
    const taken = new Set(rows.map((row) => Number(row["nonce"])));
    let nonce = atNode;
    while (taken.has(nonce)) nonce += 1;
    return nonce;
  }

  /** A new transaction; its first signed version must follow in the same database transaction. The row's number. */
  add(deed: string, call: Call, nonce: number, gas: bigint): number {
    const campaign = deed.split("/")[1] ?? "-";
    const { lastInsertRowid } = this.database
      .prepare(
        "insert into outbox (deed, campaign, account, nonce, receiver, data, value, label, token, gas, status, created) " +
          "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?)",
      )
      .run(deed, campaign === "-" ? null : (fromHex(campaign) ?? null), this.account, nonce, call.to, call.data, String(call.value), call.label, call.runsToken ? 1 : 0, gas, seconds());
    return Number(lastInsertRowid);
  }

  addAttempt(number: number, hash: Uint8Array, raw: Uint8Array, fees: Fees): void {
    this.database
      .prepare("insert or ignore into outbox_attempt (hash, number, raw, max_fee, tip, legacy, created) values (?, ?, ?, ?, ?, ?, ?)")
      .run(hash, number, raw, String(fees.maxFee), String(fees.tip), fees.legacy ? 1 : 0, seconds());
  }

  attempts(number: number): Attempt[] {
    const rows = this.database.prepare("select * from outbox_attempt where number = ? order by rowid").all(number);
    return rows.map((row) => ({
      hash: toHex(row["hash"] as Uint8Array),
      raw: row["raw"] as Uint8Array,
      fees: { maxFee: BigInt(String(row["max_fee"])), tip: BigInt(String(row["tip"])), legacy: Number(row["legacy"]) === 1 },
      created: Number(row["created"]),
    }));
  }

  markSent(hash: string): void {
    this.database.prepare("update outbox_attempt set sent = ? where hash = ?").run(seconds(), fromHex(hash) ?? null);
  }

  setStatus(number: number, status: Status, known: { problem?: string; block?: number; receipt?: TransactionReceipt } = {}): void {
    const receipt = known.receipt === undefined ? null : receiptToJson(known.receipt);
    this.database
      .prepare("update outbox set status = ?, problem = ?, block = ?, receipt = ?, told = 0 where number = ?")
      .run(status, known.problem ?? null, known.block ?? null, receipt, number);
  }

  markTold(number: number): void {
    this.database.prepare("update outbox set told = 1 where number = ?").run(number);
  }

  /** Let the deed have another transaction; this one keeps its row. */
  retire(pending: Pending): void {
    this.database
      .prepare("update outbox set try = (select max(try) + 1 from outbox where account = ? and deed = ?) where number = ?")
      .run(this.account, pending.deed, pending.number);
  }

  /** Wei that the waiting transactions may still take: value and the dearest version's gas. */
  reserved(): bigint {
    let total = 0n;
    for (const pending of this.select("status = 'waiting'")) {
      const dearest = this.attempts(pending.number).reduce((most, { fees }) => (fees.maxFee > most ? fees.maxFee : most), 0n);
      total += pending.call.value + pending.gas * dearest;
    }
    return total;
  }

  private select(condition: string, ...values: (string | number | Uint8Array)[]): Pending[] {
    const rows: Row[] = this.database.prepare(`select * from outbox where account = ? and ${condition} order by nonce`).all(this.account, ...values);
    return rows.map((row) => {
      const number = Number(row["number"]);
      const receipt = row["receipt"];
      return {
        number,
        deed: String(row["deed"]),
        nonce: Number(row["nonce"]),
        call: { to: String(row["receiver"]), data: row["data"] as Uint8Array, value: BigInt(String(row["value"])), label: String(row["label"]), runsToken: Number(row["token"]) === 1 },
        gas: BigInt(Number(row["gas"])),
        status: String(row["status"]) as Status,
        hashes: this.attempts(number).map((attempt) => `0x${attempt.hash}`),
        problem: typeof row["problem"] === "string" ? row["problem"] : null,
        block: row["block"] === null ? null : Number(row["block"]),
        receipt: typeof receipt === "string" ? receiptFromJson(receipt) : null,
        told: Number(row["told"]) === 1,
      };
    });
  }
}

export function seconds(): number {
  return Date.now() / 1000;
}
