/**
 * Files as trees of blocks: the protocol's one import profile, IPFS' `unixfs-v0-2015`. Chunks of 262,144 bytes
 * in dag-pb leaves, nodes of at most 174 links, all leaves at one depth, CIDv0.
 */
import { concat } from "../protocol/bytes.ts";
import { Cid } from "../protocol/cid.ts";
import { OpenMinedError } from "../errors.ts";

export const CHUNK = 262_144;
export const LINKS = 174;
export const MAX_BLOCK = CHUNK + 14;
export const MAX_FILE = 4 * 1024 ** 3;

/** A block that is not what the profile asks for. */
export class BlockShapeError extends OpenMinedError {}

/** A link: the block, the bytes of file under it, the bytes of blocks under it, itself included. */
export interface Child {
  readonly cid: Cid;
  readonly fileSize: number;
  readonly dagSize: number;
}

function varint(number: number): number[] {
  const out: number[] = [];
  while (number > 0x7f) {
    out.push((number % 128) | 0x80);
    number = Math.floor(number / 128);
  }
  return [...out, number];
}

function leafFrame(size: number): { head: Uint8Array; tail: Uint8Array } {
  const tail = [0x18, ...varint(size)];
  const head = [0x08, 2, ...(size > 0 ? [0x12, ...varint(size)] : [])];
  return { head: Uint8Array.from([0x0a, ...varint(head.length + size + tail.length), ...head]), tail: Uint8Array.from(tail) };
}

export function leafBlock(data: Uint8Array): Uint8Array {
  const { head, tail } = leafFrame(data.length);
  return concat([head, data, tail]);
}

/** The node over 1 to LINKS children; links come before the data, dag-pb's canonical order. */
export function nodeBlock(children: readonly Child[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const child of children) {
    const size = varint(child.dagSize);
    parts.push(Uint8Array.from([0x12, 34 + 2 + 2 + 1 + size.length, 0x0a, 0x22, 0x12, 0x20]), child.cid.digest);
    parts.push(Uint8Array.from([0x12, 0x00, 0x18, ...size]));
  }
  const total = children.reduce((sum, child) => sum + child.fileSize, 0);
  const data = [0x08, 2, 0x18, ...varint(total), ...children.flatMap((child) => [0x20, ...varint(child.fileSize)])];
  parts.push(Uint8Array.from([0x0a, ...varint(data.length), ...data]));
  return concat(parts);
}

/** Every block of these bytes with its name, children before parents; the last one is the root. */
export function* buildBlocks(data: Uint8Array): Generator<readonly [Child, Uint8Array]> {
  let level: Child[] = [];
  for (let at = 0; at === 0 || at < data.length; at += CHUNK) {
    const chunk = data.subarray(at, at + CHUNK);
    const block = leafBlock(chunk);
    const leaf = { cid: Cid.ofBlock(block), fileSize: chunk.length, dagSize: block.length };
    level.push(leaf);
    yield [leaf, block];
  }
  while (level.length > 1) {
    const above: Child[] = [];
    for (let at = 0; at < level.length; at += LINKS) {
      const children = level.slice(at, at + LINKS);
      const block = nodeBlock(children);
      const sum = (of: (child: Child) => number): number => children.reduce((total, child) => total + of(child), 0);
      const node = {
        cid: Cid.ofBlock(block),
        fileSize: sum((child) => child.fileSize),
        dagSize: block.length + sum((child) => child.dagSize),
      };
      above.push(node);
      yield [node, block];
    }
    level = above;
  }
}

/** The CID that these bytes have in every store. */
export function cidOf(data: Uint8Array): Cid {
  let root: Cid | undefined;
  for (const [child] of buildBlocks(data)) root = child.cid;
  if (root === undefined) throw new BlockShapeError("no block was made");
  return root;
}

/** The file size that a root block claims. It proves nothing: compare the block with the claim afterwards. */
export function declaredSize(block: Uint8Array): number {
  const unixfs = fieldsOf(block).get(1);
  if (!(unixfs instanceof Uint8Array)) throw new BlockShapeError("holds no UnixFS data");
  const inner = fieldsOf(unixfs);
  if (inner.get(1) === 1 || inner.get(1) === 5) throw new BlockShapeError("is a directory, not a file");
  const size = inner.get(3);
  if (inner.get(1) !== 2 || typeof size !== "number") throw new BlockShapeError("is not a UnixFS file");
  return size;
}

/** Levels of nodes above the leaves: 0 for up to one chunk, 1 for up to 174 chunks, and so on. */
export function depthOf(fileSize: number): number {
  let depth = 0;
  for (let capacity = CHUNK; capacity < fileSize; capacity *= LINKS) depth += 1;
  return depth;
}

function childSizes(fileSize: number, depth: number): number[] {
  const full = CHUNK * LINKS ** (depth - 1);
  const count = Math.max(1, Math.ceil(fileSize / full));
  return Array.from({ length: count }, (_, index) => (index < count - 1 ? full : fileSize - full * (count - 1)));
}

/** Bytes of all blocks of a tree, each place counted. */
export function dagSize(fileSize: number, depth: number): number {
  if (depth === 0) {
    const { head, tail } = leafFrame(fileSize);
    return fileSize + head.length + tail.length;
  }
  const unnamed = new Cid(new Uint8Array(32).fill(1));
  const sizes = childSizes(fileSize, depth);
  const known = new Map<number, number>();
  const children = sizes.map((size) => {
    if (!known.has(size)) known.set(size, dagSize(size, depth - 1));
    return { cid: unnamed, fileSize: size, dagSize: known.get(size) ?? 0 };
  });
  return nodeBlock(children).length + children.reduce((sum, child) => sum + child.dagSize, 0);
}

/** The data of a leaf that must hold exactly `fileSize` bytes. */
export function leafData(block: Uint8Array, fileSize: number): Uint8Array {
  const { head, tail } = leafFrame(fileSize);
  const end = head.length + fileSize;
  const data = block.subarray(head.length, end);
  if (block.length !== end + tail.length || Buffer.compare(block, concat([head, data, tail])) !== 0) {
    throw new BlockShapeError(`is not the leaf of ${fileSize} bytes that its place in the tree asks for`);
  }
  return data;
}

/** The children of the node that stands for `fileSize` bytes, `depth` levels above the leaves. */
export function nodeChildren(block: Uint8Array, fileSize: number, depth: number): Child[] {
  const children: Child[] = [];
  const sizes = childSizes(fileSize, depth);
  let at = 0;
  for (const size of sizes) {
    const below = dagSize(size, depth - 1);
    const digest = block.subarray(at + 6, at + 38);
    if (digest.length < 32 || digest.every((octet) => octet === 0)) {
      throw new BlockShapeError(`has fewer links than ${fileSize} bytes need`);
    }
    children.push({ cid: new Cid(digest.slice()), fileSize: size, dagSize: below });
    at += 2 + 2 + 34 + 2 + 1 + varint(below).length;
  }
  if (Buffer.compare(nodeBlock(children), block) !== 0) {
    throw new BlockShapeError(`is not the node over ${fileSize} bytes that its place in the tree asks for`);
  }
  return children;
}

/** The first of each field of a protobuf message: numbers (wire type 0) and byte strings (wire type 2). */
function fieldsOf(message: Uint8Array): Map<number, number | Uint8Array> {
  const found = new Map<number, number | Uint8Array>();
  let at = 0;
  const read = (): number => {
    let number = 0;
    for (let shift = 0; shift < 49; shift += 7) {
      const octet = message[at];
      if (octet === undefined) throw new BlockShapeError("is not a dag-pb block: it ends in the middle of a number");
      at += 1;
      number += (octet & 0x7f) * 2 ** shift;
      if (octet < 0x80) return number;
    }
    throw new BlockShapeError("is not a dag-pb block: a number in it is too long");
  };
  while (at < message.length) {
    const key = read();
    const value = read();
    const field = Math.floor(key / 8);
    if ((key & 7) === 0) {
      if (!found.has(field)) found.set(field, value);
    } else if ((key & 7) === 2 && value <= message.length - at) {
      if (!found.has(field)) found.set(field, message.subarray(at, at + value));
      at += value;
    } else throw new BlockShapeError("is not a dag-pb block");
  }
  return found;
}
