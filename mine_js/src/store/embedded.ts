/**
 * The embedded store: a directory of verified blocks, shared by the parties of one machine, in the same form as
 * the Python parties': `blocks/<last two characters>/<cid>`, `pins/<owner>/<cid>`, `tmp`, `lock`, `identity`.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync, closeSync, constants, existsSync, fchmodSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, statSync,
  unlinkSync, utimesSync, writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ExitCode, NotInMineJsError, OpenMinedError } from "../errors.ts";
import { errorCode, flock, syncDirectory } from "../home/files.ts";
import { expandHome } from "../home/settings.ts";
import { sameBytes } from "../protocol/bytes.ts";
import { Cid } from "../protocol/cid.ts";
import { BlockShapeError, buildBlocks, CHUNK, declaredSize, depthOf, leafData, MAX_BLOCK, MAX_FILE, nodeChildren } from "./unixfs.ts";

const LOCK_SECONDS = 60;

/** Base of the store's errors: names the artifact and what the store said. */
export class StoreError extends OpenMinedError {}
/** Nobody who was asked has the artifact now. Asking again later may help. */
export class NotFoundError extends StoreError {}
/** The bytes are not those that the name promises. */
export class WrongBytesError extends StoreError {}
/** More bytes than are wanted. */
export class TooLargeError extends StoreError {}
/** The blocks are whole, but not in the one allowed form. */
export class MalformedBlockError extends StoreError {}
export class StoreBusyError extends StoreError {}
export class StoreFullError extends StoreError {}
export class StoreAccessError extends StoreError {}
export class StoreSettingError extends StoreError {}
export class OwnerNameError extends StoreError {}
/** Another directory lies where the store's was: what is not found there says nothing. */
export class StoreReplacedError extends StoreError {
  override readonly exitCode: ExitCode = 3;
}

/** The store that a setting names. */
export function openStore(setting: string): EmbeddedStore {
  const [kind, ...rest] = setting.split(":");
  const [path = ""] = rest.join(":").split("?");
  if (kind !== "embedded" || setting.includes(",kubo:") || setting.includes("?")) {
    throw new NotInMineJsError(`Mine.js has the embedded store only, without a quota, and the setting 'store' is '${setting}'; run mine-agent for that`);
  }
  const expanded = expandHome(path);
  if (!expanded.startsWith("/")) throw new StoreSettingError(`'${setting}': the path is not absolute; expected 'embedded:/absolute/path'`);
  return new EmbeddedStore(expanded);
}

export class EmbeddedStore {
  readonly root: string;
  private readonly identity: Uint8Array;

  constructor(root: string) {
    this.root = root;
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
      if ((statSync(root).mode & 0o002) !== 0) {
        throw new StoreAccessError(`everybody may write to the store directory ${root}, so anybody could remove its pins; take that right away (chmod o-w)`);
      }
      for (const name of ["tmp", "blocks", "pins"]) this.make(join(root, name));
    } catch (error) {
      throw asStoreError(error, root);
    }
    this.identity = this.knownIdentity() ?? this.newIdentity();
  }

  /** The artifact's bytes, every block verified by hash; nothing larger than `most`. */
  get(cid: Cid, most: number): Uint8Array {
    const root = this.block(cid, cid);
    return this.shaped(cid, () => {
      const size = declaredSize(root);
      if (size > Math.min(most, MAX_FILE)) {
        throw new TooLargeError(`${cid.toString()}: says it has ${size} bytes, and at most ${Math.min(most, MAX_FILE)} are wanted; tried: embedded store ${this.root}`);
      }
      const made = new Uint8Array(size);
      this.fill(made, 0, cid, root, size, depthOf(size));
      return made;
    });
  }

  /** Store and pin in one step: no garbage collection can come between. */
  async putPinned(data: Uint8Array, owner: string): Promise<Cid> {
    return this.writing(() => {
      const cid = this.write(data);
      const folder = join(this.root, "pins", ownerFolder(owner));
      this.make(folder);
      this.place(join(folder, cid.toString()), new Uint8Array(0));
      syncDirectory(join(this.root, "pins"));
      return cid;
    });
  }

  async put(data: Uint8Array): Promise<Cid> {
    return this.writing(() => this.write(data));
  }

  /** This owner needs it no longer. No error if the owner had not pinned it. */
  unpin(cid: Cid, owner: string): void {
    try {
      unlinkSync(join(this.root, "pins", ownerFolder(owner), cid.toString()));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw asStoreError(error, this.root);
    }
  }

  /** Whether it is pinned by the owner and whole. */
  isWhole(cid: Cid, owner: string): boolean {
    if (!existsSync(join(this.root, "pins", ownerFolder(owner), cid.toString()))) return false;
    try {
      this.get(cid, MAX_FILE);
      return true;
    } catch (error) {
      if (error instanceof StoreReplacedError || !(error instanceof StoreError)) throw error;
      return false;
    }
  }

  /** Everybody who pins something. */
  owners(): string[] {
    return readdirSync(join(this.root, "pins")).filter((name) => this.namesIn(join("pins", name)).length > 0).map(decodeURIComponent).sort();
  }

  /** What the owner pins. */
  pins(owner: string): string[] {
    return this.namesIn(join("pins", ownerFolder(owner))).sort();
  }

  /** Bytes of all blocks. */
  usedBytes(): number {
    const folders = readdirSync(join(this.root, "blocks")).map((name) => join("blocks", name));
    return folders.flatMap((folder) => this.namesIn(folder).map((name) => statSync(join(this.root, folder, name), { throwIfNoEntry: false })?.size ?? 0)).reduce((sum, size) => sum + size, 0);
  }

  /** What is wrong with an artifact, read to its end; null if it is whole. */
  problemOf(cid: string): string | null {
    try {
      this.get(Cid.parse(cid), MAX_FILE);
      return null;
    } catch (error) {
      if (error instanceof StoreReplacedError || !(error instanceof StoreError)) throw error;
      return error.message.replace(`${cid}: `, "").replace(`; tried: embedded store ${this.root}`, "");
    }
  }

  /** The names in a directory of the store that are CIDs. */
  private namesIn(folder: string): string[] {
    const path = join(this.root, folder);
    return existsSync(path) ? readdirSync(path).filter((name) => /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/.test(name)) : [];
  }

  private fill(into: Uint8Array, at: number, cid: Cid, block: Uint8Array, size: number, depth: number): void {
    if (depth === 0) {
      into.set(leafData(block, size), at);
      return;
    }
    for (const child of nodeChildren(block, size, depth)) {
      this.fill(into, at, child.cid, this.block(child.cid, cid), child.fileSize, depth - 1);
      at += child.fileSize;
    }
  }

  private block(name: Cid, root: Cid): Uint8Array {
    const path = this.path(name);
    const part = name.equals(root) ? "" : ` (block ${name.toString()})`;
    let block: Uint8Array;
    try {
      if (!lstatSync(path).isFile()) throw new StoreAccessError(`${root.toString()}: what lies at ${path} is not an ordinary file${part}`);
      if (lstatSync(path).size > MAX_BLOCK) throw new TooLargeError(`${root.toString()}: more than ${MAX_BLOCK} bytes came back for one block${part}; tried: embedded store ${this.root}`);
      block = new Uint8Array(readFileSync(path));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw asStoreError(error, path);
      this.requireSame();
      throw new NotFoundError(`${root.toString()}: is not here${part}; tried: embedded store ${this.root}`);
    }
    const found = Cid.ofBlock(block);
    if (!found.equals(name)) throw new WrongBytesError(`${root.toString()}: the bytes that came back hash to ${found.toString()}${part}; tried: embedded store ${this.root}`);
    return block;
  }

  private shaped<T>(cid: Cid, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof BlockShapeError) throw new MalformedBlockError(`${cid.toString()}: ${error.message}; tried: embedded store ${this.root}`);
      throw error;
    }
  }

  private write(data: Uint8Array): Cid {
    let root: Cid | undefined;
    const touched = new Set<string>();
    for (const [child, block] of buildBlocks(data)) {
      root = child.cid;
      const path = this.path(child.cid);
      const folder = join(path, "..");
      if (this.make(folder)) touched.add(join(this.root, "blocks"));
      touched.add(folder);
      if (this.isHere(path, block)) continue;
      this.place(path, block);
    }
    for (const folder of touched) syncDirectory(folder);
    if (root === undefined) throw new StoreError(`no block was made of ${data.length} bytes in chunks of ${CHUNK}`);
    return root;
  }

  /** Whether the right block is there; it then counts as written now, young for the garbage collection. */
  private isHere(path: string, block: Uint8Array): boolean {
    try {
      if (!sameBytes(readFileSync(path), block)) return false;
      utimesSync(path, new Date(), new Date());
      return true;
    } catch {
      return false;
    }
  }

  /** A file with these bytes: durable first, then named. */
  private place(path: string, data: Uint8Array): void {
    const temporary = join(this.root, "tmp", `${process.pid}-${randomBytes(8).toString("hex")}`);
    const handle = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      for (let at = 0; at < data.length; ) at += writeSync(handle, data, at);
      fchmodSync(handle, statSync(this.root).mode & 0o444);
      fsyncSync(handle);
      renameSync(temporary, path);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    } finally {
      closeSync(handle);
    }
    syncDirectory(join(path, ".."));
  }

  private async writing<T>(work: () => T): Promise<T> {
    return this.locked("shared", () => {
      this.requireSame();
      return work();
    });
  }

  private async locked<T>(kind: "shared" | "exclusive", work: () => T): Promise<T> {
    const path = join(this.root, "lock");
    const handle = this.openLock(path);
    const end = performance.now() + LOCK_SECONDS * 1000;
    try {
      while (!flock(handle, path, kind)) {
        if (performance.now() > end) throw new StoreBusyError(`the store ${this.root} has been held by another process for ${LOCK_SECONDS} s`);
        await sleep(50);
      }
      return work();
    } catch (error) {
      throw asStoreError(error, this.root);
    } finally {
      closeSync(handle);
    }
  }

  /** Readable by whoever shares the store: a lock needs no more. */
  private openLock(path: string): number {
    return openSync(path, constants.O_RDONLY | constants.O_CREAT, statSync(this.root).mode & 0o444);
  }

  private requireSame(): void {
    const found = this.knownIdentity();
    if (found === undefined || !sameBytes(found, this.identity)) {
      throw new StoreReplacedError(
        `${this.root} is not the directory that was there when this process started (unmounted, or replaced); put it back, or restart if the change is meant`,
      );
    }
  }

  private knownIdentity(): Uint8Array | undefined {
    try {
      const found = readFileSync(join(this.root, "identity"));
      return found.length === 32 ? new Uint8Array(found) : undefined;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw asStoreError(error, this.root);
    }
  }

  /** Make one, unless another process has just done so. */
  private newIdentity(): Uint8Array {
    const path = join(this.root, "lock");
    const handle = this.openLock(path);
    try {
      for (const end = performance.now() + LOCK_SECONDS * 1000; !flock(handle, path, "exclusive"); ) {
        if (performance.now() > end) throw new StoreBusyError(`the store ${this.root} has been held by another process for ${LOCK_SECONDS} s`);
      }
      const found = this.knownIdentity() ?? new Uint8Array(Buffer.from(randomBytes(16).toString("hex")));
      if (this.knownIdentity() === undefined) this.place(join(this.root, "identity"), found);
      return found;
    } finally {
      closeSync(handle);
    }
  }

  private path(cid: Cid): string {
    const name = cid.toString();
    return join(this.root, "blocks", name.slice(-2), name);
  }

  /** A directory inside the store, with the store's own mode; whether it is new. */
  private make(path: string): boolean {
    try {
      mkdirSync(path);
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
    chmodSync(path, statSync(this.root).mode & 0o2775);
    return true;
  }
}

/** The owner's name as one safe path component. */
function ownerFolder(owner: string): string {
  const name = encodeURIComponent(owner).replace(/[.!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  if (owner === "" || name.length > 240) throw new OwnerNameError(`'${owner.slice(0, 80)}' cannot own a pin: its name is too long`);
  return name;
}

/** Whether anything is pinned under the owner; for tests. */
export function pinsOf(root: string, owner: string): string[] {
  const folder = join(root, "pins", ownerFolder(owner));
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function asStoreError(error: unknown, path: string): unknown {
  const code = errorCode(error);
  if (error instanceof OpenMinedError || code === "") return error;
  if (["ENOSPC", "EDQUOT", "EFBIG"].includes(code)) return new StoreFullError(`no room left on the disk of ${path}`);
  return new StoreAccessError(`${path} cannot be used: ${code}`);
}
