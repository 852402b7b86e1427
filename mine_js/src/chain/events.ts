/** Sonar's events of both versions, decoded from logs; and what became of each submission. */
import { toHex, utf8 } from "../protocol/bytes.ts";
import { UnexpectedAnswerError } from "./errors.ts";
import type { Log } from "./node/answers.ts";
import { keccak, Words } from "./words.ts";

export const VERDICTS = ["NONE", "IMPROVED", "NO_GAIN", "MALFORMED", "UNAVAILABLE"] as const;
export type Verdict = (typeof VERDICTS)[number];
/** As the database has them: bytes as 0x and digits, whole numbers exact. */
export type Fields = Readonly<Record<string, string | number | bigint | readonly number[]>>;

export interface SonarEvent {
  readonly name: string;
  readonly fields: Fields;
}
export interface LoggedEvent extends SonarEvent {
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly logIndex: number;
  readonly transactionHash: string;
}

/** name; fields as "name type", a star for what is in the topics. */
const KNOWN: readonly (readonly [string, readonly string[]])[] = [
  ["CapsuleRegistered", ["*capsule address", "certificate bytes32"]],
  ["CampaignCreated", ["*id bytes32", "*owner address", "*capsule address", "spec bytes32", "asset address", "bounty uint256"]],
  ["CampaignCreated", ["*id bytes32", "*owner address", "*capsule address", "spec bytes32", "asset address", "bounty uint256", "limits uint256", "price uint256", "salt bytes32"]],
  ["CampaignCancelled", ["*id bytes32"]],
  ["CampaignDeclined", ["*id bytes32", "reason string"]],
  ["CampaignDeclined", ["*id bytes32", "reason bytes"]],
  ["CampaignOpened", ["*id bytes32", "public_key bytes32", "model bytes32", "start uint256"]],
  ["Submitted", ["*id bytes32", "*index uint256", "*miner address", "update bytes32"]],
  ["Submitted", ["*id bytes32", "index uint256", "*miner address", "update bytes32"]],
  ["Reported", ["*id bytes32", "*index uint256", "*miner address", "verdict uint256"]],
  ["Verdicts", ["*id bytes32", "first uint256", "verdicts bytes32"]],
  ["Improved", ["*id bytes32", "*index uint256", "version uint256", "accuracy uint256", "payout uint256", "model bytes32"]],
  ["Improved", ["*id bytes32", "index uint256", "version uint256", "accuracy uint256", "payout uint256", "model bytes32"]],
  ["Reclaimed", ["*id bytes32", "*index uint256", "*miner address", "amount uint256"]],
  ["Reclaimed", ["*id bytes32", "index uint256", "*miner address", "amount uint256"]],
  ["Delivered", ["*id bytes32", "result bytes32"]],
  ["Settled", ["*id bytes32", "paid uint256", "refund uint256", "fees uint256", "burned uint256"]],
  ["Claimed", ["*id bytes32", "*account address", "to address", "amount uint256"]],
];

interface Known {
  readonly name: string;
  readonly fields: readonly { name: string; type: string; indexed: boolean }[];
}

const BY_TOPIC = new Map<string, Known>(
  KNOWN.map(([name, described]) => {
    const parts = described.map((text) => {
      const [field = "", type = ""] = text.replace("*", "").split(" ");
      return { name: field, type, indexed: text.startsWith("*") };
    });
    const topic = toHex(keccak(utf8(`${name}(${parts.map((part) => part.type).join(",")})`)));
    return [`${topic}/${1 + parts.filter((part) => part.indexed).length}`, { name, fields: parts }];
  }),
);

/** One log of a Sonar of any version. */
export function decodeLog(log: Log): LoggedEvent {
  const known = BY_TOPIC.get(`${log.topics[0] ?? ""}/${log.topics.length}`);
  if (known === undefined) throw new UnexpectedAnswerError("eth_getLogs", `events of Sonar; a log with the topic ${log.topics[0] ?? "none"} is not one`);
  const topics = new Words(new Uint8Array(Buffer.from(log.topics.slice(1).join(""), "hex")), known.name);
  const data = new Words(log.data, known.name);
  const values: Record<string, string | number | bigint | readonly number[]> = {};
  for (const { name, type, indexed } of known.fields) values[name] = value(type, indexed ? topics : data);
  const { blockNumber, blockHash, logIndex, transactionHash } = log;
  return { ...asNewest(known.name, values), blockNumber, blockHash, logIndex, transactionHash };
}

function value(type: string, words: Words): string | bigint {
  if (type === "address") return words.address();
  if (type === "uint256") return words.big();
  if (type === "bytes32") return `0x${words.hex()}`;
  return new TextDecoder().decode(words.octets());
}

function asNewest(name: string, values: Record<string, string | number | bigint | readonly number[]>): SonarEvent {
  if (name === "Reported") {
    return { name: "Verdicts", fields: { id: values["id"] ?? "", first: values["index"] ?? 0n, verdicts: checked([Number(values["verdict"])]) } };
  }
  if (name === "Verdicts") {
    const word = Buffer.from(String(values["verdicts"]).slice(2), "hex");
    const last = word.findLastIndex((octet) => octet !== 0);
    return { name, fields: { ...values, verdicts: checked([...word.subarray(0, last + 1)]) } };
  }
  if (name === "CampaignCreated") return { name, fields: { ...values, limits: values["limits"] ?? 0n, price: values["price"] ?? 0n, salt: values["salt"] ?? `0x${"0".repeat(64)}` } };
  return { name, fields: values };
}

function checked(verdicts: readonly number[]): readonly number[] {
  if (verdicts.some((verdict) => verdict < 1 || verdict > 4)) throw new UnexpectedAnswerError("eth_getLogs", "verdicts from 1 to 4");
  return verdicts;
}

/** The fields as JSON text, whole numbers with all their digits, as Python writes them. */
export function fieldsToJson(fields: Fields): string {
  const parts = Object.entries(fields).map(([name, one]) => {
    const text = typeof one === "string" ? JSON.stringify(one) : Array.isArray(one) ? `[${one.join(", ")}]` : String(one);
    return `${JSON.stringify(name)}: ${text}`;
  });
  return `{${parts.join(", ")}}`;
}

/** The inverse; whole numbers come back exact, as bigints, from their own digits: a text may hold anything. */
export function fieldsFromJson(text: string): Fields {
  const exact = (_: string, one: unknown, context?: { source?: string }): unknown => (typeof one === "number" ? BigInt(context?.source ?? one) : one);
  const parsed = JSON.parse(text, exact) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(parsed).map(([name, one]) => [name, Array.isArray(one) ? one.map(Number) : (one as string | bigint)]));
}

export function text(event: SonarEvent, field: string): string {
  return String(event.fields[field]);
}
/** 32 bytes in hexadecimal without 0x. */
export function word(event: SonarEvent, field: string): string {
  return text(event, field).slice(2);
}
export function big(event: SonarEvent, field: string): bigint {
  return BigInt(event.fields[field] as bigint);
}

/** One place in a campaign's queue, as far as its events tell. */
export interface Fate {
  index: number;
  miner: string;
  update: string;
  submitted: boolean;
  verdict: Verdict | null;
  /** The block of the verdict, where the events say theirs. */
  reported: number | null;
  accuracy: number | null;
  payout: bigint;
  reclaimed: boolean;
}

/** The submissions in one campaign's events (in chain order), in the order of the queue. */
export function fates(history: Iterable<SonarEvent>): Fate[] {
  const found = new Map<number, Fate>();
  const at = (index: bigint | number): Fate => {
    const place = Number(index);
    let fate = found.get(place);
    if (fate === undefined) {
      fate = { index: place, miner: "", update: "", submitted: false, verdict: null, reported: null, accuracy: null, payout: 0n, reclaimed: false };
      found.set(place, fate);
    }
    return fate;
  };
  for (const event of history) {
    if (event.name === "Submitted") Object.assign(at(big(event, "index")), { submitted: true, miner: text(event, "miner"), update: word(event, "update") });
    else if (event.name === "Verdicts") {
      const verdicts = event.fields["verdicts"] as readonly number[];
      const reported = "blockNumber" in event ? Number(event.blockNumber) : null;
      verdicts.forEach((verdict, place) => Object.assign(at(big(event, "first") + BigInt(place)), { verdict: VERDICTS[verdict] ?? null, reported }));
    } else if (event.name === "Improved") Object.assign(at(big(event, "index")), { accuracy: Number(big(event, "accuracy")), payout: big(event, "payout") });
    else if (event.name === "Reclaimed") Object.assign(at(big(event, "index")), { miner: text(event, "miner"), reclaimed: true });
  }
  return [...found.values()].sort((one, other) => one.index - other.index);
}
