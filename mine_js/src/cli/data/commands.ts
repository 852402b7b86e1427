/** `data add | preview | check | list | kinds | map | remove`: which data this mine may use. */
import { type DataSet, type DataShelf, renewed } from "../../data/datasets.ts";
import { KINDS } from "../../data/kinds/kinds.ts";
import type { ColumnSeen, TableSeen } from "../../data/understanding.ts";
import { OpenMinedError } from "../../errors.ts";
import { Home } from "../../home/home.ts";
import { Fraction } from "../../privacy/fraction.ts";
import { AmountError, parsePpm } from "../../protocol/amounts.ts";
import { general } from "../../wording.ts";
import { type CampaignFit, campaignFits } from "../../work/fits.ts";
import { format, type Given, homePath, OPTIONS, parse, text, texts } from "../options/options.ts";
import { type Format, note, printJson, printRows, type Row, UsageError } from "../output.ts";
import { FEW, map } from "./mapping.ts";

const COLUMNS = { name: "column", kind: "kind", missing_share: "missing", range: "range", remark: "remark" };

export async function data(args: readonly string[]): Promise<number | void> {
  const [command, ...rest] = args;
  if (command === "add") return add(rest);
  if (command === "preview") return preview(rest);
  if (command === "check") return check(rest);
  if (command === "list") return list(rest);
  if (command === "kinds") return kinds(rest);
  if (command === "map") return map(rest);
  if (command === "remove") return remove(rest);
  throw new UsageError("give one of: data add NAME FILE, preview FILE, check NAME, list, kinds, map NAME, remove NAME");
}

async function add(args: readonly string[]): Promise<void> {
  const { given, positionals } = parse(args, OPTIONS.data, 2);
  const [name, location] = positionals;
  if (name === undefined || location === undefined) throw new UsageError("give a name and a file: data add NAME FILE");
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const shelf = home.data();
  const replace = given["replace"] === true;
  shelf.requireFree(name, replace);
  const { data: made, seen } = await look(shelf, name, location, given, share(text(given, "unusable") ?? "1 %"));
  const { fits, unknown } = await campaignFits(home, shelf.mapped(made));
  shelf.keep(made, replace);
  const columns = seen.columns.map((column) => columnRow(column, made.rows));
  if (form === "json") return printJson({ ...dataRow(made), columns, campaigns: fits.map(fitRow), campaigns_unknown: unknown });
  showColumns(columns, given);
  note(`${made.name}: ${made.rows} rows, ${made.names.length} columns, registered by place and digest; nothing was copied`);
  noteFaults(seen);
  showFits(made.name, fits, unknown, form);
}

function showColumns(columns: readonly Row[], given: Given): void {
  const shown = given["all"] === true ? columns : columns.slice(0, FEW);
  printRows(shown, COLUMNS, "table");
  if (shown.length < columns.length) note(`and ${columns.length - shown.length} more columns; --all shows them`);
}

function noteFaults({ faults, firstFault }: TableSeen): void {
  if (faults > 0) note(`${faults} rows cannot be used: ${firstFault ?? ""}`);
}

async function look(shelf: DataShelf, name: string, location: string, given: Given, unusable: Fraction): Promise<{ data: DataSet; seen: TableSeen }> {
  return shelf.look(name, location, options(given), text(given, "decimal") ?? null, unusable, text(given, "as"));
}

function showFits(name: string, fits: readonly CampaignFit[], unknown: string | null, form: Format): void {
  if (unknown !== null) return note(`the open campaigns cannot be shown: ${unknown}`);
  const headings = { campaign: "campaign", title: "title", fits: "fits", why_not: "why not" };
  printRows(fits.map(fitRow), headings, form, { campaign: (value) => (typeof value === "string" ? value.slice(0, 10) : "") }, "no campaign is open");
  const lacking = fits.find(({ missing }) => missing.length > 0);
  if (lacking !== undefined) note(`if your columns have other names, mine-agent-js data map ${name} --campaign ${lacking.campaign.slice(0, 10)} suggests what is what`);
}

async function preview(args: readonly string[]): Promise<void> {
  const { given, positionals } = parse(args, OPTIONS.data, 1);
  const [location] = positionals;
  if (location === undefined) throw new UsageError("give a file: data preview FILE");
  const { data: made, seen } = await look(Home.open(homePath(given)).data(), "preview", location, given, new Fraction(1n));
  const columns = seen.columns.map((column) => columnRow(column, made.rows));
  if (format(given) === "json") return printJson({ kind: made.kind, rows: made.rows, columns });
  showColumns(columns, given);
  note(`${made.rows} rows, ${made.names.length} columns`);
  noteFaults(seen);
}

/** Read registered data as each open campaign would. */
async function check(args: readonly string[]): Promise<void> {
  const { given, positionals } = parse(args, OPTIONS.campaigns, 1);
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const made = renewed(home.data().get(named(positionals, "check")));
  const { fits, unknown } = await campaignFits(home, made);
  if (form === "json") return printJson({ ...dataRow(made), campaigns: fits.map(fitRow), campaigns_unknown: unknown });
  note(`${made.name}: ${made.rows} rows at ${made.location}, unchanged`);
  showFits(made.name, fits, unknown, form);
}

function kinds(args: readonly string[]): void {
  const { given } = parse(args, OPTIONS.campaigns);
  const rows = [...KINDS].sort((one, other) => (one.name < other.name ? -1 : 1)).map(({ name, about, options: known }) => ({ kind: name, about, options: known }));
  const said = (known: unknown): string => Object.entries(known as Record<string, string>).map(([key, help]) => `${key}: ${help}`).join("; ") || "none";
  printRows(rows, { kind: "kind", about: "what it is", options: "options" }, format(given), { options: said });
}

function named(positionals: readonly string[], command: string): string {
  const [name] = positionals;
  if (name === undefined) throw new UsageError(`give the name of the data set: data ${command} NAME`);
  return name;
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
  const name = named(positionals, "remove");
  Home.open(homePath(given)).data().remove(name);
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
    renewed(one);
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
