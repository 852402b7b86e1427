/** `claim`: getting the money. */
import { assetForPeople, showAmount } from "../work/money/assets.ts";
import { LOCK_PATIENCE_MS, withHomeLock } from "../home/files.ts";
import { Home } from "../home/home.ts";
import { aboutWei } from "../protocol/amounts.ts";
import { claimEverything } from "../work/money/claim_all.ts";
import { campaignBy, Connection } from "../work/connection.ts";
import { openAccount } from "./account.ts";
import { format, homePath, OPTIONS, parse } from "./options/options.ts";
import { note, printRows, type Row, UsageError, warn } from "./output.ts";

/** Take back the stakes that will not be judged any more, then one claim for each campaign; all confirmed in the end. */
export async function claim(args: readonly string[]): Promise<number> {
  const { given, positionals } = parse(args, OPTIONS.claim, 1);
  const [wanted] = positionals;
  if (wanted !== undefined && given["all"] === true) throw new UsageError("give an ID, or --all, not both");
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const signer = await openAccount(home, given);
  const { run, node } = await withHomeLock(home.lock, async () => {
    const connection = await Connection.open(home);
    await connection.follower.poll();
    const campaigns = wanted === undefined ? connection.ownCampaignIds() : [campaignBy(connection, wanted)];
    return { run: await claimEverything(connection, connection.outbox(signer), campaigns), node: connection.node };
  }, { patienceMs: LOCK_PATIENCE_MS, forAMoment: true });
  const rows: Row[] = [];
  const sums = new Map<string, bigint>();
  for (const { campaign, asset, amount, gas, transaction } of run.claims) {
    sums.set(asset, (sums.get(asset) ?? 0n) + amount);
    const shown = form === "json" ? String(amount) : showAmount(await assetForPeople(node, asset), amount);
    rows.push({ campaign: `0x${campaign}`, asset, amount: shown, gas: String(gas), transaction });
  }
  const show = { campaign: (value: unknown) => String(value).slice(0, 10), gas: (value: unknown) => aboutWei(BigInt(value as string)) };
  printRows(rows, { campaign: "campaign", amount: "amount", gas: "gas", transaction: "transaction" }, form, show, "nothing to claim now");
  if (rows.length > 0 && form === "table") {
    const totals: string[] = [];
    for (const [asset, amount] of sums) totals.push(showAmount(await assetForPeople(node, asset), amount));
    note(`claimed ${totals.join(" and ")} in all`);
  }
  for (const { campaign, why } of run.unclaimed) warn(`campaign 0x${campaign.slice(0, 8)} was not claimed: ${why}`);
  return run.unclaimed.length > 0 ? 1 : 0;
}
