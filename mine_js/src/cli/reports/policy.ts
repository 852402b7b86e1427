/** `policy show | diff | save`: the owner's rules, and what others would change, before they are saved. */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { readLimited, replaceSecretFile } from "../../home/files.ts";
import { Home } from "../../home/home.ts";
import { parsePolicy, POLICY_FILE, policyRules } from "../../home/policy.ts";
import { expandHome } from "../../home/settings.ts";
import { SettingsError } from "../../home/toml.ts";
import { decide, type Decision } from "../../rules/decisions.ts";
import { connected } from "../../work/connection.ts";
import { joins, openCampaigns } from "../../work/overview.ts";
import { format, type Given, homePath, OPTIONS, parse } from "../options/options.ts";
import { note, printJson, printRows, type Row, UsageError } from "../output.ts";

const MOST_BYTES = 256 * 1024;

export async function policy(args: readonly string[]): Promise<void> {
  const { given, positionals } = parse(args, OPTIONS.policy, 2);
  const [part, file] = positionals;
  if (part === "show" && file === undefined) return show(given);
  if ((part === "diff" || part === "save") && file !== undefined) return change(given, file, part === "save");
  throw new UsageError("expected: policy show, policy diff NEW.toml or policy save NEW.toml");
}

function show(given: Given): void {
  const { text } = Home.open(homePath(given)).policy();
  if (format(given) === "json") printJson({ text, digest: createHash("sha256").update(text).digest("hex"), rules: policyRules(text, POLICY_FILE) });
  else process.stdout.write(text);
}

async function change(given: Given, file: string, save: boolean): Promise<void> {
  const [home, form, text] = [Home.open(homePath(given)), format(given), newRules(file)];
  const other = parsePolicy(text, save ? join(home.path, POLICY_FILE) : "the new rules");
  const listings = await openCampaigns(await connected(home), home.policy(), other.minimumPerHour > 0n);
  const rows = listings.flatMap(({ record, spec, prospects }) =>
    prospects.map(({ data, facts, decision }) => changeRow(`0x${record.id}`, spec?.title ?? null, data?.name ?? null, decision, decide(other, facts))),
  );
  const columns = {
    campaign: "campaign", title: "title", data: "data", joins_before: "joins now", why_before: "why", joins_after: "would join", why_after: "why then",
  };
  const shown = given["all"] === true && !save ? rows : rows.filter((row) => row["changes"] === true);
  const short = (value: unknown): string => String(value).slice(0, 10);
  printRows(shown, columns, form, { campaign: short }, `nothing changes for the ${rows.length} open campaigns and data sets`);
  if (!save) return;
  replaceSecretFile(home.policyFile, Buffer.from(text));
  note(`saved to ${home.policyFile}`);
}

function newRules(file: string): string {
  const raw = readLimited(resolve(expandHome(file)), MOST_BYTES);
  if (raw === undefined) throw new SettingsError(`there are no settings at ${file}`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw new SettingsError(`${file}: it is not text in UTF-8`);
  }
}

function changeRow(campaign: string, title: string | null, data: string | null, before: Decision, after: Decision): Row {
  const rules = (decision: Decision): string[] => decision.reasons.map(({ rule }) => rule);
  const why = (decision: Decision): string => decision.reasons.map(({ reason }) => reason).join("; ") || "allowed";
  const outline = (decision: Decision): string => JSON.stringify([joins(decision), rules(decision)]);
  return {
    campaign, title, data, changes: outline(before) !== outline(after), joins_before: joins(before), joins_after: joins(after),
    why_before: why(before), why_after: why(after), rules_before: rules(before), rules_after: rules(after),
  };
}
