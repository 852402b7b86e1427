/** A folder of text files: each is a record; the folder it lies in is its label. */
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Batch, Source } from "../../source.ts";
import { decoderOf, encodingOf } from "../encodings.ts";
import { batchesOf, type Document } from "./documents.ts";
import { digestOfFolder, filesIn, type Found, requireFiles } from "./folders.ts";

/** Bytes of one text. */
const LARGEST = 1 << 24;
export const TEXT_ENDINGS: readonly string[] = [".txt", ".md", ".text"];

export class TextFolder implements Source {
  readonly name: string;
  readonly columns: readonly string[] = ["text", "label", "characters", "words"];
  private readonly folder: string;

  constructor(folder: string) {
    requireFiles(folder, TEXT_ENDINGS, "texts");
    this.folder = folder;
    this.name = basename(folder);
  }

  /** SHA-256 of names and bytes of all texts. */
  digest(): Uint8Array {
    return digestOfFolder(filesIn(this.folder, TEXT_ENDINGS));
  }

  /** The texts, by name. One that is too long or no text is a fault of its own. */
  // eslint-disable-next-line @typescript-eslint/require-await -- other sources have to wait
  async *batches(columns: readonly string[]): AsyncGenerator<Batch> {
    yield* batchesOf(this.documents(), columns, this.columns, this.name);
  }

  private *documents(): Generator<Document | string> {
    for (const found of filesIn(this.folder, TEXT_ENDINGS)) yield documentIn(found);
  }
}

function documentIn({ path, name, parent }: Found): Document | string {
  try {
    if (statSync(path).size > LARGEST) return `(${name}) is longer than ${LARGEST} bytes`;
    const decode = decoderOf(encodingOf(path, name));
    const text = decode(readFileSync(path)) + decode();
    return { values: { text, label: parent }, text };
  } catch {
    return `(${name}) is not a text that can be read`;
  }
}
