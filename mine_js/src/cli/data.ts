/** `data add | list | remove`: which data this mine may use. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type ColumnSeen } from "../data/understanding.ts";
import { type DataSet, DataError, requireUnchanged } from "../data/datasets.ts";
import { NotInMineJsError, OpenMinedError } from "../errors.ts";
import { Home } from "../home/home.ts";
import { Fraction } from "../privacy/fraction.ts";
import { AmountError, parsePpm } from "../protocol/amounts.ts";
import { general } from "../wording.ts";
import { type CampaignFit, campaignFits } from "../work/fits.ts";
import { format, type Given, homePath, OPTIONS, parse, text, texts } from "./options/options.ts";
import { note, printJson, printRows, type Row, UsageError } from "./output.ts";

export async function data(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  if (command === "add") return add(rest);
  if (command === "list") return list(rest);
  if (command === "remove") return remove(rest);
  if (command !== undefined && ["preview", "check", "kinds", "map"].includes(command)) {
    throw new NotInMineJsError(`Mine.js has no \`data ${command}\`; run mine-agent data ${command} on the same home`);
  }
  throw new UsageError("give one of: data add NAME FILE, data list, data remove NAME");
}

async function add(args: readonly string[]): Promise<void> {
  const { given, positionals } = parse(args, OPTIONS.data, 2);
  const [name, location] = positionals;
  if (name === undefined || location === undefined) throw new UsageError("give a name and a file: data add NAME FILE.csv");
  const kind = text(given, "as");
  if (kind !== undefined && kind !== "csv") throw new NotInMineJsError(`Mine.js reads CSV files only; run mine-agent for data of kind '${kind}'`);
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const shelf = home.data();
  const replace = given["replace"] === true;
  shelf.requireFree(name, replace);
  const { data: made, seen } = shelf.look(name, location, options(given), text(given, "decimal") ?? null, share(text(given, "unusable") ?? "1 %"));
  const { fits, unknown } = await campaignFits(home, made);
  shelf.keep(made, replace);
  const columns = seen.map((column) => columnRow(column, made.rows));
  if (form === "json") return printJson({ ...dataRow(made), columns, campaigns: fits.map(fitRow), campaigns_unknown: unknown });
  printRows(columns, { name: "column", kind: "kind", missing_share: "missing", range: "range", remark: "remark" }, form);
  note(`${made.name}: ${made.rows} rows, ${made.names.length} columns, registered by place and digest; nothing was copied`);
  if (unknown !== null) return note(`the open campaigns cannot be shown: ${unknown}`);
  const headings = { campaign: "campaign", title: "title", fits: "fits", why_not: "why not" };
  printRows(fits.map(fitRow), headings, form, { campaign: (value) => (typeof value === "string" ? value.slice(0, 10) : "") }, "no campaign is open");
}

function fitRow({ campaign, title, fits, missing, whyNot }: CampaignFit): Row {
  return { campaign, title, fits, missing, why_not: whyNot };
}

function list(args: readonly string[]): void {
  const { given } = parse(args, OPTIONS.campaigns);
  const rows = Home.open(homePath(given)).data().all().map(dataRow);
  const columns = { name: "name", kind: "kind", rows: "rows", columns: "columns", location: "place", usable: "usable" };
  const count = (value: unknown): string => (Array.isArray(value) ? String(value.length) : "0");
  printRows(rows, columns, format(given), { columns: count }, "no data set is registered; add one with: mine-agent-js data add NAME FILE");
}

function remove(args: readonly string[]): void {
  const { given, positionals } = parse(args, OPTIONS.campaigns, 1);
  const [name] = positionals;
  if (name === undefined) throw new UsageError("give the name of the data set: data remove NAME");
  const home = Home.open(homePath(given));
  const known = home.data().all();
  if (!known.some((one) => one.name === name)) {
    throw new DataError(`no data set '${name}' is registered (registered: ${known.map((one) => one.name).join(", ") || "none"})`);
  }
  for (const ending of [".json", ".mapping.toml"]) rmSync(join(home.path, "data", name + ending), { force: true });
  note(`data set ${name} is forgotten; the data are untouched`);
}

function options(given: Given): Record<string, string> {
  return Object.fromEntries(
    texts(given, "set").map((pair) => {
      const at = pair.indexOf("=");
      if (at <= 0) throw new UsageError(`--set: '${pair}' is not KEY=VALUE`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

function share(part: string): Fraction {
  try {
    return new Fraction(parsePpm(part), 1_000_000n);
  } catch (error) {
    if (error instanceof AmountError) throw new UsageError(`--unusable: ${error.message}`);
    throw error;
  }
}

function dataRow(one: DataSet): Row {
  let whyNot: string | null = null;
  try {
    requireUnchanged(one);
  } catch (error) {
    if (!(error instanceof OpenMinedError)) throw error;
    whyNot = error.message;
  }
  const { name, kind, location, options: given, digest, rows, names } = one;
  return { name, kind, location, options: given, sha256: digest, rows, columns: names, usable: whyNot === null, why_not: whyNot };
}

function columnRow(column: ColumnSeen, rows: number): Row {
  const { name, kind, missing, oddRow, low, high } = column;
  return {
    name, kind, missing, missing_share: `${general((100 * missing) / rows, 3)} %`,
    range: low === null || high === null ? null : `${general(low)} to ${general(high)}`, remark: oddRow === null ? null : `row ${oddRow} is not a number`,
  };
}
