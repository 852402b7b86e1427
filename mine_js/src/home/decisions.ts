/**
 * What this mine decided about campaigns, from which facts and under which rules; and the owner's word on those that
 * waited for it. The tables and the forms are the Python mine's: either explains what the other decided.
 */
import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../chain/database.ts";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { isObject } from "../protocol/canonical_json.ts";
import type { Refusal } from "../rules/checks.ts";
import { ASK, type Decision, type Facts } from "../rules/decisions.ts";
import { OUTCOMES, type Past } from "../rules/pacing.ts";

export type OwnersWord = "approved" | "refused";

/** `rules`: the text of policy.toml at that time; `facts`: JSON. */
export interface DecisionRecord {
  readonly number: number;
  readonly campaign: string;
  readonly data: string;
  readonly madeAt: number;
  readonly answer: string;
  readonly reasons: readonly Refusal[];
  readonly facts: string;
  readonly rules: string;
}

export class DecisionRecords {
  private readonly database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  word(campaign: string): OwnersWord | null {
    const found = this.database.prepare("select word from mine_word where campaign = ?").get(raw(campaign))?.["word"];
    return found === "approved" || found === "refused" ? found : null;
  }

  /** Keep the owner's word; it takes the place of an earlier one. */
  say(campaign: string, word: OwnersWord, now: number): void {
    this.database
      .prepare(
        `insert into mine_word (campaign, word, given_at) values (?, ?, ?)
         on conflict (campaign) do update set word = excluded.word, given_at = excluded.given_at`,
      )
      .run(raw(campaign), word, now);
  }

  /** Write a decision down, unless it says what the last one said; whether it was. `text`: the rules it was made under. */
  note(campaign: string, decision: Decision, facts: Facts, text: string, now: number): boolean {
    const data = facts.offer.data ?? "";
    const digest = createHash("sha256").update(text).digest();
    const { answer, reasons } = decision;
    const outline = outlineOf(answer, reasons.map((one) => one.rule), digest);
    if (answer !== "train" && this.last(campaign, data) === outline) return false;
    transaction(this.database, () => {
      this.database.prepare("insert or ignore into mine_rules (digest, text) values (?, ?)").run(digest, text);
      this.database
        .prepare("insert into mine_decision (campaign, data, made_at, answer, reasons, facts, rules) values (?, ?, ?, ?, ?, ?, ?)")
        .run(raw(campaign), data, now, answer, JSON.stringify(reasons.map((one) => [one.rule, one.reason, one.forNow])), factsToJson(facts), digest);
    });
    return true;
  }

  /** Whether the last decision, under these very rules, was to ask the owner. */
  asked(campaign: string, data: string, text: string): boolean {
    return this.last(campaign, data) === outlineOf("later", [ASK], createHash("sha256").update(text).digest());
  }

  /** Every decision about a campaign, oldest first. */
  of(campaign: string): DecisionRecord[] {
    return this.database.prepare(`${RECORDS} where d.campaign = ? order by d.number`).all(raw(campaign)).map(recordFrom);
  }

  /** The last decisions about all campaigns, newest first. */
  newest(limit: number): DecisionRecord[] {
    return this.database.prepare(`${RECORDS} order by d.number desc limit ?`).all(limit).map(recordFrom);
  }

  private last(campaign: string, data: string): string | null {
    const row = this.database
      .prepare("select answer, reasons, rules from mine_decision where campaign = ? and data = ? order by number desc limit 1")
      .get(raw(campaign), data);
    if (row === undefined) return null;
    return outlineOf(String(row["answer"]), reasonsFrom(String(row["reasons"])).map((one) => one.rule), row["rules"] as Uint8Array);
  }
}

const RECORDS = `select d.number, d.campaign, d.data, d.made_at, d.answer, d.reasons, d.facts, r.text as rules from mine_decision d
  join mine_rules r on r.digest = d.rules`;

function recordFrom(row: Readonly<Record<string, unknown>>): DecisionRecord {
  return {
    number: Number(row["number"]), campaign: toHex(row["campaign"] as Uint8Array), data: String(row["data"]), madeAt: Number(row["made_at"]),
    answer: String(row["answer"]), reasons: reasonsFrom(String(row["reasons"])), facts: String(row["facts"]), rules: String(row["rules"]),
  };
}

/** What makes a decision another one: not the amounts in its reasons, which move with every block. */
function outlineOf(answer: string, rules: readonly string[], digest: Uint8Array): string {
  return JSON.stringify([answer, rules, toHex(digest)]);
}

function reasonsFrom(text: string): Refusal[] {
  const found = JSON.parse(text) as [string, string, boolean][];
  return found.map(([rule, reason, forNow]) => ({ rule, reason, forNow }));
}

/** Everything, as one line; amounts as whole numbers of any size. */
export function factsToJson({ offer, lacking, closed, past, data, model, now }: Facts): string {
  const document = {
    offer: {
      scientist: offer.scientist, capsule: offer.capsule, asset: offer.asset, fields: offer.fields, left: offer.left,
      cost: { stake: offer.stake, fee: offer.fee, gas: offer.gas }, floor: offer.floor === null ? null : [offer.floor.epsilon, offer.floor.delta],
      network: offer.network, data: offer.data, purpose: offer.purpose, auditor: offer.auditor, submit_window: offer.submitWindow, review_window: offer.reviewWindow,
      minute: offer.minute, begun: offer.begun, others: offer.others, visit_seconds: offer.visitSeconds === null ? null : floatJson(offer.visitSeconds), payouts: offer.payouts, spent: offer.spent, word: offer.word,
      symbol: offer.symbol, decimals: offer.decimals,
    },
    lacking, closed,
    past: past.map((one) => [one.data, one.baseModel, one.outcome.toUpperCase().replace(" ", "_"), one.decided]),
    data, model, now,
  };
  return JSON.stringify(document, (_, value: unknown) => (typeof value === "bigint" ? rawJson(value) : value));
}

/** The inverse; undefined for what another release wrote. */
export function factsFromJson(text: string): Facts | undefined {
  try {
    const found = parseExact(text);
    const offer = shape(found, "offer");
    const [cost, floor] = [shape(offer, "cost"), offer["floor"]];
    return {
      offer: {
        scientist: String(offer["scientist"]), capsule: String(offer["capsule"]), asset: String(offer["asset"]), fields: texts(offer["fields"]),
        left: whole(offer["left"]), stake: whole(cost["stake"]), fee: whole(cost["fee"]), gas: whole(cost["gas"]),
        floor: Array.isArray(floor) ? { epsilon: Number(floor[0]), delta: Number(floor[1]) } : null, network: offer["network"] === true,
        data: textOrNull(offer["data"]), purpose: textOrNull(offer["purpose"]), auditor: textOrNull(offer["auditor"] ?? null), submitWindow: numberOrNull(offer["submit_window"]),
        reviewWindow: numberOrNull(offer["review_window"]), minute: numberOrNull(offer["minute"]), begun: offer["begun"] === true,
        others: Number(offer["others"]), visitSeconds: numberOrNull(offer["visit_seconds"]), payouts: list(offer["payouts"]).map(whole), spent: whole(offer["spent"]), word: wordFrom(offer["word"]),
        symbol: textOrNull(offer["symbol"]), decimals: Number(offer["decimals"]),
      },
      lacking: texts(found["lacking"]), closed: textOrNull(found["closed"]), past: list(found["past"]).map(pastFrom),
      data: String(found["data"]), model: String(found["model"]), now: Number(found["now"]),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function pastFrom(value: unknown): Past {
  const [data, baseModel, outcome, decided] = list(value);
  const known = OUTCOMES.find((one) => one === String(outcome).toLowerCase().replace("_", " "));
  if (known === undefined) throw new TypeError("outcome");
  return { data: String(data), baseModel: String(baseModel), outcome: known, decided: Number(decided) };
}

/** Whole numbers that a float cannot hold come as bigint: their digits are read, not the float. */
function parseExact(text: string): Record<string, unknown> {
  const exact = (_: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? "")
      : value;
  const found: unknown = JSON.parse(text, exact);
  if (!isObject(found)) throw new TypeError("facts");
  return found;
}

function rawJson(value: bigint): unknown {
  return (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(String(value));
}

/** A float as Python writes it, so that it reads a float there: "2.0", not "2". */
function floatJson(value: number): unknown {
  return Number.isInteger(value) ? (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(value.toFixed(1)) : value;
}

function shape(found: Record<string, unknown>, key: string): Record<string, unknown> {
  const value = found[key];
  if (!isObject(value)) throw new TypeError(key);
  return value;
}
function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("list");
  return value as readonly unknown[];
}
function texts(value: unknown): string[] {
  return list(value).map(String);
}
function whole(value: unknown): bigint {
  if (typeof value !== "number" && typeof value !== "bigint") throw new TypeError("number");
  return BigInt(value);
}
function textOrNull(value: unknown): string | null {
  if (value !== null && typeof value !== "string") throw new TypeError("text");
  return value;
}
function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
function wordFrom(value: unknown): OwnersWord | null {
  return value === "approved" || value === "refused" ? value : null;
}
function raw(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
