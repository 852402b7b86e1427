/**
 * From a CID to verified bytes, whatever the place that the blocks come from. The reader trusts nothing: each block hashes to
 * the name it was asked by, the size that the root declares is within the cap before anything else is fetched, and every
 * further block is the one that this size asks for.
 */
import { Cid } from "../protocol/cid.ts";
import { MalformedBlockError, NotFoundError, StoreError, TooLargeError, WrongBytesError } from "./errors.ts";
import type { BlockSource } from "./store.ts";
import { BlockShapeError, type Child, dagSize, declaredSize, depthOf, leafData, MAX_BLOCK, MAX_FILE, nodeChildren } from "./unixfs.ts";

/** Throws WrongBytesError unless the block hashes to its name. */
export function checkBlock(cid: Cid, block: Uint8Array, place: string, root = cid): void {
  const where = { cid: root, block: cid, tried: [place] };
  if (block.length > MAX_BLOCK) throw new WrongBytesError(`more than ${MAX_BLOCK} bytes came back for one block`, where);
  const found = Cid.ofBlock(block);
  if (!found.equals(cid)) throw new WrongBytesError(`the bytes that came back hash to ${found.toString()}`, where);
}

/** One file being read: its errors name its root and the place that its blocks come from. */
class Tree {
  private readonly root: Cid;
  private readonly source: BlockSource;

  constructor(root: Cid, source: BlockSource) {
    this.root = root;
    this.source = source;
  }

  /** The verified root block and the file size it declares, which is within the cap. */
  async open(most: number): Promise<{ block: Uint8Array; size: number }> {
    const { root, source } = this;
    const block = await this.take(source.fetch([root])[Symbol.asyncIterator]());
    checkBlock(root, block, source.place);
    const size = this.shaped(root, () => declaredSize(block));
    const wanted = Math.min(most, MAX_FILE);
    if (size > wanted) throw new TooLargeError(`says it has ${size} bytes, and at most ${wanted} are wanted`, { cid: root, tried: [source.place] });
    return { block, size };
  }

  async *pieces(cid: Cid, block: Uint8Array, size: number, level: number): AsyncGenerator<Uint8Array> {
    if (level === 0) {
      yield this.shaped(cid, () => leafData(block, size));
      return;
    }
    const children = this.shaped(cid, () => nodeChildren(block, size, level));
    let place = 0;
    for await (const below of this.blocks(children)) {
      const child = children[place++] as Child;
      yield* this.pieces(child.cid, below, child.fileSize, level - 1);
    }
  }

  /** Every block below, repeated ones once. */
  async *links(cid: Cid, block: Uint8Array, size: number, level: number, seen: Set<string>): AsyncGenerator<Child> {
    if (level === 0) return;
    const fresh: Child[] = [];
    for (const child of this.shaped(cid, () => nodeChildren(block, size, level))) {
      const key = `${child.cid.hex}/${child.fileSize}`;
      if (seen.has(key)) continue;
      seen.add(key);
      fresh.push(child);
    }
    yield* fresh;
    if (level === 1) return;
    let place = 0;
    for await (const below of this.blocks(fresh)) {
      const child = fresh[place++] as Child;
      yield* this.links(child.cid, below, child.fileSize, level - 1, seen);
    }
  }

  private async *blocks(children: readonly Child[]): AsyncGenerator<Uint8Array> {
    const coming = this.source.fetch(children.map((child) => child.cid))[Symbol.asyncIterator]();
    try {
      for (const { cid } of children) {
        const block = await this.take(coming);
        checkBlock(cid, block, this.source.place, this.root);
        yield block;
      }
    } finally {
      await coming.return?.(undefined);
    }
  }

  /** The next block; an error about it also names the file it belongs to. */
  private async take(coming: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
    try {
      const next = await coming.next();
      if (next.done === true) throw new NotFoundError("a block is missing", { cid: this.root, tried: [this.source.place] });
      return next.value;
    } catch (error) {
      if (!(error instanceof StoreError) || error.cid === undefined || error.cid.equals(this.root)) throw error;
      throw error.retold(error.reason, { cid: this.root, block: error.cid, tried: error.tried });
    }
  }

  private shaped<T>(block: Cid, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof BlockShapeError) throw new MalformedBlockError(error.message, { cid: this.root, block, tried: [this.source.place] });
      throw error;
    }
  }
}

/** The file's bytes in pieces of at most a chunk, each verified. */
export async function* readFile(root: Cid, source: BlockSource, most: number): AsyncGenerator<Uint8Array> {
  const tree = new Tree(root, source);
  const { block, size } = await tree.open(most);
  yield* tree.pieces(root, block, size, depthOf(size));
}

/** Every block of the file, the root first, repeated ones once; fetches the nodes, not the leaves. */
export async function* fileLinks(root: Cid, source: BlockSource): AsyncGenerator<Child> {
  const tree = new Tree(root, source);
  const { block, size } = await tree.open(MAX_FILE);
  const depth = depthOf(size);
  yield { cid: root, fileSize: size, dagSize: dagSize(size, depth) };
  yield* tree.links(root, block, size, depth, new Set());
}
