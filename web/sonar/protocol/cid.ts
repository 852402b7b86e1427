/**
 * Names of artifacts, worked out in the browser: what a server says that it stored is compared with this. The import
 * profile is `unixfs-v0-2015` (docs/ipfs.md): chunks of 256 KiB, at most 174 links, CIDv0.
 */

const CHUNK = 262_144;
const LINKS = 174;
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

interface Node {
  readonly digest: Uint8Array;
  readonly file: number;
  readonly dag: number;
}

/** The 32 bytes that name these bytes on chain. */
export async function digestOf(data: Uint8Array): Promise<Uint8Array> {
  let level: Node[] = [];
  for (let at = 0; at < Math.max(1, data.length); at += CHUNK) level.push(await leaf(data.subarray(at, at + CHUNK)));
  while (level.length > 1) {
    const above: Node[] = [];
    for (let at = 0; at < level.length; at += LINKS) above.push(await parent(level.slice(at, at + LINKS)));
    level = above;
  }
  const [root] = level;
  if (root === undefined) throw new Error("a file has at least one block");
  return root.digest;
}

/** `Qm...` of 32 bytes on chain. */
export function cidText(digest: Uint8Array): string {
  let number = 0n;
  for (const octet of [0x12, 0x20, ...digest]) number = (number << 8n) | BigInt(octet);
  let text = "";
  for (; number > 0n; number /= 58n) text = (ALPHABET[Number(number % 58n)] ?? "") + text;
  return text;
}

/** The 32 bytes of `Qm...`. */
export function cidDigest(cid: string): Uint8Array {
  let number = 0n;
  for (const one of cid) {
    const value = ALPHABET.indexOf(one);
    if (value < 0) throw new RangeError(`${cid.slice(0, 60)} is not a CID`);
    number = number * 58n + BigInt(value);
  }
  const hex = number.toString(16).padStart(68, "0");
  if (cid.length !== 46 || hex.length !== 68 || !hex.startsWith("1220")) throw new RangeError(`${cid.slice(0, 60)} is not a CID`);
  return Uint8Array.from({ length: 32 }, (_, at) => parseInt(hex.slice(4 + at * 2, 6 + at * 2), 16));
}

async function leaf(data: Uint8Array): Promise<Node> {
  const content = data.length > 0 ? join([0x12], varint(data.length), data) : new Uint8Array();
  const file = join([0x08, 2], content, [0x18], varint(data.length));
  return node(join([0x0a], varint(file.length), file), data.length, 0);
}

async function parent(children: readonly Node[]): Promise<Node> {
  const links = children.map((child) => {
    const link = join([0x0a, 34, 0x12, 0x20], child.digest, [0x12, 0, 0x18], varint(child.dag));
    return join([0x12], varint(link.length), link);
  });
  const size = children.reduce((sum, child) => sum + child.file, 0);
  const sizes = children.map((child) => join([0x20], varint(child.file)));
  const file = join([0x08, 2, 0x18], varint(size), ...sizes);
  const below = children.reduce((sum, child) => sum + child.dag, 0);
  return node(join(...links, [0x0a], varint(file.length), file), size, below);
}

async function node(block: Uint8Array<ArrayBuffer>, file: number, below: number): Promise<Node> {
  return { digest: new Uint8Array(await crypto.subtle.digest("SHA-256", block)), file, dag: block.length + below };
}

function varint(number: number): number[] {
  const octets = [];
  let rest = number;
  for (; rest > 127; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  octets.push(rest);
  return octets;
}

function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
