/** Parquet files, a row group's wanted columns at a time. */
import { closeSync, fstatSync, readSync } from "node:fs";
import { basename } from "node:path";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { type Compressors, type FileMetaData, parquetMetadata, parquetRead, parquetSchema, type SchemaTree } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { NotInMineJsError } from "../../errors.ts";
import { type Batch, type Cell, digestOfFile, FileFormatError, Moment, opened, OTHER, requireColumns, type Source, TYPED_ROWS } from "../source.ts";
import { decimalValue, littleOrBig } from "./decimals.ts";

const COMPRESSORS: Compressors = { LZ4_RAW: unpacked, GZIP: (raw) => gunzipSync(raw), ZSTD: (raw) => zstdDecompressSync(raw), BROTLI: (raw) => brotliDecompressSync(raw) };
const CODECS = ["UNCOMPRESSED", "SNAPPY", ...Object.keys(COMPRESSORS)];
const PARSERS = {
  timestampFromMilliseconds: (millis: bigint): Moment => new Moment(Number(BigInt(millis) / 1000n)),
  timestampFromMicroseconds: (micros: bigint): Moment => new Moment(Number(micros / 1_000_000n)),
  timestampFromNanoseconds: (nanos: bigint): Moment => new Moment(Number(nanos / 1_000_000_000n)),
  dateFromDays: (days: number): Moment => new Moment(days * 86_400),
  jsonFromBytes: (raw: Uint8Array): string => new TextDecoder().decode(raw),
};
const FOOTER = 8;

/** One column at the top: what its cells become. */
interface Column {
  readonly name: string;
  readonly isNested: boolean;
  readonly cell: (value: unknown) => Cell;
}

export class ParquetFile implements Source {
  readonly name: string;
  private readonly path: string | Buffer;

  /** `name`: what to call it in messages. */
  constructor(path: string | Buffer, name = basename(String(path))) {
    this.path = path;
    this.name = name;
  }

  get columns(): readonly string[] {
    return this.using(({ columns }) => columns.map((column) => column.name));
  }

  digest(): Uint8Array {
    return digestOfFile(this.path);
  }

  async *batches(wanted: readonly string[]): AsyncGenerator<Batch> {
    requireColumns(wanted, this.columns, this.name);
    const handle = opened(this.path);
    let row = 0;
    try {
      const { metadata, columns } = this.read(handle);
      const chosen = wanted.flatMap((name) => columns.find((column) => column.name === name) ?? []);
      const plain = chosen.filter((column) => !column.isNested).map((column) => column.name);
      for (const group of metadata.row_groups) {
        const count = Number(group.num_rows);
        const lists = await this.group(handle, metadata, plain, row, count);
        for (let first = 0; first < count; first += TYPED_ROWS) {
          const last = Math.min(count, first + TYPED_ROWS);
          const rows = Array.from({ length: last - first }, (_, place) => row + first + place + 1);
          const cells = chosen.map(({ name, isNested, cell }) => {
            const at = plain.indexOf(name);
            return isNested ? rows.map((): Cell => OTHER) : lists.slice(first, last).map((list) => cell(list[at]));
          });
          yield { rows, columns: cells, faults: [], leftOut: new Map() };
        }
        row += count;
      }
    } catch (error) {
      if (error instanceof FileFormatError || error instanceof NotInMineJsError) throw error;
      throw new FileFormatError(`${this.name}: damaged after row ${row}; write the file anew`);
    } finally {
      closeSync(handle);
    }
  }

  /** A row group's records, as lists in the order of the columns. */
  private async group(handle: number, metadata: FileMetaData, columns: string[], first: number, count: number): Promise<unknown[][]> {
    if (columns.length === 0) return Array.from({ length: count }, () => []);
    let found: unknown[][] = [];
    const file = { byteLength: fstatSync(handle).size, slice: (start: number, end?: number): ArrayBuffer => bytesAt(handle, start, end) };
    await parquetRead({
      file, metadata, columns, rowStart: first, rowEnd: first + count, compressors: COMPRESSORS, parsers: PARSERS, utf8: false, geoparquet: false,
      onComplete: (rows: unknown[][]) => {
        found = rows;
      },
    });
    if (found.length !== count) throw new FileFormatError(`${this.name}: damaged after row ${first}; write the file anew`);
    return found;
  }

  private using<T>(work: (read: { metadata: FileMetaData; columns: readonly Column[] }) => T): T {
    const handle = opened(this.path);
    try {
      return work(this.read(handle));
    } finally {
      closeSync(handle);
    }
  }

  private read(handle: number): { metadata: FileMetaData; columns: readonly Column[] } {
    let metadata: FileMetaData;
    let children: readonly SchemaTree[];
    try {
      const size = fstatSync(handle).size;
      const length = new DataView(bytesAt(handle, size - FOOTER, size)).getUint32(0, true);
      metadata = parquetMetadata(bytesAt(handle, Math.max(0, size - FOOTER - length), size), { geoparquet: false });
      ({ children } = parquetSchema(metadata));
    } catch {
      throw new FileFormatError(`${this.name}: not a Parquet file, or one that is encrypted`);
    }
    const codecs = metadata.row_groups.flatMap((group) => group.columns.map((column) => column.meta_data?.codec ?? "UNCOMPRESSED"));
    const unknown = codecs.find((codec) => !CODECS.includes(codec));
    if (unknown !== undefined) {
      throw new NotInMineJsError(`${this.name}: compressed with ${unknown}, which Mine.js does not read; write it with snappy or zstd, or run mine-agent for it`);
    }
    const columns = children.map(columnOf);
    // Decimals are read as they are stored: the library rounds them otherwise than the Python mine.
    for (const element of metadata.schema) if (element.converted_type === "DECIMAL" || element.logical_type?.type === "DECIMAL") {
      delete element.converted_type;
      delete element.logical_type;
    }
    return { metadata, columns };
  }
}

/** A page packed with LZ4. The library fills up with zeros what a damaged page lacks: so it is measured first. */
function unpacked(raw: Uint8Array, length: number): Uint8Array {
  const made = lz4Length(raw) === length ? compressors.LZ4_RAW?.(raw, length) : undefined;
  if (made === undefined) throw new RangeError("the page is damaged");
  return made;
}

/** How many bytes a block of LZ4 unpacks to; NaN if it ends too early. */
function lz4Length(raw: Uint8Array): number {
  let [at, length] = [0, 0];
  const run = (start: number): number => {
    let sum = start;
    for (let byte = start === 15 ? 255 : 0; byte === 255; sum += byte) byte = raw[at++] ?? NaN;
    return sum;
  };
  while (at < raw.length) {
    const token = raw[at++] ?? 0;
    const literals = run(token >> 4);
    at += literals;
    length += literals;
    if (at === raw.length) return length;
    at += 2;
    length += run(token & 15) + 4;
  }
  return at === raw.length ? length : NaN;
}

function bytesAt(handle: number, start: number, end?: number): ArrayBuffer {
  const length = (end ?? fstatSync(handle).size) - start;
  const made = new ArrayBuffer(length);
  if (readSync(handle, new Uint8Array(made), 0, length, start) !== length) throw new RangeError("the file ends too early");
  return made;
}

function columnOf({ element, children }: SchemaTree): Column {
  const { name, type, converted_type: converted, logical_type: logical, scale = 0, repetition_type: repetition } = element;
  const isNested = children.length > 0 || repetition === "REPEATED";
  const decimal = converted === "DECIMAL" || logical?.type === "DECIMAL";
  const text = converted === "UTF8" || converted === "ENUM" || converted === "JSON" || logical?.type === "STRING" || logical?.type === "ENUM" || logical?.type === "JSON";
  const time = converted === "TIME_MILLIS" || converted === "TIME_MICROS" || logical?.type === "TIME";
  const cell = (value: unknown): Cell => {
    if (value === null || value === undefined) return null;
    if (decimal) return decimalValue(value instanceof Uint8Array ? littleOrBig(value, false) : BigInt(value as number | bigint), scale);
    if (value instanceof Moment || typeof value === "boolean") return value;
    if (time) return OTHER;
    if (type === "INT32" || type === "INT64") return BigInt(value as number | bigint);
    if (typeof value === "number") return value;
    if (!text) return OTHER;
    return typeof value === "string" ? value : value instanceof Uint8Array ? new TextDecoder().decode(value) : OTHER;
  };
  return { name, isNested, cell };
}
