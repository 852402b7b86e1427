/** In which encoding a text is, recognised as mine-agent recognises it, and its letters piece by piece. */
import { FileFormatError, piecesOf } from "../source.ts";

const MARKS: readonly (readonly [string, string])[] = [["efbbbf", "utf-8"], ["fffe0000", "utf-32"], ["0000feff", "utf-32"], ["fffe", "utf-16le"], ["feff", "utf-16be"]];
const KINDS: readonly (readonly [string, string])[] = [
  ["504b0304", "a ZIP archive or an Excel workbook (.xlsx); save the sheet as CSV"],
  ["d0cf11e0", "an old Excel workbook (.xls); save the sheet as CSV"],
  ["1f8b", "compressed with gzip; decompress it first"],
  ["25504446", "a PDF document; save the table as CSV"],
  ["50415231", "a Parquet file; give it the ending .parquet"],
  ["4152524f5731", "an Arrow file; give it the ending .arrow"],
  ["53514c69746520666f726d6174203300", "an SQLite database; give it the ending .sqlite"],
];
/** So many control characters are forgiven, or that share of the first bytes: of random ones a tenth is. */
const [FEW, STRANGE] = [256, 0.01];
/** Windows-1252 leaves these bytes without a meaning. */
const NOT_WESTERN = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/** The encoding of the whole file, by its mark or by its bytes. FileFormatError: it is empty, or no text at all. */
export function encodingOf(path: string | Buffer, name: string): string {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let [isUtf8, isWestern] = [true, true];
  for (const piece of piecesOf(path)) {
    if (decoder === undefined) {
      const found = byItsBeginning(piece, name);
      if (found !== null) return found;
      decoder = new TextDecoder("utf-8", { fatal: true });
    }
    if (isUtf8) isUtf8 = decodes(() => decoder?.decode(piece, { stream: true }));
    if (isWestern) isWestern = !NOT_WESTERN.some((byte) => piece.includes(byte));
    if (!isUtf8 && !isWestern) return "latin-1";
  }
  if (decoder === undefined) throw new FileFormatError(`${name}: the file is empty; a header line is expected`);
  if (isUtf8 && decodes(() => decoder?.decode())) return "utf-8";
  return isWestern ? "windows-1252" : "latin-1";
}

/** What decodes a text piece by piece, the last one without a piece; it throws a TypeError for bytes that are none. */
export function decoderOf(encoding: string): (piece?: Buffer) => string {
  // What browsers call Latin-1 is Windows-1252.
  if (/^(latin-?1|iso-?8859-1|l1)$/i.test(encoding)) return (piece) => piece?.toString("latin1") ?? "";
  if (/^utf-?32/i.test(encoding)) return utf32();
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (piece) => (piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true }));
}

function byItsBeginning(piece: Buffer, name: string): string | null {
  if (piece.every((byte) => [0, 0x1a, 0x20, 9, 10, 13].includes(byte))) throw new FileFormatError(`${name}: the file is empty; a header line is expected`);
  const start = piece.toString("hex", 0, 16);
  const kind = KINDS.find(([magic]) => start.startsWith(magic));
  if (kind !== undefined) throw new FileFormatError(`${name}: not a table in text, but ${kind[1]}`);
  requireTable(piece.toString("latin1", 0, 200), name);
  return MARKS.find(([mark]) => start.startsWith(mark))?.[1] ?? utf16WithoutMark(piece) ?? requireLetters(piece, name);
}

function requireTable(start: string, name: string): void {
  const head = start.replace(/^\xef\xbb\xbf/, "").trimStart().slice(0, 64);
  if (/^(<!doctype html|<html|<\?xml)/i.test(head)) throw new FileFormatError(`${name}: not a table, but a web page or XML; download the file itself`);
  if (/^(\{"|\[\{|\{ |\{\n|\[\n|\[ )/.test(head)) throw new FileFormatError(`${name}: not a table with separators, but JSON; give it the ending .jsonl`);
}

/** Text in Western letters has a zero in every other byte, nearly. */
function utf16WithoutMark(piece: Buffer): string | undefined {
  const sample = piece.subarray(0, 1 << 12);
  const half = sample.length >> 1;
  if (half < 4) return undefined;
  let [even, odd] = [0, 0];
  for (const [place, byte] of sample.entries()) {
    if (byte !== 0) continue;
    if (place % 2 === 0) even += 1;
    else odd += 1;
  }
  if (odd > half * 0.8 && even < half * 0.1) return "utf-16le";
  return even > half * 0.8 && odd < half * 0.1 ? "utf-16be" : undefined;
}

/** No text has these bytes; a few stray ones are forgiven, and zeros, with which files are padded. */
function requireLetters(piece: Buffer, name: string): null {
  const strange = piece.reduce((sum, byte) => sum + ((byte >= 1 && byte <= 8) || (byte >= 14 && byte <= 25) || (byte >= 28 && byte <= 31) || byte === 127 ? 1 : 0), 0);
  if (strange <= Math.max(FEW, piece.length * STRANGE)) return null;
  throw new FileFormatError(
    `${name}: not a table in text, but binary data (${strange} control characters in its first ${piece.length} bytes); save the table as CSV, or say what it is (--as of \`mine-agent data add\`)`,
  );
}

/** As its mark says, which is taken away; without one little-endian. */
function utf32(): (piece?: Buffer) => string {
  let held = Buffer.alloc(0);
  let isLittle: boolean | undefined;
  return (piece) => {
    held = Buffer.concat([held, piece ?? Buffer.alloc(0)]);
    const whole = held.length - (held.length % 4);
    if (piece === undefined && held.length > 0) throw new TypeError("a letter is cut off");
    let made = "";
    for (let at = 0; at < whole; at += 4) {
      if (isLittle === undefined) {
        const mark = held.readUInt32LE(at);
        isLittle = mark !== 0xfffe0000;
        if (mark === 0xfeff || !isLittle) continue;
      }
      const point = isLittle ? held.readUInt32LE(at) : held.readUInt32BE(at);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) throw new TypeError("not a letter");
      made += String.fromCodePoint(point);
    }
    held = held.subarray(whole);
    return made;
  };
}

function decodes(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
