/** `status`: what a mine is doing now and, if it does nothing, why. A running mine is not disturbed. */
import { OpenMinedError } from "../../errors.ts";
import { isAgentAtWork } from "../../home/files.ts";
import { Home } from "../../home/home.ts";
import { asks } from "../../rules/decisions.ts";
import { isInside, shownHours } from "../../rules/hours.ts";
import { formatTime } from "../../wording.ts";
import { connected } from "../../work/connection.ts";
import { isJoined, type Listing, openCampaigns } from "../../work/overview.ts";
import { readAtWork, type WorkSeen } from "../at_work.ts";
import { format, homePath, OPTIONS, parse } from "../options/options.ts";
import { note, printJson, printRecord, type Row } from "../output.ts";

const MOST_REASONS = 5;

/** Why a mine is quiet, and the command that changes it, if one does. */
interface Reason {
  readonly why: string;
  readonly command: string | null;
}
const reason = (why: string, command: string | null = null): Reason => ({ why, command });

export async function status(args: readonly string[]): Promise<void> {
  const { given } = parse(args, OPTIONS.status);
  const [home, form] = [Home.open(homePath(given)), format(given)];
  const seen = readAtWork(home.atWork);
  const running = (await isAgentAtWork(home.lock)) && !seen.stopped;
  const { listings, unknown } = await campaignsOf(home);
  const work = running ? seen.work : null;
  const quiet = work === null ? reasons(home, seen, running, listings, unknown) : [];
  const joined = listings === null ? null : listings.filter(isJoined).length;
  const found: Row = {
    account: home.address, chain_id: home.settings.chainId, contract: home.settings.contract, running, paused: home.isPaused, work,
    waiting: running ? seen.waiting : null, looked_at: seen.lookedAt, quiet: quiet.map(({ why, command }) => ({ why, command })),
    asked: (listings ?? []).filter(({ best }) => asks(best.decision)).map(({ record }) => `0x${record.id}`),
    open: listings === null ? null : listings.length, joined, campaigns_unknown: unknown, happenings: [...seen.happenings].reverse(),
  };
  if (form === "json") return printJson(found);
  const shown: Row = {
    account: home.address,
    state: `${running ? "at work" : "not running"}${home.isPaused ? ", paused" : ""}`,
    work: work === null ? null : (work["sentence"] ?? null),
    looked_at: seen.lookedAt === null ? null : formatTime(seen.lookedAt),
    campaigns: listings === null ? null : `${joined} joined of ${listings.length} open`,
  };
  printRecord(shown, { account: "Account", state: "Mine", work: "At hand", looked_at: "Last round", campaigns: "Campaigns" }, form);
  for (const { why, command } of quiet) note(command === null ? why : `${why} (${command})`);
}

async function campaignsOf(home: Home): Promise<{ listings: Listing[] | null; unknown: string | null }> {
  try {
    return { listings: await openCampaigns(await connected(home), home.policy()), unknown: null };
  } catch (error) {
    if (error instanceof OpenMinedError) return { listings: null, unknown: error.message };
    throw error;
  }
}

function reasons(home: Home, seen: WorkSeen, running: boolean, listings: readonly Listing[] | null, unknown: string | null): Reason[] {
  const found: Reason[] = [];
  if (!running) found.push(reason("no mine is at work in this home", "mine-agent-js run"));
  if (home.isPaused) found.push(reason("you paused it: what is due is still claimed, and nothing new is begun", "mine-agent-js resume"));
  if (running && seen.waiting !== null) found.push(reason(`it waits: ${seen.waiting}`));
  if (home.data().all().length === 0) found.push(reason("no data set is registered", "mine-agent-js data add NAME FILE"));
  const { hours } = home.policy();
  const now = new Date();
  const minutes = now.getHours() * 60 + now.getMinutes();
  if (hours !== null && !isInside(hours, minutes)) found.push(reason(`new work begins in the hours ${shownHours(hours)}`, "mine-agent-js policy show"));
  if (listings === null) found.push(reason(`the open campaigns cannot be read: ${unknown ?? ""}`));
  else if (listings.length === 0) found.push(reason("no campaign is open"));
  else found.push(...ofCampaigns(listings));
  return found;
}

/** Why the open campaigns are not trained for now, the most frequent reason first. */
function ofCampaigns(listings: readonly Listing[]): Reason[] {
  const against = new Map<string, { count: number; example: string }>();
  const add = (rule: string, example: string): void => {
    const found = against.get(rule);
    against.set(rule, { count: (found?.count ?? 0) + 1, example: found?.example ?? example });
  };
  for (const { fault, best } of listings) {
    if (fault !== null) add("spec", `its spec cannot be used: ${fault}`);
    else for (const one of best.decision.reasons) add(one.rule, one.reason);
  }
  const sorted = [...against].sort(([, one], [, other]) => other.count - one.count).slice(0, MOST_REASONS);
  return sorted.map(([rule, { count, example }]) => {
    const of = listings.length > 1 ? `${count} of ${listings.length} open campaigns` : "the open campaign";
    return reason(`${of}: ${example}`, rule === "ask_first" ? "mine-agent-js approve ID" : null);
  });
}
