/** From a draft to artifacts in the store and a transaction that was tried without being sent. */
import { hexToBytes, bytesToHex } from "viem/utils";
import type { Hex } from "viem";

import { ETHER, exact } from "../../shared/format/amount";
import { ask, askBytes, AskError } from "../../shared/http";
import { API, type Answer } from "../api";
import { canonicalJson } from "../protocol/canonical";
import { cidDigest, cidText, digestOf } from "../protocol/cid";
import { recordsToBytes } from "../protocol/records";
import { guidingRows, sealRecords } from "../protocol/sealing";
import { createCampaign, createdId, type TermsArgument } from "../protocol/sonar";
import { nextApproval } from "../protocol/token";
import { gasCost, requireChain, simulate, type Transaction, type Wallet, WalletError } from "../protocol/wallet";
import { adviceOn, objectionsIn, schemeOf } from "./advice";
import { specOf } from "./document";
import { type Draft, type Guards, maxStart, moneyOf, times, type Unit } from "./draft";
import { labelOf, labelsDiffer, metricOf, startOf } from "./model";
import { type Sheet, TableError, typed } from "./table";

const NOTHING = `0x${"00".repeat(32)}`;

export interface Certificate {
  readonly address: string;
  readonly certificate: string | null;
}

/** Everything is in the store, and nothing was sent. */
export interface Prepared {
  readonly terms: TermsArgument;
  readonly salt: Hex;
  readonly account: Hex;
  readonly contract: Hex;
  readonly unit: Unit;
  readonly spec: string;
  readonly remarks: readonly string[];
}

/** The contract would take it. */
export interface Ready {
  readonly id: string;
  readonly transaction: Transaction;
  readonly gas: bigint;
  /** wei, by the current price */
  readonly gasCost: bigint;
}

export const STEPS = ["Ask what Capsule works for", "Seal your records to Capsule", "Store what was sealed", "Store the spec", "Try the transaction without sending it"] as const;

/** TableError, AskError, WalletError: nothing was sent. */
export async function prepare(
  draft: Draft,
  sheet: Sheet,
  place: Answer<readonly Certificate[]>,
  wallet: Wallet,
  account: string,
  own: Uint8Array,
  unit: Unit,
  guards: Guards,
  at: (step: number) => void,
): Promise<Prepared> {
  at(0);
  await requireChain(wallet, place.chain_id);
  const named = place.data.find((one) => one.address === draft.capsule)?.certificate;
  if (named === undefined || named === null) throw new AskError("missing", "This Capsule has no certificate on chain. Choose another one.");
  const label = labelOf(draft);
  if (label === undefined || !labelsDiffer(sheet, label)) throw new TableError("The records hold only one label, and measure nothing.");
  const start = startOf(draft, sheet), money = moneyOf(draft, unit.decimals, guards);
  const usual = { sealed: named, digest: NOTHING, rows: sheet.rows.length, guidingRows: money.guidingRows, capsuleCertificate: named, scientistCertificate: named, metric: metricOf(draft, label, sheet).metric, scheme: draft.scheme === "" ? "paillier" : draft.scheme };
  const advice = await adviceOn(specOf(draft, start, usual), draft, unit, guards);
  const [objection] = objectionsIn(advice);
  if (objection !== undefined) throw new AskError("refused", `${objection} Nothing was stored or sent.`);
  const certificate = await verified(named);
  at(1);
  const kept = draft.fields.filter((field) => field.use !== "leave out");
  const payload = recordsToBytes(kept.map((field) => ({ name: field.name, ...typed(sheet, field) })));
  const { sealed, digest, salt: inside } = await sealRecords(
    payload,
    { chainId: place.chain_id, contract: hexToBytes(place.contract as Hex), scientist: hexToBytes(account as Hex) },
    certificate,
  );
  const guides = guidingRows(inside, sheet.rows.length, money.guidingRows);
  if (!labelsDiffer(sheet, label, guides)) throw new TableError("All records that were drawn to pay have the same label, and measure nothing. Try once more, or choose more records of the other labels.");
  const measured = startOf(draft, sheet, guides); // as Capsule measures it: on the records that pay
  if (money.target - measured < money.minGain) throw new TableError(`Guessing alone reaches ${measured / 10_000} % of the records that were drawn to pay; the target must be above that by the least gain.`);
  at(2);
  const names = { sealed: await store(sealed), scientistCertificate: await store(own) };
  at(3);
  const document = specOf(draft, measured, { ...usual, ...names, digest: bytesToHex(digest), scheme: schemeOf(draft, advice) });
  const spec = await store(new TextEncoder().encode(canonicalJson(document)));
  const { submitUntil, reviewUntil } = times(money, Date.now() / 1000);
  const terms: TermsArgument = {
    spec: bytesToHex(cidDigest(spec)), capsule: draft.capsule as Hex, asset: (draft.asset === "" ? ETHER : draft.asset) as Hex, bounty: money.bounty, stake: money.stake, fee: money.fee,
    target: BigInt(money.target), min_gain: BigInt(money.minGain), max_start: BigInt(maxStart(money, measured)),
    submit_until: BigInt(submitUntil), review_until: BigInt(reviewUntil), max_pending: 32n, gap_basis: false,
  };
  const salt = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
  return { terms, salt, account: account as Hex, contract: place.contract as Hex, unit, spec, remarks: advice.remarks };
}

/** The approval that is missing before the contract can take the bounty; null if none is. WalletError. */
export async function missingApproval(wallet: Wallet, prepared: Prepared): Promise<{ transaction: Transaction; amount: bigint } | null> {
  const { terms, account, contract, unit } = prepared;
  if (terms.asset === ETHER) return null;
  return nextApproval(wallet, account, terms.asset, contract, terms.bounty, (amount) => `${exact(amount, unit.decimals)} ${unit.symbol}`);
}

/** Try it without sending it. WalletError with the contract's own reason. */
export async function tryOut(wallet: Wallet, prepared: Prepared): Promise<Ready> {
  const { terms, salt, account, contract } = prepared;
  const transaction = { from: account, to: contract, data: createCampaign(terms, salt), value: terms.asset === ETHER ? terms.bounty : 0n };
  const id = createdId((await simulate(wallet, transaction)) as Hex);
  const cost = await gasCost(wallet, transaction);
  return { id, transaction, gas: cost.gas, gasCost: cost.wei };
}

/** Whether the campaign is on chain: the contract takes no id twice. */
export async function isOnChain(wallet: Wallet, prepared: Prepared): Promise<boolean> {
  try {
    await tryOut(wallet, prepared);
    return false;
  } catch (error) {
    if (error instanceof WalletError && /campaign exists|done already/.test(error.message)) return true;
    throw error;
  }
}

/** An artifact's bytes, which are what its name says. */
export async function verified(cid: string): Promise<Uint8Array> {
  const content = await askBytes(`${API}/artifacts/${cid}`);
  if (cidText(await digestOf(content)) !== cid) throw new AskError("away", `The server gave other bytes than those of ${cid}. Do not use this server.`);
  return content;
}

async function store(content: Uint8Array): Promise<string> {
  const expected = cidText(await digestOf(content));
  const kept = await ask<{ cid: string }>(`${API}/artifacts`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(content),
  });
  if (kept.cid !== expected) throw new AskError("away", `The server stored ${kept.cid.slice(0, 60)} instead of ${expected}. Nothing was sent.`);
  return expected;
}
