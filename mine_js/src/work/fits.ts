/** How a data set fits the campaigns that are open: by its columns, then by every value. Nobody else is asked. */
import { NodeError } from "../chain/errors.ts";
import type { CampaignRecord } from "../chain/sonar.ts";
import { DataError } from "../data/errors.ts";
import { columnNames, type DataSet, whileUnchanged } from "../data/datasets.ts";
import { writtenIn } from "../data/notations.ts";
import { readRecords, type Seen } from "../data/reading.ts";
import { BadValueError, SchemaError } from "../data/source.ts";
import { OpenMinedError } from "../errors.ts";
import type { Home } from "../home/home.ts";
import type { Schema } from "../schema/schema.ts";
import { type Connection, connected, theOne } from "./connection.ts";
import { Library } from "./library.ts";

export interface CampaignFit {
  readonly campaign: string;
  readonly title: string | null;
  readonly fits: boolean;
  readonly missing: readonly string[];
  readonly whyNot: string | null;
}

/** How the data fit each open campaign, or why that cannot be said. */
export async function campaignFits(home: Home, data: DataSet): Promise<{ fits: CampaignFit[]; unknown: string | null }> {
  try {
    const connection = await connected(home);
    const [library, open] = [new Library(connection), await openRecords(connection)];
    return { fits: await Promise.all(open.map((record) => fit(record.id, data, () => library.spec(record)))), unknown: null };
  } catch (error) {
    if (error instanceof OpenMinedError) return { fits: [], unknown: error.message };
    throw error;
  }
}

/** What the open campaign asks for whose id begins with `campaign`. DataError: its spec cannot be read. */
export async function wantedSchema(home: Home, campaign: string): Promise<Schema> {
  const connection = await connected(home);
  const open = await openRecords(connection);
  const known = open.map(({ id }) => `0x${id.slice(0, 8)}`).join(", ") || "none";
  const wanted = theOne(campaign, open.map(({ id }) => id), "no open campaign has an id that begins with that", `open are: ${known}`);
  try {
    return (await new Library(connection).spec(open.find(({ id }) => id === wanted) as CampaignRecord)).schema;
  } catch (error) {
    if (error instanceof NodeError || !(error instanceof OpenMinedError)) throw error;
    throw new DataError(`the campaign's spec cannot be read: ${error.message}`);
  }
}

async function openRecords(connection: Connection): Promise<CampaignRecord[]> {
  const settled = connection.settledIds();
  const records = await connection.sonar.many(connection.campaignIds().filter((id) => !settled.has(id)));
  return [...records.values()].filter((record) => record.state === "OPEN");
}

async function fit(id: string, data: DataSet, read: () => Promise<{ title: string; schema: Schema }>): Promise<CampaignFit> {
  const campaign = `0x${id}`;
  let spec: { title: string; schema: Schema };
  try {
    spec = await read();
  } catch (error) {
    if (error instanceof NodeError || !(error instanceof OpenMinedError)) throw error;
    return { campaign, title: null, fits: false, missing: [], whyNot: error.message };
  }
  const { title, schema } = spec;
  const missing = schema.missing(columnNames(data));
  const whyNot = missing.length > 0 ? `lacks ${missing.join(", ")}` : await misfit(schema, data);
  return { campaign, title, fits: whyNot === null, missing, whyNot };
}

/** The first value that does not fit, if too many do not; reads them all. */
async function misfit(schema: Schema, data: DataSet): Promise<string | null> {
  return (await fitByValues(schema, data)).problem;
}

/** Whether every value fits, read to the end: what does not, and how many records can be used. */
export async function fitByValues(schema: Schema, data: DataSet): Promise<{ problem: string | null; records: number }> {
  let kept = 0;
  const seen: Seen = { records: 0, unusable: 0 };
  try {
    await whileUnchanged(data, async (source) => {
      const records = readRecords(source, schema, await writtenIn(data, source, schema.columns), data.unusable, seen);
      while ((await records.next()).done !== true) kept += 1;
    });
    return { problem: null, records: kept };
  } catch (error) {
    if (error instanceof SchemaError) {
      const share = Math.ceil((100 * seen.unusable) / Math.max(1, seen.records));
      const more = kept > 0 ? `; data add --replace --unusable "${share} %" leaves them out` : "";
      return { problem: `${error.message}${rounding(error, schema)}${more}`, records: kept };
    }
    throw error;
  }
}

/** The way out where a campaign wants whole numbers and the data have fractions, as years of months. */
function rounding(error: SchemaError, schema: Schema): string {
  if (!(error instanceof BadValueError)) return "";
  const { column, value } = error;
  const wanted = schema.fields.some((field) => field.name === column && field.jsonType === "integer");
  const isFraction = typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value);
  return wanted && isFraction ? `; round = true at [${column}] in its mapping takes the nearest whole number` : "";
}
