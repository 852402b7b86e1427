/** A file's records in the types of a campaign's schema, one by one: the memory does not grow with the file. */
import { shorten } from "../artifacts/errors.ts";
import type { Fraction } from "../privacy/fraction.ts";
import type { Schema } from "../schema/schema.ts";
import { type Field, isNumeric, type Value } from "../schema/profile.ts";
import { type CsvFile, TableError } from "./csv.ts";
import { Evidence, type Mark, marks } from "./numbers.ts";
import { convert, expected, trim } from "./values.ts";

/**
 * The records' values in schema order, the label last. Records that cannot be used are left out as long as they are
 * few; that there are too many is known, and raised, after the last. `limit` null: however many. `decimal`: the mark of all numbers, null to see it.
 */
export function* readRecords(source: CsvFile, schema: Schema, decimal: Mark | null, limit: Fraction | null): Generator<readonly Value[]> {
  const fields = schema.columns;
  const places = fields.map((field) => placeOf(field.name, source));
  const decimals = marksOf(source, fields, places, decimal);
  let [records, bad, kept] = [0, 0, 0];
  let first: string | undefined;
  for (const row of source.rows({ leftOut: new Map() })) {
    records += 1;
    if ("fault" in row) {
      bad += 1;
      first ??= `${source.name}: row ${row.row} ${row.fault}`;
      continue;
    }
    const values: Value[] = [];
    let fine = true;
    let dropped = false;
    fields.forEach((field, at) => {
      const cell = row.cells[places[at] ?? 0] ?? "";
      const mark = decimals.get(field.name) ?? ".";
      const found = convert(field, cell, mark, () => undefined);
      if ("value" in found) values.push(found.value);
      else if ("drop" in found) dropped = true;
      else {
        fine = false;
        const wants = mark === "?" ? `${expected(field)}; whether the comma is a decimal mark cannot be seen: name it (decimal)` : expected(field);
        first ??= `${source.name}: row ${row.row}, column '${field.name}' is ${found.missing ? "missing" : shorten(trim(cell))}; ${wants} is expected`;
      }
    });
    if (!fine) bad += 1;
    else if (!dropped) {
      kept += 1;
      yield values;
    }
  }
  if (limit === null) return;
  if (limit.toNumber() * records < bad) {
    throw new TableError(`${first ?? source.name} (${bad} of ${records} records cannot be used; at most ${limit.toPercent()} of them may be left out)`);
  }
  if (kept === 0) throw new TableError(`${source.name}: ${records > 0 ? "no record is left" : "no record follows the header line"}`);
}

function placeOf(name: string, source: CsvFile): number {
  const { columns } = source;
  const place = columns.indexOf(name);
  if (place < 0) throw new TableError(`${source.name} (which has ${columns.slice(0, 12).join(", ")}): no column '${name}'`);
  if (columns.lastIndexOf(name) !== place) throw new TableError(`${source.name}: column '${name}' is there more than once; rename all but one`);
  return place;
}

function marksOf(source: CsvFile, fields: readonly Field[], places: readonly number[], decimal: Mark | null): Map<string, Mark> {
  const numeric = fields.flatMap((field, at) => (isNumeric(field) || field.jsonType === "integer" ? [{ name: field.name, place: places[at] ?? 0 }] : []));
  const evidence = new Map(numeric.map(({ name }) => [name, new Evidence()]));
  if (decimal === null) {
    for (const row of source.rows({ leftOut: new Map() })) {
      if ("fault" in row) continue;
      for (const { name, place } of numeric) evidence.get(name)?.add(trim(trim(row.cells[place] ?? "").replace(/%$/, "")));
    }
  }
  return marks(evidence, decimal);
}
