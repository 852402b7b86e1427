/**
 * The calls to an IPFS daemon (Kubo) that the store needs, over HTTP. Nothing here is trusted: callers check every block and every
 * root. Errors are the store's; the daemon's own texts stay behind.
 */
import { randomBytes } from "node:crypto";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "../../protocol/canonical_json.ts";
import type { Cid } from "../../protocol/cid.ts";
import { DaemonDownError, DaemonRefusedError, NotFoundError, StoreError, StoreFullError, type StoreWhere } from "../errors.ts";
import { CHUNK, LINKS, MAX_BLOCK } from "../unixfs.ts";
import { rpcAddress } from "./address.ts";

/** Always all of them: a daemon's own defaults may be anything. */
const IMPORT_PARAMETERS: readonly Parameter[] = [
  ["cid-version", "0"], ["raw-leaves", "false"], ["chunker", `size-${CHUNK}`], ["max-file-links", String(LINKS)], ["hash", "sha2-256"],
  ["trickle", "false"], ["inline", "false"], ["pin", "false"],
];
const CONNECT_SECONDS = 5;
/** The daemon gets this much longer to say that its own time is up. */
const MARGIN_SECONDS = 10;
/** For what the daemon does without the network. */
const ANSWER_SECONDS = 60;
/** No answer but a block's is longer. */
const MOST_SAID = 64 * 1024 * 1024;

type Parameter = readonly [string, string];

interface Call {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** How long the daemon may be silent. */
  readonly seconds?: number;
  readonly cid?: Cid;
  readonly body?: { readonly type: string; readonly parts: readonly Uint8Array[] };
  /** Bytes after which the answer is cut off. */
  readonly most?: number;
}

/** The daemon said no, in its own words. */
class Refusal extends Error {}
/** It was silent for too long. */
class Silence extends Error {}
/** It answers, but in no form of an IPFS daemon. */
class Gibberish extends Error {}
/** It answers like something that does not know us. */
class Stranger extends Error {}

export class KuboRpc {
  readonly place: string;
  private readonly send: (path: string, options: object) => ReturnType<typeof httpRequest>;

  constructor(address: string) {
    const { secure, target } = rpcAddress(address);
    const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    const request = secure ? httpsRequest : httpRequest;
    this.place = `IPFS daemon ${address}`;
    this.send = (path, options) => request({ ...target, agent, method: "POST", path, ...options });
  }

  /**
   * Import the bytes as one file and note it at this new path of the daemon's file tree, in one step; the root as the daemon names it.
   * Errors of a late step do not come through: look whether the path is there.
   */
  async add(data: Uint8Array, path: string, seconds: number): Promise<string> {
    const boundary = randomBytes(16).toString("hex");
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="artifact"\r\nContent-Type: application/octet-stream\r\n\r\n`;
    const chunks = Array.from({ length: Math.ceil(data.length / CHUNK) }, (_, place) => data.subarray(place * CHUNK, (place + 1) * CHUNK));
    const parts = [Buffer.from(head), ...chunks, Buffer.from(`\r\n--${boundary}--\r\n`)];
    const parameters = [...IMPORT_PARAMETERS, ["to-files", path] as const];
    const body = { type: `multipart/form-data; boundary=${boundary}`, parts };
    return this.ask({ name: "add", parameters, seconds, body }, (said) => text(lines(said).at(-1), "Hash"));
  }

  /** The block, unchecked; asks the swarm if it must. NotFoundError if nobody delivered it in time. */
  block(cid: Cid, seconds: number): Promise<Uint8Array> {
    return this.ask({ name: "block/get", parameters: [["arg", cid.toString()], ["timeout", `${seconds}s`]], seconds, cid, most: MAX_BLOCK }, (said) => said);
  }

  /** The block, unchecked, without asking the swarm. */
  localBlock(cid: Cid): Promise<Uint8Array> {
    return this.ask({ name: "block/get", parameters: [["arg", cid.toString()], ["offline", "true"]], cid, most: MAX_BLOCK }, (said) => said);
  }

  /** Bytes of the block, without asking the swarm. */
  localBlockSize(cid: Cid): Promise<number> {
    return this.ask({ name: "block/stat", parameters: [["arg", cid.toString()], ["offline", "true"]], cid }, (said) => count(lines(said)[0], "Size"));
  }

  /** A folder of the daemon's file tree, with those above it. No error if it exists. */
  makeFolder(path: string): Promise<void> {
    return this.ask({ name: "files/mkdir", parameters: [["arg", path], ["parents", "true"]] }, nothing);
  }

  /** The names in a folder of the daemon's file tree; none if there is no such folder. */
  listFolder(path: string): Promise<string[]> {
    const names = (said: Uint8Array): string[] => {
      const [found] = lines(said);
      if (found === undefined || !("Entries" in found)) throw new Gibberish();
      const entries = found["Entries"] ?? [];
      if (!Array.isArray(entries)) throw new Gibberish();
      return entries.map((entry: unknown) => text(isObject(entry) ? entry : undefined, "Name"));
    };
    return this.ask({ name: "files/ls", parameters: [["arg", path]] }, names, (why) => (why.includes("not exist") ? [] : undefined));
  }

  /**
   * Note the file at a new path of the daemon's file tree: from now on no garbage collection takes what is there of it. No error if
   * the path is taken; with us it can only be by the same file.
   */
  link(cid: Cid, path: string, seconds: number): Promise<void> {
    const parameters = [["arg", `/ipfs/${cid.toString()}`], ["arg", path], ["timeout", `${seconds}s`]] as const;
    return this.ask({ name: "files/cp", parameters, seconds, cid }, nothing, (why) => (why.includes("already has entry") ? null : undefined));
  }

  /** Take a path out of the daemon's file tree. No error if there is none. */
  unlink(path: string): Promise<void> {
    return this.ask({ name: "files/rm", parameters: [["arg", path], ["force", "true"]] }, nothing);
  }

  /** Remove every block that nothing keeps; how many there were. */
  collectGarbage(): Promise<number> {
    const removed = (said: Uint8Array): number => lines(said).filter((line) => "Key" in line).length;
    return this.ask({ name: "repo/gc", parameters: [], seconds: 10 * ANSWER_SECONDS }, removed);
  }

  /** Bytes of the daemon's repository. */
  usedBytes(): Promise<number> {
    return this.ask({ name: "repo/stat", parameters: [["size-only", "true"]] }, (said) => count(lines(said)[0], "RepoSize"));
  }

  /** What the daemon says, read; `allowed`: what some of its refusals mean, which are none to us. In the store's words for all else. */
  private async ask<T>(call: Call, read: (said: Uint8Array) => T, allowed: (why: string) => T | null | undefined = () => undefined): Promise<T> {
    const { cid, seconds = ANSWER_SECONDS } = call;
    try {
      return read(await this.exchange(call));
    } catch (error) {
      if (error instanceof Refusal) {
        const meant = allowed(error.message);
        if (meant !== undefined) return meant as T;
      }
      throw this.named(error, cid, seconds);
    }
  }

  private named(error: unknown, cid: Cid | undefined, seconds: number): unknown {
    const where: StoreWhere = { cid, tried: [this.place] };
    if (error instanceof StoreError) return error;
    if (error instanceof Refusal) {
      const said = error.message;
      const late = `${this.place} (nobody delivered it within ${seconds} s)`;
      if (said.includes("deadline exceeded")) return new NotFoundError("nobody who could be reached has it", { cid, tried: [late] });
      if (said.includes("could not find") || said.includes("not found")) return new NotFoundError("is not here", where);
      if (said.includes("no space left")) return new StoreFullError("no room left on the daemon's disk", where);
      return new DaemonRefusedError("the daemon refused", where);
    }
    if (error instanceof Silence) return new DaemonDownError("the daemon does not answer in time", where);
    if (error instanceof Stranger) return new DaemonRefusedError("it answers, but not as an IPFS daemon that accepts us does", where);
    if (error instanceof Gibberish) return new DaemonDownError("what answers is not an IPFS daemon", where);
    const isOfNetwork = error instanceof Error && "code" in error;
    return isOfNetwork ? new DaemonDownError("the daemon cannot be reached", where) : error;
  }

  private async exchange({ name, parameters, seconds = ANSWER_SECONDS, body, most = MOST_SAID }: Call): Promise<Uint8Array> {
    const query = parameters.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
    const length = body?.parts.reduce((sum, part) => sum + part.length, 0) ?? 0;
    const headers = { "content-length": String(length), ...(body === undefined ? {} : { "content-type": body.type }) };
    const request = this.send(`/api/v0/${name}?${query}`, { headers });
    let isSilent = false;
    const giveUp = (): void => {
      isSilent = true;
      request.destroy(new Silence());
    };
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve).on("error", reject);
      request.setTimeout((seconds + MARGIN_SECONDS) * 1000, giveUp); // of every pause, of sending or of answering
    });
    answered.catch(() => undefined); // it may fail while the body is written
    const connecting = new AbortController();
    void sleep(CONNECT_SECONDS * 1000, undefined, { signal: connecting.signal, ref: false }).then(
      () => {
        if (request.socket?.connecting !== false) giveUp();
      },
      () => undefined,
    );
    try {
      for (const part of body?.parts ?? []) {
        if (!request.write(part)) await Promise.race([new Promise((resolve) => request.once("drain", resolve)), answered]);
      }
      request.end();
      const message = await answered;
      const said = await this.body(message, most);
      requireAnswer(message.statusCode ?? 0, said);
      return said;
    } catch (error) {
      throw isSilent ? new Silence() : error;
    } finally {
      connecting.abort();
    }
  }

  /** All that is said, up to `most` bytes and a little more: whatever comes after is not read. */
  private async body(message: IncomingMessage, most: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of message as AsyncIterable<Uint8Array>) {
      parts.push(part);
      length += part.length;
      if (length > most) break;
    }
    return new Uint8Array(Buffer.concat(parts));
  }
}

/** Throws Refusal with the daemon's words, or Stranger, unless the answer is one. */
function requireAnswer(status: number, said: Uint8Array): void {
  if (status >= 200 && status < 300) return;
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(said).toString("utf8"));
  } catch {
    throw new Stranger();
  }
  if (!isObject(found) || typeof found["Message"] !== "string") throw new Stranger();
  throw new Refusal(found["Message"]);
}

/** JSON objects, one on each line. */
function lines(said: Uint8Array): Record<string, unknown>[] {
  const rows = Buffer.from(said).toString("utf8").split("\n").filter((line) => line.trim() !== "");
  return rows.map((line) => {
    let found: unknown;
    try {
      found = JSON.parse(line);
    } catch {
      throw new Gibberish();
    }
    if (!isObject(found)) throw new Gibberish();
    return found;
  });
}

function text(line: Record<string, unknown> | undefined, name: string): string {
  const value = line?.[name];
  if (typeof value !== "string") throw new Gibberish();
  return value;
}

function count(line: Record<string, unknown> | undefined, name: string): number {
  const value = line?.[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new Gibberish();
  return value;
}

function nothing(): void {
  return undefined;
}
