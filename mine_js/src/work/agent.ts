/**
 * The mine at work: one round after the other, each of which looks at the chain and does what is due. Nothing is
 * remembered between rounds that matters. A campaign that fails is noted with a pause that doubles, and holds nobody else up.
 */
import { DatabaseUnusableError, NodeDownError, WrongDatabaseError } from "../chain/errors.ts";
import type { Outbox } from "../chain/outbox.ts";
import type { CampaignRecord } from "../chain/sonar.ts";
import { OpenMinedError } from "../errors.ts";
import { LONGEST_PAUSE } from "../home/journal.ts";
import type { DataSet } from "../data/datasets.ts";
import { BadValueError } from "../data/source.ts";
import type { Ledger } from "../privacy/ledger.ts";
import { nextMove, pauseLeft } from "../rules/pacing.ts";
import { asks, decide } from "../rules/decisions.ts";
import type { Policy } from "../rules/policy.ts";
import type { Connection } from "./connection.ts";
import { oneLine, PAUSED, RESUMED, type Tell } from "./happenings.ts";
import { StillFetchingError } from "../store/fetches.ts";
import { Library } from "./library.ts";
import { NewSubmissions } from "./new_submissions.ts";
import { priceNow } from "../chain/fees.ts";
import { factsOf, type Moment, momentOf, seconds, whyClosed } from "./offers.ts";
import { OpenSubmissions } from "./open_submissions.ts";

/** Kinds of work that fail and recover by themselves; no data set can have such a name. */
const TENDING = "/submissions";
const MONEY = "/money";

/** A mine at work: call `round` again and again, under the lock of the home. */
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
  private paused = false;

  /** `tell` hears of everything that happens; `stopping` is asked before each piece of work. */
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
    if (this.isPaused()) return this.errors;
    const live = connection.campaignIds().filter((campaign) => !settled.has(campaign));
    if (live.length > 0 && dataSets.length > 0) await this.considerAll(live, dataSets, policy);
    return this.errors;
  }

  /** One look at all open campaigns at once; what it lets pass is decided again from the newest state. */
  private async considerAll(live: readonly string[], dataSets: readonly DataSet[], policy: Policy): Promise<void> {
    const { connection } = this;
    const records = await connection.sonar.many(live);
    let moment = await momentOf(connection, records);
    for (const record of records.values()) {
      for (const added of dataSets) {
        const data = this.fresh.asLastSeen(added, policy);
        const begun = await this.attempt(record.id, data.name, async () => {
          if (!this.isDue(moment, record, data, policy)) return false;
          // A visit before this one may have taken minutes.
          const { node, sonar } = connection;
          moment = { ...moment, chainTime: await sonar.now(), price: await priceNow(node) };
          return this.fresh.consider(moment, record.id, data, policy);
        });
        if (begun) moment = { ...moment, active: new Set([...moment.active, record.id]) };
      }
    }
  }

  /** Whether it may be time to train. What speaks against it from the chain alone is written down. */
  private isDue(moment: Moment, record: CampaignRecord, data: DataSet, policy: Policy): boolean {
    const { connection } = this;
    if (whyClosed(record, moment.chainTime, policy.limits.timeMargin) !== null) return false;
    const facts = factsOf(connection, moment, record, data, policy);
    if (nextMove(facts.past, facts.data, record.model, policy.limits, facts.now).move === "wait") return false;
    const decision = decide(policy, facts);
    if (decision.answer === "train") return true;
    if (asks(decision)) return !connection.decisions.asked(record.id, data.name, policy.text);
    connection.decisions.note(record.id, decision, facts, policy.text, facts.now);
    return false;
  }

  /** Whether the owner wants nothing new; reported when it begins and when it ends. */
  private isPaused(): boolean {
    const paused = this.connection.home.isPaused;
    if (paused !== this.paused) this.tell(paused ? PAUSED : RESUMED);
    this.paused = paused;
    return paused;
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
      if (error instanceof StillFetchingError) {
        this.errors.push(error); // no failure yet: no pause, and nothing is told
        return false;
      }
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
    const { message, retryAt } = this.connection.journal.fail(campaign, what, describe(known), seconds());
    if (this.told.get(`${campaign}/${what}`) === message) return; // the same as before the pause
    this.told.set(`${campaign}/${what}`, message);
    this.tell({ event: "problem", campaign, sentence: `${message} (will be tried again)`, fields: { reason: message, error: known.name, work: what, retry_at: retryAt } });
  }
}

/** The error's text for logs and records: of a cell only its place is named, never its value. */
export function describe(error: OpenMinedError): string {
  const text = error instanceof BadValueError ? error.place : error.message;
  return oneLine(text, 500);
}

/** What was raised and where; its own text may hold anything and is not told. */
export function placeOf(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : typeof error;
  const place = error instanceof Error ? /([\w.]+\.[jt]s:\d+)/.exec(error.stack ?? "")?.[1] : undefined;
  return `${name} at ${place ?? "an unknown place"}`;
}
