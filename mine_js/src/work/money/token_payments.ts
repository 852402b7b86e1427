/**
 * Stake and fee of campaigns in a token: approved to Sonar exactly, and only when they are needed. Some tokens refuse to
 * change an approval that is not zero, so one that is too small is set to zero first. What an account has approved is one
 * number for all its campaigns in a token: while a call that draws on it is under way, nothing else is approved.
 */
import { TokensMissingError } from "../../chain/errors.ts";
import type { Outbox } from "../../chain/outbox.ts";
import { deedOf } from "../../chain/outbox_records.ts";
import { allowance, approval, balanceOf } from "../../chain/tokens.ts";
import { assetForPeople, showAmount } from "./assets.ts";
import type { Connection } from "../connection.ts";

const DRAWING = ["create", "submit", "approve"];

/** TokensMissingError unless the account holds so much. */
export async function requireTokens({ node }: Connection, label: string, token: string, account: string, needed: bigint): Promise<void> {
  const held = await balanceOf(node, token, account);
  if (held >= needed) return;
  const asset = await assetForPeople(node, token);
  throw new TokensMissingError(label, account, token, held, needed, (amount) => showAmount(asset, amount));
}

/** See to it that Sonar may take the amount: whether it may. If not, an approval is under way; ask again once that is done. */
export async function isApproved(connection: Connection, outbox: Outbox, token: string, amount: bigint, campaign: string): Promise<boolean> {
  const waits = outbox.records.unfinished().some(({ deed, call, status }) => {
    const [action = ""] = deed.split("/");
    return call.runsToken && DRAWING.includes(action) && (status === "waiting" || action === "approve");
  });
  if (waits) return false;
  await requireTokens(connection, "approve", token, outbox.account, amount);
  const { node, sonar } = connection;
  const allowed = await allowance(node, token, outbox.account, sonar.address, await node.blockNumber());
  if (allowed >= amount) return true;
  const target = allowed === 0n ? amount : 0n;
  const number = outbox.records.approvals(campaign, token, target).length;
  await outbox.ensure(deedOf("approve", campaign, `${token}.${target}.${number}`), () => approval(token, sonar.address, target));
  return false;
}
