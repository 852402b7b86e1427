/** One node at one address: a single HTTP exchange, and what its outcome means. It repeats nothing. */
import { isObject } from "../../protocol/canonical_json.ts";
import { NodeBusyError, NodeDownError, UnexpectedAnswerError } from "../errors.ts";

export type Asked = readonly [string, readonly unknown[]];
/** The answer to its own request: a result, or an error of the node. */
export interface Answer {
  readonly result?: unknown;
  readonly error?: unknown;
}

/** The node takes no batches, or not this one. */
export class BatchRefused extends Error {}

const SECONDS = 20;
const MOST_BYTES = 64 * 1024 * 1024;
const LONGEST_REST = 3600;
const BUSY = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
// Read only to decide when to ask again; nothing is concluded about the chain from such words.
const LIMIT_WORDS = /rate.?limit|too many requests|requests per|throttl|capacity|compute units/i;
const SLOW_WORDS = /overload|try again later|timed? ?out|temporarily/i;
const LIMIT_EXCEEDED = -32005;

interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export class Endpoint {
  /** Scheme, host and port: user, password, path and query often are the credential. */
  readonly shown: string;
  private readonly url: URL;
  private readonly headers: Readonly<Record<string, string>>;
  private nextId = 1;
  private restsUntil = 0;

  constructor(address: string) {
    this.url = new URL(address);
    const hidden = this.url.pathname.replaceAll("/", "") !== "" || this.url.search !== "" ? "/..." : "";
    this.shown = `${this.url.protocol}//${this.url.host}${hidden}`;
    const { username, password } = this.url;
    const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
    this.headers = { "content-type": "application/json", ...(username === "" ? {} : { authorization: `Basic ${basic}` }) };
    this.url.username = this.url.password = "";
  }

  /**
   * The answers, in the order of the requests. Throws NodeDownError (nobody there), NodeBusyError (asked again
   * later, it may answer), UnexpectedAnswerError (what came is not an answer to this); BatchRefused.
   */
  async exchange(asked: readonly Asked[], batch: boolean): Promise<Answer[]> {
    const left = (this.restsUntil - performance.now()) / 1000;
    if (left > 0) throw new NodeBusyError(this.shown, "it asked for a pause", left, true);
    const bodies = asked.map(([method, params]) => ({ jsonrpc: "2.0", id: this.nextId++, method, params }));
    const { status, headers, body } = await this.post(JSON.stringify(batch ? bodies : bodies[0]));
    const said = parsed(body);
    if (BUSY.has(status) && (status === 429 || !holdsAnswers(said))) throw this.busy(`HTTP ${status}`, restOf(headers.get("retry-after")), status === 429);
    if (REDIRECTS.has(status)) {
      throw new NodeDownError(`the node at ${this.shown} does not answer: HTTP ${status}: it redirects; name the address it redirects to in the setting 'rpc'`);
    }
    if (said === undefined) throw this.noAnswer(`the answer (HTTP ${status}) is not JSON-RPC`);
    if (batch && isObject(said)) {
      this.checked(asked[0]?.[0] ?? "", undefined, said);
      throw new BatchRefused();
    }
    const entries = batch ? said : [said];
    if (!Array.isArray(entries) || entries.length !== asked.length) throw new UnexpectedAnswerError("a batch", `${asked.length} answers`);
    return bodies.map(({ id, method }) => {
      const one: unknown = batch ? entries.find((entry) => isObject(entry) && entry["id"] === id) : entries[0];
      if (one === undefined) throw new UnexpectedAnswerError("a batch", "one answer for each id");
      return this.checked(method, id, one);
    });
  }

  /** It must be the answer to request `id`. An error may lack the id: some say it of what they could not read. */
  private checked(method: string, id: number | undefined, said: unknown): Answer {
    if (!isObject(said)) throw this.noAnswer("the answer is not JSON-RPC");
    const { error, id: found } = said;
    const failed = error !== undefined && error !== null && error !== false && error !== "";
    const nameless = failed && (found === undefined || found === null);
    if (id !== undefined && found !== id && !nameless) throw new UnexpectedAnswerError(method, `the answer with the id ${id}`);
    if (failed) {
      this.requireNotBusy(method, error);
      return { error };
    }
    if (!("result" in said)) throw this.noAnswer("the answer is not JSON-RPC");
    return { result: said["result"] };
  }

  private requireNotBusy(method: string, error: unknown): void {
    const { code, message, data } = isObject(error) ? error : { code: 0, message: error, data: undefined };
    if (code === 3 || (data !== undefined && data !== null)) return; // a revert's text is the contract's
    const text = typeof message === "string" ? message : "";
    // To eth_getLogs this code also says that the range is too wide.
    const tooMany = code === LIMIT_EXCEEDED && method !== "eth_getLogs";
    const limited = code === 429 || tooMany || LIMIT_WORDS.test(text);
    if (limited || SLOW_WORDS.test(text)) throw this.busy(`${text} (code ${String(code)})`, 0, limited);
  }

  private busy(why: string, rest: number, limited: boolean): NodeBusyError {
    if (rest > 0) this.restsUntil = performance.now() + rest * 1000;
    return new NodeBusyError(this.shown, why.replaceAll(/\s+/g, " ").slice(0, 300), rest, limited);
  }

  private noAnswer(why: string): NodeDownError {
    return new NodeDownError(`no Ethereum node answers at ${this.shown}: ${why}; start one there or correct the setting 'rpc'`);
  }

  private async post(body: string): Promise<Said> {
    const signal = AbortSignal.timeout(SECONDS * 1000);
    try {
      const answer = await fetch(this.url, { method: "POST", headers: this.headers, body, signal, redirect: "manual" });
      const parts: Uint8Array[] = [];
      let length = 0;
      const stream: AsyncIterable<Uint8Array> | null = answer.body;
      for await (const part of stream ?? []) {
        parts.push(part);
        length += part.length;
        if (length > MOST_BYTES) throw this.noAnswer(`the answer is longer than ${MOST_BYTES} bytes`);
      }
      return { status: answer.status, headers: answer.headers, body: Buffer.concat(parts).toString("utf8") };
    } catch (error) {
      if (error instanceof NodeDownError) throw error;
      if (signal.aborted) throw new NodeBusyError(this.shown, `no answer within ${SECONDS} s`, 0, false);
      throw this.noAnswer("the connection is refused or breaks");
    }
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Whether a body that came with an HTTP error is JSON-RPC all the same. */
function holdsAnswers(said: unknown): boolean {
  const entries: readonly unknown[] = Array.isArray(said) && said.length > 0 ? said : [said];
  return entries.every((entry) => isObject(entry) && ("result" in entry || Boolean(entry["error"])));
}

/** Seconds of a Retry-After header, which says seconds or a date; 0 if it says neither. */
function restOf(header: string | null): number {
  if (header === null || header.trim() === "") return 0;
  const seconds = Number(header);
  const found = Number.isNaN(seconds) ? (Date.parse(header) - Date.now()) / 1000 : seconds;
  return Number.isNaN(found) ? 0 : Math.min(Math.max(found, 0), LONGEST_REST);
}
