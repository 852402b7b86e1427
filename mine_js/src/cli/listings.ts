/** `campaigns` and `ledger`: what there is to join, and what was spent of privacy. */
import type { Spec } from "../artifacts/spec.ts";
import { leftToEarn, pointPays } from "../chain/sonar.ts";
import { ZERO_ADDRESS } from "../chain/words.ts";
import type { DataSet } from "../data/datasets.ts";
import { DataError } from "../data/errors.ts";
import { PrivacyError } from "../errors.ts";
import { Home } from "../home/home.ts";
import { Budget } from "../privacy/budget.ts";
import { Fraction } from "../privacy/fraction.ts";
import { aboutWei, formatPpm } from "../protocol/amounts.ts";
import type { Policy } from "../rules/policy.ts";
import type { Schema } from "../schema/schema.ts";
import { general } from "../wording.ts";
import { type Asset, showAmount } from "../work/money/assets.ts";
import { type Connection, connected } from "../work/connection.ts";
import { fitByValues } from "../work/fits.ts";
import { seconds } from "../work/offers.ts";
import { isJoined, type Listing, openCampaigns } from "../work/overview.ts";
import { format, homePath, OPTIONS, parse } from "./options/options.ts";
import { type Plain, printJson, printRows, type Row } from "./output.ts";

/** So many rows are read within a second or two; of more, the list says what names and rules say. */
const MOST_ROWS = 100_000;
const NEIGHBOURS = "one record more or less in the data set";
const word = (value: Plain): string => (typeof value === "string" ? value : "");
const shortId = (value: Plain): string => word(value).slice(0, 10);
const time = (value: Plain): string => `${new Date(Number(value) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;

export async function campaigns(args: readonly string[]): Promise<void> {
  const { given } = parse(args, OPTIONS.campaigns);
  const connection = await connected(Home.open(homePath(given)));
  const policy = connection.home.policy();
  const listings = await openCampaigns(connection, policy, true);
  const unfit = await unfitValues(listings, policy);
  const form = format(given);
  const rows: Row[] = [];
  for (const [place, listing] of listings.entries()) {
    const row = campaignRow(connection, listing, policy, unfit[place] ?? null);
    rows.push(form === "json" ? row : { ...row, ...amounts(row, await connection.asset(listing.record.asset)) });
  }
  const columns = {
    campaign: "campaign", title: "title", purpose: "purpose", bounty: "bounty", left: "left", point_pays: "a point pays", best_ppm: "best", target_ppm: "target",
    submit_until: "open until", data: "data", coverage: "covers", visit: "a visit", privacy: "price in privacy", joins: "joins", rules: "why",
  };
  const ppm = (value: Plain): string => formatPpm(Number(value));
  const show = { campaign: shortId, best_ppm: ppm, target_ppm: ppm, submit_until: time, coverage: (value: Plain) => `${Math.round(100 * Number(value))}%` };
  printRows(rows, columns, form, show, "no campaign is open");
}

/** The row's amounts as people read them, each in what the campaign pays in. */
function amounts(row: Row, asset: Asset): Row {
  const shown = (name: string): string => {
    const amount = BigInt(word(row[name] ?? "0"));
    return asset.address === ZERO_ADDRESS ? aboutWei(amount) : showAmount(asset, amount);
  };
  return { bounty: shown("bounty"), left: shown("left"), point_pays: shown("point_pays") };
}

/** Why the values of the data with which a campaign would be joined do not fit; of very many rows nothing is said. */
async function unfitValues(listings: readonly Listing[], policy: Policy): Promise<(string | null)[]> {
  const wanted = listings.map((listing) => (isJoined(listing) ? listing.best.data : null));
  if (wanted.reduce((rows, data) => rows + (data?.rows ?? 0), 0) > MOST_ROWS) return wanted.map(() => null);
  const found: (string | null)[] = [];
  for (const [place, data] of wanted.entries()) {
    const schema = listings[place]?.spec?.schema;
    found.push(data === null || schema === undefined ? null : await unfit(schema, data, policy));
  }
  return found;
}

async function unfit(schema: Schema, data: DataSet, policy: Policy): Promise<string | null> {
  try {
    const { problem, records } = await fitByValues(schema, data);
    const least = policy.limits.leastRecords;
    const why = problem ?? (records < least ? `${records} records can be used, and least_records in policy.toml asks for ${least}` : null);
    if (why === null || policy.privacy === null) return why;
    return `${why}; joining would spend a release all the same: \`mine-agent-js refuse\` keeps the mine away`;
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
}

function campaignRow(connection: Connection, listing: Listing, policy: Policy, values: string | null): Row {
  const { record, spec, fault, prospects, best, visit } = listing;
  const { offer, lacking, closed } = best.facts;
  const failure = prospects.map(({ data }) => (data === null ? undefined : connection.journal.failure(record.id, data.name))).find((found) => found !== undefined)?.message ?? null;
  const fits = spec === undefined ? [] : prospects.flatMap(({ data, facts }) => (data === null ? [] : [{ data: data.name, fits: facts.lacking.length === 0, missing: facts.lacking }]));
  const fitting = fits.filter((fit) => fit.fits);
  const nearest = [...fits].sort((one, other) => one.missing.length - other.missing.length)[0];
  const dataText =
    fault !== null ? `unknown: ${fault}`
    : fitting.length > 0 ? fitting.map((fit) => fit.data).join(", ")
    : nearest === undefined ? "none registered"
    : `${nearest.data} lacks ${nearest.missing.slice(0, 3).join(", ")}${nearest.missing.length > 3 ? ", ..." : ""}`;
  const asked = spec === undefined ? [] : spec.schema.columns.map((field) => field.name);
  const { reasons } = best.decision;
  const rules = new Set(best.decision.checks.map(({ rule }) => rule));
  const why = fault !== null ? "its spec cannot be used" : reasons.map(({ reason }) => reason).join("; ") || "allowed";
  return {
    campaign: `0x${record.id}`, title: spec?.title ?? null, purpose: spec?.purpose ?? null, scientist: record.owner, capsule: record.capsule,
    asset: record.asset, symbol: offer.symbol ?? "ETH", decimals: offer.symbol === null ? 18 : offer.decimals, bounty: String(record.bounty),
    left: String(leftToEarn(record)), point_pays: String(pointPays(record)), start_ppm: record.start, best_ppm: record.best, target_ppm: record.target,
    version: record.version, stake: String(record.stake), fee: String(record.fee), submit_until: record.submitUntil, review_until: record.reviewUntil,
    pending: record.submitted - record.evaluated, joins: isJoined(listing), word: offer.word, data: dataText, fields: asked,
    coverage: asked.length === 0 || best.data === null ? null : (asked.length - lacking.length) / asked.length, missing: best.data === null ? [] : lacking,
    rules: values === null ? why : `${why}, but its values do not fit: mine-agent-js data check ${best.data?.name ?? ""}`, unfit: values,
    privacy: spec === undefined ? null : priceInPrivacy(spec, policy.privacy),
    visit: visit === null ? null : `${general(visit.seconds, 2)} s, ${bytes(visit.bytesDown)} down, ${bytes(visit.bytesUp)} up`,
    visit_seconds: visit?.seconds ?? null, visit_measured: visit?.measured ?? null, bytes_down: visit?.bytesDown ?? null, bytes_up: visit?.bytesUp ?? null, fits,
    refusals: reasons.filter(({ rule }) => rules.has(rule)).map(({ rule, reason }) => ({ rule, reason })),
    reasons: reasons.map(({ rule, reason, forNow }) => ({ rule, reason, for_now: forNow })), closed, failure,
  };
}

function bytes(count: number): string {
  const [size, unit] = count >= 1e6 ? [count / 1e6, "MB"] : count >= 1e3 ? [count / 1e3, "kB"] : [count, "B"];
  return `${unit === "B" ? count : general(size, 3)} ${unit}`;
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
