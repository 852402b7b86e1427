/**
 * The store of one machine: a directory of verified blocks, shared by the parties that live there, in the form of the Python
 * parties' (`blocks/<last two characters>/<cid>`, `pins/<owner>/<cid>`). A process that dies at any moment leaves at worst a temporary
 * file and unpinned blocks. Putting an artifact again repairs damaged blocks of it.
 */
import { lstatSync, readdirSync, unlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { errorCode, syncDirectory } from "../../home/files.ts";
import { sameBytes } from "../../protocol/bytes.ts";
import { Cid, CidError } from "../../protocol/cid.ts";
import { NotFoundError, StoreError, StoreFullError, WrongBytesError } from "../errors.ts";
import { type BlockSource, type Collected, GRACE_SECONDS, ownerFolder, ownerOfFolder, sorted, type Store, whole } from "../store.ts";
import { fileLinks, readFile } from "../tree.ts";
import { buildBlocks, CHUNK, dagSize, depthOf, MAX_BLOCK } from "../unixfs.ts";
import { diskError, readOrdinary, StoreDirectory } from "./directory.ts";

export class EmbeddedStore implements Store, BlockSource {
  readonly root: string;
  readonly quotaBytes: number | null;
  private readonly directory: StoreDirectory;
  private readonly graceSeconds: number;

  /** `quotaBytes`: how much all blocks together may take; several writers at once can overstep it by what they are just writing. */
  constructor(root: string, quotaBytes: number | null = null, graceSeconds = GRACE_SECONDS) {
    this.root = root;
    this.quotaBytes = quotaBytes;
    this.graceSeconds = graceSeconds;
    this.directory = new StoreDirectory(root);
  }

  get place(): string {
    return `embedded store ${this.root}`;
  }

  get(cid: Cid, most: number): Promise<Uint8Array> {
    return whole(this.pieces(cid, most));
  }

  pieces(cid: Cid, most: number): AsyncIterable<Uint8Array> {
    return readFile(cid, this, most);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as all sources do, though a disk is read at once
  async *fetch(names: readonly Cid[]): AsyncGenerator<Uint8Array> {
    for (const cid of names) {
      const block = this.read(cid);
      if (block === undefined) throw new NotFoundError("is not here", { cid, tried: [this.place] });
      if (block.length === 0) throw new WrongBytesError(`what lies at ${this.path(cid)} is empty or not an ordinary file`, { cid, tried: [this.place] });
      yield block;
    }
  }

  put(data: Uint8Array): Promise<Cid> {
    return this.directory.writing(() => this.write(data));
  }

  putPinned(data: Uint8Array, owner: string): Promise<Cid> {
    ownerFolder(owner); // a name that cannot be is refused before anything is written
    return this.directory.writing(() => {
      const cid = this.write(data);
      this.addPin(cid, owner);
      return cid;
    });
  }

  /** A damaged node counts as not here; leaves are looked for, not read. */
  async has(cid: Cid): Promise<boolean> {
    try {
      await this.requireWhole(cid);
      return true;
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof WrongBytesError) return false;
      throw error;
    }
  }

  pin(cid: Cid, owner: string): Promise<void> {
    return this.directory.writing(async () => {
      await this.requireWhole(cid);
      this.addPin(cid, owner);
    });
  }

  async unpin(cid: Cid, owner: string): Promise<void> {
    await this.looked(() => {
      remove(join(this.root, "pins", ownerFolder(owner), cid.toString()));
    });
  }

  pins(owner: string): Promise<Cid[]> {
    return this.looked(() => this.pinsIn(ownerFolder(owner)));
  }

  owners(): Promise<string[]> {
    return this.looked(() => this.pinFolders().filter((name) => this.pinsIn(name).length > 0).flatMap((name) => ownerOfFolder(name) ?? []).sort());
  }

  collectGarbage(): Promise<Collected> {
    return this.directory.collecting(async () => {
      const keep = new Set<string>();
      for (const cid of this.pinFolders().flatMap((folder) => this.pinsIn(folder))) {
        try {
          for await (const child of fileLinks(cid, this)) keep.add(child.cid.toString());
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          const reason = `is pinned and damaged (${error.reason}), so no garbage was collected; put it again`;
          throw error.retold(reason, { cid, block: error.block ?? error.cid, tried: error.tried });
        }
      }
      const before = Date.now() / 1000 - this.directory.clockAhead() - this.graceSeconds;
      let [blocks, bytes] = [0, 0];
      for (const { name, size, written } of this.listing()) {
        if (keep.has(name) || written >= before) continue;
        remove(this.path(name));
        blocks += 1;
        bytes += size;
      }
      this.directory.removeStaleTemporaries(before);
      return { blocks, bytes };
    });
  }

  usedBytes(): Promise<number> {
    return this.looked(() => this.used());
  }

  /** For a cache in front of a network: add one block, which is verified and the one of that name. */
  async keep(cid: Cid, block: Uint8Array): Promise<void> {
    await this.directory.writing(() => {
      this.requireRoom(block.length, cid);
      this.add(cid, block, new Set());
    });
  }

  /** Whether there is a block of that name; whether it is sound shows when it is read. */
  isHere(cid: Cid): boolean {
    if (lstatSync(this.path(cid), { throwIfNoEntry: false })?.isFile() === true) return true;
    this.directory.requireSame();
    return false;
  }

  /** The unchecked block, at most one byte more than one may have; undefined if there is none, no bytes for what is no ordinary file. */
  read(cid: Cid): Uint8Array | undefined {
    const block = readOrdinary(this.path(cid), MAX_BLOCK + 1);
    if (block === undefined) this.directory.requireSame();
    return block;
  }

  private async requireWhole(cid: Cid): Promise<void> {
    for await (const child of fileLinks(cid, this)) {
      if (!this.isHere(child.cid)) throw new NotFoundError("is not here in full", { cid, block: child.cid, tried: [this.place] });
    }
  }

  private write(data: Uint8Array): Cid {
    this.requireRoom(dagSize(data.length, depthOf(data.length)));
    let root: Cid | undefined;
    const touched = new Set<string>();
    for (const [child, block] of buildBlocks(data)) {
      root = child.cid;
      this.add(child.cid, block, touched);
    }
    for (const folder of touched) syncDirectory(folder);
    if (root === undefined) throw new StoreError(`no block was made of ${data.length} bytes in chunks of ${CHUNK}`);
    return root;
  }

  /** Write the block unless it is here in good state; `touched`: the directories whose names are to be made durable. */
  private add(cid: Cid, block: Uint8Array, touched: Set<string>): void {
    const path = this.path(cid);
    const folder = join(path, "..");
    touched.add(folder);
    const known = this.read(cid);
    if (known !== undefined && sameBytes(known, block) && refreshed(path)) return;
    if (this.directory.make(folder)) touched.add(join(this.root, "blocks"));
    this.directory.place(path, block);
  }

  private addPin(cid: Cid, owner: string): void {
    const folder = join(this.root, "pins", ownerFolder(owner));
    this.directory.make(folder);
    this.directory.place(join(folder, cid.toString()), new Uint8Array(0));
    syncDirectory(folder);
    syncDirectory(join(this.root, "pins"));
  }

  private requireRoom(size: number, cid?: Cid): void {
    if (this.quotaBytes === null) return;
    const room = this.quotaBytes - this.used();
    if (size <= room) return;
    throw new StoreFullError(
      `${size} more bytes do not fit: ${room} of the quota of ${this.quotaBytes} bytes are left; collect garbage (\`store gc\`) or raise the quota in the setting`,
      { cid, tried: [this.place] },
    );
  }

  private used(): number {
    return this.listing().reduce((sum, { size }) => sum + size, 0);
  }

  /** Every block with its bytes and the time of its last writing, in seconds since 1970. */
  private listing(): { name: string; size: number; written: number }[] {
    const folders = readdirSync(join(this.root, "blocks")).sort();
    return folders.flatMap((folder) =>
      readdirSync(join(this.root, "blocks", folder)).flatMap((name) => {
        const found = isCid(name) ? lstatSync(join(this.root, "blocks", folder, name), { throwIfNoEntry: false }) : undefined;
        return found === undefined ? [] : [{ name, size: found.size, written: found.mtimeMs / 1000 }];
      }),
    );
  }

  private pinFolders(): string[] {
    return readdirSync(join(this.root, "pins"));
  }

  private pinsIn(folder: string): Cid[] {
    try {
      return sorted(readdirSync(join(this.root, "pins", folder)).filter(isCid).map((name) => Cid.parse(name)));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return [];
      throw error;
    }
  }

  private path(cid: Cid | string): string {
    const name = cid.toString();
    return join(this.root, "blocks", name.slice(-2), name);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as all stores do, though a disk is read at once
  private async looked<T>(work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      throw diskError(error, this.root);
    }
  }
}

/** A stray file of a file manager or a backup is no pin and no block. */
function isCid(name: string): boolean {
  try {
    Cid.parse(name);
    return true;
  } catch (error) {
    if (error instanceof CidError) return false;
    throw error;
  }
}

/** Count the block as written now, young for a garbage collection. false: it is gone since, or another account's; write it again. */
function refreshed(path: string): boolean {
  try {
    utimesSync(path, new Date(), new Date());
    return true;
  } catch {
    return false;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
