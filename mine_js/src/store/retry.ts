/** Asking again, after longer and longer waits. Everything asked of a store is safe to repeat: the same bytes give the same CID. */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DaemonDownError } from "./errors.ts";

/** Milliseconds between the attempts, each up to a quarter less by chance, so that many who lost one daemon do not come back at once. */
const WAITS: readonly number[] = [200, 600, 1800, 5400];

/** What the action gives. A DaemonDownError is thrown only after the last attempt, and counts them. */
export async function patiently<T>(action: () => Promise<T>, waits = WAITS): Promise<T> {
  for (const wait of waits) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof DaemonDownError)) throw error;
      await sleep((wait * randomInt(750, 1001)) / 1000);
    }
  }
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof DaemonDownError) || waits.length === 0) throw error;
    const last = error.tried.at(-1);
    const tried = last === undefined ? [] : [...error.tried.slice(0, -1), `${last} (${waits.length + 1} times)`];
    throw error.retold(error.reason, { cid: error.cid, block: error.block, tried });
  }
}
