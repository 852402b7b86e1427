/** Earnings over time: all that this mine earned and spent, in the order of the chain; as a list and as a chart. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fates } from "../../chain/events.ts";
import { OutboxRecords } from "../../chain/outbox_records.ts";
import { ZERO_ADDRESS } from "../../chain/words.ts";
import { OpenMinedError } from "../../errors.ts";
import { errorCode } from "../../home/files.ts";
import { expandHome } from "../../home/settings.ts";
import { aboutWei } from "../../protocol/amounts.ts";
import type { Connection } from "../../work/connection.ts";
import { note } from "../output.ts";

/** `amount` in the smallest unit of `asset`, below 0 for what was spent. */
export interface Payment {
  readonly block: number;
  readonly campaign: string | null;
  readonly asset: string;
  readonly amount: bigint;
  readonly what: "payout" | "fee" | "stake" | "gas";
}

const BLOCKS_AT_ONCE = 100;
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, LINE] = [720, 260, 110, 20, 40, 40, 14];
const BURNED = ["MALFORMED", "UNAVAILABLE"];

/** Every payout, fee, burned stake and transaction of this account, oldest first. */
export async function payments(connection: Connection): Promise<Payment[]> {
  const { sonar, follower, address, database } = connection;
  const found: Payment[] = [];
  for (const campaign of connection.ownCampaignIds()) {
    const { asset, fee, stake } = await sonar.campaign(campaign);
    for (const { miner, verdict, reported: block, payout } of fates(follower.history(undefined, campaign))) {
      if (miner !== address || verdict === null || block === null) continue;
      found.push({ block, campaign, asset, amount: payout, what: "payout" }, { block, campaign, asset, amount: -fee, what: "fee" });
      if (BURNED.includes(verdict)) found.push({ block, campaign, asset, amount: -stake, what: "stake" });
    }
  }
  for (const { receipt, deed } of new OutboxRecords(database, address).all()) {
    if (receipt === null) continue;
    const [, campaign = "-"] = deed.split("/");
    const amount = -(receipt.gasUsed * receipt.gasPrice);
    found.push({ block: receipt.blockNumber, campaign: campaign === "-" ? null : campaign, asset: ZERO_ADDRESS, amount, what: "gas" });
  }
  return found.filter(({ amount }) => amount !== 0n).sort((one, other) => one.block - other.block);
}

/** When those blocks were, in seconds since 1970; blocks that the node has no longer are left out. */
export async function timesOf(connection: Connection, numbers: readonly number[]): Promise<Map<number, number>> {
  const wanted = [...new Set(numbers)].sort((one, other) => one - other);
  const found = new Map<number, number>();
  for (let from = 0; from < wanted.length; from += BLOCKS_AT_ONCE) {
    const some = wanted.slice(from, from + BLOCKS_AT_ONCE);
    const blocks = await connection.node.blocks(some);
    some.forEach((number, place) => {
      const block = blocks[place];
      if (block !== null && block !== undefined) found.set(number, block.timestamp);
    });
  }
  return found;
}

/** The running total of ether over time as an SVG file, over blocks if the node has some of them no longer. */
export async function plot(connection: Connection, all: readonly Payment[], file: string): Promise<void> {
  const path = resolve(expandHome(file));
  const own = all.filter(({ asset }) => asset === ZERO_ADDRESS);
  const drawn = picture(own, await timesOf(connection, [own[0]?.block ?? 0, ...own.map(({ block }) => block)]));
  try {
    writeFileSync(path, drawn);
  } catch (error) {
    throw new OpenMinedError(`${path} cannot be written (${errorCode(error) || "unknown"}); choose another file for --plot`);
  }
  note(`drawn to ${path}`);
}

function picture(own: readonly Payment[], times: ReadonlyMap<number, number>): string {
  const [firstBlock, lastBlock] = [own[0]?.block ?? 0, own.at(-1)?.block ?? 0];
  const known = [firstBlock, ...own.map(({ block }) => block)].every((block) => times.has(block));
  const at = (block: number): number => (known ? (times.get(block) ?? 0) : block);
  const [first, last] = [at(firstBlock), Math.max(at(lastBlock), at(firstBlock) + 1)];
  const totals: bigint[] = [];
  for (const { amount } of own) totals.push((totals.at(-1) ?? 0n) + amount);
  const top = totals.reduce((most, total) => (total > most ? total : most), 1n);
  const bottom = totals.reduce((least, total) => (total < least ? total : least), 0n);
  const across = (moment: number): number => LEFT + ((moment - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const up = (amount: bigint): number => HEIGHT - BOTTOM - (Number(amount - bottom) / Number(top - bottom)) * (HEIGHT - TOP - BOTTOM);
  let path = `M ${across(first).toFixed(1)} ${up(0n).toFixed(1)}`;
  own.forEach(({ block }, place) => (path += ` H ${across(at(block)).toFixed(1)} V ${up(totals[place] ?? 0n).toFixed(1)}`));
  const earned = own.reduce((sum, { amount }) => (amount > 0n ? sum + amount : sum), 0n);
  const spent = own.reduce((sum, { amount }) => (amount < 0n ? sum - amount : sum), 0n);
  const title = `Earned by this mine: ${aboutWei(earned - spent)}`;
  const description =
    `A step line over ${own.length} payments from block ${firstBlock} to block ${lastBlock}: ` +
    `${aboutWei(earned)} of payouts less ${aboutWei(spent)} of fees, burned stakes and gas.`;
  const when = (block: number): string => {
    const time = times.get(block);
    return time === undefined ? `block ${block}` : `${new Date(time * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  };
  const parts = [
    line(across(first), up(0n), across(last), up(0n)), line(across(first), up(bottom), across(first), up(top)),
    words(LEFT, TOP - 16, title, "start"), words(LEFT - 6, up(0n) + 4, "0", "end"),
    words(across(first), HEIGHT - 14, when(firstBlock), "start"), words(across(last), HEIGHT - 14, when(lastBlock), "end"),
    `<path d="${path}" fill="none" stroke="#00529b" stroke-width="2"/>`,
  ];
  if (totals.some((total) => total > 0n)) parts.push(words(LEFT - 6, Math.min(up(top), up(0n) - LINE) + 4, aboutWei(top), "end"));
  if (bottom < 0n) parts.push(words(LEFT - 6, Math.max(up(bottom), up(0n) + LINE) + 4, aboutWei(bottom), "end"));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc" font-family="sans-serif" font-size="12">`,
    `<title id="title">${title}</title>`, `<desc id="desc">${description}</desc>`, `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`, ...parts, "</svg>", "",
  ].join("\n");
}

function line(x: number, y: number, toX: number, toY: number): string {
  return `<line x1="${x.toFixed(1)}" y1="${y.toFixed(1)}" x2="${toX.toFixed(1)}" y2="${toY.toFixed(1)}" stroke="black"/>`;
}

function words(x: number, y: number, text: string, anchor: "start" | "end"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${text}</text>`;
}
