/** Files that only their owner may read, written whole or not at all; and the lock of a home directory. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, fstatSync, fsyncSync, ftruncateSync, linkSync, mkdirSync, openSync, readSync, renameSync, statSync, unlinkSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { dirname, join, basename } from "node:path";
import { OpenMinedError } from "../errors.ts";
import { AlreadyRunningError, LockError } from "../chain/errors.ts";

const FOR_A_MOMENT = "for a moment";
const BETWEEN_TRIES_MS = 50;
/** How long a command that needs the lock waits for those that have it for a moment. */
export const LOCK_PATIENCE_MS = 2_000;

/** A file or directory of secrets that other users of this machine can read, change or swap. */
export class NotPrivateError extends OpenMinedError {}
/** The mine's directory is missing, is already set up, or is open to other users. */
export class HomeError extends OpenMinedError {}

export function errorCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** The directory and its missing parents, mode 0700 for those created here. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** Refuse what exists and is somebody else's, or open to other users. */
export function requirePrivate(path: string): void {
  let found;
  try {
    found = statSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw new NotPrivateError(`${path}: it cannot be looked at (${errorCode(error)}); check it`);
  }
  requirePrivateStat(path, found);
}

function requirePrivateStat(path: string, found: { uid: number; mode: number; isDirectory(): boolean; isFile(): boolean }): void {
  if (found.uid !== process.geteuid?.() && found.uid !== 0) {
    throw new NotPrivateError(`${path}: it belongs to another user (number ${found.uid}); use files of your own`);
  }
  if (!found.isDirectory() && !found.isFile()) return;
  const mode = found.mode & 0o7777;
  if ((mode & 0o077) !== 0) {
    const wanted = found.isDirectory() ? "700" : "600";
    throw new NotPrivateError(
      `${path}: mode is ${mode.toString(8).padStart(4, "0")}; only its owner may read and write it (0${wanted}); run: chmod ${wanted} ${path}`,
    );
  }
}

/** The bytes of a private file of at most `most` bytes; undefined if there is none. */
export function readPrivate(path: string, most: number): Buffer | undefined {
  return readLimited(path, most, true);
}

/** The bytes of a file of at most `most` bytes; undefined if there is none. */
export function readLimited(path: string, most: number, isPrivate = false): Buffer | undefined {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new HomeError(`${path}: it cannot be read (${errorCode(error)})`);
  }
  try {
    const found = fstatSync(handle);
    if (isPrivate) requirePrivateStat(path, found);
    const buffer = Buffer.alloc(most + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= most; length += read) read = readSync(handle, buffer, length, most + 1 - length, null);
    if (length > most) throw new HomeError(`${path}: it is longer than ${most} bytes`);
    return buffer.subarray(0, length);
  } finally {
    closeSync(handle);
  }
}

/** A new file of mode 0600, complete or not there at all; refuses a path that is taken. */
export function createSecretFile(path: string, data: Uint8Array): void {
  const temporary = writeBeside(path, data);
  try {
    linkSync(temporary, path); // unlike rename, refuses to replace
  } catch (error) {
    if (errorCode(error) === "EEXIST") throw new HomeError(`there is already a file at ${path}; it is never overwritten, choose another path`);
    throw new HomeError(`${path} cannot be written (${errorCode(error)})`);
  } finally {
    unlinkSync(temporary);
  }
  syncDirectory(dirname(path));
}

/** The file with new content, mode 0600; readers see the old bytes or the new. */
export function replaceSecretFile(path: string, data: Uint8Array): void {
  renameSync(writeBeside(path, data), path);
  syncDirectory(dirname(path));
}

function writeBeside(path: string, data: Uint8Array): string {
  makePrivateDirectory(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  const handle = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    for (let at = 0; at < data.length; ) at += writeSync(handle, data, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return temporary;
}

export function syncDirectory(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Hold the lock file while the work runs: the same flock as the Python mine's, so a home is never open to both.
 * Node has no flock. A lock belongs to the open file, not to a process: a child that inherits it takes it for us,
 * and the kernel releases it however this process ends. `patienceMs`: how long to wait for it, as commands and pages
 * that read events hold it for a moment; `forAMoment`: this is one of them, and no agent at work.
 */
export async function withHomeLock<T>(
  path: string, work: () => Promise<T>, { patienceMs = 0, forAMoment = false }: { readonly patienceMs?: number; readonly forAMoment?: boolean } = {},
): Promise<T> {
  makePrivateDirectory(dirname(path));
  const handle = openLock(path);
  try {
    const until = performance.now() + patienceMs;
    while (!flock(handle, path, "exclusive")) {
      if (performance.now() >= until) throw new AlreadyRunningError(path);
      await sleep(BETWEEN_TRIES_MS);
    }
    say(handle, forAMoment ? FOR_A_MOMENT : "");
    try {
      return await work();
    } finally {
      say(handle, "");
    }
  } finally {
    closeSync(handle);
  }
}

/** Say in the lock file who holds it; on a full disk it is not said, and the lock holds all the same. */
function say(handle: number, words: string): void {
  try {
    ftruncateSync(handle);
    writeSync(handle, words, 0);
  } catch {
    return;
  }
}

/** Whether an agent holds the lock now; not somebody who reads events or claims, and says so in the file. */
export async function isAgentAtWork(path: string): Promise<boolean> {
  const seen = (): boolean => isLocked(path) && readLimited(path, 64)?.toString() !== FOR_A_MOMENT;
  if (!seen()) return false;
  await sleep(BETWEEN_TRIES_MS); // whoever takes it says so in its next breath; an agent has it still
  return seen();
}

function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const handle = openLock(path);
  try {
    return !flock(handle, path, "shared");
  } finally {
    closeSync(handle);
  }
}

function openLock(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    throw new LockError(path, errorCode(error) || "it cannot be opened");
  }
}

const PERL = "use Fcntl ':flock'; open(my $f, '+>&=', 3) or exit 2; exit(flock($f, ($ARGV[0] eq 'exclusive' ? LOCK_EX : LOCK_SH) | LOCK_NB) ? 0 : 1)";

/** Whether the lock of the open file was to be had at once; "flock" of util-linux, or Perl where that is missing. */
export function flock(handle: number, path: string, kind: "exclusive" | "shared"): boolean {
  for (const [command, options] of [
    ["flock", [kind === "exclusive" ? "-x" : "-s", "-n", "3"]],
    ["perl", ["-e", PERL, kind]],
  ] as const) {
    const done = spawnSync(command, options, { stdio: ["ignore", "ignore", "ignore", handle] });
    if (done.error !== undefined) continue;
    if (done.status === 0) return true;
    if (done.status === 1) return false;
    throw new LockError(path, "the disk has no locks");
  }
  throw new LockError(path, "neither `flock` nor `perl` is on PATH, and Node has no locks of its own");
}
