/** Arrow IPC files, also called Feather, and streams. A file is a stream between its mark and its footer. */
import { basename } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { CompressionType, compressionRegistry, DataType, type Field, RecordBatchReader, type RecordBatchStreamReader, type Vector } from "apache-arrow";
import { NotInMineJsError } from "../../errors.ts";
import { type Batch, type Cell, digestOfFile, FileFormatError, Moment, opened, OTHER, piecesOf, requireColumns, type Source, startsWith, TYPED_ROWS } from "../source.ts";
import { closeSync } from "node:fs";
import { decimalValue, littleOrBig } from "./decimals.ts";

export const ARROW_MAGIC = "ARROW1";
const BEFORE_STREAM = 8;
compressionRegistry.set(CompressionType.ZSTD, { decode: (raw) => zstdDecompressSync(raw) });

export class ArrowFile implements Source {
  readonly name: string;
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
    this.name = basename(path);
  }

  get columns(): readonly string[] {
    const reader = this.open();
    const names = reader.schema.fields.map((field) => field.name);
    reader.cancel();
    return names;
  }

  digest(): Uint8Array {
    return digestOfFile(this.path);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other sources have to wait
  async *batches(wanted: readonly string[]): AsyncGenerator<Batch> {
    requireColumns(wanted, this.columns, this.name);
    const reader = this.open();
    let row = 0;
    try {
      for (const batch of reader) {
        const columns = wanted.map((name) => {
          const at = batch.schema.fields.findIndex((field) => field.name === name);
          return cellsOf(batch.schema.fields[at], batch.getChildAt(at));
        });
        for (let first = 0; first < batch.numRows; first += TYPED_ROWS) {
          const last = Math.min(batch.numRows, first + TYPED_ROWS);
          const rows = Array.from({ length: last - first }, (_, place) => row + first + place + 1);
          yield { rows, columns: columns.map((column) => column.slice(first, last)), faults: [], leftOut: new Map() };
        }
        row += batch.numRows;
      }
    } catch (error) {
      throw this.said(error, `damaged after row ${row}; write the file anew`);
    } finally {
      reader.cancel();
    }
  }

  private open(): RecordBatchStreamReader {
    closeSync(opened(this.path));
    try {
      const reader = RecordBatchReader.from(this.stream()) as RecordBatchStreamReader;
      reader.open();
      if (!(reader.schema as unknown)) throw new RangeError("no schema");
      return reader;
    } catch (error) {
      throw this.said(error, "not an Arrow file, or a damaged one");
    }
  }

  private *stream(): Generator<Uint8Array> {
    let skip = startsWith(this.path, ARROW_MAGIC) ? BEFORE_STREAM : 0;
    for (const piece of piecesOf(this.path)) {
      yield piece.subarray(skip);
      skip = 0;
    }
  }

  private said(error: unknown, otherwise: string): Error {
    if (error instanceof FileFormatError) return error;
    if (error instanceof Error && /codec|compress/i.test(error.message)) {
      return new NotInMineJsError(`${this.name}: compressed with LZ4, which Mine.js does not read; write it with zstd or uncompressed, or run mine-agent for it`);
    }
    return new FileFormatError(`${this.name}: ${otherwise}`);
  }
}

function cellsOf(field: Field | undefined, vector: Vector | null): Cell[] {
  if (field === undefined || vector === null) throw new RangeError("a column is missing in a batch");
  const read = readerOf(field.type as DataType);
  return Array.from({ length: vector.length }, (_, place) => {
    const value: unknown = vector.get(place);
    return value === null || value === undefined ? null : read(value);
  });
}

/** What a type's values become. */
function readerOf(type: DataType): (value: unknown) => Cell {
  if (DataType.isDictionary(type)) return readerOf(type.dictionary as DataType);
  if (DataType.isNull(type)) return () => null;
  if (DataType.isInt(type)) return (value) => BigInt(value as number | bigint);
  if (DataType.isFloat(type)) return (value) => value as number;
  if (DataType.isBool(type)) return (value) => value as boolean;
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type)) return (value) => value as string;
  if (DataType.isDecimal(type)) {
    const { scale } = type;
    return (value) => {
      const words = value as Uint32Array;
      return decimalValue(littleOrBig(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), true), scale);
    };
  }
  if (DataType.isDate(type) || DataType.isTimestamp(type)) return (value) => new Moment(Math.trunc(Number(value) / 1000));
  return () => OTHER;
}
