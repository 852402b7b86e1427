/** Claims what campaigns owe the account by now, and waits until it is confirmed. One that refuses stops no other. */
import { ChainError, DatabaseUnusableError, NodeDownError, NodeRefusedError, TransactionTimeoutError } from "../../chain/errors.ts";
import { big, decodeLog, text } from "../../chain/events.ts";
import type { Outbox } from "../../chain/outbox.ts";
import { type ExitCode, OpenMinedError } from "../../errors.ts";
import { describe } from "../agent.ts";
import type { Connection } from "../connection.ts";
import { claim, mayReclaim, reclaim } from "../open_submissions.ts";

/** One claim that went through; `amount` in the smallest units of the asset, `gas` in wei. */
export interface Claim {
  readonly campaign: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly gas: bigint;
  readonly transaction: string;
}
/** What came of claiming; `unclaimed`: whose money could not be had now, and why. */
export interface ClaimRun {
  readonly claims: Claim[];
  readonly unclaimed: { readonly campaign: string; readonly why: string }[];
  /** The deed of every transaction of it. */
  readonly sent: string[];
}

/** Claiming ended before everything was seen confirmed. */
export class ClaimUnfinishedError extends OpenMinedError {
  override readonly exitCode: ExitCode = 3;
  constructor({ claims, sent }: ClaimRun, why: OpenMinedError) {
    super(
      `${why.message}. ${claims.length} of ${sent.length} transactions for claims are confirmed; the others are signed and stored, ` +
        "and may be on their way. Run the same command again: it claims what is left, and nothing twice",
    );
  }
}

/** What concerns all campaigns alike; a damaged database is told as it is. */
const FOR_ALL: readonly (abstract new (...args: never) => ChainError)[] = [NodeDownError, NodeRefusedError, TransactionTimeoutError];

/** Take back stakes that will not be judged, then one claim for each campaign. All are sent before the first is waited for. */
export async function claimEverything(connection: Connection, outbox: Outbox, campaigns: readonly string[]): Promise<ClaimRun> {
  await outbox.pump();
  const run: ClaimRun = { claims: [], unclaimed: [], sent: [] };
  try {
    await reclaimAll(connection, outbox, campaigns, run);
    await claimAll(connection, outbox, campaigns, run);
  } catch (error) {
    const tells = error instanceof OpenMinedError && FOR_ALL.some((kind) => error instanceof kind) && run.sent.length > 0;
    throw tells ? new ClaimUnfinishedError(run, error) : error;
  }
  return run;
}

async function reclaimAll(connection: Connection, outbox: Outbox, campaigns: readonly string[], run: ClaimRun): Promise<void> {
  const waiting: { campaign: string; deed: string }[] = [];
  const now = await connection.sonar.now();
  await forEach(campaigns, run, async (campaign) => {
    const record = await connection.sonar.campaign(campaign);
    for (const standing of connection.standings(campaign)) {
      const sent = mayReclaim(record, standing, now) ? await reclaim(connection, outbox, record, standing) : undefined;
      if (sent === undefined) continue;
      waiting.push({ campaign, deed: sent.deed });
      run.sent.push(sent.deed);
    }
  });
  for (const { campaign, deed } of waiting) {
    await forEach([campaign], run, async () => {
      await outbox.wait(deed);
    });
  }
}

async function claimAll(connection: Connection, outbox: Outbox, campaigns: readonly string[], run: ClaimRun): Promise<void> {
  const waiting: { campaign: string; asset: string; deed: string }[] = [];
  await forEach(campaigns, run, async (campaign) => {
    if ((await connection.sonar.claimable(campaign, outbox.account)) === 0n) return;
    const { asset } = await connection.sonar.campaign(campaign);
    const sent = await claim(connection, outbox, campaign, asset);
    if (sent === undefined) return;
    waiting.push({ campaign, asset, deed: sent.deed });
    run.sent.push(sent.deed);
  });
  for (const { campaign, asset, deed } of waiting) {
    await forEach([campaign], run, async () => {
      const { receipt, hashes } = await outbox.wait(deed);
      const events = (receipt?.logs ?? []).filter((log) => log.address === connection.sonar.address.toLowerCase()).map(decodeLog);
      const paid = events.filter((event) => event.name === "Claimed" && text(event, "account") === outbox.account);
      const amount = paid.reduce((sum, event) => sum + big(event, "amount"), 0n);
      const gas = receipt === null ? 0n : receipt.gasUsed * receipt.gasPrice;
      run.claims.push({ campaign, asset, amount, gas, transaction: hashes.at(-1) ?? "" });
    });
  }
}

/** What goes wrong with one campaign alone is noted; what concerns all alike is raised. */
async function forEach(campaigns: readonly string[], run: ClaimRun, work: (campaign: string) => Promise<void>): Promise<void> {
  for (const campaign of campaigns) {
    try {
      await work(campaign);
    } catch (error) {
      if (!(error instanceof OpenMinedError) || error instanceof DatabaseUnusableError || FOR_ALL.some((kind) => error instanceof kind)) throw error;
      run.unclaimed.push({ campaign, why: describe(error) });
    }
  }
}
