/** `campaigns` and `ledger`: what there is to join, and what was spent of privacy. */
import type { Spec } from "../artifacts/spec.ts";
import { NodeError } from "../chain/errors.ts";
import { type CampaignRecord, leftToEarn } from "../chain/sonar.ts";
import { columnNames, type DataSet } from "../data/datasets.ts";
import { OpenMinedError, PrivacyError } from "../errors.ts";
import { Home } from "../home/home.ts";
import { Budget } from "../privacy/budget.ts";
import { Fraction } from "../privacy/fraction.ts";
import { aboutWei, formatPpm } from "../protocol/amounts.ts";
import { refusals } from "../rules/checks.ts";
import type { Policy } from "../rules/policy.ts";
import { general } from "../wording.ts";
import { type Connection, connected } from "../work/connection.ts";
import { Library } from "../work/library.ts";
import { visitSeconds } from "../work/visit_cost.ts";
import { factsOf, type Moment, momentOf, seconds, whyClosed } from "../work/offers.ts";
import { format, homePath, OPTIONS, parse } from "./options/options.ts";
import { type Plain, printJson, printRows, type Row } from "./output.ts";

const NEIGHBOURS = "one record more or less in the data set";
const word = (value: Plain): string => (typeof value === "string" ? value : "");
const amount = (value: Plain): string => aboutWei(BigInt(word(value)));
const shortId = (value: Plain): string => word(value).slice(0, 10);
const time = (value: Plain): string => `${new Date(Number(value) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;

export async function campaigns(args: readonly string[]): Promise<void> {
  const { given } = parse(args, OPTIONS.campaigns);
  const connection = await connected(Home.open(homePath(given)));
  const [policy, sets, library] = [connection.home.policy(), connection.home.data().all(), new Library(connection)];
  const settled = connection.settledIds();
  const records = await connection.sonar.many(connection.campaignIds().filter((id) => !settled.has(id)));
  const open = [...records.values()].filter((record) => record.state === "OPEN");
  const moment = await momentOf(connection, records);
  const rows = open.map((record) => campaignRow(connection, library, record, sets, policy, moment));
  const columns = {
    campaign: "campaign", title: "title", bounty: "bounty", left: "left", best_ppm: "best", target_ppm: "target", submit_until: "open until",
    data: "data", rules: "rules", privacy: "price in privacy", joins: "joins",
  };
  const ppm = (value: Plain): string => formatPpm(Number(value));
  const show = { campaign: shortId, bounty: amount, left: amount, best_ppm: ppm, target_ppm: ppm, submit_until: time };
  printRows(rows, columns, format(given), show, "no campaign is open");
}

function campaignRow(connection: Connection, library: Library, record: CampaignRecord, sets: readonly DataSet[], policy: Policy, moment: Moment): Row {
  const closed = whyClosed(record, moment.chainTime, policy.limits.timeMargin);
  const failure = sets.map((data) => connection.journal.failure(record.id, data.name)).find((found) => found !== undefined)?.message ?? null;
  let spec: Spec | undefined;
  let fault: string | null = null;
  try {
    spec = library.spec(record);
  } catch (error) {
    if (error instanceof NodeError || !(error instanceof OpenMinedError)) throw error;
    fault = error.message;
  }
  const fits = spec === undefined ? [] : sets.map((data) => ({ data: data.name, missing: spec.schema.missing(columnNames(data)) }));
  const fitting = fits.filter((fit) => fit.missing.length === 0);
  const perVisit = spec === undefined || policy.minimumPerHour === 0n ? null : visitSeconds(connection.journal, record.id, spec);
  const refused = spec === undefined ? [] : refusals(policy, factsOf(connection, moment, record, null, policy, spec, perVisit).offer);
  const reasons = [...refused.map((refusal) => refusal.reason), ...(closed === null ? [] : [closed])];
  const lacking = [...fits].sort((one, other) => one.missing.length - other.missing.length)[0];
  const dataText =
    fault !== null ? `unknown: ${fault}`
    : fitting.length > 0 ? fitting.map((fit) => fit.data).join(", ")
    : lacking === undefined ? "none registered"
    : `${lacking.data} lacks ${lacking.missing.slice(0, 3).join(", ")}${lacking.missing.length > 3 ? ", ..." : ""}`;
  return {
    campaign: `0x${record.id}`, title: spec?.title ?? null, scientist: record.owner, capsule: record.capsule, bounty: String(record.bounty),
    left: String(leftToEarn(record)), start_ppm: record.start, best_ppm: record.best, target_ppm: record.target, version: record.version,
    stake: String(record.stake), fee: String(record.fee), submit_until: record.submitUntil, pending: record.submitted - record.evaluated,
    joins: spec !== undefined && reasons.length === 0 && fitting.length > 0, data: dataText,
    rules: fault !== null ? "not asked" : reasons.join("; ") || "allowed", privacy: spec === undefined ? null : priceInPrivacy(spec, policy.privacy),
    fits: fits.map((fit) => ({ data: fit.data, fits: fit.missing.length === 0, missing: fit.missing })),
    refusals: refused.map(({ rule, reason }) => ({ rule, reason })), closed, failure,
  };
}

/** What a release for the campaign costs at most: nothing, if the data were released for its schema already. */
function priceInPrivacy(spec: Spec, budget: Budget | null): string {
  if (budget === null) return "none";
  try {
    const rho = spec.privacyFloor === null ? budget.priceRho : budget.forFloor(spec.privacyFloor.epsilon, spec.privacyFloor.delta);
    return `epsilon up to ${general(budget.shown(rho), 3)} at delta ${general(budget.delta)} for ${NEIGHBOURS}`;
  } catch (error) {
    if (error instanceof PrivacyError) return "cannot be given";
    throw error;
  }
}

export function ledger(args: readonly string[]): void {
  const { given } = parse(args, OPTIONS.ledger);
  const home = Home.open(homePath(given));
  const policy = home.policy().privacy;
  const budget = policy ?? new Budget();
  let total = new Fraction(0n);
  const rows = home.ledger(seconds()).entries().map((entry): Row => {
    total = total.plus(entry.rho);
    const cost = entry.rho.top === 0n ? null : entry.rho;
    return {
      number: entry.number, time: entry.time, what: entry.kind, campaign: entry.campaign === "" ? null : `0x${entry.campaign}`, data: entry.data || null,
      rho: cost?.toString() ?? null, epsilon: cost === null ? null : budget.shown(cost), total_epsilon: budget.shown(total), hash: `0x${entry.hash}`,
    };
  });
  if (format(given) === "json") {
    const left = policy === null ? null : Number(policy.limit.minus(total).over(policy.priceRho).floor());
    return printJson({
      privacy: policy === null ? "none" : "differential", neighbours: NEIGHBOURS, delta: budget.delta, budget_epsilon: policy?.epsilon ?? null,
      budget_rho: policy?.limit.toString() ?? null, price_epsilon: policy?.price ?? null, spent_rho: total.toString(), spent_epsilon: budget.shown(total),
      releases_left: left === null ? null : Math.max(0, left), unprotected_gradients: rows.filter((row) => row["what"] === "unprotected").length, entries: rows,
    });
  }
  const epsilon = (value: Plain): string => general(Number(value), 3);
  printRows(rows, { number: "number", time: "time", what: "what", campaign: "campaign", data: "data", epsilon: "epsilon", total_epsilon: "in all" }, "table", {
    time, campaign: shortId, epsilon, total_epsilon: epsilon,
  });
}
