/** A source's records in the types of a campaign's schema, batch by batch: the memory does not grow with the source. */
import type { Fraction } from "../privacy/fraction.ts";
import type { Schema } from "../schema/schema.ts";
import { type Field, isNumeric, type Value } from "../schema/profile.ts";
import { FITTING_TEXT, isFitText, TextsSeen } from "../schema/text.ts";
import { pythonFloat, pythonText } from "../wording.ts";
import { Evidence, type Mark, type Notation, type Notations, notations, PLAINLY } from "./numbers.ts";
import { BadValueError, type Cell, FileFormatError, requireColumns, type SchemaError, type Source } from "./source.ts";
import { convert, expected, isMissing, trimmed } from "./values.ts";

/** How many records were read, and how many of them cannot be used. */
export interface Seen {
  records: number;
  unusable: number;
}

/**
 * The records' values in schema order, the label last. Records that cannot be used are left out as long as they are
 * few; that there are too many is known, and raised, after the last. `limit` null: however many. `written`: how the fields write numbers.
 */
export async function* readRecords(source: Source, schema: Schema, written: Notations, limit: Fraction | null, seen: Seen = { records: 0, unusable: 0 }): AsyncGenerator<readonly Value[]> {
  const fields = schema.columns;
  const names = fields.map((field) => field.name);
  requireColumns(names, source.columns, source.name);
  const texts = new Map(fields.filter((field) => field.text !== null).map((field) => [field.name, new TextsSeen()]));
  let kept = 0;
  let first: ((more?: string) => SchemaError) | undefined;
  for await (const { rows, columns, faults } of source.batches(names)) {
    seen.records += rows.length + faults.length;
    seen.unusable += faults.length;
    const [fault] = faults;
    let firstRow = fault?.row ?? Infinity;
    let error = fault && ((more = ""): SchemaError => new FileFormatError(`${source.name}: row ${fault.row} ${fault.problem}${more && ` (${more})`}`));
    const cells = columns.map((column) => column.map(trimmed));
    const converted = fields.map((field, at) => convert(field, cells[at] ?? [], written.get(field.name) ?? PLAINLY, () => undefined));
    for (const [at, { name }] of fields.entries()) {
      const column = texts.get(name);
      if (column !== undefined) for (const cell of cells[at] ?? []) if (typeof cell === "string" && !isMissing(cell, []) && isFitText(cell)) column.add(cell);
    }
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
            error = (more = ""): SchemaError => new BadValueError(source.name, row, field.name, cell, wants(field, written), more);
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
  for (const [name, { allNumbers }] of texts) {
    if (allNumbers > 0) throw new FileFormatError(`${source.name}: all ${allNumbers} values of column ${pythonText(name)} are numbers; ${FITTING_TEXT} is expected`);
  }
  const { records, unusable: bad } = seen;
  if (first !== undefined && limit.toNumber() * records < bad) {
    const more = `${bad} of ${records} records cannot be used; at most ${limit.toPercent()} of them may be left out`;
    throw records === 1 ? first() : first(more);
  }
  if (kept === 0) throw new FileFormatError(`${source.name}: ${records > 0 ? "no record is left" : "no record follows the header line"}`);
}

function wants(field: Field, written: Notations): string {
  const mark = written.get(field.name)?.mark === "?" ? "; it is not clear whether the comma is a decimal mark: name it (decimal)" : "";
  return `${expected(field)}${mark}`;
}

/** How the numeric fields' columns write numbers in their texts: one pass over the source, if there are such fields. */
export async function notationsIn(source: Source, fields: readonly Field[], given: Mark | null): Promise<Map<string, Notation>> {
  const names = fields.filter((field) => isNumeric(field) || field.jsonType === "integer").map((field) => field.name);
  return notationsOf(source, names, given);
}

/** The same of columns that are known to be numbers. */
export async function notationsOf(source: Source, names: readonly string[], given: Mark | null): Promise<Map<string, Notation>> {
  const evidence = new Map(names.map((name) => [name, new Evidence()]));
  if (names.length === 0) return new Map();
  for await (const { columns } of source.batches(names)) {
    for (const [at, name] of names.entries()) {
      const column = (columns[at] ?? []).map(trimmed);
      if (column.some((cell) => typeof cell === "string")) lookAt(column, evidence.get(name));
    }
  }
  return notations(evidence, given);
}

/** Let the texts of a column of one batch speak for a notation; beside them its numbers, as texts. */
export function lookAt(column: readonly Cell[], evidence: Evidence | undefined): void {
  for (const cell of column) {
    if (typeof cell === "string") evidence?.add(cell);
    else if (typeof cell === "number") evidence?.add(pythonFloat(cell));
  }
}
