/**
 * Nodes to ask: one, or several of which the first that works is used. Requests are repeated with a growing
 * pause before anybody hears of trouble. A node counts only after it said that it serves the right chain; after
 * each failure it is asked that again, since another machine may have taken its place.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { NodeBusyError, NodeDownError, UnexpectedAnswerError, WrongChainError } from "../errors.ts";
import { NotUnderstood, whole } from "./answers.ts";
import { type Answer, type Asked, BatchRefused, Endpoint } from "./endpoint.ts";

/** Seconds. A node that asks for a longer pause is not waited for inside a request: the round ends, and says so. */
const LONGEST_WAIT = 5;
const BACK_TO_FIRST_MS = 60_000;
const BATCH = 50;
const BUSY_PAUSES = [0.25, 0.5, 1, 2, 4];
const UNEXPECTED_PAUSES = [0.1, 0.2, 0.4];
const DOWN_PAUSES = [0.1, 0.3];

export class Nodes {
  private readonly endpoints: readonly Endpoint[];
  private readonly expected: number | undefined;
  private readonly checked = new Set<Endpoint>();
  private readonly withoutBatches = new Set<Endpoint>();
  private current = 0;
  private leftFirstAt = 0;

  constructor(urls: readonly string[], expectedChainId: number | undefined) {
    this.endpoints = urls.map((url) => new Endpoint(url));
    this.expected = expectedChainId;
  }

  /** The node in use, without credentials. */
  get shown(): string {
    return this.inUse.shown;
  }

  /** The answers in the order of the requests, each batch of up to 50 by one machine. */
  async ask(asked: readonly Asked[]): Promise<Answer[]> {
    const found: Answer[] = [];
    for (let first = 0; first < asked.length; first += BATCH) found.push(...(await this.patiently(asked.slice(first, first + BATCH))));
    return found;
  }

  private get inUse(): Endpoint {
    const endpoint = this.endpoints[this.current];
    if (endpoint === undefined) throw new NodeDownError("no Ethereum node is named; name one in the setting 'rpc'");
    return endpoint;
  }

  /** Ask until it is answered: the next node at once, the same one after a pause. */
  private async patiently(asked: readonly Asked[]): Promise<Answer[]> {
    this.preferFirst();
    let failures = 0;
    let errors: NodeDownError[] = [];
    for (;;) {
      try {
        return await this.exchange(this.inUse, asked);
      } catch (error) {
        errors.push(this.trouble(error));
      }
      this.moveOn();
      if (errors.length < this.endpoints.length) continue;
      const worth = errors.reduce((best, one) => (pausesAfter(one, asked).length > pausesAfter(best, asked).length ? one : best));
      const pause = pausesAfter(worth, asked)[failures];
      const rest = worth instanceof NodeBusyError ? worth.retryAfter : 0;
      if (pause === undefined || rest > LONGEST_WAIT) throw worth;
      await sleep(Math.max(pause, rest) * 1000);
      failures += 1;
      errors = [];
    }
  }

  private trouble(error: unknown): NodeDownError {
    if (error instanceof WrongChainError && this.endpoints.length > 1) {
      return new NodeDownError(`no Ethereum node answers at ${this.shown}: it serves another chain; correct the setting 'rpc'`);
    }
    if (error instanceof NodeDownError) return error;
    throw error;
  }

  /** One exchange with one node that serves the right chain, or one for each request if it takes no batches. */
  private async exchange(endpoint: Endpoint, asked: readonly Asked[]): Promise<Answer[]> {
    try {
      await this.requireChain(endpoint);
      if (asked.length === 1) return await endpoint.exchange(asked, false);
      if (!this.withoutBatches.has(endpoint)) {
        try {
          return await endpoint.exchange(asked, true);
        } catch (error) {
          if (!(error instanceof BatchRefused)) throw error;
          this.withoutBatches.add(endpoint);
        }
      }
      const found: Answer[] = [];
      for (const one of asked) found.push(...(await endpoint.exchange([one], false)));
      return found;
    } catch (error) {
      if (error instanceof NodeDownError) this.checked.delete(endpoint);
      throw error;
    }
  }

  private async requireChain(endpoint: Endpoint): Promise<void> {
    if (this.expected === undefined || this.checked.has(endpoint)) return;
    const [answer] = await endpoint.exchange([["eth_chainId", []]], false);
    const found = chainOf(answer);
    if (found !== this.expected) throw new WrongChainError(endpoint.shown, this.expected, found);
    this.checked.add(endpoint);
  }

  private moveOn(): void {
    if (this.current === 0) this.leftFirstAt = performance.now();
    this.current = (this.current + 1) % this.endpoints.length;
  }

  /** The order of the setting is the owner's preference: back to the first from time to time. */
  private preferFirst(): void {
    if (this.current === 0 || performance.now() - this.leftFirstAt < BACK_TO_FIRST_MS) return;
    this.leftFirstAt = performance.now();
    this.current = 0;
  }
}

function chainOf(answer: Answer | undefined): number {
  try {
    return whole(answer?.result);
  } catch (error) {
    if (error instanceof NotUnderstood) throw new UnexpectedAnswerError("eth_chainId", error.message);
    throw error;
  }
}

/** Seconds before each further try. Logs of a range that takes too long are not asked for again: the range shrinks. */
function pausesAfter(error: NodeDownError, asked: readonly Asked[]): readonly number[] {
  const busy = error instanceof NodeBusyError;
  const pauses = busy ? BUSY_PAUSES : error instanceof UnexpectedAnswerError ? UNEXPECTED_PAUSES : DOWN_PAUSES;
  const limited = busy && error.limited;
  return !limited && asked.some(([method]) => method === "eth_getLogs") ? pauses.slice(0, 1) : pauses;
}
