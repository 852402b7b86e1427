/**
 * The mine at work: one round after the other, each of which looks at the chain and does what is due. Nothing is
 * remembered between rounds that matters. A campaign that fails is noted with a pause that doubles, and holds nobody else up.
 */
import { DatabaseUnusableError, NodeDownError, WrongDatabaseError } from "../chain/errors.ts";
import { priceNow } from "../chain/fees.ts";
import type { Outbox } from "../chain/outbox.ts";
import { OpenMinedError } from "../errors.ts";
import { LONGEST_PAUSE } from "../home/journal.ts";
import type { DataSet } from "../data/datasets.ts";
import type { Ledger } from "../privacy/ledger.ts";
import { nextMove, pauseLeft } from "../rules/pacing.ts";
import { type Policy, refusals } from "../rules/policy.ts";
import type { Connection } from "./connection.ts";
import { oneLine, type Tell } from "./happenings.ts";
import { Library } from "./library.ts";
import { NewSubmissions, seconds } from "./new_submissions.ts";
import { offerOf, whyClosed } from "./offers.ts";
import { OpenSubmissions } from "./open_submissions.ts";
import { pastOf } from "./standings.ts";

/** Kinds of work that fail and recover by themselves; no data set can have such a name. */
const TENDING = "/submissions";
const MONEY = "/money";

export class Agent {
  private readonly connection: Connection;
  private readonly outbox: Outbox;
  private readonly tell: Tell;
  private readonly stopping: () => boolean;
  private readonly ledger: Ledger;
  private readonly open: OpenSubmissions;
  private readonly fresh: NewSubmissions;
  private readonly over = new Set<string>();
  private readonly told = new Map<string, string>();
  private errors: OpenMinedError[] = [];

  constructor(connection: Connection, outbox: Outbox, tell: Tell, stopping: () => boolean = () => false) {
    this.connection = connection;
    this.outbox = outbox;
    this.tell = tell;
    this.stopping = stopping;
    this.ledger = connection.home.ledger(seconds());
    this.open = new OpenSubmissions(connection, outbox, tell);
    this.fresh = new NewSubmissions(connection, outbox, new Library(connection), this.ledger, tell);
  }

  /** Do what is due; the errors that were noted meanwhile. Raises what concerns all campaigns alike. */
  async round(): Promise<OpenMinedError[]> {
    this.errors = [];
    const { connection } = this;
    await connection.follower.poll();
    this.ledger.requireKnown(connection.ownUpdates());
    await this.outbox.pump();
    for (const notice of this.outbox.notices()) this.tell({ event: "account_notice", sentence: notice, fields: { notice } });
    const [policy, dataSets] = [connection.home.policy(), connection.home.data().all()];
    const settled = connection.settledIds();
    for (const campaign of connection.ownCampaignIds()) {
      if (this.over.has(campaign)) continue;
      await this.attempt(campaign, TENDING, async () => {
        await this.open.tend(campaign, policy);
        return true;
      });
      const paid = await this.attempt(campaign, MONEY, () => this.open.money(campaign, policy.autoClaim));
      const closed = connection.journal.submissions(campaign).every((made) => made.closedAt !== null);
      if (paid && settled.has(campaign) && closed) this.over.add(campaign);
    }
    const live = connection.campaignIds().filter((campaign) => !settled.has(campaign));
    if (live.length > 0 && dataSets.length > 0) await this.considerAll(live, dataSets, policy);
    return this.errors;
  }

  /** One look at all open campaigns at once; what it lets pass is decided again from the newest state. */
  private async considerAll(live: readonly string[], dataSets: readonly DataSet[], policy: Policy): Promise<void> {
    const { connection } = this;
    const records = await connection.sonar.many(live);
    const [price, time] = [await priceNow(connection.node), await connection.sonar.now()];
    for (const record of records.values()) {
      for (const data of dataSets) {
        if (whyClosed(record, time, policy.limits.timeMargin) !== null) continue;
        const past = pastOf(connection.standings(record.id), connection.sonar.version, seconds());
        if (nextMove(past, data.digest, record.model, policy.limits, seconds()).move !== "train") continue;
        if (refusals(policy, offerOf(record, price, time, { data: data.name, connection })).length > 0) continue;
        await this.attempt(record.id, data.name, () => this.fresh.consider(record.id, data, policy));
      }
    }
  }

  /** Do one piece of work, unless it failed a short while ago or the mine is to stop; whether it returned true. */
  private async attempt(campaign: string, what: string, work: () => Promise<boolean>): Promise<boolean> {
    const { journal } = this.connection;
    const failed = journal.failure(campaign, what);
    if (this.stopping() || (failed !== undefined && pauseLeft(failed.retryAt, seconds(), LONGEST_PAUSE) > 0)) return false;
    let done: boolean;
    try {
      done = await work();
    } catch (error) {
      const fatal = error instanceof NodeDownError || error instanceof DatabaseUnusableError || error instanceof WrongDatabaseError;
      if (fatal) throw error;
      this.failed(campaign, what, error);
      return false;
    }
    if (failed !== undefined) {
      journal.succeed(campaign, what);
      this.told.delete(`${campaign}/${what}`);
    }
    return done;
  }

  private failed(campaign: string, what: string, error: unknown): void {
    const known = error instanceof OpenMinedError ? error : new OpenMinedError(`a fault in the program: ${placeOf(error)}; please report it`);
    this.errors.push(known);
    const { message, retryAt } = this.connection.journal.fail(campaign, what, withoutValues(known), seconds());
    if (this.told.get(`${campaign}/${what}`) === message) return; // the same as before the pause
    this.told.set(`${campaign}/${what}`, message);
    this.tell({ event: "problem", campaign, sentence: `${message} (will be tried again)`, fields: { reason: message, error: known.name, work: what, retry_at: retryAt } });
  }
}

/** The error's text for logs and records: of a cell only its place is named, never its value. */
function withoutValues(error: OpenMinedError): string {
  const text = error.name === "TableError" ? error.message.replace(/(column '[^']*') is [^;]*;/, "$1 does not fit;") : error.message;
  return oneLine(text, 500);
}

/** What was raised and where; its own text may hold anything and is not told. */
export function placeOf(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : typeof error;
  const place = error instanceof Error ? /([\w.]+\.[jt]s:\d+)/.exec(error.stack ?? "")?.[1] : undefined;
  return `${name} at ${place ?? "an unknown place"}`;
}
