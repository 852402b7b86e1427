/**
 * From one setting to a store, as docs/ipfs.md says: `embedded:/path`, `kubo:/ip4/127.0.0.1/tcp/5001/http`, or both with a comma
 * between. Options follow a question mark, joined by `&`: `quota=20GB`, and `wait=30` (kubo), the seconds for one block.
 */
import { expandHome } from "../home/settings.ts";
import { EmbeddedStore } from "./embedded/store.ts";
import { StoreSettingError } from "./errors.ts";
import { KuboStore, WAIT_SECONDS } from "./kubo/store.ts";
import { PublishingStore } from "./published.ts";
import type { Store } from "./store.ts";

const RIGHT = "'embedded:/absolute/path' or 'kubo:/ip4/127.0.0.1/tcp/5001/http' (more: docs/ipfs.md)";
const BEHIND = /^(embedded:.+?),((?:kubo|gateway):.+)$/;
const UNITS: ReadonlyMap<string, number> = new Map([["", 1], ["kB", 1e3], ["MB", 1e6], ["GB", 1e9], ["TB", 1e12]]);
const OPTIONS: ReadonlyMap<string, readonly string[]> = new Map([["embedded", ["quota"]], ["kubo", ["quota", "wait"]]]);

/** The store that the setting names. Says nothing yet about a daemon that is down. */
export function openStore(setting: string): Store {
  const pair = BEHIND.exec(setting);
  if (setting.startsWith("gateway:") || pair?.[2]?.startsWith("gateway:") === true) {
    throw new StoreSettingError(`'${setting}' can only be read; to put and pin, it must be ${RIGHT}`);
  }
  if (pair === null) return openOne(setting);
  const [here, behind] = [openOne(pair[1] ?? ""), openOne(pair[2] ?? "")];
  if (here instanceof EmbeddedStore && behind instanceof KuboStore) return new PublishingStore(here, behind);
  throw new StoreSettingError(`'${setting}' is not a store setting; expected ${RIGHT}`);
}

function openOne(setting: string): EmbeddedStore | KuboStore {
  const [kind, rest] = cut(setting, ":");
  const [where, query] = cut(rest, "?");
  const known = OPTIONS.get(kind);
  if (known === undefined || where === "") throw new StoreSettingError(`'${setting}' is not a store setting; expected ${RIGHT}`);
  const options = new Map(new URLSearchParams(query));
  const unknown = [...options.keys()].filter((name) => !known.includes(name)).sort()[0];
  if (unknown !== undefined) throw new StoreSettingError(`'${setting}': ${kind} has no option '${unknown}'; it has ${known.join(" and ")}`);
  const quota = quotaOf(setting, options.get("quota"));
  const wait = secondsOf(setting, options.get("wait"));
  if (kind === "kubo") return new KuboStore(where, { quotaBytes: quota, waitSeconds: wait });
  const path = expandHome(where);
  if (!path.startsWith("/")) throw new StoreSettingError(`'${setting}': the path is not absolute; expected ${RIGHT}`);
  return new EmbeddedStore(path, quota);
}

function cut(text: string, sign: string): readonly [string, string] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function quotaOf(setting: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, digits, unit = ""] = /^(\d{1,15})(kB|MB|GB|TB|)$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS.get(unit) ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) throw new StoreSettingError(`'${setting}': '${text}' is not a quota; expected one like '500MB' or '20GB'`);
  return bytes;
}

function secondsOf(setting: string, text: string | undefined): number {
  if (text === undefined) return WAIT_SECONDS;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (!(seconds > 0 && seconds <= 3600)) throw new StoreSettingError(`'${setting}': '${text}' is not a time to wait; expected seconds, 3600 at most`);
  return seconds;
}
