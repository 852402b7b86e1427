/** What a node answers, read strictly: anything of another shape is not understood, and not believed. */
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { isObject } from "../../protocol/canonical_json.ts";

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

/** A value of another shape; the message says what was expected. */
export class NotUnderstood extends Error {}
export type Parse<T> = (value: unknown) => T;

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

export function fields(value: unknown, what: string): Record<string, unknown> {
  if (!isObject(value)) throw new NotUnderstood(what);
  return value;
}
export const quantity: Parse<bigint> = (value) => {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw new NotUnderstood("a number such as 0x1f");
  return BigInt(value);
};
export const whole: Parse<number> = (value) => {
  const found = quantity(value);
  if (found > BigInt(Number.MAX_SAFE_INTEGER)) throw new NotUnderstood("a number below 2^53");
  return Number(found);
};
export const data: Parse<Uint8Array> = (value) => {
  const raw = typeof value === "string" && value.startsWith("0x") ? fromHex(value) : undefined;
  if (raw === undefined) throw new NotUnderstood("bytes such as 0x0102");
  return raw;
};
const hash: Parse<string> = (value) => {
  const raw = data(value);
  if (raw.length !== 32) throw new NotUnderstood("32 bytes");
  return toHex(raw);
};
export function optional<T>(parse: Parse<T>): Parse<T | null> {
  return (value) => (value === null || value === undefined ? null : parse(value));
}
export function list<T>(parse: Parse<T>): Parse<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new NotUnderstood("a list");
    return value.map(parse);
  };
}
export const block: Parse<Block> = (value) => {
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
export const logList: Parse<Log[]> = (value) => {
  if (!Array.isArray(value)) throw new NotUnderstood("a list");
  return value.filter((one) => !(isObject(one) && one["removed"] === true)).map(log);
};
export const minedReceipt: Parse<TransactionReceipt | null> = (value) => {
  if (value === null || value === undefined || (isObject(value) && value["blockNumber"] === null)) return null;
  const said = fields(value, "a receipt");
  const status = quantity(said["status"]);
  return {
    transactionHash: hash(said["transactionHash"]), blockNumber: whole(said["blockNumber"]), blockHash: hash(said["blockHash"]),
    succeeded: status === 1n, gasUsed: quantity(said["gasUsed"] ?? "0x0"), gasPrice: quantity(said["effectiveGasPrice"] ?? said["gasPrice"] ?? "0x0"),
    logs: logList(said["logs"] ?? []),
  };
};
export const transaction: Parse<Transaction> = (value) => {
  const said = fields(value, "a transaction");
  return { hash: hash(said["hash"]), sender: `0x${toHex(data(said["from"]))}`, nonce: whole(said["nonce"]), blockNumber: optional(whole)(said["blockNumber"]) };
};
