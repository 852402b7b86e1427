/** `run`: the mine at work until it is stopped. */
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseUnusableError, NodeError } from "../chain/errors.ts";
import { OpenMinedError } from "../errors.ts";
import { LOCK_PATIENCE_MS, withHomeLock } from "../home/files.ts";
import { Home } from "../home/home.ts";
import { LedgerDamagedError } from "../privacy/ledger.ts";
import { pauseAfter } from "../rules/pacing.ts";
import { Agent } from "../work/agent.ts";
import { AtWork } from "./at_work.ts";
import { Connection } from "../work/connection.ts";
import { asLine, asRecord, type Tell } from "../work/happenings.ts";
import { openAccount } from "./account.ts";
import { format, homePath, OPTIONS, parse } from "./options/options.ts";
import { end } from "./output.ts";

const LONGEST_GOODBYE_MS = 4000;

export async function run(args: readonly string[]): Promise<number> {
  const { given } = parse(args, OPTIONS.run);
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const signer = await openAccount(home, given);
  const say: Tell = (happening) => {
    const now = new Date();
    process.stdout.write(`${form === "json" ? JSON.stringify(asRecord(happening, now)) : asLine(happening, now)}\n`);
  };
  const atWork = new AtWork(home.atWork);
  const tell = atWork.heard(say);
  const stop = new AbortController();
  const stopSoon = (): void => {
    if (stop.signal.aborted) return;
    stop.abort();
    setTimeout(() => {
      tell({ event: "stopped", sentence: "stopped" });
      end(0); // in the middle of a piece of work: a mine loses nothing by dying
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
    if (given["once"] === true) {
      code = Math.max(0, ...(await agent.round()).map((error) => error.exitCode));
      atWork.roundDone();
    } else await roundsUntil(agent, stop.signal, home.settings.pollSeconds, patience, atWork);
    tell({ event: "stopped", sentence: "stopped" });
    return code;
  }, { patienceMs: LOCK_PATIENCE_MS });
}

async function roundsUntil(agent: Agent, stop: AbortSignal, pollSeconds: number, patience: Patience, atWork: AtWork): Promise<void> {
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
    atWork.roundDone();
    await pause(pollSeconds * 1000, stop);
  }
}

/** What concerns all campaigns alike is reported once, and waited for; the pause doubles. */
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
