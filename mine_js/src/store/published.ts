/**
 * A network behind the store of this machine: puts and pins go to both sides, and are done when both have them; what was read once
 * is read from the disk from then on. If the daemon is down, what was put or pinned here stays, and DaemonDownError says so.
 */
import { Cid } from "../protocol/cid.ts";
import type { EmbeddedStore } from "./embedded/store.ts";
import { DaemonDownError, NotFoundError, StoreFullError, WrongBytesError } from "./errors.ts";
import { type BlockSource, type Collected, type Store, whole } from "./store.ts";
import { checkBlock, readFile } from "./tree.ts";
import { MAX_FILE } from "./unixfs.ts";

export class PublishingStore implements Store, BlockSource {
  readonly here: EmbeddedStore;
  readonly behind: Store & BlockSource;

  constructor(here: EmbeddedStore, behind: Store & BlockSource) {
    this.here = here;
    this.behind = behind;
  }

  get place(): string {
    return `${this.here.place}, ${this.behind.place}`;
  }

  /** On this machine. */
  get quotaBytes(): number | null {
    return this.here.quotaBytes;
  }

  get(cid: Cid, most: number): Promise<Uint8Array> {
    return whole(this.pieces(cid, most));
  }

  pieces(cid: Cid, most: number): AsyncIterable<Uint8Array> {
    return readFile(cid, this, most);
  }

  /** Verified; what the network had to give is kept here, and a damaged block here is repaired. */
  async *fetch(names: readonly Cid[]): AsyncGenerator<Uint8Array> {
    const missing = names.filter((cid) => !this.here.isHere(cid));
    const expected = new Set(missing.map((cid) => cid.hex));
    const arriving = this.fromBehind(missing);
    try {
      for (const cid of names) {
        const block = expected.has(cid.hex) ? undefined : this.here.read(cid);
        if (block !== undefined && Cid.ofBlock(block).equals(cid)) yield block;
        else yield await next(expected.has(cid.hex) ? arriving : this.fromBehind([cid])); // damaged, or collected a moment ago
      }
    } finally {
      await arriving.return(undefined);
    }
  }

  async put(data: Uint8Array): Promise<Cid> {
    const cid = await this.here.put(data);
    await this.publish(cid, data);
    return cid;
  }

  async putPinned(data: Uint8Array, owner: string): Promise<Cid> {
    const cid = await this.here.putPinned(data, owner);
    await this.publish(cid, data);
    await this.behind.pin(cid, owner);
    return cid;
  }

  /** On this machine. */
  has(cid: Cid): Promise<boolean> {
    return this.here.has(cid);
  }

  /** Fetches all of it to this machine first; a quota here may refuse that. */
  async pin(cid: Cid, owner: string): Promise<void> {
    if (!(await this.here.has(cid))) for await (const piece of readFile(cid, this, MAX_FILE)) void piece;
    await this.here.pin(cid, owner);
    await this.behind.pin(cid, owner);
  }

  async unpin(cid: Cid, owner: string): Promise<void> {
    await this.here.unpin(cid, owner);
    await this.behind.unpin(cid, owner);
  }

  pins(owner: string): Promise<Cid[]> {
    return this.here.pins(owner);
  }

  owners(): Promise<string[]> {
    return this.here.owners();
  }

  /** On both sides, counted together. */
  async collectGarbage(): Promise<Collected> {
    const [here, behind] = [await this.here.collectGarbage(), await this.behind.collectGarbage()];
    return { blocks: here.blocks + behind.blocks, bytes: here.bytes + behind.bytes };
  }

  /** On this machine. */
  usedBytes(): Promise<number> {
    return this.here.usedBytes();
  }

  private async *fromBehind(names: readonly Cid[]): AsyncGenerator<Uint8Array> {
    let place = 0;
    try {
      for await (const block of this.behind.fetch(names)) {
        const cid = names[place++] as Cid;
        checkBlock(cid, block, this.behind.place);
        try {
          await this.here.keep(cid, block);
        } catch (error) {
          if (!(error instanceof StoreFullError)) throw error; // a full disk does not stop reading
        }
        yield block;
      }
    } catch (error) {
      if (!(error instanceof NotFoundError || error instanceof DaemonDownError)) throw error;
      throw error.retold(error.reason, { cid: error.cid, block: error.block, tried: [`${this.here.place} (not there)`, ...error.tried] });
    }
  }

  private async publish(cid: Cid, data: Uint8Array): Promise<void> {
    const sent = await this.behind.put(data);
    if (!sent.equals(cid)) throw new WrongBytesError(`it became ${sent.toString()} on the network`, { cid, tried: [this.behind.place] });
  }
}

async function next(coming: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  const found = await coming.next();
  if (found.done === true) throw new NotFoundError("a block is missing");
  return found.value;
}
