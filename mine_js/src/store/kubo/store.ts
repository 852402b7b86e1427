/**
 * The store behind an IPFS daemon (Kubo): blocks travel between machines by Bitswap, checked by hash. The import parameters are always
 * named, and the root that the daemon returns is compared with our own builder's. Pins by owner live in the daemon's own file tree, as
 * `/openmined/pins/<owner>/<cid>`; what was put lately stands under `/openmined/recent/`, so that no collection comes between a put and its pin.
 */
import { Cid, CidError } from "../../protocol/cid.ts";
import { DaemonDownError, DaemonRefusedError, NotFoundError, StoreError, StoreFullError, WrongBytesError } from "../errors.ts";
import { patiently } from "../retry.ts";
import { type BlockSource, type Collected, GRACE_SECONDS, ownerFolder, ownerOfFolder, sorted, type Store, whole } from "../store.ts";
import { fileLinks, readFile } from "../tree.ts";
import { cidOf, dagSize, depthOf, MAX_FILE } from "../unixfs.ts";
import { KuboRpc } from "./rpc.ts";

const PINS = "/openmined/pins";
const RECENT = "/openmined/recent";
const SHARES = [1 / 8, 1 / 8, 1 / 4, 1 / 2];
const WINDOW = 8;
/** What a block asked for ahead may take; alone it may take all the time that the store allows. */
const AHEAD_SECONDS = 10;
export const WAIT_SECONDS = 60;

export interface KuboOptions {
  /** How long the daemon may look for one block before it counts as not found. */
  readonly waitSeconds?: number;
  /** Refuse to put when the daemon's repository would grow over it. */
  readonly quotaBytes?: number | null;
  readonly graceSeconds?: number;
  /** Milliseconds between the attempts while the daemon does not answer. */
  readonly waits?: readonly number[] | undefined;
}

export class KuboStore implements Store, BlockSource {
  readonly quotaBytes: number | null;
  private readonly rpc: KuboRpc;
  private readonly waitSeconds: number;
  private readonly graceSeconds: number;
  private readonly waits: readonly number[] | undefined;

  constructor(address: string, { waitSeconds = WAIT_SECONDS, quotaBytes = null, graceSeconds = GRACE_SECONDS, waits }: KuboOptions = {}) {
    this.rpc = new KuboRpc(address);
    this.waitSeconds = waitSeconds;
    this.quotaBytes = quotaBytes;
    this.graceSeconds = graceSeconds;
    this.waits = waits;
  }

  get place(): string {
    return this.rpc.place;
  }

  get(cid: Cid, most: number): Promise<Uint8Array> {
    return whole(this.pieces(cid, most));
  }

  pieces(cid: Cid, most: number): AsyncIterable<Uint8Array> {
    return readFile(cid, this, most);
  }

  /** Some are asked for ahead of their turn. Where that fails, the line may be slow for many at once: from then on one at a time. */
  async *fetch(names: readonly Cid[]): AsyncGenerator<Uint8Array> {
    let following = names.length === 1 ? names.length : 0;
    const coming: Promise<Uint8Array | undefined>[] = [];
    const askAhead = (): void => {
      const cid = names[following];
      if (cid === undefined) return;
      following += 1;
      const early = this.rpc.block(cid, Math.min(this.waitSeconds, AHEAD_SECONDS)).catch((error: unknown) => {
        if (error instanceof NotFoundError || error instanceof DaemonDownError) return undefined;
        throw error;
      });
      early.catch(() => undefined); // whoever takes its turn hears of it
      coming.push(early);
    };
    for (let place = 0; place < WINDOW; place += 1) askAhead();
    for (const cid of names) {
      const early = coming.shift();
      const block = await early;
      if (early !== undefined && block === undefined) {
        coming.length = 0;
        following = names.length;
      }
      yield block ?? (await this.block(cid));
      askAhead();
    }
  }

  async put(data: Uint8Array): Promise<Cid> {
    if (this.quotaBytes !== null) await this.requireRoom(dagSize(data.length, depthOf(data.length)), this.quotaBytes);
    return this.patiently(() => this.add(data));
  }

  async putPinned(data: Uint8Array, owner: string): Promise<Cid> {
    const folder = pinFolder(owner);
    const cid = await this.put(data);
    await this.link(cid, folder);
    return cid;
  }

  /** Asks the daemon, which asks nobody. */
  async has(cid: Cid): Promise<boolean> {
    const local: BlockSource = { place: this.place, fetch: (names) => this.local(names) };
    try {
      for await (const child of fileLinks(cid, local)) await this.patiently(() => this.rpc.localBlockSize(child.cid));
      return true;
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof WrongBytesError) return false;
      throw error;
    }
  }

  /** The daemon fetches what it lacks; only files in the profile are pinned. */
  async pin(cid: Cid, owner: string): Promise<void> {
    const folder = pinFolder(owner);
    const had = (await this.listed(folder)).includes(cid.toString());
    const first = fileLinks(cid, this);
    await first.next();
    await first.return(undefined);
    await this.link(cid, folder); // before the rest comes in, so that it is kept from its first block
    try {
      for await (const piece of this.pieces(cid, MAX_FILE)) void piece;
    } catch (error) {
      if (!had) await this.rpc.unlink(`${folder}/${cid.toString()}`).catch(unlessStoreError); // the first error says more
      throw error;
    }
  }

  async unpin(cid: Cid, owner: string): Promise<void> {
    const path = `${pinFolder(owner)}/${cid.toString()}`;
    await this.patiently(() => this.rpc.unlink(path));
  }

  async pins(owner: string): Promise<Cid[]> {
    return cidsOf(await this.listed(pinFolder(owner)));
  }

  async owners(): Promise<string[]> {
    const found: string[] = [];
    for (const folder of await this.listed(PINS)) {
      const owner = ownerOfFolder(folder);
      if (owner !== undefined && cidsOf(await this.listed(`${PINS}/${folder}`)).length > 0) found.push(owner);
    }
    return found.sort();
  }

  /** As with `ipfs repo gc`, the daemon also drops what others put there and nothing keeps. */
  async collectGarbage(): Promise<Collected> {
    for (const owner of await this.owners()) {
      for (const cid of await this.pins(owner)) {
        if (await this.has(cid)) continue;
        throw new NotFoundError(`is pinned by ${owner} and not here in full, so no garbage was collected; pin it again`, { cid, tried: [this.place] });
      }
    }
    await this.forgetRecent();
    const before = await this.rpc.usedBytes();
    const blocks = await this.rpc.collectGarbage();
    return { blocks, bytes: Math.max(0, before - (await this.rpc.usedBytes())) };
  }

  usedBytes(): Promise<number> {
    return this.patiently(() => this.rpc.usedBytes());
  }

  private async add(data: Uint8Array): Promise<Cid> {
    const [root, note] = [cidOf(data), `${BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)}`];
    await this.rpc.makeFolder(RECENT);
    const said = await this.rpc.add(data, `${RECENT}/${note}`, this.waitSeconds);
    if (said !== root.toString()) {
      await this.rpc.unlink(`${RECENT}/${note}`);
      const shown = said.length <= 100 ? said : `${said.slice(0, 100)}...`;
      throw new WrongBytesError(`the daemon named the bytes '${shown}'`, { cid: root, tried: [this.place] });
    }
    if ((await this.forgetRecent()).includes(note)) return root;
    throw new DaemonRefusedError("the daemon took the bytes and did not keep them", { cid: root, tried: [this.place] });
  }

  /**
   * Bitswap asks one peer for a block and stays with it, even if only wrong bytes come (which the daemon drops) and others have it
   * too. Asking anew lets it choose again.
   */
  private async block(cid: Cid): Promise<Uint8Array> {
    for (const share of SHARES) {
      try {
        return await this.patiently(() => this.rpc.block(cid, this.waitSeconds * share));
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
    const said = `nobody delivered it within ${this.waitSeconds} s, asked ${SHARES.length} times`;
    throw new NotFoundError("nobody who could be reached has it", { cid, tried: [`${this.place} (${said})`] });
  }

  private async *local(names: readonly Cid[]): AsyncGenerator<Uint8Array> {
    for (const cid of names) yield await this.patiently(() => this.rpc.localBlock(cid));
  }

  private async link(cid: Cid, folder: string): Promise<void> {
    await this.patiently(() => this.rpc.makeFolder(folder));
    await this.patiently(() => this.rpc.link(cid, `${folder}/${cid.toString()}`, this.waitSeconds));
  }

  private listed(folder: string): Promise<string[]> {
    return this.patiently(() => this.rpc.listFolder(folder));
  }

  /** Let go of what was put longer ago than the time of grace; the notes there were, each the nanoseconds since 1970 of a put. */
  private async forgetRecent(): Promise<string[]> {
    const before = BigInt(Date.now() - this.graceSeconds * 1000) * 1_000_000n;
    const notes = await this.listed(RECENT);
    for (const name of notes) if (/^\d{1,30}$/.test(name) && BigInt(name) < before) await this.rpc.unlink(`${RECENT}/${name}`);
    return notes;
  }

  private async requireRoom(size: number, quota: number): Promise<void> {
    const used = await this.usedBytes();
    if (used + size <= quota) return;
    throw new StoreFullError(
      `${size} more bytes do not fit: the daemon's repository takes ${used} of the quota of ${quota} bytes; collect garbage (\`store gc\`) or raise the quota in the setting`,
      { tried: [this.place] },
    );
  }

  private patiently<T>(action: () => Promise<T>): Promise<T> {
    return patiently(action, this.waits);
  }
}

function pinFolder(owner: string): string {
  return `${PINS}/${ownerFolder(owner)}`;
}

/** Those of the names that are CIDs: somebody else may have put others there. */
function cidsOf(names: readonly string[]): Cid[] {
  const found = names.flatMap((name) => {
    try {
      return [Cid.parse(name)];
    } catch (error) {
      if (error instanceof CidError) return [];
      throw error;
    }
  });
  return sorted(found);
}

function unlessStoreError(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}
