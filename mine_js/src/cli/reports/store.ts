/** `store usage | check | repair | gc`: what lies in the store, whether it is whole, putting back, and taking away what nobody needs. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Home } from "../../home/home.ts";
import { Journal } from "../../home/journal.ts";
import { check, type Kept, type Pinned, putBack } from "../../store/check.ts";
import { StoreError } from "../../store/errors.ts";
import { openStore } from "../../store/locations.ts";
import type { Store } from "../../store/store.ts";
import { MAX_FILE } from "../../store/unixfs.ts";
import { short } from "../../wording.ts";
import { minePins } from "../../work/open_submissions.ts";
import { type Format, note, type Plain, printRecord, printRows, type Row, UsageError } from "../output.ts";
import { format, homePath, OPTIONS, parse } from "../options/options.ts";

/** How the owners of a mine's pins begin. */
const PREFIX = "mine";

export async function store(args: readonly string[]): Promise<number> {
  const { given, positionals } = parse(args, OPTIONS.store, 1);
  const [part] = positionals;
  if (part !== "usage" && part !== "check" && part !== "repair" && part !== "gc") {
    throw new UsageError("expected: store usage, store check, store repair or store gc");
  }
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const opened = openStore(home.settings.store);
  if (part === "usage") return usage(home, opened, form);
  if (part === "check") return checked(opened, form, given["all"] === true);
  return part === "repair" ? repair(home, opened, form) : collect(opened, form);
}

async function usage(home: Home, opened: Store, form: Format): Promise<number> {
  const [used, owners] = [await opened.usedBytes(), await opened.owners()];
  let pins = 0;
  for (const owner of owners) pins += (await opened.pins(owner)).length;
  const { quotaBytes } = opened;
  const record = {
    store: home.settings.store, used_bytes: form === "json" ? used : bytes(used),
    quota_bytes: form === "json" ? quotaBytes : quotaBytes === null ? "none" : bytes(quotaBytes), owners: owners.length, pins,
  };
  printRecord(record, { store: "Store", used_bytes: "Bytes used", quota_bytes: "Quota", owners: "Owners of pins", pins: "Pins" }, form);
  return 0;
}

async function checked(opened: Store, form: Format, everything: boolean): Promise<number> {
  const all: Pinned[] = [];
  for await (const pinned of check(opened)) all.push(pinned);
  const ours = everything ? all : all.filter(({ owners }) => owners.some((name) => name.startsWith(PREFIX)));
  if (ours.length < all.length) note(`${all.length - ours.length} artifacts of other parties are left out; --all shows them, too`);
  const rows = ours.filter(({ problem }) => problem !== null).map(({ cid, owners, problem }): Row => ({ cid: cid.toString(), owners, problem }));
  const names = (value: Plain): string => (Array.isArray(value) ? value.map((name) => short(String(name))).join(", ") : "");
  printRows(rows, { cid: "artifact", owners: "pinned by", problem: "problem" }, form, { owners: names }, `all ${ours.length} pinned artifacts are whole`);
  return rows.length > 0 ? 1 : 0;
}

/** From this home's records, else from the network behind the store; 1 if something stays damaged. */
async function repair(home: Home, opened: Store, form: Format): Promise<number> {
  const rows: Row[] = (await putBack(opened, keptIn(home))).map((cid) => ({ cid: cid.toString(), result: "put back from this home's records" }));
  let failed = false;
  for await (const { cid, owners, problem } of check(opened)) {
    if (problem === null) continue;
    try {
      await opened.pin(cid, owners[0] ?? ""); // fetches what is missing, where there is a network
      for await (const piece of opened.pieces(cid, MAX_FILE)) void piece;
      rows.push({ cid: cid.toString(), result: "fetched again" });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      failed = true;
      rows.push({ cid: cid.toString(), result: `still damaged: ${error.reason}` });
    }
  }
  printRows(rows, { cid: "artifact", result: "result" }, form, {}, "nothing needed to be repaired");
  return failed ? 1 : 0;
}

async function collect(opened: Store, form: Format): Promise<number> {
  const taken = await opened.collectGarbage();
  const record = { blocks: taken.blocks, bytes: form === "json" ? taken.bytes : bytes(taken.bytes) };
  printRecord(record, { blocks: "Blocks removed", bytes: "Bytes freed" }, form);
  return 0;
}

/** The sealed gradients that have no verdict yet; works beside a running mine. */
function keptIn(home: Home): Kept[] {
  if (!existsSync(home.database)) return [];
  const database = new DatabaseSync(home.database, { readOnly: true });
  try {
    return new Journal(database).submissions().flatMap(({ sealed, closedAt, campaign }) =>
      sealed === null || closedAt !== null ? [] : [{ data: sealed, owner: minePins(home.address, campaign) }],
    );
  } finally {
    database.close();
  }
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const [size, unit] = count < 1e6 ? [count / 1e3, "kB"] : count < 1e9 ? [count / 1e6, "MB"] : [count / 1e9, "GB"];
  return `${size.toFixed(1)} ${unit}`;
}
