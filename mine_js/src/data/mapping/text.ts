/** Text that people have written, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark. */
import { DataError } from "../errors.ts";

/** The text without its mark. */
export function decodeText(raw: Buffer, source: string): string {
  const encoding = encodingOf(raw);
  try {
    if (encoding === "UTF-32") return utf32(raw);
    return new TextDecoder(encoding, { fatal: true }).decode(raw);
  } catch {
    throw new DataError(`${source}: it holds bytes that are not ${encoding} text; save it as UTF-8; expected a mapping in TOML`);
  }
}

function encodingOf(raw: Buffer): string {
  const start = raw.toString("hex", 0, 4);
  if (start === "fffe0000" || start === "0000feff") return "UTF-32";
  if (start.startsWith("fffe")) return "UTF-16LE";
  if (start.startsWith("feff")) return "UTF-16BE";
  if (raw.length >= 2 && raw.length % 2 === 0) {
    // UTF-16 without a mark: every other byte of plain text is zero
    if (raw[0] === 0 && raw[1] !== 0) return "UTF-16BE";
    if (raw[0] !== 0 && raw[1] === 0) return "UTF-16LE";
  }
  return "UTF-8";
}

function utf32(raw: Buffer): string {
  const little = raw[0] === 0xff;
  let made = "";
  for (let at = 4; at < raw.length; at += 4) made += String.fromCodePoint(little ? raw.readUInt32LE(at) : raw.readUInt32BE(at));
  return made;
}
