/**
 * What a running mine is doing, in a file of its home, so that other processes can show it: the work at hand and the
 * latest happenings. The file is mine-agent's. Only for people's eyes: nothing is decided by it, and a mine that cannot
 * write it goes on. It holds what the log holds, no value of the data.
 */
import { readFileSync } from "node:fs";
import { replaceSecretFile } from "../home/files.ts";
import { isObject } from "../protocol/canonical_json.ts";
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
    this.latest = happeningsIn(path).slice(-KEPT);
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

/** The happenings in the file; none if there is no file, or it is not one of ours. */
function happeningsIn(path: string): unknown[] {
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isObject(found) && Array.isArray(found["happenings"]) ? found["happenings"].filter(isObject) : [];
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && "code" in error)) return [];
    throw error;
  }
}
