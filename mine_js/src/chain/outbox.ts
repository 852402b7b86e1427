/**
 * The way out for every transaction: stored with nonce and signed bytes first, broadcast second, watched until it
 * is confirmed. Transactions are known by their deed; nothing is sent again before the contract was asked whether
 * its effect is there.
 */
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { transaction } from "./database.ts";
import {
  ContractRefusedError, EventsBehindError, FeesTooHighError, InsufficientFundsError, NodeBehindError, NodeError, NodeRefusedError, NonceTakenError, RevertedError,
  TokenCallTooDearError, TransactionTimeoutError, UnexpectedNonceError, WrongChainError,
} from "./errors.ts";
import type { LoggedEvent } from "./events.ts";
import { word, text, big } from "./events.ts";
import { type FeePolicy, type Fees, forGas, suggest } from "./fees.ts";
import { type Node, revertReason } from "./node/node.ts";
import { isFailed, isFinal, OutboxRecords, type Pending } from "./outbox_records.ts";
import type { Signer } from "./signer.ts";
import { allowance } from "./tokens.ts";
import { type Call, queueEntry, requestOf, simulate, type Sonar } from "./sonar.ts";
import { MOST_WAITING, Watch } from "./watch.ts";
import { EMPTY } from "./words.ts";

export interface OutboxSettings {
  readonly chainId: number;
  readonly confirmations: number;
  readonly policy: FeePolicy;
  readonly pollSeconds: number;
}

export class Outbox {
  readonly account: string;
  readonly records: OutboxRecords;
  private readonly node: Node;
  private readonly sonar: Sonar;
  private readonly settings: OutboxSettings;
  private readonly watch: Watch;
  private readonly history: (campaign: string) => LoggedEvent[];

  constructor(database: DatabaseSync, sonar: Sonar, signer: Signer, settings: OutboxSettings, history: (campaign: string) => LoggedEvent[]) {
    this.account = signer.address;
    this.records = new OutboxRecords(database, signer.address);
    this.node = sonar.node;
    this.sonar = sonar;
    this.settings = settings;
    this.history = history;
    this.watch = new Watch(this.node, this.records, signer, settings.policy, settings.chainId, settings.confirmations);
  }

  /** What the account's owner should know, since this was asked last. */
  notices(): string[] {
    return this.watch.notices.splice(0);
  }

  find(deed: string): Pending | undefined {
    return this.records.find(deed);
  }

  /**
   * See to it that the deed is done: the transaction that does it, or undefined if the chain shows its effect
   * though no transaction of this outbox is known to have brought it about.
   */
  async ensure(deed: string, make: () => Call): Promise<Pending | undefined> {
    const stored = this.records.find(deed);
    if (stored === undefined) return this.send(make(), deed);
    if (!isFailed(stored)) return stored;
    if (await this.shows(deed, [stored])) return undefined;
    if (stored.status === "reverted" && !stored.told) {
      this.records.markTold(stored.number);
      throw reverted(stored);
    }
    return this.send(make(), deed, stored);
  }

  /** Whether the chain shows the deed's effect, at a block not older than those of the transactions `after`. */
  async shows(deed: string, after: readonly Pending[]): Promise<boolean> {
    const head = await this.node.blockNumber();
    const seen = Math.max(0, ...after.map((pending) => pending.block ?? 0));
    if (head < seen) throw new NodeBehindError(this.node.shown, head, seen);
    return this.effect(deed, head);
  }

  /** Look after every unfinished transaction once. Call it at start and in every round. */
  async pump(): Promise<void> {
    const head = await this.node.blockNumber();
    const count = await this.node.nonce(this.account);
    for (const lost of this.records.currentFrom(count)) {
      // A fork deeper than the confirmations; but what mine-agent gave up at a nonce that leads nowhere stays given up.
      if (!(lost.status === "displaced" && lost.block === null)) this.records.setStatus(lost.number, "waiting");
    }
    for (const pending of this.records.unfinished()) {
      await this.watch.look(pending, head, count);
      await this.byEffect(this.records.row(pending.number), head);
    }
    await this.watch.fillGap(count);
  }

  /** Pump until the deed's transaction is confirmed; the transaction. */
  async wait(deed: string, timeout = 600): Promise<Pending> {
    const until = performance.now() + timeout * 1000;
    for (;;) {
      let down: unknown;
      let pending = this.records.find(deed);
      if (pending === undefined) throw new TransactionTimeoutError("a deed", deed, 0, "the outbox holds no transaction for it");
      let done = false;
      try {
        if (!isFinal(pending)) {
          await this.pump();
          pending = this.records.find(deed) ?? pending;
        }
        done = isFailed(pending) && (await this.shows(deed, [pending]));
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        down = error;
      }
      if (isFinal(pending) && down === undefined) {
        if (isFailed(pending)) this.records.markTold(pending.number);
        if (pending.status === "reverted" && !done) throw reverted(pending);
        if (pending.status === "displaced" && !done) throw new NonceTakenError(pending.call.label, this.account, pending.nonce);
        return pending;
      }
      if (performance.now() >= until) {
        if (down instanceof NodeError) throw down;
        throw new TransactionTimeoutError(pending.call.label, deed, timeout, pending.problem);
      }
      await sleep(this.settings.pollSeconds * 1000);
    }
  }

  /** Simulate, sign, store, broadcast. `insteadOf`: the deed's transaction that failed. */
  private async send(call: Call, deed: string, insteadOf?: Pending): Promise<Pending> {
    const { gas, fees } = await this.prepare(call);
    const nonce = this.records.freeNonce(await this.nextAtNode());
    const made = await this.watch.signed(call, nonce, gas, fees);
    // The home's lock keeps other processes away, and nothing in this one sends at the same time.
    const number = transaction(this.records.database, () => {
      if (insteadOf !== undefined) this.records.retire(insteadOf);
      const added = this.records.add(deed, call, nonce, gas);
      this.records.addAttempt(added, made.hash, made.raw, made.fees);
      return added;
    });
    const [attempt] = this.records.attempts(number);
    if (attempt !== undefined) await this.watch.broadcast(this.records.row(number), attempt);
    return this.records.row(number);
  }

  private async prepare(call: Call): Promise<{ gas: bigint; fees: Fees }> {
    const found = await this.node.chainId();
    if (found !== this.settings.chainId) throw new WrongChainError(this.node.shown, this.settings.chainId, found);
    const held = await this.node.balance(this.account);
    if (held < call.value) throw new InsufficientFundsError(call.label, this.account, held, call.value);
    await simulate(this.node, call, this.account);
    let estimate: bigint;
    try {
      estimate = await this.node.estimateGas(requestOf(call, this.account));
    } catch (error) {
      const reason = error instanceof NodeRefusedError ? revertReason(error) : undefined;
      throw reason === undefined ? error : new ContractRefusedError(call.label, reason);
    }
    const gas = estimate + estimate / 5n + 10_000n; // others' calls in its block may cost some cold slots more
    const fees = await this.offer(call, gas);
    const needed = call.value + gas * fees.maxFee + this.records.reserved();
    if (held < needed) throw new InsufficientFundsError(call.label, this.account, held, needed);
    return { gas, fees };
  }

  private async offer(call: Call, gas: bigint): Promise<Fees> {
    const { policy } = this.settings;
    const fees = await suggest(this.node, policy);
    if (!call.runsToken) return fees;
    try {
      return await suggest(this.node, forGas(policy, gas, true));
    } catch (error) {
      if (error instanceof FeesTooHighError) throw new TokenCallTooDearError(call.label, gas, gas * fees.maxFee, policy.maxTokenCall);
      throw error;
    }
  }

  /** One wrong answer must not put a transaction where no nonce leads. */
  private async nextAtNode(): Promise<number> {
    const [latest, pending] = [await this.node.nonce(this.account), await this.node.nonce(this.account, "pending")];
    if (pending < latest || pending > latest + MOST_WAITING) throw new UnexpectedNonceError(this.account, latest, pending, MOST_WAITING);
    return pending;
  }

  /** Confirmed, if its nonce is used, the node has no receipt, and the chain shows the effect all the same. */
  private async byEffect(pending: Pending, head: number): Promise<void> {
    if (isFinal(pending) || pending.problem === null || pending.receipt !== null) return;
    const confirmed = head - this.settings.confirmations;
    if (confirmed < Math.max(0, pending.block ?? 0)) return;
    try {
      if ((await this.node.nonce(this.account, confirmed)) <= pending.nonce) return;
      if (!(await this.effect(pending.deed, confirmed))) return;
    } catch (error) {
      if (error instanceof NodeRefusedError || error instanceof EventsBehindError) return;
      throw error;
    }
    const block = pending.block ?? confirmed;
    const receipt = {
      transactionHash: (pending.hashes.at(-1) ?? "").slice(2), blockNumber: block, blockHash: EMPTY, succeeded: true, gasUsed: 0n, gasPrice: 0n, logs: [],
    };
    this.records.setStatus(pending.number, "confirmed", { block, receipt });
  }

  /** Whether the chain shows at the block what the deed is to bring about: its state decides, never a missing receipt. */
  private async effect(deed: string, block: number): Promise<boolean> {
    const [action = "", campaign = "-", tail = ""] = deed.split("/");
    if (campaign === "-") return false;
    if (action === "approve") {
      const [token = "", amount = "0"] = tail.split(".");
      const allowed = await allowance(this.node, token, this.account, this.sonar.address, block);
      return amount === "0" ? allowed === 0n : allowed >= BigInt(amount);
    }
    if (action === "claim") return (await this.sonar.claimable(campaign, this.account, block)) === 0n;
    if (action === "submit") return this.wasQueued(campaign, tail, block);
    if (action === "reclaim") return (await this.sonar.queued(campaign, Number(tail), block)) === EMPTY;
    if (action === "settle") return (await this.sonar.campaign(campaign, block)).state === "SETTLED";
    return false;
  }

  private async wasQueued(campaign: string, update: string, block: number): Promise<boolean> {
    const read = this.history(campaign).filter((event) => event.name === "Submitted");
    if (read.some((event) => text(event, "miner") === this.account && word(event, "update") === update)) return true;
    const known = new Set(read.map((event) => Number(big(event, "index"))));
    const entry = queueEntry(this.account, update);
    const { submitted } = await this.sonar.campaign(campaign, block);
    for (let index = 0; index < submitted; index += 1) {
      if (known.has(index)) continue;
      const found = await this.sonar.queued(campaign, index, block);
      if (found === entry) return true;
      if (found === EMPTY) throw new EventsBehindError(campaign, index);
    }
    return false;
  }
}

function reverted(stored: Pending): RevertedError {
  const hash = stored.receipt === null ? (stored.hashes.at(-1) ?? "") : `0x${stored.receipt.transactionHash}`;
  return new RevertedError(stored.call.label, hash, stored.problem ?? "no reason given");
}
