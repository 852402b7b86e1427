/** The dozen JSON-RPC requests that a mine makes, typed. The preferred node is asked first, then the others. */
import { fromHex, toHex } from "../protocol/bytes.ts";
import { isObject } from "../protocol/canonical_json.ts";
import { NodeDownError, NodeRefusedError, UnexpectedAnswerError } from "./errors.ts";

export type Tag = number | "latest" | "pending";
const SECONDS = 30;
const MOST_BYTES = 64 * 1024 * 1024;

export interface Block {
  readonly number: number;
  readonly hash: string;
  readonly timestamp: number;
  readonly baseFee: bigint | null;
}
/** Hashes and topics in hexadecimal without 0x; the address in lower case. */
export interface Log {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: Uint8Array;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly logIndex: number;
  readonly transactionHash: string;
}
export interface TransactionReceipt {
  readonly transactionHash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly gasPrice: bigint;
  readonly logs: readonly Log[];
}
export interface Transaction {
  readonly hash: string;
  readonly sender: string;
  readonly nonce: number;
  readonly blockNumber: number | null;
}
export interface CallRequest {
  readonly from?: string;
  readonly to: string;
  readonly data: string;
  readonly value?: string;
}

class NotUnderstood extends Error {}
type Parse<T> = (value: unknown) => T;
type Asked = readonly [string, readonly unknown[]];

export class Node {
  private readonly urls: readonly string[];

  constructor(urls: readonly string[]) {
    this.urls = urls;
  }

  /** The preferred node for messages, without credentials. */
  get shown(): string {
    const url = new URL(this.urls[0] ?? "");
    return `${url.protocol}//${url.host}`;
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
    return this.ask("eth_getTransactionCount", [address, tagOf(tag)], whole);
  }
  call(request: CallRequest, tag: Tag = "latest"): Promise<Uint8Array> {
    return this.ask("eth_call", [request, tagOf(tag)], data);
  }
  calls(requests: readonly CallRequest[], tag: Tag = "latest"): Promise<Uint8Array[]> {
    return this.askAll(requests.map((request) => ["eth_call", [request, tagOf(tag)]]), data);
  }
  estimateGas(request: CallRequest): Promise<bigint> {
    return this.ask("eth_estimateGas", [request, "pending"], quantity);
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
    const [end, found] = await this.batch([["eth_getBlockByNumber", [quantityOf(last), false]], ["eth_getLogs", [range]]]);
    const logs = understood("eth_getLogs", logList, found);
    if (logs.some((one) => one.address !== contract.toLowerCase() || one.blockNumber < first || one.blockNumber > last)) {
      throw new UnexpectedAnswerError("eth_getLogs", `logs of ${contract} in the blocks ${first} to ${last}`);
    }
    return { logs, end: understood("eth_getBlockByNumber", optional(block), end) };
  }

  private async ask<T>(method: string, params: readonly unknown[], parse: Parse<T>): Promise<T> {
    const [found] = await this.batch([[method, params]]);
    return understood(method, parse, found);
  }

  private async askAll<T>(asked: readonly Asked[], parse: Parse<T>): Promise<T[]> {
    if (asked.length === 0) return [];
    const found = await this.batch(asked);
    return found.map((answer, place) => understood(asked[place]?.[0] ?? "", parse, answer));
  }

  /** Each answer in the order asked; one machine answers all. */
  private async batch(asked: readonly Asked[]): Promise<unknown[]> {
    let why: unknown;
    for (const url of this.urls) {
      try {
        return await post(url, asked);
      } catch (error) {
        why = error;
      }
    }
    if (why instanceof NodeDownError) throw why;
    throw new NodeDownError(`no Ethereum node answers at ${this.shown}: the connection is refused or breaks; start one there or correct the setting 'rpc'`);
  }
}

async function post(url: string, asked: readonly Asked[]): Promise<unknown[]> {
  const named = new URL(url);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (named.username !== "") {
    headers["authorization"] = `Basic ${Buffer.from(`${decodeURIComponent(named.username)}:${decodeURIComponent(named.password)}`).toString("base64")}`;
    named.username = named.password = "";
  }
  const bodies = asked.map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params }));
  const body = JSON.stringify(bodies.length === 1 ? bodies[0] : bodies);
  const answer = await fetch(named, { method: "POST", headers, body, signal: AbortSignal.timeout(SECONDS * 1000), redirect: "error" });
  const text = await answer.text();
  if (text.length > MOST_BYTES) throw new UnexpectedAnswerError("a request", `at most ${MOST_BYTES} bytes`);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new NodeDownError(`the node at ${named.host} does not answer now: HTTP ${answer.status} without JSON; it is asked again`);
  }
  const all = bodies.length === 1 ? [found] : found;
  if (!Array.isArray(all)) throw new UnexpectedAnswerError("a batch of requests", "as many answers");
  return bodies.map(({ id }) => {
    const one: unknown = all.find((candidate) => isObject(candidate) && (candidate["id"] === id || bodies.length === 1));
    if (one === undefined) throw new UnexpectedAnswerError("a batch of requests", "an answer to each");
    return one;
  });
}

function understood<T>(method: string, parse: Parse<T>, answer: unknown): T {
  const { error, result } = fields(answer, "an answer");
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

export function receiptToJson(receipt: TransactionReceipt): string {
  const big = (value: bigint | number): string => `0x${value.toString(16)}`;
  return JSON.stringify({
    transactionHash: `0x${receipt.transactionHash}`, blockNumber: big(receipt.blockNumber), blockHash: `0x${receipt.blockHash}`,
    status: receipt.succeeded ? "0x1" : "0x0", gasUsed: big(receipt.gasUsed), effectiveGasPrice: big(receipt.gasPrice),
    logs: receipt.logs.map((one) => ({
      address: one.address, topics: one.topics.map((topic) => `0x${topic}`), data: `0x${toHex(one.data)}`,
      blockNumber: big(one.blockNumber), blockHash: `0x${one.blockHash}`, logIndex: big(one.logIndex), transactionHash: `0x${one.transactionHash}`,
    })),
  });
}

/** A receipt as it is stored; null for one that is not understood. */
export function receiptFromJson(text: string): TransactionReceipt | null {
  try {
    return minedReceipt(JSON.parse(text));
  } catch {
    return null;
  }
}

function tagOf(tag: Tag): string {
  return typeof tag === "number" ? quantityOf(tag) : tag;
}
function quantityOf(number: number): string {
  return `0x${number.toString(16)}`;
}
function fields(value: unknown, what: string): Record<string, unknown> {
  if (!isObject(value)) throw new NotUnderstood(what);
  return value;
}
const quantity: Parse<bigint> = (value) => {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw new NotUnderstood("a number such as 0x1f");
  return BigInt(value);
};
const whole: Parse<number> = (value) => {
  const found = quantity(value);
  if (found > BigInt(Number.MAX_SAFE_INTEGER)) throw new NotUnderstood("a number below 2^53");
  return Number(found);
};
const data: Parse<Uint8Array> = (value) => {
  const raw = typeof value === "string" && value.startsWith("0x") ? fromHex(value) : undefined;
  if (raw === undefined) throw new NotUnderstood("bytes such as 0x0102");
  return raw;
};
const hash: Parse<string> = (value) => {
  const raw = data(value);
  if (raw.length !== 32) throw new NotUnderstood("32 bytes");
  return toHex(raw);
};
function optional<T>(parse: Parse<T>): Parse<T | null> {
  return (value) => (value === null || value === undefined ? null : parse(value));
}
function list<T>(parse: Parse<T>): Parse<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new NotUnderstood("a list");
    return value.map(parse);
  };
}
const block: Parse<Block> = (value) => {
  const said = fields(value, "a block");
  return { number: whole(said["number"]), hash: hash(said["hash"]), timestamp: whole(said["timestamp"]), baseFee: optional(quantity)(said["baseFeePerGas"]) };
};
const log: Parse<Log> = (value) => {
  const said = fields(value, "a log");
  const address = data(said["address"]);
  if (address.length !== 20) throw new NotUnderstood("an address");
  return {
    address: `0x${toHex(address)}`, topics: list(hash)(said["topics"]), data: data(said["data"]), blockNumber: whole(said["blockNumber"]),
    blockHash: hash(said["blockHash"]), logIndex: whole(said["logIndex"]), transactionHash: hash(said["transactionHash"]),
  };
};
const logList: Parse<Log[]> = (value) => {
  if (!Array.isArray(value)) throw new NotUnderstood("a list");
  return value.filter((one) => !(isObject(one) && one["removed"] === true)).map(log);
};
const minedReceipt: Parse<TransactionReceipt | null> = (value) => {
  if (value === null || value === undefined || (isObject(value) && value["blockNumber"] === null)) return null;
  const said = fields(value, "a receipt");
  const status = quantity(said["status"]);
  return {
    transactionHash: hash(said["transactionHash"]), blockNumber: whole(said["blockNumber"]), blockHash: hash(said["blockHash"]),
    succeeded: status === 1n, gasUsed: quantity(said["gasUsed"] ?? "0x0"), gasPrice: quantity(said["effectiveGasPrice"] ?? said["gasPrice"] ?? "0x0"),
    logs: logList(said["logs"] ?? []),
  };
};
const transaction: Parse<Transaction> = (value) => {
  const said = fields(value, "a transaction");
  return { hash: hash(said["hash"]), sender: `0x${toHex(data(said["from"]))}`, nonce: whole(said["nonce"]), blockNumber: optional(whole)(said["blockNumber"]) };
};
