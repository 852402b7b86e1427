/** Flat TOML files that people edit: every key and value checked at the border, written whole or not at all. */
import { parse } from "smol-toml";
import { OpenMinedError } from "../errors.ts";
import { readLimited } from "./files.ts";

const MAX_BYTES = 256 * 1024;
const COMMENT_WIDTH = 100;

/** What is wrong with settings or rules. */
export class SettingsError extends OpenMinedError {}

export type TomlValue = string | number | boolean | readonly string[];

/** What is known of a key: its type by its kind, the words for errors, the test, its default, its comment. */
export interface Setting {
  readonly kind: "text" | "whole" | "number" | "flag" | "texts" | "text or texts";
  readonly expected: string;
  readonly allowed?: (value: never) => boolean;
  readonly usual?: TomlValue;
  readonly comment?: string;
  readonly hidden?: boolean;
}
export type Settings = Readonly<Record<string, Setting>>;
export type Values = Readonly<Record<string, TomlValue>>;

/** The values of a file, with their defaults. */
export function readToml(path: string, known: Settings): Values {
  return checkValues(path, parseToml(readSettings(path), path), known);
}

export function readSettings(path: string): string {
  const raw = readLimited(path, MAX_BYTES);
  if (raw === undefined) throw new SettingsError(`there are no settings at ${path}; make them with the 'init' command, or name another --home`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(raw);
  } catch {
    throw new SettingsError(`the settings ${path} cannot be read: it is not TOML in UTF-8`);
  }
}

export function parseToml(text: string, source: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch {
    throw new SettingsError(`the settings ${source} cannot be read: it is not TOML in UTF-8`);
  }
}

/** SettingsError for the first thing that is wrong; the values with their defaults. */
export function checkValues(source: string, given: Record<string, unknown>, known: Settings): Values {
  const values: Record<string, TomlValue> = Object.create(null) as Record<string, TomlValue>;
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(known, key)) {
      throw new SettingsError(`${source}: there is no setting '${key}'; allowed are ${Object.keys(known).sort().join(", ")}`);
    }
  }
  for (const [key, setting] of Object.entries(known)) {
    if (!Object.hasOwn(given, key)) {
      if (setting.usual === undefined) throw new SettingsError(`${source}: the setting '${key}' is missing; expected ${setting.expected}`);
      values[key] = setting.usual;
      continue;
    }
    const value = fitting(given[key], setting.kind);
    if (value === undefined || !(setting.allowed?.(value as never) ?? true)) {
      const shown = setting.hidden === true ? "..." : JSON.stringify(given[key], (_, part: unknown) => (typeof part === "bigint" ? Number(part) : part));
      throw new SettingsError(`${source}: the setting '${key}' is ${shown}; expected ${setting.expected}`);
    }
    values[key] = value;
  }
  return values;
}

function fitting(value: unknown, kind: Setting["kind"]): TomlValue | undefined {
  if (kind === "text") return typeof value === "string" ? value : undefined;
  if (kind === "flag") return typeof value === "boolean" ? value : undefined;
  const number = typeof value === "bigint" ? Number(value) : value;
  if (kind === "whole") return (typeof value === "bigint" || Number.isInteger(value)) && Number.isSafeInteger(number) ? (number as number) : undefined;
  if (kind === "number") return typeof number === "number" && Number.isFinite(number) ? number : undefined;
  if (kind === "text or texts" && typeof value === "string") return value;
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? (value) : undefined;
}

/** The text of a settings file, each key under its comment. */
export function asToml(values: Values, known: Settings): string {
  const blocks = Object.entries(known).map(([key, setting]) => {
    const comment = wrapped(setting.comment ?? "").map((line) => `# ${line}\n`).join("");
    return `${comment}${key} = ${literal(values[key] ?? "", setting.kind)}\n`;
  });
  return blocks.join(blocks.some((block) => block.startsWith("#")) ? "\n" : "");
}

function literal(value: TomlValue, kind: Setting["kind"]): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
  const text = String(value);
  return kind === "number" && /^-?[0-9]+$/.test(text) ? `${text}.0` : text;
}

function wrapped(comment: string): string[] {
  const lines: string[] = [];
  for (const word of comment.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= COMMENT_WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
