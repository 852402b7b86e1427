/**
 * Records as they are sealed: an Arrow stream of one uncompressed batch in the campaign's own types. The columns are
 * laid out here, by Arrow's columnar format: the library's builders generate code, which the page's policy forbids.
 */
import { Bool, type Data, Field, Float64, Int64, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Struct, Utf8 } from "apache-arrow";

export interface Column {
  readonly name: string;
  readonly type: "number" | "integer" | "boolean" | "string";
  readonly values: readonly (number | boolean | string)[];
}

/** The stream's bytes. RangeError if there are no records. */
export function recordsToBytes(columns: readonly Column[]): Uint8Array {
  const rows = columns[0]?.values.length ?? 0;
  if (rows === 0) throw new RangeError("there are no records");
  const children = columns.map(dataOf);
  const fields = columns.map((column, place) => new Field(column.name, children[place]?.type ?? new Utf8(), false));
  const batch = new RecordBatch(new Schema(fields), makeData({ type: new Struct(fields), length: rows, nullCount: 0, children }));
  const writer = new RecordBatchStreamWriter();
  writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}

function dataOf(column: Column): Data {
  const { values } = column;
  const whole = { length: values.length, nullCount: 0 };
  switch (column.type) {
    case "number":
      return makeData({ type: new Float64(), ...whole, data: Float64Array.from(values, Number) });
    case "integer":
      return makeData({ type: new Int64(), ...whole, data: BigInt64Array.from(values, (value) => BigInt(value)) });
    case "boolean": {
      const bits = new Uint8Array(Math.ceil(values.length / 8));
      values.forEach((value, place) => {
        if (value === true) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
      });
      return makeData({ type: new Bool(), ...whole, data: bits });
    }
    case "string": {
      const texts = values.map((value) => new TextEncoder().encode(String(value)));
      const offsets = new Int32Array(values.length + 1);
      texts.forEach((text, place) => {
        offsets[place + 1] = (offsets[place] ?? 0) + text.length;
      });
      const data = new Uint8Array(offsets[values.length] ?? 0);
      texts.forEach((text, place) => data.set(text, offsets[place]));
      return makeData({ type: new Utf8(), ...whole, valueOffsets: offsets, data });
    }
  }
}
