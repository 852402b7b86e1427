/** Is everything that is pinned still there? And putting back what one still has. */
import type { Cid } from "../protocol/cid.ts";
import { DaemonDownError, StoreError, StoreReplacedError } from "./errors.ts";
import type { Store } from "./store.ts";
import { cidOf, MAX_FILE } from "./unixfs.ts";

/** An artifact that somebody pins; `problem` says what is wrong with it, null if it is whole. */
export interface Pinned {
  readonly cid: Cid;
  readonly owners: readonly string[];
  readonly problem: string | null;
}

/** An artifact that its party still has elsewhere, and under whose name it is pinned. */
export interface Kept {
  readonly data: Uint8Array;
  readonly owner: string;
}

/** Read every pinned artifact to its end and hash every block of it. */
export async function* check(store: Store): AsyncGenerator<Pinned> {
  const pinned = new Map<string, { cid: Cid; owners: string[] }>();
  for (const owner of await store.owners()) {
    for (const cid of await store.pins(owner)) {
      const known = pinned.get(cid.hex);
      if (known === undefined) pinned.set(cid.hex, { cid, owners: [owner] });
      else known.owners.push(owner);
    }
  }
  for (const [, { cid, owners }] of [...pinned].sort(([one], [other]) => (one < other ? -1 : 1))) {
    yield { cid, owners, problem: await problemOf(store, cid) };
  }
}

/** Put and pin what is not whole in the store, or not pinned; what was. */
export async function putBack(store: Store, kept: Iterable<Kept>): Promise<Cid[]> {
  const done: Cid[] = [];
  for (const { data, owner } of kept) {
    const cid = cidOf(data);
    if (await isWhole(store, cid, owner)) continue;
    await store.putPinned(data, owner);
    done.push(cid);
  }
  return done;
}

/** Whether it is pinned by the owner and whole. */
export async function isWhole(store: Store, cid: Cid, owner: string): Promise<boolean> {
  const pins = await store.pins(owner);
  return pins.some((pinned) => pinned.equals(cid)) && (await problemOf(store, cid)) === null;
}

async function problemOf(store: Store, cid: Cid): Promise<string | null> {
  try {
    for await (const piece of store.pieces(cid, MAX_FILE)) void piece;
    return null;
  } catch (error) {
    if (error instanceof DaemonDownError || error instanceof StoreReplacedError || !(error instanceof StoreError)) throw error;
    return `${error.reason}${error.block === undefined ? "" : ` (block ${error.block.toString()})`}`;
  }
}
