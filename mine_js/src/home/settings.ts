/** settings.toml, the same as the Python mine's. No secret is ever a setting. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { isAddress } from "../chain/words.ts";
import { AmountError, parseWei } from "../protocol/amounts.ts";
import { makePrivateDirectory, replaceSecretFile, requirePrivate } from "./files.ts";
import { asToml, checkValues, readToml, type Setting, type Values } from "./toml.ts";

export const SETTINGS_FILE = "settings.toml";

const isUrl = (url: string): boolean => /^https?:\/\//.test(url);
const isStore = (value: string): boolean => /^(embedded|kubo):./.test(value);

export function isAmount(text: string): boolean {
  try {
    return parseWei(text) < 1n << 96n;
  } catch (error) {
    if (error instanceof AmountError) return false;
    throw error;
  }
}

const KNOWN: Readonly<Record<string, Setting>> = {
  rpc: {
    kind: "text or texts", hidden: true,
    expected: "the node's address, such as 'http://127.0.0.1:8545', or a list of them, the preferred one first",
    allowed: (value: string | readonly string[]) => (typeof value === "string" ? isUrl(value) : value.length > 0 && value.every(isUrl)),
  },
  chain_id: { kind: "whole", expected: "a whole number of 1 or more", allowed: (value: number) => value >= 1 },
  contract: { kind: "text", expected: "Sonar's address: 0x and 40 hexadecimal digits", allowed: isAddress },
  store: { kind: "text", expected: "'embedded:/directory' or 'kubo:/ip4/127.0.0.1/tcp/5001/http'", allowed: isStore },
  contract_version: { kind: "whole", usual: 0, expected: "the version of the contract, 1 or 2; 0 asks the contract", allowed: (value: number) => [0, 1, 2].includes(value) },
  keyfile: { kind: "text", usual: "keyfile.json", expected: "the path of the account's keyfile, relative ones from the home directory", allowed: (value: string) => value !== "" },
  account: { kind: "text", usual: "", expected: "the account's address: 0x and 40 hexadecimal digits", allowed: (value: string) => value === "" || isAddress(value) },
  confirmations: { kind: "whole", usual: 12, expected: "a whole number from 0 to 1000", allowed: (value: number) => value >= 0 && value <= 1000 },
  poll_seconds: { kind: "number", usual: 2, expected: "seconds from 0.05 to 3600", allowed: (value: number) => value >= 0.05 && value <= 3600 },
  start_block: { kind: "whole", usual: 0, expected: "the block from which to read, 0 or more", allowed: (value: number) => value >= 0 },
  max_fee_gwei: { kind: "number", usual: 300, expected: "the most to pay per gas in gwei, more than 0", allowed: (value: number) => value > 0 && value <= 1e9 },
  max_tip_gwei: { kind: "number", usual: 0, expected: "the most to tip per gas in gwei; 0 follows the node's suggestion up to max_fee_gwei", allowed: (value: number) => value >= 0 && value <= 1e9 },
  max_token_call: { kind: "text", usual: "0.02 ether", expected: "an amount with its unit, such as '0.02 ether'", allowed: isAmount },
};

export interface HomeSettings {
  readonly rpc: readonly string[];
  readonly chainId: number;
  readonly contract: string;
  readonly contractVersion: number;
  readonly store: string;
  readonly keyfile: string;
  readonly account: string;
  readonly confirmations: number;
  readonly pollSeconds: number;
  readonly startBlock: number;
  readonly maxFee: bigint;
  readonly tipCap: bigint;
  readonly maxTokenCall: bigint;
}

export function loadSettings(home: string): HomeSettings {
  requirePrivate(home);
  return meaning(readToml(join(home, SETTINGS_FILE), KNOWN));
}

/** Check the values of a new home; what is left out has its default. */
export function newSettings(values: Record<string, unknown>): { values: Values; settings: HomeSettings } {
  const checked = checkValues("the settings given", values, KNOWN);
  return { values: checked, settings: meaning(checked) };
}

export function saveSettings(home: string, values: Values): void {
  makePrivateDirectory(home);
  replaceSecretFile(join(home, SETTINGS_FILE), Buffer.from(asToml(values, KNOWN)));
}

export function keyfilePath(home: string, keyfile: string): string {
  const expanded = expandHome(keyfile);
  return isAbsolute(expanded) ? expanded : join(home, expanded);
}

export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

/** The directory of `--home` if none is given, by the rules of the operating system. */
export function defaultHome(agent: string): string {
  const data =
    process.platform === "darwin" ? join(homedir(), "Library", "Application Support") : (process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"));
  return join(data, "openmined", agent);
}

function meaning(values: Values): HomeSettings {
  const rpc = values["rpc"];
  const maxFee = gwei(Number(values["max_fee_gwei"]));
  const maxTip = gwei(Number(values["max_tip_gwei"]));
  return {
    rpc: typeof rpc === "string" ? [rpc] : (rpc as readonly string[]),
    chainId: Number(values["chain_id"]),
    contract: String(values["contract"]),
    contractVersion: Number(values["contract_version"]),
    store: String(values["store"]),
    keyfile: String(values["keyfile"]),
    account: String(values["account"]),
    confirmations: Number(values["confirmations"]),
    pollSeconds: Number(values["poll_seconds"]),
    startBlock: Number(values["start_block"]),
    maxFee,
    maxTokenCall: parseWei(String(values["max_token_call"])),
    tipCap: maxTip > 0n && maxTip < maxFee ? maxTip : maxFee,
  };
}

/** int(value * 10**9), as Python has it. */
function gwei(value: number): bigint {
  return BigInt(Math.trunc(value * 1e9));
}
