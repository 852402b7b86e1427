/** `store usage | check`: what lies in the store, and whether what is pinned is whole. */
import { NotInMineJsError } from "../../errors.ts";
import { Home } from "../../home/home.ts";
import { openStore } from "../../store/embedded.ts";
import { format, homePath, OPTIONS, parse } from "../options/options.ts";
import { note, type Plain, printRecord, printRows, UsageError } from "../output.ts";

export function store(args: readonly string[]): Promise<number> {
  const { given, positionals } = parse(args, OPTIONS.store, 1);
  const [part] = positionals;
  if (part === "gc" || part === "repair") {
    throw new NotInMineJsError(`Mine.js takes nothing out of the store and puts nothing back by hand; run mine-agent store ${part} on the same home`);
  }
  if (part !== "usage" && part !== "check") throw new UsageError("expected: store usage or store check");
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const opened = openStore(home.settings.store);
  const owners = opened.owners();
  if (part === "usage") {
    const used = opened.usedBytes();
    const pins = owners.reduce((count, owner) => count + opened.pins(owner).length, 0);
    const record = { store: home.settings.store, used_bytes: form === "json" ? used : bytes(used), quota_bytes: form === "json" ? null : "none", owners: owners.length, pins };
    printRecord(record, { store: "Store", used_bytes: "Bytes used", quota_bytes: "Quota", owners: "Owners of pins", pins: "Pins" }, form);
    return Promise.resolve(0);
  }
  const pinned = new Map<string, string[]>();
  for (const owner of owners) for (const cid of opened.pins(owner)) pinned.set(cid, [...(pinned.get(cid) ?? []), owner]);
  const all = [...pinned].sort(([one], [other]) => (one < other ? -1 : 1));
  const ours = given["all"] === true ? all : all.filter(([, names]) => names.some((name) => name.startsWith("mine")));
  if (ours.length < all.length) note(`${all.length - ours.length} artifacts of other parties are left out; --all shows them, too`);
  const rows = ours.map(([cid, names]) => ({ cid, owners: names, problem: opened.problemOf(cid) })).filter(({ problem }) => problem !== null);
  const names = (value: Plain): string => (Array.isArray(value) ? value.join(", ") : "");
  printRows(rows, { cid: "artifact", owners: "pinned by", problem: "problem" }, form, { owners: names }, `all ${ours.length} pinned artifacts are whole`);
  return Promise.resolve(rows.length > 0 ? 1 : 0);
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const [size, unit] = count < 1e6 ? [count / 1e3, "kB"] : count < 1e9 ? [count / 1e6, "MB"] : [count / 1e9, "GB"];
  return `${size.toFixed(1)} ${unit}`;
}
