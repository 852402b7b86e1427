/**
 * Reads Sonar's events into the mine's database, each once, in order. In one SQLite transaction go the events of
 * a range of blocks and the cursor, number and hash of the range's last block. Before each range the cursor's
 * hash is compared with the chain; if another block is there, the events after the last common one are orphaned.
 */
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { transaction } from "./database.ts";
import { NodeDownError, NodeRefusedError, OtherGenesisError } from "./errors.ts";
import { decodeLog, type Fields, fieldsFromJson, fieldsToJson, type LoggedEvent } from "./events.ts";
import type { Block, Log } from "./node/answers.ts";
import type { Node } from "./node/node.ts";

const CHECKPOINTS_KEPT = 1000;
const FIRST_WIDTH = 2000;
const LARGEST_WIDTH = 50_000;
const UNSETTLED_TRIES = 5;
/** Seconds after its first reading when a block is read again: a machine that is behind gives no logs, without a word. */
const AGES = [3, 15, 60, 300, 1800];
const NEWEST = 512;

export const FOLLOWER_TABLES = {
  room: "follower",
  fresh: true,
  steps: [
    [
      `create table if not exists event (
        block_hash blob not null, log_index integer not null, block_number integer not null,
        transaction_hash blob not null, name text not null, campaign blob, fields text not null,
        handled integer not null default 0, orphaned integer not null default 0,
        primary key (block_hash, log_index)) strict`,
      "create index if not exists event_waiting on event (block_number, log_index) where handled = 0",
      "create index if not exists event_campaign on event (campaign, block_number, log_index)",
      "create table if not exists checkpoint (number integer primary key, hash blob not null) strict",
    ],
    ["create index event_name on event (name, block_number, log_index)"],
    [], // only tables of version 1's first release have what the third step rewrites
    ["create index event_miner on event (json_extract(fields, '$.miner'), block_number, log_index) where name = 'Submitted'"],
    ["create index if not exists event_queue on event (campaign, json_extract(fields, '$.index')) where name = 'Submitted'"],
  ],
};

interface Checkpoint {
  readonly number: number;
  readonly hash: string;
}
interface Reread {
  readonly first: number;
  readonly last: number;
  readonly at: number;
  step: number;
}

export class Follower {
  private readonly database: DatabaseSync;
  private readonly node: Node;
  private readonly contract: string;
  private readonly confirmations: number;
  private readonly start: number;
  private width = FIRST_WIDTH;
  private genesis: string | undefined;
  private rereads: Reread[] = [];

  constructor(database: DatabaseSync, node: Node, contract: string, confirmations: number, start: number) {
    this.database = database;
    this.node = node;
    this.contract = contract;
    this.confirmations = confirmations;
    this.start = start;
  }

  /** The number of the last block that is read; `start - 1` before the first. */
  get cursor(): number {
    return this.checkpoints(undefined, 1)[0]?.number ?? this.start - 1;
  }

  /** Read up to the newest confirmed block, and again what may have been kept back; how many events are new. */
  async poll(): Promise<number> {
    const head = await this.node.blockNumber();
    this.genesis ??= await this.node.genesis();
    let found = 0;
    let unsettled = 0;
    while (unsettled < UNSETTLED_TRIES && (await this.walkBack(head))) {
      const first = this.cursor + 1;
      if (first > head - this.confirmations) break;
      const read = await this.read(first, head - this.confirmations, true);
      if (read === undefined) {
        unsettled += 1;
        continue;
      }
      unsettled = 0;
      this.rereads.push({ first: Math.max(first, head - NEWEST + 1), last: read.end, at: now(), step: 0 });
      found += read.added;
    }
    return found + (await this.readAgain());
  }

  /** All events on the chain, in chain order; of that name, and of one campaign, if given. */
  history(name?: string, campaign?: string): LoggedEvent[] {
    const conditions = ["orphaned = 0"];
    const values: (string | Uint8Array)[] = [];
    if (name !== undefined) {
      conditions.push("name = ?");
      values.push(name);
    }
    if (campaign !== undefined) {
      conditions.push("campaign = ?");
      values.push(fromHex(campaign) ?? new Uint8Array(0));
    }
    const rows = this.database.prepare(`select * from event where ${conditions.join(" and ")} order by block_number, log_index`).all(...values);
    return rows.map((row) => ({
      name: String(row["name"]),
      fields: fieldsFromJson(String(row["fields"])),
      blockNumber: Number(row["block_number"]),
      blockHash: toHex(row["block_hash"] as Uint8Array),
      logIndex: Number(row["log_index"]),
      transactionHash: toHex(row["transaction_hash"] as Uint8Array),
    }));
  }

  private async readAgain(): Promise<number> {
    const due = this.rereads.filter((read) => now() - read.at >= (AGES[read.step] ?? Infinity));
    let found = 0;
    for (const read of due) {
      for (let first = read.first; first <= read.last; ) {
        const again = await this.read(first, Math.min(read.last, this.cursor), false);
        if (again === undefined) return found;
        found += again.added;
        first = again.end + 1;
      }
      read.step += 1;
    }
    this.rereads = this.rereads.filter((read) => read.step < AGES.length);
    return found;
  }

  /** undefined if the chain changed meanwhile, or the machine that answers lacks the end: nothing is stored. */
  private async read(first: number, last: number, isNew: boolean): Promise<{ end: number; added: number } | undefined> {
    const { logs, end } = await this.logsFrom(first, last);
    if (end === null || !(await this.onChain(end, logs))) return undefined;
    const events = logs.map(decodeLog);
    const added = transaction(this.database, () => {
      const stored = events.filter((event) => this.store(event)).length;
      if (isNew) {
        this.database.prepare("insert into checkpoint (number, hash) values (?, ?)").run(end.number, raw(end.hash));
        this.database
          .prepare("delete from checkpoint where number <= (select number from checkpoint order by number desc limit 1 offset ?)")
          .run(CHECKPOINTS_KEPT);
      }
      return stored;
    });
    return { end: end.number, added };
  }

  /** Nodes limit a range each in its own way: by an error, a time-out, a broken connection. Any of that shrinks it. */
  private async logsFrom(first: number, most: number): Promise<{ logs: Log[]; end: Block | null }> {
    for (;;) {
      const last = Math.min(first + this.width - 1, most);
      try {
        const found = await this.node.logsAndBlock(this.contract, first, last);
        this.width = Math.min(LARGEST_WIDTH, this.width * 2);
        return found;
      } catch (error) {
        const limited = error instanceof NodeRefusedError || error instanceof NodeDownError;
        if (!limited || last === first) throw error;
        this.width = Math.max(1, Math.floor((last - first + 1) / 4));
        await this.node.blockNumber(); // whether the range is to blame, or the node is away: that is raised
        await sleep(500);
      }
    }
  }

  /** Whether the range's end, the last checkpoint and the blocks of the logs are on the chain after all was read. */
  private async onChain(end: Block, logs: readonly Log[]): Promise<boolean> {
    const wanted = new Map<number, string>();
    const [top] = this.checkpoints(undefined, 1);
    if (top !== undefined) wanted.set(top.number, top.hash);
    for (const [number, hash] of [[end.number, end.hash] as const, ...logs.map((log) => [log.blockNumber, log.blockHash] as const)]) {
      if ((wanted.get(number) ?? hash) !== hash) return false;
      wanted.set(number, hash);
    }
    const found = await this.node.blocks([...wanted.keys()]);
    return [...wanted.values()].every((hash, place) => found[place]?.hash === hash);
  }

  /** Give up what the chain no longer has; false if that cannot be told now. Only another block in its place is a re-org. */
  private async walkBack(head: number): Promise<boolean> {
    const judged = this.checkpoints(head);
    if (judged.length === 0) return this.checkpoints(undefined, 1).length === 0;
    for (const [place, checkpoint] of judged.entries()) {
      const [block] = await this.node.blocks([checkpoint.number]);
      if (block === null || block === undefined) return false;
      if (block.hash !== checkpoint.hash) continue;
      if (place > 0) this.giveUpAbove(checkpoint.number);
      return true;
    }
    if (this.genesis !== (await this.node.genesis())) throw new OtherGenesisError(this.contract);
    this.giveUpAbove(this.start - 1);
    return true;
  }

  private giveUpAbove(number: number): void {
    transaction(this.database, () => {
      this.database.prepare("delete from checkpoint where number > ?").run(number);
      this.database.prepare("update event set orphaned = 1 where block_number > ?").run(number);
    });
  }

  private checkpoints(upTo: number | undefined, most = CHECKPOINTS_KEPT): Checkpoint[] {
    const rows = this.database.prepare("select number, hash from checkpoint where number <= ? order by number desc limit ?").all(upTo ?? Number.MAX_SAFE_INTEGER, most);
    return rows.map((row) => ({ number: Number(row["number"]), hash: toHex(row["hash"] as Uint8Array) }));
  }

  /** Whether the event is new, or back on the chain. */
  private store(event: LoggedEvent): boolean {
    const place = [raw(event.blockHash), event.logIndex] as const;
    const row = this.database.prepare("select orphaned from event where block_hash = ? and log_index = ?").get(...place);
    if (row !== undefined) {
      this.database.prepare("update event set orphaned = 0 where block_hash = ? and log_index = ?").run(...place);
      return Number(row["orphaned"]) === 1;
    }
    const campaign = campaignOf(event.fields);
    this.database
      .prepare("insert into event (block_hash, log_index, block_number, transaction_hash, name, campaign, fields) values (?, ?, ?, ?, ?, ?, ?)")
      .run(...place, event.blockNumber, raw(event.transactionHash), event.name, campaign, fieldsToJson(event.fields));
    return true;
  }
}

function campaignOf(fields: Fields): Uint8Array | null {
  const id = fields["id"];
  return typeof id === "string" ? raw(id) : null;
}

function raw(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}

function now(): number {
  return performance.now() / 1000;
}
