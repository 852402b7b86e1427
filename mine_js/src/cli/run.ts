/** `run` and `claim`: the mine at work until it is stopped, and getting the money. */
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseUnusableError, NodeError } from "../chain/errors.ts";
import { big, decodeLog, text as field } from "../chain/events.ts";
import { openKeyfile, type Signer } from "../chain/signer.ts";
import { OpenMinedError } from "../errors.ts";
import { HomeError, withHomeLock } from "../home/files.ts";
import { Home } from "../home/home.ts";
import { LedgerDamagedError } from "../privacy/ledger.ts";
import { aboutWei } from "../protocol/amounts.ts";
import { pauseAfter } from "../rules/pacing.ts";
import { Agent } from "../work/agent.ts";
import { Connection } from "../work/connection.ts";
import { asLine, asRecord, type Tell } from "../work/happenings.ts";
import { claim as claimFrom, mayReclaim, reclaim } from "../work/open_submissions.ts";
import { ACTING, format, type Given, homePath, parse, passphrase } from "./options.ts";
import { note, printRows, type Row } from "./output.ts";

const LONGEST_GOODBYE_MS = 4000;

async function openAccount(home: Home, given: Given): Promise<Signer> {
  const signer = await openKeyfile(home.keyfile, passphrase(given, home.keyfile));
  if (signer.address !== home.address) {
    throw new HomeError(`${home.keyfile} says it is for ${home.address}, but holds the key of ${signer.address}; restore it`);
  }
  return signer;
}

export async function run(args: readonly string[]): Promise<number> {
  const { given } = parse(args, { ...ACTING, once: { type: "boolean" } });
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const signer = await openAccount(home, given);
  const tell: Tell = (happening) => {
    const now = new Date();
    process.stdout.write(`${form === "json" ? JSON.stringify(asRecord(happening, now)) : asLine(happening, now)}\n`);
  };
  const stop = new AbortController();
  const stopSoon = (): void => {
    if (stop.signal.aborted) return;
    stop.abort();
    setTimeout(() => {
      tell({ event: "stopped", sentence: "stopped" });
      process.exit(0); // in the middle of a piece of work: a mine loses nothing by dying
    }, LONGEST_GOODBYE_MS).unref();
  };
  process.on("SIGTERM", stopSoon);
  process.on("SIGINT", stopSoon);
  return withHomeLock(home.lock, async () => {
    const patience = new Patience(tell, stop.signal);
    const connection = given["once"] === true ? await Connection.open(home) : await patience.untilDone(() => Connection.open(home));
    if (connection === undefined) return 0;
    const agent = new Agent(connection, connection.outbox(signer), tell, () => stop.signal.aborted);
    const { address } = connection.sonar;
    tell({ event: "started", sentence: `mine ${signer.address} is at work`, fields: { role: "mine", address: signer.address, contract: address } });
    let code = 0;
    if (given["once"] === true) code = Math.max(0, ...(await agent.round()).map((error) => error.exitCode));
    else await roundsUntil(agent, stop.signal, home.settings.pollSeconds, patience);
    tell({ event: "stopped", sentence: "stopped" });
    return code;
  });
}

async function roundsUntil(agent: Agent, stop: AbortSignal, pollSeconds: number, patience: Patience): Promise<void> {
  while (!stop.aborted) {
    try {
      await agent.round();
    } catch (error) {
      const hopeless = error instanceof LedgerDamagedError || error instanceof DatabaseUnusableError;
      if (hopeless || !(error instanceof OpenMinedError)) throw error;
      await patience.wait(error);
      continue;
    }
    patience.over();
    await pause(pollSeconds * 1000, stop);
  }
}

/** What concerns all campaigns alike is told once, and waited for; the pause doubles. */
class Patience {
  private readonly tell: Tell;
  private readonly stop: AbortSignal;
  private failures = 0;
  private told = "";

  constructor(tell: Tell, stop: AbortSignal) {
    this.tell = tell;
    this.stop = stop;
  }

  async wait(error: OpenMinedError): Promise<void> {
    this.failures += 1;
    const seconds = pauseAfter(this.failures, 1, 60);
    if (error.message !== this.told) {
      this.told = error.message;
      const sentence = `waiting: ${error.message} (again in ${seconds} s)`;
      this.tell({ event: "waiting", sentence, fields: { reason: error.message, retry_seconds: seconds } });
    }
    await pause(seconds * 1000, this.stop);
  }

  over(): void {
    this.failures = 0;
    this.told = "";
  }

  async untilDone<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (!this.stop.aborted) {
      try {
        const done = await work();
        this.over();
        return done;
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        await this.wait(error);
      }
    }
    return undefined;
  }
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
}

/** Take back the stakes that will not be judged any more, then one claim for each campaign; all confirmed in the end. */
export async function claim(args: readonly string[]): Promise<void> {
  const { given } = parse(args, ACTING);
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const signer = await openAccount(home, given);
  const rows = await withHomeLock(home.lock, async () => {
    const connection = await Connection.open(home);
    await connection.follower.poll();
    const outbox = connection.outbox(signer);
    await outbox.pump();
    const now = await connection.sonar.now();
    for (const campaign of connection.ownCampaignIds()) {
      const record = await connection.sonar.campaign(campaign);
      for (const standing of connection.standings(campaign)) {
        const sent = mayReclaim(record, standing, now) ? await reclaim(connection, outbox, record, standing) : undefined;
        if (sent !== undefined) await outbox.wait(sent.deed);
      }
    }
    const made: Row[] = [];
    for (const campaign of connection.ownCampaignIds()) {
      if ((await connection.sonar.claimable(campaign, outbox.account)) === 0n) continue;
      const sent = await claimFrom(connection, outbox, campaign);
      if (sent === undefined) continue;
      const { receipt, hashes } = await outbox.wait(sent.deed);
      const events = (receipt?.logs ?? []).filter((log) => log.address === connection.sonar.address.toLowerCase()).map(decodeLog);
      const paid = events.filter((event) => event.name === "Claimed" && field(event, "account") === outbox.account);
      const amount = paid.reduce((sum, event) => sum + big(event, "amount"), 0n);
      const gas = receipt === null ? 0n : receipt.gasUsed * receipt.gasPrice;
      made.push({ campaign: `0x${campaign}`, amount: String(amount), gas: String(gas), transaction: hashes.at(-1) ?? "" });
    }
    return made;
  });
  const show = {
    campaign: (value: unknown) => String(value).slice(0, 10), amount: (value: unknown) => aboutWei(BigInt(value as string)),
    gas: (value: unknown) => aboutWei(BigInt(value as string)),
  };
  printRows(rows, { campaign: "campaign", amount: "amount", gas: "gas", transaction: "transaction" }, form, show, "nothing to claim now");
  if (rows.length > 0 && form === "table") note(`claimed ${aboutWei(rows.reduce((sum, row) => sum + BigInt(row["amount"] as string), 0n))} in all`);
}
