/** Opening what Capsule delivered, in the browser: decrypted, its signer checked, and held against the chain. */
import { decode } from "cborg";
import { config, decrypt, decryptKey, readKey, readMessage, readPrivateKey } from "openpgp";

import type { Campaign, Submission, Verdict } from "../api";

export interface RecordEntry {
  readonly index: number;
  readonly miner: string;
  readonly verdict: Verdict;
  readonly step: number | null;
  readonly score: number | null;
}

export interface Result {
  readonly family: string;
  readonly version: number;
  readonly startPpm: number;
  readonly finalPpm: number;
  /** safetensors with one matrix "weights" */
  readonly weights: Uint8Array;
  readonly shape: readonly [number, number];
  readonly record: readonly RecordEntry[];
}

export class ResultError extends Error {}

/** The bytes inside a sealed result. ResultError says whether key, passphrase, signer or message is at fault. */
export async function openSealed(sealed: Uint8Array, secret: string, passphrase: string, capsule: Uint8Array): Promise<Uint8Array> {
  const locked = await readPrivateKey({ armoredKey: secret }).catch(() => {
    throw new ResultError("This file holds no OpenPGP key. Choose the one that was saved when the campaign was created.");
  });
  const key = locked.isDecrypted()
    ? locked
    : await decryptKey({ privateKey: locked, passphrase }).catch(() => {
        throw new ResultError("The passphrase does not open this key.");
      });
  const signer = await readKey({ binaryKey: capsule });
  // A message of some hundred bytes can be packed to open to gigabytes: nothing compressed is opened.
  const strict = { ...config, maxDecompressedMessageSize: 0 };
  try {
    const message = await readMessage({ binaryMessage: sealed });
    const opened = await decrypt({ message, decryptionKeys: key, verificationKeys: signer, expectSigned: true, format: "binary", config: strict });
    const verified = await Promise.all(opened.signatures.map((one) => one.verified.catch(() => false)));
    if (!verified.includes(true)) throw new ResultError("The result is not signed by the campaign's Capsule. Do not trust it.");
    return opened.data;
  } catch (error) {
    if (error instanceof ResultError) throw error;
    const words = error instanceof Error ? error.message : "";
    if (/session key|decryption key/i.test(words)) throw new ResultError("The result was sealed to another key than this one.");
    if (/sign/i.test(words)) throw new ResultError("The result is not signed by the campaign's Capsule. Do not trust it.");
    throw new ResultError("The result does not open: it was changed on the way, or is malformed.");
  }
}

/** The result in these bytes, made for this campaign and no other. ResultError. */
export function readResult(bytes: Uint8Array, place: { chainId: number; contract: string; campaign: Campaign; spec: string }): Result {
  let fields: Record<string, unknown>;
  try {
    fields = decode(bytes) as Record<string, unknown>;
  } catch {
    throw new ResultError("What was sealed is not a result.");
  }
  if (fields["format"] !== "openmined/result/2") throw new ResultError("What was sealed is not a result that this page can read.");
  const same: [string, unknown, unknown][] = [
    ["chain", fields["chain_id"], place.chainId],
    ["contract", hex(fields["contract"]), place.contract.toLowerCase()],
    ["campaign", hex(fields["campaign"]), place.campaign.id],
    ["spec", hex(fields["spec"]), place.spec],
  ];
  for (const [what, found, expected] of same) {
    if (found !== expected) throw new ResultError(`The result was made for another ${what}. Do not trust it.`);
  }
  const weights = fields["weights"], record = fields["record"];
  if (!(weights instanceof Uint8Array) || !Array.isArray(record)) throw new ResultError("The result has no weights or no record.");
  return {
    family: String(fields["family"]),
    version: Number(fields["version"]),
    startPpm: Number(fields["start_ppm"]),
    finalPpm: Number(fields["final_ppm"]),
    weights,
    shape: shapeOf(weights),
    record: record.map((entry: Record<string, unknown>) => ({
      index: Number(entry["index"]),
      miner: hex(entry["miner"]),
      verdict: String(entry["verdict"]).toLowerCase() as Verdict,
      step: numberOrNull(entry["step"]),
      score: numberOrNull(entry["score_ppm"]),
    })),
  };
}

/** What the result says otherwise than the chain does; empty if they agree. */
export function contradictions(result: Result, campaign: Campaign, submissions: readonly Submission[]): string[] {
  const found: string[] = [];
  const differ = (what: string, told: unknown, onChain: unknown) => {
    if (told !== onChain) found.push(`${what}: the result says ${String(told)}, the chain ${String(onChain)}`);
  };
  differ("accuracy at the start", result.startPpm, campaign.start);
  differ("accuracy at the end", Math.min(result.finalPpm, campaign.terms.target), campaign.best);
  differ("number of improvements", result.version, campaign.version);
  const judged = submissions.filter((one) => one.verdict !== null);
  differ("number of judged submissions", result.record.length, judged.length);
  for (const [place, one] of judged.entries()) {
    const told = result.record[place];
    if (told === undefined) break;
    differ(`miner of submission ${one.index + 1}`, told.miner, one.miner.toLowerCase());
    differ(`verdict on submission ${one.index + 1}`, told.verdict, one.verdict);
  }
  return found;
}

/** The model as a file that `pysonar.Estimator.load` opens: the same weights, with the spec's own words beside them. */
export function modelFile(result: Result, campaign: string, spec: Record<string, unknown>): Uint8Array<ArrayBuffer> {
  const at = headerLength(result.weights);
  const header = headerOf(result.weights);
  const document = {
    format: "openmined/estimator/2",
    campaign: campaign.slice(2),
    ...Object.fromEntries(["algorithm", "input_schema", "output_schema", "metric"].map((name) => [name, spec[name]])),
  };
  const text = JSON.stringify({ __metadata__: { openmined: JSON.stringify(document) }, ...header });
  const words = new TextEncoder().encode(text);
  const head = new Uint8Array(Math.ceil(words.length / 8) * 8).fill(0x20); // spaces, as safetensors pads
  head.set(words);
  const data = result.weights.subarray(8 + at);
  const whole = new Uint8Array(8 + head.length + data.length);
  new DataView(whole.buffer).setBigUint64(0, BigInt(head.length), true);
  whole.set(head, 8);
  whole.set(data, 8 + head.length);
  return whole;
}

function headerLength(weights: Uint8Array): number {
  const length = Number(new DataView(weights.buffer, weights.byteOffset, 8).getBigUint64(0, true));
  if (length > weights.length - 8) throw new ResultError("The weights are malformed.");
  return length;
}

function headerOf(weights: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(weights.subarray(8, 8 + headerLength(weights)))) as Record<string, unknown>;
  } catch {
    throw new ResultError("The weights are malformed.");
  }
}

function shapeOf(weights: Uint8Array): [number, number] {
  if (weights.length < 8) throw new ResultError("The weights are malformed.");
  const matrix = headerOf(weights)["weights"] as { dtype?: unknown; shape?: unknown } | undefined;
  const shape = matrix?.shape;
  if (matrix?.dtype !== "F64" || !Array.isArray(shape) || shape.length !== 2) throw new ResultError("The weights are malformed.");
  return [Number(shape[0]), Number(shape[1])];
}

function hex(value: unknown): string {
  return value instanceof Uint8Array ? `0x${Array.from(value, (octet) => octet.toString(16).padStart(2, "0")).join("")}` : "";
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
