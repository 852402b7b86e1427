/** `approve | refuse | explain | pause | resume`: the owner's word on campaigns, and what was decided about them. */
import { OpenMinedError } from "../errors.ts";
import type { DecisionRecord, OwnersWord } from "../home/decisions.ts";
import { factsFromJson } from "../home/decisions.ts";
import { Home } from "../home/home.ts";
import { parsePolicy } from "../home/policy.ts";
import { decide, type Decision } from "../rules/decisions.ts";
import { campaignBy, connected } from "../work/connection.ts";
import { seconds } from "../work/offers.ts";
import { formatTime } from "../wording.ts";
import { format, type Given, homePath, number, OPTIONS, parse } from "./options/options.ts";
import { note, type Plain, printJson, printRecord, printRows, type Row, UsageError, warn } from "./output.ts";

export async function say(args: readonly string[], word: OwnersWord): Promise<void> {
  const { given, positionals } = parse(args, OPTIONS.approve, 1);
  const connection = await connected(Home.open(homePath(given)));
  const campaign = campaignBy(connection, idOf(positionals));
  connection.decisions.say(campaign, word, seconds());
  printRecord({ campaign: `0x${campaign}`, word }, { campaign: "Campaign", word: "Your word" }, format(given));
}

export function pause(args: readonly string[]): void {
  Home.open(homePath(parse(args, OPTIONS.pause).given)).pause();
  note("paused; nothing new is begun until: mine-agent-js resume");
}

export function resume(args: readonly string[]): void {
  Home.open(homePath(parse(args, OPTIONS.resume).given)).resume();
  note("resumed; new work begins with the next round of `mine-agent-js run`");
}

export async function explain(args: readonly string[]): Promise<void> {
  const { given, positionals } = parse(args, OPTIONS.explain, 1);
  const [form, last, [id]] = [format(given), lastOf(given), positionals];
  const connection = await connected(Home.open(homePath(given)));
  const records = id === undefined ? connection.decisions.newest(last) : connection.decisions.of(campaignBy(connection, id));
  const explained = records.map(replayed);
  if (form === "json") return printJson(explained.map(asRow));
  const columns = { time: "time (UTC)", campaign: "campaign", data: "data", answer: "decided", why: "why", replay: "replay" };
  const show = { time: (value: Plain) => formatTime(Number(value)), campaign: (value: Plain) => (typeof value === "string" ? value.slice(0, 10) : "") };
  printRows(explained.map(asRow), columns, form, show, "nothing has been decided yet: `mine-agent-js run` decides");
  if (given["rules"] === true) showRules(explained);
  for (const one of explained.filter((each) => each.now !== null && !agrees(each))) {
    warn(`decision ${one.record.number} comes out differently: this release decides otherwise`);
  }
}

/** A decision as it was written down, and as it comes out now from the same facts and rules; `fault`: why it does not. */
interface Explained {
  readonly record: DecisionRecord;
  readonly now: Decision | null;
  readonly fault: string | null;
}

function replayed(record: DecisionRecord): Explained {
  const facts = factsFromJson(record.facts);
  if (facts === undefined) return { record, now: null, fault: "its facts were written by another release" };
  try {
    return { record, now: decide(parsePolicy(record.rules, "the rules of that time"), facts), fault: null };
  } catch (error) {
    if (error instanceof OpenMinedError) return { record, now: null, fault: error.message };
    throw error;
  }
}

function agrees({ record, now }: Explained): boolean {
  const outline = (reasons: Decision["reasons"]): string => JSON.stringify(reasons.map((one) => [one.rule, one.reason, one.forNow]));
  return now !== null && now.answer === record.answer && outline(now.reasons) === outline(record.reasons);
}

function asRow(one: Explained): Row {
  const { record, now, fault } = one;
  return {
    number: record.number, time: record.madeAt, campaign: `0x${record.campaign}`, data: record.data, answer: record.answer,
    why: record.reasons.map(({ reason }) => reason).join("; ") || "nothing spoke against it",
    reasons: record.reasons.map(({ rule, reason }) => ({ rule, reason })), replay: fault ?? (agrees(one) ? "the same" : "another one"),
    rules: (now?.checks ?? []).map(({ rule, reason, wants, found }) => ({ rule, passed: reason === null, wants, found })),
    facts: record.facts, policy: record.rules,
  };
}

/** The last decision for each campaign and data set, rule by rule. */
function showRules(explained: readonly Explained[]): void {
  const last = new Map<string, Explained>();
  for (const one of explained) {
    const pair = `${one.record.campaign}/${one.record.data}`;
    const known = last.get(pair);
    last.set(pair, known === undefined || one.record.number > known.record.number ? one : known);
  }
  for (const { record, now } of last.values()) {
    if (now === null) continue;
    process.stdout.write(`\nThe rules on ${record.data} at ${formatTime(record.madeAt)}\n`);
    const rows = now.checks.map(({ rule, reason, wants, found }) => ({ rule, passed: reason === null, wants, found }));
    printRows(rows, { rule: "rule", passed: "passed", wants: "wants", found: "found" }, "table");
  }
}

/** How many decisions are shown where no ID is given. */
function lastOf(given: Given): number {
  const last = number(given, "last", 50);
  if (!Number.isInteger(last) || last < 1 || last > 10_000) throw new UsageError(`--last is '${String(given["last"])}'; expected a whole number from 1 to 10000`);
  return last;
}

function idOf(positionals: readonly string[]): string {
  const [id] = positionals;
  if (id === undefined) throw new UsageError("give a campaign's id, or its first six digits or more");
  return id;
}
