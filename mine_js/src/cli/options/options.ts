/** The options of the commands: the same names and meanings as mine-agent's. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { readLimited, readPrivate } from "../../home/files.ts";
import { defaultHome, expandHome } from "../../home/settings.ts";
import { OpenMinedError } from "../../errors.ts";
import { resolve } from "node:path";
import { type Format, UsageError } from "../output.ts";

export type Given = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
type Known = NonNullable<ParseArgsConfig["options"]>;

const COMMON = { home: { type: "string" }, format: { type: "string" } } as const satisfies Known;
const ACTING = { ...COMMON, "passphrase-file": { type: "string" } } as const satisfies Known;

/** Every command with the options it takes; `--help` of each names them all. */
export const OPTIONS = {
  init: {
    ...ACTING,
    rpc: { type: "string", multiple: true }, contract: { type: "string" }, deployment: { type: "string" }, store: { type: "string" },
    keyfile: { type: "string" }, "allow-scientist": { type: "string", multiple: true }, "allow-capsule": { type: "string", multiple: true },
    "allow-field": { type: "string", multiple: true }, "allow-networks": { type: "boolean" }, privacy: { type: "string" },
    "privacy-budget": { type: "string" }, "privacy-price": { type: "string" }, "privacy-delta": { type: "string" },
    "minimum-reward": { type: "string" }, "maximum-stake": { type: "string" }, confirmations: { type: "string" },
    "poll-seconds": { type: "string" }, "start-block": { type: "string" },
  },
  data: {
    ...COMMON, as: { type: "string" }, set: { type: "string", multiple: true }, decimal: { type: "string" }, unusable: { type: "string" },
    replace: { type: "boolean" }, yes: { type: "boolean", short: "y" }, all: { type: "boolean" },
  },
  campaigns: COMMON,
  explain: { ...COMMON, rules: { type: "boolean" }, last: { type: "string" } },
  approve: COMMON,
  refuse: COMMON,
  pause: COMMON,
  resume: COMMON,
  run: { ...ACTING, once: { type: "boolean" } },
  earnings: { ...COMMON, plot: { type: "string" }, each: { type: "boolean" } },
  policy: { ...COMMON, all: { type: "boolean" }, yes: { type: "boolean", short: "y" } },
  status: COMMON,
  store: { ...COMMON, all: { type: "boolean" } },
  claim: { ...ACTING, all: { type: "boolean" } },
  ledger: COMMON,
  doctor: ACTING,
} as const satisfies Readonly<Record<string, Known>>;
/** Of `data map`. */
export const MAP_OPTIONS = {
  ...COMMON, campaign: { type: "string" }, file: { type: "string" }, forget: { type: "boolean" }, yes: { type: "boolean", short: "y" },
  all: { type: "boolean" },
} as const satisfies Known;
export type CommandName = keyof typeof OPTIONS;

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(OPTIONS, name);
}

/** Options and arguments; UsageError names what is not known. */
export function parse(args: readonly string[], options: Known, most = 0): { given: Given; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    if (positionals.length > most) throw new UsageError(`unexpected argument '${positionals[most] ?? ""}'`);
    return { given: values as Given, positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : "the command line cannot be read");
  }
}

export function text(given: Given, name: string): string | undefined {
  const value = given[name];
  return typeof value === "string" ? value : undefined;
}

export function texts(given: Given, name: string): readonly string[] {
  const value = given[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

export function number(given: Given, name: string, usual: number): number {
  const value = text(given, name);
  if (value === undefined) return usual;
  if (value.trim() === "" || !Number.isFinite(Number(value))) throw new UsageError(`--${name} is '${value}'; expected a number`);
  return Number(value);
}

export function format(given: Given): Format {
  const value = text(given, "format") ?? "table";
  if (value !== "table" && value !== "json") throw new UsageError(`--format is '${value}'; expected 'table' or 'json'`);
  return value;
}

export function homePath(given: Given): string {
  return resolve(expandHome(text(given, "home") ?? defaultHome("mine")));
}

/** No passphrase, or none that can be used. */
export class PassphraseError extends OpenMinedError {}

/** From the file, else the variable OPENMINED_PASSPHRASE. Mine.js does not ask on the terminal. */
export function passphrase(given: Given, what: string): string {
  const file = text(given, "passphrase-file");
  if (file !== undefined) {
    const raw = readPrivate(resolve(expandHome(file)), 4096);
    const read = raw?.toString("utf8").replace(/^\ufeff/, "").replace(/[\r\n]+$/, "");
    if (read === undefined || read === "") throw new PassphraseError(`the passphrase file ${file} must hold 1 to 4096 bytes`);
    return read;
  }
  const found = process.env["OPENMINED_PASSPHRASE"];
  if (found === undefined) throw new PassphraseError(`no passphrase for ${what}: set OPENMINED_PASSPHRASE, or name a --passphrase-file`);
  if (found === "") throw new PassphraseError("the variable OPENMINED_PASSPHRASE is empty; set it to the passphrase or unset it");
  return found;
}

/** The manifest deployments/CHAIN-ID.json. */
export function readDeployment(path: string): { chainId: number; address: string; block: number; version: number } {
  const raw = readLimited(resolve(expandHome(path)), 1024 * 1024);
  if (raw === undefined) throw new OpenMinedError(`no deployment at ${path}: run \`ape run deploy\` for that chain first`);
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(raw.toString("utf8")) as Record<string, unknown>;
  } catch {
    throw new OpenMinedError(`${path} is not a deployment manifest: it is not JSON`);
  }
  const { chain_id: chainId, address, block, version = 1 } = found;
  if (typeof chainId !== "number" || typeof address !== "string" || typeof block !== "number" || typeof version !== "number") {
    throw new OpenMinedError(`${path}: chain_id, address, block or version is missing or of another type`);
  }
  return { chainId, address, block, version };
}
