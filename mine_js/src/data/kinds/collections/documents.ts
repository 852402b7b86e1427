/** Records with a text and some values beside it, gathered into batches. */
import { type Batch, type Cell, Collected, requireColumns } from "../../source.ts";

/** `values` by column; `text` is what `characters` and `words` count. */
export interface Document {
  readonly values: Readonly<Record<string, Cell>>;
  readonly text: string;
}

/** The documents in batches; a text instead of one says what is wrong with it. */
export function* batchesOf(documents: Iterable<Document | string>, columns: readonly string[], there: readonly string[], source: string): Generator<Batch> {
  requireColumns(columns, there, source);
  const collected = new Collected(columns.length);
  let row = 0;
  for (const document of documents) {
    row += 1;
    if (typeof document === "string") collected.fault(row, document);
    else collected.add(row, columns.map((column) => cellOf(document, column)), document.text.length);
    if (collected.isFull) yield collected.batch();
  }
  yield collected.batch();
}

function cellOf({ values, text }: Document, column: string): Cell {
  if (column === "characters") return BigInt([...text].length);
  if (column === "words") return BigInt(text.split(/[\p{White_Space}\u001c-\u001f]+/u).filter((word) => word !== "").length);
  return Object.hasOwn(values, column) ? (values[column] ?? null) : null;
}
