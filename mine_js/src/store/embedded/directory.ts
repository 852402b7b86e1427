/**
 * Files of a store directory, in the form of the Python parties': written whole or not at all, durable when written. Whoever makes
 * the directory decides who shares it, and everything inside follows. Its identity is a random number: when another directory lies
 * in its place, nothing is written there, and nothing that is missing there counts as missing.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync, closeSync, constants, fchmodSync, fstatSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, statSync,
  unlinkSync, writeSync,
} from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getSystemErrorMessage } from "node:util";
import { OpenMinedError } from "../../errors.ts";
import { errorCode, flock, syncDirectory } from "../../home/files.ts";
import { sameBytes } from "../../protocol/bytes.ts";
import { StoreAccessError, StoreBusyError, StoreFullError, StoreReplacedError, StoreSettingError } from "../errors.ts";

const LOCK_SECONDS = 60;
const LOCK_POLL_MS = 50;
const IDENTITY_BYTES = 32;
const NOTE_BYTES = 200;
/** Seconds by which the two clocks may drift apart before it is written down. */
const SLACK = 1;
const READING = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** The store's word for what the file system said; what is an error of ours stays as it is. */
export function diskError(error: unknown, path: string): unknown {
  const code = errorCode(error);
  if (error instanceof OpenMinedError || code === "") return error;
  const tried = [`embedded store ${path}`];
  if (["ENOSPC", "EDQUOT", "EFBIG"].includes(code)) return new StoreFullError(`no room left on the disk of ${path}`, { tried });
  const { errno } = error as { errno?: number };
  const said = errno === undefined ? code : getSystemErrorMessage(errno);
  return new StoreAccessError(`${path} cannot be used: ${said.charAt(0).toUpperCase()}${said.slice(1)}`, { tried });
}

/** The first `most` bytes of the file, undefined if there is none. What is no ordinary file is not waited for: it has no bytes. */
export function readOrdinary(path: string, most: number): Uint8Array | undefined {
  let handle: number;
  try {
    handle = openSync(path, READING);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP" || code === "ENXIO") return new Uint8Array(0);
    throw diskError(error, path);
  }
  try {
    if (!fstatSync(handle).isFile()) return new Uint8Array(0);
    const buffer = new Uint8Array(most);
    let length = 0;
    for (let read = -1; read !== 0 && length < most; length += read) read = readSync(handle, buffer, length, most - length, null);
    return buffer.subarray(0, length);
  } catch (error) {
    throw diskError(error, path);
  } finally {
    closeSync(handle);
  }
}

export class StoreDirectory {
  readonly root: string;
  private readonly identity: Uint8Array;

  constructor(root: string) {
    this.root = root;
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
      if ((statSync(root).mode & 0o002) !== 0) {
        throw new StoreSettingError(
          `everybody may write to the store directory ${root}, so anybody could remove its pins; take that right away (chmod o-w) and share it through a group instead`,
        );
      }
      for (const name of ["tmp", "blocks", "pins"]) this.make(join(root, name));
    } catch (error) {
      throw diskError(error, root);
    }
    this.identity = this.knownIdentity() ?? this.newIdentity();
  }

  /** Throws StoreReplacedError unless the directory is still the one that was opened. */
  requireSame(): void {
    const found = this.knownIdentity();
    if (found !== undefined && sameBytes(found, this.identity)) return;
    throw new StoreReplacedError(
      `${this.root} is not the directory that was there when this process started (unmounted, or replaced); put it back, or restart if the change is meant`,
      { tried: [`embedded store ${this.root}`] },
    );
  }

  /** Held together with all who add blocks or pins: no garbage is collected meanwhile. */
  async writing<T>(work: () => T | Promise<T>): Promise<T> {
    return this.locked("shared", () => {
      this.clockAhead();
      return work();
    });
  }

  /** Held alone: nobody writes meanwhile. */
  async collecting<T>(work: () => T | Promise<T>): Promise<T> {
    return this.locked("exclusive", work);
  }

  /** A file with these bytes: durable first, then named. */
  place(path: string, data: Uint8Array): void {
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
  }

  /** A directory inside the store, with the store's own mode; whether it is new. */
  make(path: string): boolean {
    try {
      mkdirSync(path);
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
    try {
      chmodSync(path, statSync(this.root).mode & 0o2775);
    } catch (error) {
      if (errorCode(error) !== "EPERM") throw error; // another account of the group was quicker: its mode is right
    }
    return true;
  }

  /** Take away what processes that died while writing left behind; `before` in seconds since 1970. */
  removeStaleTemporaries(before: number): void {
    for (const name of readdirSync(join(this.root, "tmp"))) {
      const path = join(this.root, "tmp", name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found !== undefined && found.mtimeMs / 1000 < before) unlinkSync(path);
    }
  }

  /**
   * Seconds that the clock is ahead of its smallest difference to the time since the machine was started, which is noted; 0 where
   * the system says nothing of that. Nobody sets the time since the start, and a clock that is set ahead makes all files look old.
   */
  clockAhead(): number {
    const [start, now, path] = [thisStart(), Date.now() / 1000 - uptime(), join(this.root, "clock")];
    if (start === undefined) return 0;
    const [of, seconds] = Buffer.from(readOrdinary(path, NOTE_BYTES) ?? []).toString("latin1").trim().split(/\s+/);
    const least = of === start ? Number(seconds) : Number.NaN;
    if (!Number.isNaN(least) && now >= least - SLACK) return Math.max(0, now - least);
    try {
      this.place(path, Buffer.from(`${start} ${now.toFixed(3)}\n`));
    } catch (error) {
      if (errorCode(error) === "") throw error; // a block that cannot be written either says so itself
    }
    return 0;
  }

  private async locked<T>(kind: "shared" | "exclusive", work: () => T | Promise<T>): Promise<T> {
    const path = join(this.root, "lock");
    try {
      const handle = this.openLock(path);
      try {
        const end = performance.now() + LOCK_SECONDS * 1000;
        while (!flock(handle, path, kind)) {
          if (performance.now() > end) throw this.busy();
          await sleep(LOCK_POLL_MS);
        }
        this.requireSame();
        return await work();
      } finally {
        closeSync(handle);
      }
    } catch (error) {
      throw diskError(error, this.root);
    }
  }

  private busy(): StoreBusyError {
    return new StoreBusyError(`the store ${this.root} has been held by another process for ${LOCK_SECONDS} s`);
  }

  /** Readable by whoever shares the store: a lock needs no more. */
  private openLock(path: string): number {
    const handle = openSync(path, READING | constants.O_CREAT, statSync(this.root).mode & 0o444);
    if (fstatSync(handle).isFile()) return handle;
    closeSync(handle);
    throw new StoreAccessError(`${path} is not an ordinary file; remove it, a new one will be made`);
  }

  private knownIdentity(): Uint8Array | undefined {
    const found = readOrdinary(join(this.root, "identity"), IDENTITY_BYTES);
    return found?.length === IDENTITY_BYTES ? found : undefined;
  }

  /** Make one, unless another process has just done so. */
  private newIdentity(): Uint8Array {
    const path = join(this.root, "lock");
    try {
      const handle = this.openLock(path);
      try {
        for (const end = performance.now() + LOCK_SECONDS * 1000; !flock(handle, path, "exclusive"); ) {
          if (performance.now() > end) throw this.busy();
        }
        const known = this.knownIdentity();
        if (known !== undefined) return known;
        const found = new Uint8Array(Buffer.from(randomBytes(IDENTITY_BYTES / 2).toString("hex")));
        this.place(join(this.root, "identity"), found);
        syncDirectory(this.root);
        return found;
      } finally {
        closeSync(handle);
      }
    } catch (error) {
      throw diskError(error, this.root);
    }
  }
}

/** What names this start of the machine; undefined where the system does not say. */
function thisStart(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() || undefined;
  } catch {
    return undefined;
  }
}
