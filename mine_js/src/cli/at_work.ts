/**
 * What a running mine is doing, in a file of its home, so that other processes can show it: the work at hand and the
 * latest happenings. The file is mine-agent's. Only for people's eyes: nothing is decided by it, and a mine that cannot
 * write it goes on. It holds what the log holds, no value of the data.
 */
import { readFileSync } from "node:fs";
import { replaceSecretFile } from "../home/files.ts";
import { isObject } from "../protocol/canonical_json.ts";
import type { Row } from "./output.ts";
import { asRecord, type Happening, type Tell } from "../work/happenings.ts";

/** Happenings; a page has room for no more. */
const KEPT = 40;
/** After so long a round without happenings is written down. */
const SIGN_OF_LIFE_MS = 15_000;

export class AtWork {
  private readonly path: string;
  private latest: unknown[];
  private work: unknown = null;
  private waiting: unknown = null;
  private lookedAt: number | null = null;

  constructor(path: string) {
    this.path = path;
    this.latest = readAtWork(path).happenings.slice(-KEPT);
  }

  /** Tells to `tell`, and writes it down. */
  heard(tell: Tell): Tell {
    return (happening) => {
      tell(happening);
      this.note(happening);
    };
  }

  /** A round ended well: nothing is at hand, and nothing is waited for any more. */
  roundDone(): void {
    const now = Date.now();
    const fresh = this.lookedAt !== null && now >= this.lookedAt && now - this.lookedAt < SIGN_OF_LIFE_MS;
    if (fresh && this.work === null && this.waiting === null) return;
    [this.work, this.waiting, this.lookedAt] = [null, null, now];
    this.write(false);
  }

  /** What ends the piece of work at hand is everything that is told. */
  private note(happening: Happening): void {
    const record = { ...asRecord(happening, new Date()), sentence: happening.sentence };
    this.work = happening.event === "training" ? record : null;
    this.waiting = happening.event === "waiting" ? (happening.fields?.["reason"] ?? null) : null;
    this.latest = [...this.latest, record].slice(-KEPT);
    this.write(happening.event === "stopped");
  }

  private write(stopped: boolean): void {
    const looked = this.lookedAt === null ? null : this.lookedAt / 1000;
    const document = { work: this.work, waiting: this.waiting, happenings: this.latest, stopped, looked_at: looked };
    try {
      replaceSecretFile(this.path, Buffer.from(JSON.stringify(document)));
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error; // a full disk stops what matters elsewhere
    }
  }
}

/** What the file of a running mine says; nothing if there is none, or it is not one of ours. */
export interface WorkSeen {
  readonly work: Row | null;
  readonly waiting: string | null;
  readonly happenings: readonly Row[];
  readonly stopped: boolean;
  /** When it last found nothing more to do, in seconds since 1970. */
  readonly lookedAt: number | null;
}

export function readAtWork(path: string): WorkSeen {
  const nothing: WorkSeen = { work: null, waiting: null, happenings: [], stopped: false, lookedAt: null };
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isObject(found) || !Array.isArray(found["happenings"])) return nothing;
    const { work, waiting, stopped, looked_at: lookedAt } = found;
    return {
      work: isObject(work) ? (work as Row) : null, waiting: typeof waiting === "string" ? waiting : null, stopped: stopped === true,
      happenings: found["happenings"].filter(isObject) as Row[], lookedAt: typeof lookedAt === "number" ? lookedAt : null,
    };
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && "code" in error)) return nothing;
    throw error;
  }
}
