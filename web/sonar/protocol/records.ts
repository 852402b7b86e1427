/** Records as they are sealed: an Arrow stream of one uncompressed batch in the campaign's own types. */
import { Bool, Field, Float64, Int64, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Struct, Utf8, vectorFromArray } from "apache-arrow";

export interface Column {
  readonly name: string;
  readonly type: "number" | "integer" | "boolean" | "string";
  readonly values: readonly (number | boolean | string)[];
}

const TYPES = { number: () => new Float64(), integer: () => new Int64(), boolean: () => new Bool(), string: () => new Utf8() };

/** The stream's bytes. */
export function recordsToBytes(columns: readonly Column[]): Uint8Array {
  const fields = columns.map((column) => new Field(column.name, TYPES[column.type](), false));
  const children = columns.map((column) => {
    const values = column.type === "integer" ? column.values.map((value) => BigInt(value)) : column.values;
    const [data] = vectorFromArray(values as readonly unknown[], TYPES[column.type]()).data;
    if (data === undefined) throw new RangeError("there are no records");
    return data;
  });
  const rows = columns[0]?.values.length ?? 0;
  const schema = new Schema(fields);
  const batch = new RecordBatch(schema, makeData({ type: new Struct(fields), length: rows, nullCount: 0, children }));
  const writer = new RecordBatchStreamWriter();
  writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}
