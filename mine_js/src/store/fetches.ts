/**
 * Artifacts on their way. A store may look for a block for a minute before it gives up, and dead campaigns cost next to nothing to
 * make: so a fetch is waited for a moment only, goes on beside the mine's own work, and is asked for again in a later round.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type ExitCode, OpenMinedError } from "../errors.ts";
import type { Cid } from "../protocol/cid.ts";

const PATIENCE_MS = 2_000;
const MOST_AT_ONCE = 8;
const KEPT = 16;
/** Bytes that all of them together may take, unless one alone may take more. */
const MOST_BYTES = 1024 ** 3;

/** An artifact is being looked for; this is not a failure yet. */
export class StillFetchingError extends OpenMinedError {
  override readonly exitCode: ExitCode = 3;

  constructor(cid: Cid) {
    super(`${cid.toString()} is still being fetched; it is asked for again in a later round`);
  }
}

interface Running {
  readonly most: number;
  readonly bytes: Promise<Uint8Array>;
  done: boolean;
}

export class Fetches {
  private readonly store: (cid: Cid, most: number) => Promise<Uint8Array>;
  private readonly patienceMs: number;
  private readonly running = new Map<string, Running>();

  constructor(store: (cid: Cid, most: number) => Promise<Uint8Array>, patienceMs = PATIENCE_MS) {
    this.store = store;
    this.patienceMs = patienceMs;
  }

  /** The artifact's bytes. StillFetchingError: ask again later; what the store said in the end is told once, then it is fetched anew. */
  async get(cid: Cid, most: number): Promise<Uint8Array> {
    const key = `${cid.hex}/${most}`;
    const running = this.running.get(key) ?? this.start(key, cid, most);
    const late = new AbortController();
    try {
      const waited = sleep(this.patienceMs, undefined, { signal: late.signal }).catch(() => undefined);
      const found = await Promise.race([running.bytes, waited]);
      if (found === undefined) throw new StillFetchingError(cid);
      this.running.delete(key);
      return found;
    } catch (error) {
      if (!(error instanceof StillFetchingError)) this.running.delete(key);
      throw error;
    } finally {
      late.abort();
    }
  }

  private start(key: string, cid: Cid, most: number): Running {
    for (const [known, { done }] of this.running) {
      if (done && (this.running.size >= KEPT || this.isTooMuchWith(most))) this.running.delete(known); // nobody came back for it
    }
    const busy = [...this.running.values()].filter(({ done }) => !done).length;
    if (busy >= MOST_AT_ONCE || (this.running.size > 0 && this.isTooMuchWith(most))) throw new StillFetchingError(cid);
    const made: Running = { most, bytes: this.store(cid, most), done: false };
    const settle = (): void => {
      made.done = true;
    };
    made.bytes.then(settle, settle); // told to whoever asks
    this.running.set(key, made);
    return made;
  }

  private isTooMuchWith(more: number): boolean {
    return [...this.running.values()].reduce((sum, { most }) => sum + most, more) > MOST_BYTES;
  }
}
