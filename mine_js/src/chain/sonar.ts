/** The typed client of one deployed Sonar: reading, simulating, and building a mine's calls. */
import { fromHex, toHex } from "../protocol/bytes.ts";
import { ContractRefusedError, NodeRefusedError, NoSuchCampaignError, NotSonarError, UnexpectedAnswerError, WrongVersionError } from "./errors.ts";
import { type Node, revertReason, type Tag } from "./node/node.ts";
import { checksum, EMPTY, encodeCall, encodeWords, keccak, type Word, Words, ZERO_ADDRESS } from "./words.ts";

export const STATES = ["NONE", "REQUESTED", "OPEN", "SETTLED"] as const;
export type State = (typeof STATES)[number];

/** What is signed: address, call data, wei sent along, and a short label. */
export interface Call {
  readonly to: string;
  readonly data: Uint8Array;
  readonly value: bigint;
  readonly label: string;
  /** Whether a token's own code runs in it, which is a stranger's and can burn all gas it gets. */
  readonly runsToken: boolean;
}

/** A campaign as the chain holds it at one block. Digests in hexadecimal, accuracies in ppm, amounts in wei. */
export interface CampaignRecord {
  /** Its id, 64 digits. */
  readonly id: string;
  /** Who wants the model, and pays. */
  readonly owner: string;
  /** How far it is: "OPEN" takes submissions. */
  readonly state: State;
  /** Digest of the spec's CID. */
  readonly spec: string;
  /** Who judges, and opens what is sealed. */
  readonly capsule: string;
  /** What it pays in: a token, or the zero address for ether. */
  readonly asset: string;
  /** What is in escrow for the whole way from start to target. */
  readonly bounty: bigint;
  /** What a submission puts at risk. */
  readonly stake: bigint;
  /** What Capsule gets for judging one. */
  readonly fee: bigint;
  /** The accuracy that ends it. */
  readonly target: number;
  /** The least that is paid for. */
  readonly minGain: number;
  /** Until when submissions are taken, in seconds since 1970. */
  readonly submitUntil: number;
  /** Until when they are judged, in seconds since 1970. */
  readonly reviewUntil: number;
  /** Submissions that may wait at once. */
  readonly maxPending: number;
  /** Whether the bounty is shared over the way from start to target, else over the target. */
  readonly gapBasis: boolean;
  /** Digest of the public key's CID. */
  readonly publicKey: string;
  /** Digest of the CID of the model's newest version. */
  readonly model: string;
  /** Improvements so far. */
  readonly version: number;
  /** The accuracy it began with. */
  readonly start: number;
  /** The best accuracy so far. */
  readonly best: number;
  /** Submissions so far. */
  readonly submitted: number;
  /** Of these, judged ones. */
  readonly evaluated: number;
}

export function inEther(record: CampaignRecord): boolean {
  return record.asset === ZERO_ADDRESS;
}
export function targetReached(record: CampaignRecord): boolean {
  return record.best >= record.target;
}

type Payable = Pick<CampaignRecord, "bounty" | "target" | "minGain" | "gapBasis" | "start" | "best">;

/** Wei paid if the next verdict is this accuracy: paid(a) - paid(best), 0 if it is not an improvement. */
export function payout(record: Payable, accuracy: number): bigint {
  const reached = Math.min(accuracy, record.target);
  if (reached <= record.best || reached < Math.min(record.best + record.minGain, record.target)) return 0n;
  const denominator = BigInt(record.gapBasis ? record.target - record.start : record.target);
  const paid = (at: number): bigint => (record.bounty * BigInt(at - record.start)) / denominator;
  return paid(reached) - paid(record.best);
}

/** Wei that miners can still earn by taking `best` to the target. */
export function leftToEarn(record: Payable): bigint {
  return payout(record, record.target);
}

/** What raising the accuracy by one percentage point pays; no more than is left. */
export function pointPays(record: Payable): bigint {
  const [left, point] = [leftToEarn(record), (record.bounty * 10_000n) / BigInt(record.gapBasis ? record.target - record.start : record.target)];
  return left < point ? left : point;
}

export function campaignId(chainId: number, contract: string, owner: string, spec: Uint8Array, salt: Uint8Array): string {
  return toHex(keccak(encodeWords([BigInt(chainId), contract, owner, spec, salt])));
}

/** keccak256(abi_encode(miner, update)): what the queue stores for a submission. */
export function queueEntry(miner: string, update: string): string {
  return toHex(keccak(encodeWords([miner, octets(update)])));
}

export class Sonar {
  readonly node: Node;
  readonly address: string;
  readonly chainId: number;
  readonly version: number;

  constructor(node: Node, address: string, chainId: number, version: number) {
    this.node = node;
    this.address = checksum(address);
    this.chainId = chainId;
    this.version = version;
  }

  /** The client, after checking that it really is a Sonar of this chain and of a known version (0: any). */
  static async open(node: Node, address: string, chainId: number, version: number): Promise<Sonar> {
    const made = new Sonar(node, address, chainId, 2);
    if ((await node.code(made.address)).length === 0) {
      throw new NotSonarError(`no contract at ${made.address} on chain ${chainId}; expected a deployed Sonar`);
    }
    const [spec, salt] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    let answered: string | undefined;
    try {
      answered = (await made.read("campaign_id(address,bytes32,bytes32)", [made.address, spec, salt])).hex();
    } catch (error) {
      const means = error instanceof ContractRefusedError || error instanceof UnexpectedAnswerError || error instanceof NodeRefusedError;
      if (!means) throw error;
    }
    if (answered !== campaignId(chainId, made.address, made.address, spec, salt)) {
      throw new NotSonarError(`the contract at ${made.address} on chain ${chainId} does not answer as Sonar does`);
    }
    const found = await made.ownVersion();
    if (![1, 2].includes(found) || ![0, found].includes(version)) {
      const should = [1, 2].includes(found)
        ? `version ${version} was expected: use the home, or the deployment, of that contract`
        : `this program knows 1 and 2; install a release that knows ${found}`;
      throw new WrongVersionError(`the Sonar at ${made.address} is of version ${found}; ${should}. Nothing was sent to it.`);
    }
    return new Sonar(node, made.address, chainId, found);
  }

  private async ownVersion(): Promise<number> {
    try {
      return (await this.read("version()", [])).number();
    } catch (error) {
      if (error instanceof ContractRefusedError) return 1; // the first has no such function
      throw error;
    }
  }

  async campaign(id: string, tag: Tag = "latest"): Promise<CampaignRecord> {
    const found = (await this.many([id], tag)).get(id);
    if (found === undefined) throw new NoSuchCampaignError(`Sonar at ${this.address} has no campaign 0x${id}`);
    return found;
  }

  /** The campaigns as stored, by id; those that Sonar does not know are left out. */
  async many(ids: readonly string[], tag: Tag = "latest"): Promise<Map<string, CampaignRecord>> {
    const requests = ids.map((id) => this.request("campaign(bytes32)", [octets(id)]));
    const answers = await this.node.calls(requests, tag);
    const found = new Map<string, CampaignRecord>();
    ids.forEach((id, place) => {
      const record = this.recordFrom(id, new Words(answers[place] ?? new Uint8Array(0), "campaign"));
      if (record.state !== "NONE") found.set(id, record);
    });
    return found;
  }

  private recordFrom(id: string, words: Words): CampaignRecord {
    const owner = words.address();
    const state = STATES[words.number()];
    if (state === undefined) throw new UnexpectedAnswerError("campaign", "a campaign of Sonar");
    const [spec, capsule, asset] = [words.hex(), words.address(), words.address()];
    const [bounty, stake, fee] = [words.big(), words.big(), words.big()];
    const [target, minGain] = [words.number(), words.number()];
    if (this.version > 1) words.number(); // max_start, which binds Capsule
    const [submitUntil, reviewUntil, maxPending, gapBasis] = [words.number(), words.number(), words.number(), words.flag()];
    const [publicKey, model] = [words.hex(), words.hex()];
    const [version, start, best, submitted, evaluated] = [words.number(), words.number(), words.number(), words.number(), words.number()];
    return {
      id, owner, state, spec, capsule, asset, bounty, stake, fee, target, minGain, submitUntil, reviewUntil, maxPending, gapBasis,
      publicKey, model, version, start, best, submitted, evaluated,
    };
  }

  /** The digest of Capsule's current certificate; null if it registered none. */
  async certificate(capsule: string): Promise<string | null> {
    const found = (await this.read("certificate(address)", [capsule])).hex();
    return found === EMPTY ? null : found;
  }
  async queued(id: string, index: number, tag: Tag = "latest"): Promise<string> {
    return (await this.read("queued(bytes32,uint256)", [octets(id), BigInt(index)], tag)).hex();
  }
  async claimable(id: string, account: string, tag: Tag = "latest"): Promise<bigint> {
    return (await this.read("claimable(bytes32,address)", [octets(id), account], tag)).big();
  }
  async owed(id: string, account: string): Promise<bigint> {
    return (await this.read("owed(bytes32,address)", [octets(id), account])).big();
  }
  /** The time of the newest block: what the contract's time limits are compared with. */
  async now(): Promise<number> {
    return (await this.node.latest()).timestamp;
  }

  /** `asset`: what the campaign pays in; `value` is sent along if that is ether, of a token Sonar takes it itself. */
  submit(id: string, update: string, miner: string, value: bigint, asset: string): Call {
    const [types, account] = this.forAccount(miner);
    return this.call("submit", `submit(bytes32,bytes32${types})`, [octets(id), octets(update), ...account], asset, asset === ZERO_ADDRESS ? value : 0n);
  }
  reclaim(id: string, index: number, update: string, miner: string, asset: string): Call {
    const [types, account] = this.forAccount(miner);
    return this.call("reclaim", `reclaim(bytes32,uint256,bytes32${types})`, [octets(id), BigInt(index), octets(update), ...account], asset);
  }
  settle(id: string): Call {
    return this.call("settle", "settle(bytes32)", [octets(id)]);
  }
  claim(id: string, account: string, asset: string): Call {
    const [types, whose] = this.forAccount(account);
    return this.call("claim", `claim(bytes32${types},address)`, [octets(id), ...whose, account], asset);
  }

  /** Whose submission or claim it is: version 1 knows only the sender's. */
  private forAccount(account: string): readonly [string, readonly Word[]] {
    return this.version > 1 ? [",address", [account]] : ["", []];
  }

  private call(label: string, signature: string, words: readonly Word[], asset = ZERO_ADDRESS, value = 0n): Call {
    return { to: this.address, data: encodeCall(signature, words), value, label, runsToken: asset !== ZERO_ADDRESS };
  }

  private request(signature: string, words: readonly Word[]): { to: string; data: string } {
    return { to: this.address, data: `0x${toHex(encodeCall(signature, words))}` };
  }

  private async read(signature: string, words: readonly Word[], tag: Tag = "latest"): Promise<Words> {
    const label = signature.slice(0, signature.indexOf("("));
    try {
      return new Words(await this.node.call(this.request(signature, words), tag), label);
    } catch (error) {
      throw refused(label, error);
    }
  }
}

/** eth_call of any call; ContractRefusedError if it would revert. */
export async function simulate(node: Node, call: Call, sender: string, tag: Tag = "pending"): Promise<void> {
  try {
    await node.call(requestOf(call, sender), tag);
  } catch (error) {
    throw refused(call.label, error);
  }
}

export function requestOf(call: Call, sender: string): { from: string; to: string; data: string; value: string } {
  return { from: sender, to: call.to, data: `0x${toHex(call.data)}`, value: `0x${call.value.toString(16)}` };
}

function refused(label: string, error: unknown): unknown {
  const reason = error instanceof NodeRefusedError ? revertReason(error) : undefined;
  return reason === undefined ? error : new ContractRefusedError(label, reason);
}

function octets(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
