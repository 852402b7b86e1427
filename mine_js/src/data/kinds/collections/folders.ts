/** Walks a folder for its files, in one order everywhere, never through links. Names are bytes: not all of them are UTF-8. */
import { createHash } from "node:crypto";
import { type Dirent, lstatSync, readdirSync, statSync } from "node:fs";
import { digestOfFile, FileFormatError } from "../../source.ts";

const MOST_FILES = 5_000_000;
const SLASH = Buffer.from("/");
/** A letter in UTF-8, or else any byte, read as Latin-1. */
const LETTER =
  /[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[^]/g;

/** One file: where it is, its path from the folder on, its name and that of the folder it lies in, as texts. */
export interface Found {
  readonly path: Buffer;
  readonly relative: Buffer;
  readonly name: string;
  readonly parent: string;
}

/** Regular files below `folder` with one of the endings (in any case), by name: those of a folder before its folders; at most `depth` names below it. */
export function* filesIn(folder: string, endings: readonly string[] | null, depth = Infinity): Generator<Found> {
  requireFolder(folder, "files");
  let count = 0;
  for (const found of below(Buffer.from(folder), Buffer.alloc(0), textOf(Buffer.from(folder.split("/").findLast((part) => part !== "") ?? "")), depth)) {
    if (endings !== null && !hasEnding(found.name, endings)) continue;
    count += 1;
    if (count > MOST_FILES) throw new FileFormatError(`${folder}: more than ${MOST_FILES} files`);
    yield found;
  }
}

/** Whether it is a folder whose first file has one of the endings. */
export function beginsWith(location: string, endings: readonly string[]): boolean {
  if (!isFolder(location)) return false;
  const { value } = filesIn(location, null).next() as { value: Found | undefined };
  return value !== undefined && hasEnding(value.name, endings);
}

/** FileFormatError: no such folder, or no file with one of the endings in it. */
export function requireFiles(folder: string, endings: readonly string[], what: string): void {
  requireFolder(folder, what);
  if (filesIn(folder, endings).next().done === true) throw new FileFormatError(`${folder}: there are no ${what} in this folder (${endings.join(", ")})`);
}

export function isFolder(location: string): boolean {
  return statSync(location, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** SHA-256 of names and bytes of the files. */
export function digestOfFolder(files: Iterable<Found>): Uint8Array {
  const digest = createHash("sha256");
  for (const { path, relative } of files) {
    let content: Uint8Array;
    try {
      content = digestOfFile(path);
    } catch {
      throw new FileFormatError(`${textOf(path)}: cannot be read`);
    }
    digest.update(relative).update("\0").update(content);
  }
  return new Uint8Array(digest.digest());
}

/** FileFormatError: no such folder. */
export function requireFolder(folder: string, what: string): void {
  if (isFolder(folder)) return;
  const isLost = lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  throw new FileFormatError(`${folder}: ${isLost ? "a link that leads to itself or to nothing" : "not a folder"}; give the path of a folder with ${what}`);
}

function* below(place: Buffer, relative: Buffer, parent: string, depth: number): Generator<Found> {
  let entries: Dirent<Buffer>[];
  try {
    entries = readdirSync(place, { encoding: "buffer", withFileTypes: true });
  } catch {
    return; // as if there were nothing in a folder that cannot be read
  }
  entries.sort((one, other) => Buffer.compare(one.name, other.name));
  const inside = (name: Buffer): [Buffer, Buffer] => [Buffer.concat([place, SLASH, name]), relative.length === 0 ? name : Buffer.concat([relative, SLASH, name])];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const [path, from] = inside(entry.name);
    yield { path, relative: from, name: textOf(entry.name), parent };
  }
  if (depth <= 1) return;
  for (const entry of entries) if (entry.isDirectory()) yield* below(...inside(entry.name), textOf(entry.name), depth - 1);
}

function hasEnding(name: string, endings: readonly string[]): boolean {
  return endings.some((ending) => name.toLowerCase().endsWith(ending));
}

/** A name as a text, with a question mark for each byte that is none. */
export function textOf(name: Buffer): string {
  return name.toString("latin1").replaceAll(LETTER, (letter) => (letter.length === 1 && letter > "\x7f" ? "?" : Buffer.from(letter, "latin1").toString("utf8")));
}
