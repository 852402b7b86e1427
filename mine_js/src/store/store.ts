/** What every store offers: bytes in, a CID out; a CID in, verified bytes out; pins by owner. */
import type { Cid } from "../protocol/cid.ts";
import { OwnerNameError } from "./errors.ts";

/** Where single blocks come from. */
export interface BlockSource {
  /** How errors call it. */
  readonly place: string;
  /** The blocks of these names, in this order, unchecked. */
  fetch(names: readonly Cid[]): AsyncIterable<Uint8Array>;
}

/** What a garbage collection took away: blocks, and their bytes. */
export interface Collected {
  readonly blocks: number;
  readonly bytes: number;
}

/**
 * A place for artifacts. An owner pins a CID or does not: pinning twice is pinning once. An artifact stays as long as at
 * least one owner pins it.
 */
export interface Store {
  /** How many bytes it may take; null if that is not limited. */
  readonly quotaBytes: number | null;
  /** The artifact's bytes, every block verified by hash; nothing larger than `most` is read. */
  get(cid: Cid, most: number): Promise<Uint8Array>;
  /** The same in pieces of at most 256 KiB, each verified before it is handed out. */
  pieces(cid: Cid, most: number): AsyncIterable<Uint8Array>;
  /** Store the bytes; the same bytes always get the same CID. */
  put(data: Uint8Array): Promise<Cid>;
  /** Store and pin in one step: no garbage collection can come between. */
  putPinned(data: Uint8Array, owner: string): Promise<Cid>;
  /** Whether the whole artifact is here, without asking the network. */
  has(cid: Cid): Promise<boolean>;
  /** Keep the whole artifact for this owner; fetches it first if a network is behind the store. */
  pin(cid: Cid, owner: string): Promise<void>;
  /** This owner needs it no longer. No error if the owner had not pinned it. */
  unpin(cid: Cid, owner: string): Promise<void>;
  /** What the owner pins, sorted by digest. */
  pins(owner: string): Promise<Cid[]>;
  /** Everybody who pins something, sorted. */
  owners(): Promise<string[]>;
  /** Remove what no owner pins and nobody wrote lately. Removes nothing if a pinned artifact is damaged. */
  collectGarbage(): Promise<Collected>;
  /** Bytes that it takes, garbage included. */
  usedBytes(): Promise<number>;
}

/** What was put within this time survives a garbage collection: its pin may be on its way. */
export const GRACE_SECONDS = 3600;

/** All of the pieces, one after the other. */
export async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return new Uint8Array(Buffer.concat(parts));
}

/** The owner's name as one safe path component: percent-encoded, dots too. */
export function ownerFolder(owner: string): string {
  const name = encodeURIComponent(owner).replace(/[.!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  if (owner === "" || name.length > 240) {
    throw new OwnerNameError(
      `'${owner.slice(0, 80)}' cannot own a pin: an owner's name has 1 to 240 characters after percent-encoding, not ${name.length}`,
    );
  }
  return name;
}

/** The inverse of `ownerFolder`; undefined for a name that no owner has. */
export function ownerOfFolder(folder: string): string | undefined {
  try {
    return decodeURIComponent(folder);
  } catch {
    return undefined;
  }
}

/** In the order of their digests, as all stores list them. */
export function sorted(cids: readonly Cid[]): Cid[] {
  return [...cids].sort((one, other) => Buffer.compare(one.digest, other.digest));
}
