/** What this mine decided to submit: a row for each gradient, written before anything of it leaves the mine. */
import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../chain/database.ts";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { pauseAfter } from "../rules/pacing.ts";

export const FIRST_PAUSE = 5;
export const LONGEST_PAUSE = 15 * 60;

export const MINE_TABLES = {
  room: "mine",
  steps: [
    [
      `create table if not exists mine_submission (
        number integer primary key, campaign blob not null, data text not null, data_digest blob not null,
        base_version integer not null, base_model blob not null, update_cid blob not null unique,
        value text not null, sealed blob, made_at integer not null, closed_at integer,
        given_up text) strict`,
      `create unique index if not exists mine_submission_once
        on mine_submission (campaign, data_digest, base_model) where given_up is null`,
      `create table if not exists mine_failure (
        campaign blob not null, data text not null, count integer not null, retry_at integer not null,
        message text not null, primary key (campaign, data)) strict`,
    ],
    [
      "alter table mine_submission add column seconds real",
      `create table mine_word (
        campaign blob primary key, word text not null, given_at integer not null) strict`,
      "create table mine_rules (digest blob primary key, text text not null) strict",
      `create table mine_decision (
        number integer primary key, campaign blob not null, data text not null, made_at integer not null,
        answer text not null, reasons text not null, facts text not null,
        rules blob not null references mine_rules (digest)) strict`,
      "create index mine_decision_of on mine_decision (campaign, data, number)",
    ],
  ],
};

/** One gradient of this mine; digests in hexadecimal, `value` (stake and fee) in wei, times in seconds since 1970. */
export interface Submission {
  readonly number: number;
  readonly campaign: string;
  readonly data: string;
  readonly dataDigest: string;
  readonly baseVersion: number;
  readonly baseModel: string;
  readonly update: string;
  readonly value: bigint;
  /** null once the submission is closed: decided, taken back or given up. */
  readonly sealed: Uint8Array | null;
  readonly closedAt: number | null;
  readonly givenUp: string | null;
  /** Of computing; null where an earlier release did not measure it. */
  readonly seconds: number | null;
}

export interface Failure {
  readonly retryAt: number;
  readonly message: string;
}

export class Journal {
  private readonly database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  add(made: Omit<Submission, "number" | "closedAt" | "givenUp">, now: number): Submission {
    const { lastInsertRowid } = this.database
      .prepare(
        `insert into mine_submission (campaign, data, data_digest, base_version, base_model, update_cid, value, sealed, made_at, seconds)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(raw(made.campaign), made.data, raw(made.dataDigest), made.baseVersion, raw(made.baseModel), raw(made.update), String(made.value), made.sealed, now, made.seconds);
    return { ...made, number: Number(lastInsertRowid), closedAt: null, givenUp: null };
  }

  /** The submission is decided: its bytes are needed no more. */
  close(submission: Submission, now: number): void {
    this.database.prepare("update mine_submission set sealed = null, closed_at = ? where number = ? and closed_at is null").run(now, submission.number);
  }

  /** The submission was never queued and never will be. */
  giveUp(submission: Submission, reason: string, now: number): void {
    transaction(this.database, () => {
      this.close(submission, now);
      this.database.prepare("update mine_submission set given_up = ? where number = ?").run(reason, submission.number);
    });
  }

  /** In the order in which they were made; of one campaign if given. */
  submissions(campaign?: string): Submission[] {
    const all = this.database.prepare("select * from mine_submission where ? is null or campaign = ? order by number");
    const wanted = campaign === undefined ? null : raw(campaign);
    return all.all(wanted, wanted).map((row) => ({
      number: Number(row["number"]),
      campaign: toHex(row["campaign"] as Uint8Array),
      data: String(row["data"]),
      dataDigest: toHex(row["data_digest"] as Uint8Array),
      baseVersion: Number(row["base_version"]),
      baseModel: toHex(row["base_model"] as Uint8Array),
      update: toHex(row["update_cid"] as Uint8Array),
      value: BigInt(String(row["value"])),
      sealed: row["sealed"] instanceof Uint8Array ? row["sealed"] : null,
      closedAt: row["closed_at"] === null ? null : Number(row["closed_at"]),
      givenUp: row["given_up"] === null ? null : String(row["given_up"]),
      seconds: row["seconds"] === null ? null : Number(row["seconds"]),
    }));
  }

  /** What a visit to the campaign took on average, over the last four; null if there was none. */
  secondsOfVisits(campaign: string): number | null {
    const found = this.database
      .prepare("select avg(seconds) as seconds from (select seconds from mine_submission where campaign = ? and seconds is not null order by number desc limit 4)")
      .get(raw(campaign))?.["seconds"];
    return typeof found === "number" ? found : null;
  }

  /** Note an error, and when to try again. */
  fail(campaign: string, work: string, message: string, now: number): Failure {
    const before = this.row(campaign, work);
    const count = before === undefined ? 1 : Number(before["count"]) + 1;
    const retryAt = now + Math.trunc(pauseAfter(count, FIRST_PAUSE, LONGEST_PAUSE));
    this.database
      .prepare("insert or replace into mine_failure (campaign, data, count, retry_at, message) values (?, ?, ?, ?, ?)")
      .run(raw(campaign), work, count, retryAt, message);
    return { retryAt, message };
  }

  succeed(campaign: string, work: string): void {
    this.database.prepare("delete from mine_failure where campaign = ? and data = ?").run(raw(campaign), work);
  }

  failure(campaign: string, work: string): Failure | undefined {
    const row = this.row(campaign, work);
    return row && { retryAt: Number(row["retry_at"]), message: String(row["message"]) };
  }

  private row(campaign: string, work: string): Record<string, unknown> | undefined {
    return this.database.prepare("select * from mine_failure where campaign = ? and data = ?").get(raw(campaign), work);
  }
}

function raw(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
