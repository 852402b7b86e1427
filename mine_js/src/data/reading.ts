/** A source's records in the types of a campaign's schema, batch by batch: the memory does not grow with the source. */
import type { Fraction } from "../privacy/fraction.ts";
import type { Schema } from "../schema/schema.ts";
import { type Field, isNumeric, type Value } from "../schema/profile.ts";
import { pythonFloat } from "../wording.ts";
import { bare, Evidence, type Mark, marks } from "./numbers.ts";
import { BadValueError, type Cell, FileFormatError, requireColumns, type SchemaError, type Source } from "./source.ts";
import { convert, currencyOf, expected, trimmed } from "./values.ts";

/** How many records were read, and how many of them cannot be used. */
export interface Seen {
  records: number;
  unusable: number;
}

/**
 * The records' values in schema order, the label last. Records that cannot be used are left out as long as they are
 * few; that there are too many is known, and raised, after the last. `limit` null: however many. `decimal`: the mark of all numbers, null to see it.
 */
export async function* readRecords(source: Source, schema: Schema, decimal: Mark | null, limit: Fraction | null, seen: Seen = { records: 0, unusable: 0 }): AsyncGenerator<readonly Value[]> {
  const fields = schema.columns;
  const names = fields.map((field) => field.name);
  requireColumns(names, source.columns, source.name);
  const numeric = fields.filter((field) => isNumeric(field) || field.jsonType === "integer").map((field) => field.name);
  const decimals = await decimalMarks(source, numeric, decimal);
  let kept = 0;
  let first: ((more?: string) => SchemaError) | undefined;
  for await (const { rows, columns, faults } of source.batches(names)) {
    seen.records += rows.length + faults.length;
    seen.unusable += faults.length;
    const [fault] = faults;
    let firstRow = fault?.row ?? Infinity;
    let error = fault && ((more = ""): SchemaError => new FileFormatError(`${source.name}: row ${fault.row} ${fault.problem}${more && ` (${more})`}`));
    const cells = columns.map((column) => column.map(trimmed));
    const converted = fields.map((field, at) => convert(field, cells[at] ?? [], decimals.get(field.name) ?? ".", () => undefined));
    for (let place = 0; place < rows.length; place += 1) {
      const values: Value[] = [];
      let fine = true;
      let dropped = false;
      for (const [at, field] of fields.entries()) {
        const found = converted[at]?.[place];
        if (found === undefined) continue;
        if ("value" in found) values.push(found.value);
        else if ("drop" in found) dropped = true;
        else {
          const row = rows[place] ?? 0;
          if (row < firstRow) {
            const cell: Cell = found.missing ? null : (cells[at]?.[place] ?? null);
            firstRow = row;
            error = (more = ""): SchemaError => new BadValueError(source.name, row, field.name, cell, wants(field, decimals), more);
          }
          fine = false;
        }
      }
      if (!fine) seen.unusable += 1;
      else if (!dropped) {
        kept += 1;
        yield values;
      }
    }
    first ??= error;
  }
  if (limit === null) return;
  const { records, unusable: bad } = seen;
  if (first !== undefined && limit.toNumber() * records < bad) {
    const more = `${bad} of ${records} records cannot be used; at most ${limit.toPercent()} of them may be left out`;
    throw records === 1 ? first() : first(more);
  }
  if (kept === 0) throw new FileFormatError(`${source.name}: ${records > 0 ? "no record is left" : "no record follows the header line"}`);
}

function wants(field: Field, decimals: ReadonlyMap<string, Mark>): string {
  const mark = decimals.get(field.name) === "?" ? "; it is not clear whether the comma is a decimal mark: name it (decimal)" : "";
  return `${expected(field)}${mark}`;
}

/** The decimal mark of the named columns: one pass over the source, if there are any texts in them. */
export async function decimalMarks(source: Source, names: readonly string[], given: Mark | null): Promise<Map<string, Mark>> {
  const evidence = new Map(names.map((name) => [name, new Evidence()]));
  if (given !== null || names.length === 0) return marks(evidence, given);
  for await (const { rows, columns } of source.batches(names)) {
    let texts = false;
    for (const [at, name] of names.entries()) {
      const column = (columns[at] ?? []).map(trimmed);
      if (!column.some((cell) => typeof cell === "string")) continue;
      texts = true;
      lookAt(column, evidence.get(name));
    }
    if (!texts && rows.length > 0) break; // typed columns need no interpretation
  }
  return marks(evidence, null);
}

/** Let the texts of a column of one batch speak for a mark; beside them its numbers, as texts. */
export function lookAt(column: readonly Cell[], evidence: Evidence | undefined): void {
  const currency = currencyOf(column);
  for (const cell of column) {
    if (typeof cell === "string") evidence?.add(bare(cell, currency));
    else if (typeof cell === "number") evidence?.add(pythonFloat(cell));
  }
}
