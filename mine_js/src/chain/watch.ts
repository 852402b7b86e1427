/** What becomes of a signed transaction: broadcast, outbid, mined, displaced, held up by a gap. */
import { transaction } from "./database.ts";
import { ContractRefusedError, FeesTooHighError, NodeRefusedError, UnexpectedAnswerError } from "./errors.ts";
import { BUMP_AFTER, bumped, type FeePolicy, type Fees, outbid, forGas, suggest } from "./fees.ts";
import type { TransactionReceipt } from "./node/answers.ts";
import type { Node } from "./node/node.ts";
import { type Attempt, deedOf, type OutboxRecords, type Pending, seconds } from "./outbox_records.ts";
import type { Signer } from "./signer.ts";
import { type Call, simulate } from "./sonar.ts";
import { keccak } from "./words.ts";

export const MOST_WAITING = 64;
const OFFERS_AT_ONCE = 12;
const TRANSFER_GAS = 21_000n;
const GAP_SECONDS = 30;
const KNOWN_ALREADY = ["already known", "already imported", "known transaction"];
const TOO_LOW = [
  "underpriced", "fee too low", "feetoolow", "price too low", "price below", "tip too low", "less than block base fee",
  "below the minimum", "minimum needed",
];

export class Watch {
  private readonly node: Node;
  private readonly records: OutboxRecords;
  private readonly signer: Signer;
  private readonly policy: FeePolicy;
  private readonly chainId: number;
  private readonly confirmations: number;
  private gap: { count: number; since: number } | undefined;
  private toldGap: number | undefined;
  readonly notices: string[] = [];

  constructor(node: Node, records: OutboxRecords, signer: Signer, policy: FeePolicy, chainId: number, confirmations: number) {
    this.node = node;
    this.records = records;
    this.signer = signer;
    this.policy = policy;
    this.chainId = chainId;
    this.confirmations = confirmations;
  }

  /** Signed bytes with their hash, for `keep`: signing takes a moment, and storing must not be interrupted. */
  async signed(call: Call, nonce: number, gas: bigint, fees: Fees): Promise<{ hash: Uint8Array; raw: Uint8Array; fees: Fees }> {
    const raw = await this.signer.sign(call, this.chainId, nonce, gas, fees);
    return { hash: keccak(raw), raw, fees };
  }

  /** Hand a stored version to the node; what it finds too low is outbid, as far as the caps go. */
  async broadcast(pending: Pending, first: Attempt): Promise<void> {
    let attempt = first;
    let refused: string | undefined;
    for (let offer = 0; offer < OFFERS_AT_ONCE; offer += 1) {
      refused = await this.refusal(attempt);
      if (refused === undefined) {
        const { hash } = attempt;
        transaction(this.records.database, () => {
          this.records.markSent(hash);
          this.records.setStatus(pending.number, "waiting");
        });
        return;
      }
      const said = refused.toLowerCase();
      if (!TOO_LOW.some((text) => said.includes(text))) break; // not final: `pump` finds out
      const fees = outbid(attempt.fees, await this.wanted(attempt, pending), this.policyFor(pending));
      if (fees === null) {
        refused = `${refused}; ${this.cap(pending)}`;
        break;
      }
      attempt = await this.replacement(pending, fees);
    }
    this.records.setStatus(pending.number, "waiting", { problem: refused ?? "" });
  }

  /** Bring one unfinished transaction up to date, at block `head` with `count` transactions of the account mined. */
  async look(pending: Pending, head: number, count: number): Promise<void> {
    const attempts = this.records.attempts(pending.number);
    for (const attempt of attempts) {
      const receipt = await this.node.receipt(attempt.hash);
      if (receipt !== null && receipt.transactionHash === attempt.hash) return this.mined(pending, receipt, head);
    }
    if (count > pending.nonce) return this.nonceIsUsed(pending, attempts, head);
    if (pending.status === "mined") this.records.setStatus(pending.number, "waiting"); // a re-org threw it out
    const newest = attempts.at(-1);
    if (newest === undefined) return;
    if ((await this.node.transaction(newest.hash)) === null) await this.broadcast(pending, newest);
    if (count === pending.nonce) await this.bumpIfDue(pending);
  }

  /** Use up a nonce that nobody has, below our first waiting one: it would hold all of ours up for ever. */
  async fillGap(count: number): Promise<void> {
    const [first] = this.records.unfinished();
    const gap = first === undefined ? 0 : first.nonce - count;
    if (first === undefined || gap <= 0 || (await this.node.nonce(this.records.account, "pending")) > count) {
      this.gap = undefined;
      return;
    }
    if (this.gap?.count !== count) this.gap = { count, since: seconds() };
    if (seconds() - this.gap.since < GAP_SECONDS) return;
    if (gap > MOST_WAITING) {
      this.tellOnce(count, `${first.deed} waits with nonce ${first.nonce}, but the account's next one is ${count}: too many to fill. A node once gave a wrong number; use a new account and home for what is still to be sent`);
      return;
    }
    let fees: Fees;
    try {
      fees = await suggest(this.node, this.policy);
    } catch (error) {
      if (!(error instanceof FeesTooHighError)) throw error;
      this.tellOnce(count, `nonce ${count} holds up later transactions, and is not filled: ${error.message}`);
      return;
    }
    const call = { to: this.records.account, data: new Uint8Array(0), value: 0n, label: "fill a nonce", runsToken: false };
    const made = await this.signed(call, count, TRANSFER_GAS, fees);
    const number = transaction(this.records.database, () => {
      const known = this.records.withNonce(count)?.number ?? this.records.add(deedOf("fill", null, String(count)), call, count, TRANSFER_GAS);
      this.records.addAttempt(known, made.hash, made.raw, made.fees);
      return known;
    });
    this.notices.push(
      `nonce ${count} of account ${this.records.account} was left open and holds up later transactions: filled by an empty ` +
        `transfer to itself, for at most ${TRANSFER_GAS * fees.maxFee} wei of gas`,
    );
    const attempt = this.records.attempts(number).at(-1);
    if (attempt !== undefined) await this.broadcast(this.records.row(number), attempt);
  }

  private async mined(pending: Pending, receipt: TransactionReceipt, head: number): Promise<void> {
    const known = { block: receipt.blockNumber, receipt };
    if (head - receipt.blockNumber < this.confirmations) this.records.setStatus(pending.number, "mined", known);
    else if (receipt.succeeded) this.records.setStatus(pending.number, "confirmed", known);
    else this.records.setStatus(pending.number, "reverted", { ...known, problem: await this.whyReverted(pending, receipt) });
  }

  /** One of ours or another transaction has used the nonce, and the node has no receipt of ours. Absence proves nothing. */
  private async nonceIsUsed(pending: Pending, attempts: readonly Attempt[], head: number): Promise<void> {
    for (const attempt of attempts) {
      const found = await this.node.transaction(attempt.hash);
      if (found?.hash === attempt.hash && found.blockNumber !== null) return this.minedUnseen(pending, found.blockNumber);
    }
    const use = await this.whoUsed(pending.nonce, Math.max(0, head - this.confirmations));
    if (use === undefined) {
      if (pending.status === "mined") return;
      this.records.setStatus(pending.number, "waiting", { problem: `nonce ${pending.nonce} is used, and the node does not show by which transaction` });
    } else if (attempts.some((attempt) => attempt.hash === use.hash)) this.minedUnseen(pending, use.block);
    else {
      const problem = `transaction 0x${use.hash} of the same account took nonce ${pending.nonce}`;
      this.records.setStatus(pending.number, "displaced", { problem, block: use.block });
    }
  }

  private minedUnseen(pending: Pending, block: number): void {
    this.records.setStatus(pending.number, "mined", { block, problem: `mined in block ${block}; the node has no readable receipt of it` });
  }

  /** The account's transaction with that nonce in a block up to `confirmed`, found by bisection; undefined proves nothing. */
  private async whoUsed(nonce: number, confirmed: number): Promise<{ hash: string; block: number } | undefined> {
    const { account } = this.records;
    try {
      if ((await this.node.nonce(account, confirmed)) <= nonce) return undefined;
      let [low, upper, step] = [Math.max(0, confirmed - 1), confirmed, 2];
      while (low > 0 && (await this.node.nonce(account, low)) > nonce) [upper, low, step] = [low, Math.max(0, low - step), step * 2];
      if (low === 0 && (await this.node.nonce(account, 0)) > nonce) return undefined;
      while (upper - low > 1) {
        const middle = Math.floor((low + upper) / 2);
        if ((await this.node.nonce(account, middle)) > nonce) upper = middle;
        else low = middle;
      }
      const listed = (await this.node.blockTransactions(upper)) ?? [];
      const found = listed.find((one) => one.sender === account.toLowerCase() && one.nonce === nonce);
      return found && { hash: found.hash, block: upper };
    } catch (error) {
      if (error instanceof NodeRefusedError || error instanceof UnexpectedAnswerError) return undefined;
      throw error;
    }
  }

  private async bumpIfDue(looked: Pending): Promise<void> {
    const pending = this.records.row(looked.number);
    const newest = this.records.attempts(pending.number).at(-1);
    if (newest === undefined) return;
    const waited = seconds() - newest.created;
    if (waited >= 0 && waited < BUMP_AFTER) return;
    const fees = bumped(newest.fees, await this.wanted(newest, pending), this.policyFor(pending));
    if (fees === null) {
      this.records.setStatus(pending.number, "waiting", { problem: this.cap(pending) });
      return;
    }
    await this.broadcast(pending, await this.replacement(pending, fees));
  }

  private async replacement(pending: Pending, fees: Fees): Promise<Attempt> {
    const made = await this.signed(pending.call, pending.nonce, pending.gas, fees);
    this.records.addAttempt(pending.number, made.hash, made.raw, fees);
    return this.records.attempts(pending.number).at(-1) ?? { hash: "", raw: made.raw, fees, created: seconds() };
  }

  private async refusal(attempt: Attempt): Promise<string | undefined> {
    try {
      await this.node.sendRaw(attempt.raw);
    } catch (error) {
      if (!(error instanceof NodeRefusedError)) throw error;
      if (!KNOWN_ALREADY.some((text) => error.nodeMessage.toLowerCase().includes(text))) {
        return error.nodeMessage || `the node refuses it without a reason (code ${error.code})`;
      }
    }
    return undefined;
  }

  private policyFor({ gas, call }: Pending): FeePolicy {
    return forGas(this.policy, gas, call.runsToken);
  }

  private async wanted(newest: Attempt, pending: Pending): Promise<Fees> {
    try {
      return await suggest(this.node, this.policyFor(pending));
    } catch (error) {
      if (error instanceof FeesTooHighError) return newest.fees;
      throw error;
    }
  }

  /** The contract's text, by running the call again on the state before and after its block. */
  private async whyReverted(pending: Pending, receipt: TransactionReceipt): Promise<string> {
    if (receipt.gasUsed >= pending.gas) return "out of gas";
    for (const tag of [Math.max(0, receipt.blockNumber - 1), receipt.blockNumber]) {
      try {
        await simulate(this.node, pending.call, this.records.account, tag);
      } catch (error) {
        if (error instanceof ContractRefusedError) return error.reason;
        if (!(error instanceof NodeRefusedError)) throw error;
      }
    }
    return "the reason cannot be found again";
  }

  private cap(pending: Pending): string {
    const { maxFee } = this.policyFor(pending);
    return `the fee cap of ${maxFee} wei per gas allows no higher offer (${maxFee < this.policy.maxFee ? "'max_token_call'" : "'max_fee_gwei'"})`;
  }

  private tellOnce(count: number, text: string): void {
    if (this.toldGap === count) return;
    this.toldGap = count;
    this.notices.push(text);
  }
}

