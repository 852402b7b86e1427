/** How registered data write numbers: settled when their owner registers them, and kept. */
import { isObject } from "../protocol/canonical_json.ts";
import type { Field } from "../schema/profile.ts";
import type { FieldMapping } from "./mapping/mapping.ts";
import { CURRENCIES, Evidence, type Mark, type Notation, type Notations, notations, PLAINLY } from "./numbers.ts";
import { notationsIn } from "./reading.ts";
import type { Source } from "./source.ts";

/** What of registered data says how they write numbers; `settled`: by the owner's columns, null where an earlier release registered them. */
export interface Written {
  readonly decimal: Mark | null;
  readonly settled: Notations | null;
  /** The columns that were looked at when the data were registered. */
  readonly looked: readonly string[];
  readonly mapping: FieldMapping | null;
}

/** What a registration's columns say; null if an earlier release wrote them, undefined if they are damaged. Columns that were not looked at are read where nothing is to decide. */
export function settledBy(columns: readonly unknown[], names: readonly string[], decimal: Mark | null): Notations | null | undefined {
  const seen = new Map<string, Notation>();
  for (const column of columns) {
    if (!isObject(column)) return undefined;
    const { name, mark, currency } = column;
    if (mark === undefined) return null;
    if (mark !== "." && mark !== "," && mark !== "?") return undefined;
    if (currency !== null && (typeof currency !== "string" || !CURRENCIES.includes(currency))) return undefined;
    seen.set(String(name), { mark, currency });
  }
  return new Map(names.map((name) => [name, seen.get(name) ?? { mark: decimal ?? "?", currency: null }]));
}

/** The data with numbers settled that an earlier release registered, without a look at them: under a budget one record must not decide what others are read as. */
export function settledUnseen<T extends Written & { readonly names: readonly string[] }>(data: T): T {
  if (data.settled !== null) return data;
  const [plain, unseen]: readonly Notation[] = [".", "?"].map((mark) => ({ mark: data.decimal ?? mark, currency: null }) as Notation);
  return { ...data, settled: new Map(data.names.map((name) => [name, data.looked.includes(name) ? plain : unseen])) };
}

/** How the fields write numbers in `source`, which is `data` opened: as it was settled, else as a look at all of them says. */
export async function writtenIn({ settled, mapping, decimal }: Written, source: Source, fields: readonly Field[]): Promise<Notations> {
  if (settled === null) return notationsIn(source, fields, decimal);
  return mapping === null ? settled : mappedNotations(settled, mapping);
}

/** Fields write numbers as the columns do that they are made of. A constant speaks for itself. */
function mappedNotations(settled: Notations, mapping: FieldMapping): Notations {
  const found = new Map(settled);
  for (const [name, { column, constant }] of mapping.origins) {
    if (column !== null) found.set(name, settled.get(column) ?? PLAINLY);
    else {
      const evidence = new Evidence();
      evidence.add(constant ?? "");
      found.set(name, notations(new Map([[name, evidence]]), null).get(name) ?? PLAINLY);
    }
  }
  return found;
}
