/** What the commands share in looks: tables or JSON, errors, exit codes. Results go to standard output, the rest to standard error. */
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { OpenMinedError } from "../errors.ts";

export type Format = "table" | "json";
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };
export type Row = Readonly<Record<string, Plain>>;
type Show = Readonly<Record<string, (value: Plain) => string>>;

/** The command line itself is wrong: exit code 2. */
export class UsageError extends OpenMinedError {
  override readonly exitCode = 2;
}

export function printJson(value: Plain): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${shown(text)}\n`);
}

export function warn(text: string): void {
  note(`warning: ${text}`);
}

/** Whether the owner says yes; where nobody can be asked, nobody is. */
export async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true; // a caller that reads standard error itself shows it to nobody
  process.stderr.write(`${question} [y/N]: `);
  const asking = createInterface({ input: process.stdin });
  const answer = await new Promise<string>((resolve) => {
    asking.once("line", resolve);
    asking.once("close", () => resolve("")); // the end of the input, which no line comes before
  });
  asking.close();
  return /^\s*y(es)?\s*$/i.test(answer);
}

/** A listing; `columns`: key and heading. JSON has every key. */
export function printRows(rows: readonly Row[], columns: Readonly<Record<string, string>>, form: Format, show: Show = {}, empty = "nothing to list"): void {
  if (form === "json") return printJson(rows);
  if (rows.length === 0) return note(empty);
  const keys = Object.keys(columns);
  const cells = [Object.values(columns), ...rows.map((row) => keys.map((key) => cell(row[key] ?? null, show[key])))];
  const widths = keys.map((_, at) => Math.max(...cells.map((line) => [...(line[at] ?? "")].length)));
  for (const line of cells) process.stdout.write(`${line.map((text, at) => text.padEnd(widths[at] ?? 0)).join("  ").trimEnd()}\n`);
}

/** The rows with a header line, for a spreadsheet. */
export function printCsv(rows: readonly Row[], columns: readonly string[]): void {
  const quoted = (value: Plain): string => {
    const text = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  for (const line of [columns, ...rows.map((row) => columns.map((name) => row[name] ?? null))]) process.stdout.write(`${line.map(quoted).join(",")}\n`);
}

/** One thing, as lines of label and value, or as one JSON object. */
export function printRecord(record: Row, labels: Readonly<Record<string, string>>, form: Format): void {
  if (form === "json") return printJson(record);
  const width = Math.max(...Object.values(labels).map((label) => label.length));
  for (const [key, label] of Object.entries(labels)) process.stdout.write(`${label.padEnd(width)}  ${cell(record[key] ?? null)}\n`);
}

function cell(value: Plain, show?: (value: Plain) => string): string {
  if (value === null) return "-";
  if (show !== undefined) return shown(show(value));
  return shown(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** Text for the terminal as it is: nothing that moves the cursor or turns the line around. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (sign) => (sign === "\n" || sign === "\t" ? sign : "\ufffd"));
}

/**
 * Ends the process at once, by becoming a program that only ends: Node's own way out waits for its threads, and now and then for
 * ever (nodejs/node#54918).
 */
export function end(status: number): void {
  if (existsSync("/bin/sh")) process.execve?.("/bin/sh", ["sh", "-c", `exit ${status}`]);
  process.exit(status); // where programs cannot be replaced
}
