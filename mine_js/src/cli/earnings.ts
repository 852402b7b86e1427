/** `earnings`: what each campaign brought in and cost. Nothing is estimated. */
import { OutboxRecords } from "../chain/outbox_records.ts";
import { inEther } from "../chain/sonar.ts";
import { Home } from "../home/home.ts";
import { aboutWei } from "../protocol/amounts.ts";
import { OUTCOMES } from "../rules/pacing.ts";
import { type Asset, assetForPeople, showAmount } from "../work/money/assets.ts";
import { type Connection, connected } from "../work/connection.ts";
import { ZERO_ADDRESS } from "../chain/words.ts";
import { formatTime } from "../wording.ts";
import { format, homePath, OPTIONS, parse, text } from "./options/options.ts";
import { type Format, note, type Plain, printCsv, printRows, type Row } from "./output.ts";
import { payments, plot, timesOf } from "./reports/payments.ts";

/** In the campaign's asset; gas alone is always ether. */
const AMOUNTS = ["promised", "pending", "claimable", "claimed", "staked", "burned", "fees", "net", "spent"] as const;
const word = (value: Plain): string => (typeof value === "string" ? value : "");

const CSV_COLUMNS = [
  "campaign", "state", "submitted", "improved", "no_gain", "lost", "waiting", "withdrawn", "promised", "pending", "claimable", "claimed", "staked", "burned",
  "fees", "gas", "spent", "net", "asset",
];
const PAYMENT_COLUMNS = ["block", "time", "campaign", "what", "asset", "amount", "total"];

export async function earnings(args: readonly string[]): Promise<void> {
  const { given } = parse(args, OPTIONS.earnings);
  const asCsv = given["format"] === "csv";
  const form = asCsv ? "json" : format(given);
  const connection = await connected(Home.open(homePath(given)));
  const file = text(given, "plot");
  if (file !== undefined) await plot(connection, await payments(connection), file);
  if (given["each"] === true) return listPayments(connection, form, asCsv);
  const rows: Row[] = [];
  for (const campaign of connection.ownCampaignIds()) rows.push(await earningsRow(connection, campaign));
  if (asCsv) return printCsv(rows, CSV_COLUMNS);
  const columns = {
    campaign: "campaign", state: "state", outcomes: "submissions", promised: "promised", claimable: "claimable", claimed: "claimed", staked: "staked",
    gas: "gas", spent: "spent", net: "net",
  };
  const assets = new Map<string, Asset>();
  if (form === "table") {
    for (const address of new Set(rows.map((row) => word(row["asset"] ?? null)))) assets.set(address, await assetForPeople(connection.node, address));
  }
  const shown = rows.map((row) => {
    const asset = assets.get(word(row["asset"] ?? null));
    if (asset === undefined) return row;
    return { ...row, ...Object.fromEntries(AMOUNTS.map((name) => [name, shownIn(asset, BigInt(word(row[name] ?? "0")))])) };
  });
  const show = { campaign: (value: Plain) => word(value).slice(0, 10), gas: (value: Plain) => aboutWei(BigInt(word(value))) };
  printRows(shown, columns, form, show, "this mine has submitted nothing yet");
  if (rows.length > 0 && form === "table") note(`in all: ${inAll(rows, assets)}`);
}

/** Every payment in the order of time, with the running total of its asset. */
async function listPayments(connection: Connection, form: Format, asCsv: boolean): Promise<void> {
  const all = await payments(connection);
  const times = await timesOf(connection, all.map(({ block }) => block));
  const totals = new Map<string, bigint>();
  const rows: Row[] = [];
  for (const { block, campaign, what, asset: address, amount } of all) {
    const total = (totals.get(address) ?? 0n) + amount;
    totals.set(address, total);
    const asset = await connection.asset(address);
    const shown = (value: bigint): string => (form === "table" ? shownIn(asset, value) : String(value));
    rows.push({
      block, time: times.get(block) ?? null, campaign: campaign === null ? null : `0x${campaign}`, what, asset: address, symbol: asset.symbol,
      decimals: asset.decimals, amount: shown(amount), total: shown(total),
    });
  }
  if (asCsv) return printCsv(rows, PAYMENT_COLUMNS);
  const columns = { time: "time (UTC)", campaign: "campaign", what: "what", amount: "amount", total: "total" };
  const show = { time: (value: Plain) => formatTime(Number(value)), campaign: (value: Plain) => word(value).slice(0, 10) };
  printRows(rows, columns, form, show, "this mine has earned and spent nothing yet");
}

/** Ether short, as in all tables; a token's amounts exact. */
function shownIn(asset: Asset, amount: bigint): string {
  return asset.address === ZERO_ADDRESS ? aboutWei(amount) : showAmount(asset, amount);
}

/** Of each asset what was promised, spent and is left; and the gas of all campaigns, which is ether. */
function inAll(rows: readonly Row[], assets: ReadonlyMap<string, Asset>): string {
  const sum = (own: readonly Row[], name: string): bigint => own.reduce((all, row) => all + BigInt(word(row[name] ?? "0")), 0n);
  const parts = [...assets].map(([address, asset]) => {
    const own = rows.filter((row) => row["asset"] === address);
    const [promised, spent, net] = (["promised", "spent", "net"] as const).map((name) => shownIn(asset, sum(own, name)));
    return `${promised} promised, ${spent} spent, ${net} net`;
  });
  return [...parts, `${aboutWei(sum(rows, "gas"))} of gas`].join("; ");
}

/** One campaign; amounts in the smallest units of its asset, gas in wei. */
async function earningsRow(connection: Connection, campaign: string): Promise<Row> {
  const { sonar, address, follower } = connection;
  const [record, claimable, owed] = [await sonar.campaign(campaign), await sonar.claimable(campaign, address), await sonar.owed(campaign, address)];
  const standings = connection.standings(campaign);
  const evaluated = standings.filter((standing) => standing.verdict !== null);
  const count = (outcome: string): number => standings.filter((standing) => standing.outcome === outcome).length;
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n);
  const promised = sum(evaluated.map((standing) => standing.payout));
  const burned = BigInt(count("burned")) * record.stake;
  const fees = BigInt(evaluated.length) * record.fee;
  const staked = BigInt(standings.filter((one) => one.index !== null && one.outcome === "waiting").length) * (record.stake + record.fee);
  const sent = new OutboxRecords(connection.database, address).ofCampaign(campaign);
  const gas = sum(sent.map(({ receipt }) => (receipt === null ? 0n : receipt.gasUsed * receipt.gasPrice)));
  const claims = follower.history("Claimed", campaign).filter((event) => event.fields["account"] === address);
  const claimed = sum(claims.map((event) => BigInt(event.fields["amount"] as bigint)));
  const spent = burned + fees + (inEther(record) ? gas : 0n); // gas is ether: nothing of a token can be set against it
  const amounts = { promised, pending: owed - claimable, claimable, claimed, staked, burned, fees, net: promised - spent, gas, spent };
  return {
    campaign: `0x${campaign}`, state: record.state, submitted: standings.length, improved: count("improved"), no_gain: count("no gain"),
    lost: count("burned"), waiting: count("waiting"), withdrawn: count("withdrawn"), asset: record.asset,
    ...Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, String(value)])),
    outcomes: OUTCOMES.filter((outcome) => count(outcome) > 0).map((outcome) => `${count(outcome)} ${outcome}`).join(", "),
    submissions: standings.map(({ index, made, verdict, outcome, payout, accuracy }) => ({
      index, data: made?.data ?? null, base_version: made?.baseVersion ?? null, verdict, outcome, payout: String(payout), accuracy_ppm: accuracy,
    })),
  };
}
