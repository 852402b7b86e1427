/** The dozen JSON-RPC requests that a mine makes, typed. */
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { isObject } from "../../protocol/canonical_json.ts";
import { NodeRefusedError, UnexpectedAnswerError } from "../errors.ts";
import {
  type Block, block, data, fields, list, type Log, logList, minedReceipt, NotUnderstood, optional, type Parse, quantity, type Transaction, transaction,
  type TransactionReceipt, whole,
} from "./answers.ts";
import type { Answer, Asked } from "./endpoint.ts";
import { Nodes } from "./nodes.ts";

export type Tag = number | "latest" | "pending";
export interface CallRequest {
  readonly from?: string;
  readonly to: string;
  readonly data: string;
  readonly value?: string;
}

export class Node {
  private readonly nodes: Nodes;

  /** `urls` in the owner's order. A node that serves another chain than `expectedChainId` is not asked. */
  constructor(urls: readonly string[], expectedChainId?: number) {
    this.nodes = new Nodes(urls, expectedChainId);
  }

  /** The node in use for messages, without credentials. */
  get shown(): string {
    return this.nodes.shown;
  }

  chainId(): Promise<number> {
    return this.ask("eth_chainId", [], whole);
  }
  blockNumber(): Promise<number> {
    return this.ask("eth_blockNumber", [], whole);
  }
  latest(): Promise<Block> {
    return this.ask("eth_getBlockByNumber", ["latest", false], block);
  }
  async genesis(): Promise<string> {
    return (await this.ask("eth_getBlockByNumber", ["0x0", false], block)).hash;
  }
  blocks(numbers: readonly number[]): Promise<(Block | null)[]> {
    return this.askAll(numbers.map((number) => ["eth_getBlockByNumber", [quantityOf(number), false]]), optional(block));
  }
  code(address: string): Promise<Uint8Array> {
    return this.ask("eth_getCode", [address, "latest"], data);
  }
  balance(address: string): Promise<bigint> {
    return this.ask("eth_getBalance", [address, "latest"], quantity);
  }
  nonce(address: string, tag: Tag = "latest"): Promise<number> {
    return withPending(tag, (now) => this.ask("eth_getTransactionCount", [address, tagOf(now)], whole));
  }
  call(request: CallRequest, tag: Tag = "latest"): Promise<Uint8Array> {
    return withPending(tag, (now) => this.ask("eth_call", [request, tagOf(now)], data));
  }
  calls(requests: readonly CallRequest[], tag: Tag = "latest"): Promise<Uint8Array[]> {
    return this.askAll(requests.map((request) => ["eth_call", [request, tagOf(tag)]]), data);
  }
  estimateGas(request: CallRequest): Promise<bigint> {
    return withPending("pending", (now) => this.ask("eth_estimateGas", [request, tagOf(now)], quantity));
  }
  gasPrice(): Promise<bigint> {
    return this.ask("eth_gasPrice", [], quantity);
  }
  /** The tip per gas that the node suggests; null if it suggests none. */
  async priorityFee(): Promise<bigint | null> {
    try {
      return await this.ask("eth_maxPriorityFeePerGas", [], optional(quantity));
    } catch (error) {
      if (error instanceof NodeRefusedError) return null;
      throw error;
    }
  }
  /** null proves nothing. */
  receipt(hash: string): Promise<TransactionReceipt | null> {
    return this.ask("eth_getTransactionReceipt", [`0x${hash}`], minedReceipt);
  }
  /** null proves nothing. */
  transaction(hash: string): Promise<Transaction | null> {
    return this.ask("eth_getTransactionByHash", [`0x${hash}`], optional(transaction));
  }
  blockTransactions(number: number): Promise<Transaction[] | null> {
    const parse = (value: unknown): Transaction[] => list(transaction)(fields(value, "a block")["transactions"]);
    return this.ask("eth_getBlockByNumber", [quantityOf(number), true], optional(parse));
  }
  async sendRaw(raw: Uint8Array): Promise<void> {
    await this.ask("eth_sendRawTransaction", [`0x${toHex(raw)}`], (value) => value);
  }

  /** Logs of the contract, and the last block of the range as the same machine knows it, in one batch. */
  async logsAndBlock(contract: string, first: number, last: number): Promise<{ logs: Log[]; end: Block | null }> {
    const range = { address: contract, fromBlock: quantityOf(first), toBlock: quantityOf(last) };
    const [end, found] = await this.nodes.ask([["eth_getBlockByNumber", [quantityOf(last), false]], ["eth_getLogs", [range]]]);
    const logs = understood("eth_getLogs", logList, found);
    if (logs.some((one) => one.address !== contract.toLowerCase() || one.blockNumber < first || one.blockNumber > last)) {
      throw new UnexpectedAnswerError("eth_getLogs", `logs of ${contract} in the blocks ${first} to ${last}`);
    }
    return { logs, end: understood("eth_getBlockByNumber", optional(block), end) };
  }

  private async ask<T>(method: string, params: readonly unknown[], parse: Parse<T>): Promise<T> {
    const [found] = await this.nodes.ask([[method, params]]);
    return understood(method, parse, found);
  }

  private async askAll<T>(asked: readonly Asked[], parse: Parse<T>): Promise<T[]> {
    if (asked.length === 0) return [];
    const found = await this.nodes.ask(asked);
    return found.map((answer, place) => understood(asked[place]?.[0] ?? "", parse, answer));
  }
}

function understood<T>(method: string, parse: Parse<T>, answer: Answer | undefined): T {
  const { error, result } = answer ?? {};
  if (error !== undefined && error !== null) throw refusal(method, error);
  try {
    return parse(result);
  } catch (failure) {
    if (failure instanceof NotUnderstood) throw new UnexpectedAnswerError(method, failure.message);
    throw failure;
  }
}

function refusal(method: string, error: unknown): NodeRefusedError {
  if (!isObject(error)) return new NodeRefusedError(method, 0, JSON.stringify(error));
  const message = typeof error["message"] === "string" ? error["message"] : "";
  const inner = isObject(error["data"]) ? error["data"]["data"] : error["data"];
  const raw = typeof inner === "string" && inner.startsWith("0x") ? fromHex(inner) : undefined;
  return new NodeRefusedError(method, typeof error["code"] === "number" ? error["code"] : 0, message, raw);
}

/** The contract's text in a refused call; undefined if the refusal is not a revert. */
export function revertReason(error: NodeRefusedError): string | undefined {
  const raw = error.data;
  if (raw === undefined) return error.code === 3 ? "no reason given" : undefined;
  if (toHex(raw.subarray(0, 4)) === "08c379a0" && raw.length >= 68) {
    const length = Number(BigInt(`0x${toHex(raw.subarray(36, 68))}`));
    return new TextDecoder().decode(raw.subarray(68, 68 + length)) || "no reason given";
  }
  if (toHex(raw.subarray(0, 4)) === "4e487b71") return "an arithmetic or bounds check of the compiler";
  return "no reason given";
}

/** Some chains have no pending block: where it is refused, the newest one is asked. */
async function withPending<T>(tag: Tag, ask: (tag: Tag) => Promise<T>): Promise<T> {
  try {
    return await ask(tag);
  } catch (error) {
    const other = tag === "pending" && error instanceof NodeRefusedError && revertReason(error) === undefined;
    if (!other) throw error;
    return ask("latest");
  }
}

function tagOf(tag: Tag): string {
  return typeof tag === "number" ? quantityOf(tag) : tag;
}
function quantityOf(number: number): string {
  return `0x${number.toString(16)}`;
}
