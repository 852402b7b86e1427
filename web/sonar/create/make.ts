/** From a draft to artifacts in the store and a transaction that was tried without being sent. */
import { hexToBytes, bytesToHex } from "viem/utils";
import type { Hex } from "viem";

import { ETHER } from "../../shared/format/amount";
import { ask, askBytes, AskError } from "../../shared/http";
import { API, type Answer } from "../api";
import { canonicalJson } from "../protocol/canonical";
import { cidDigest, cidText, digestOf } from "../protocol/cid";
import { recordsToBytes } from "../protocol/records";
import { sealRecords } from "../protocol/sealing";
import { createCampaign, createdId, type TermsArgument } from "../protocol/sonar";
import { gasCost, requireChain, simulate, type Transaction, type Wallet } from "../protocol/wallet";
import { type Draft, maxStart, moneyOf, specOf, startOf, times } from "./draft";
import { type Sheet, typed } from "./table";

export interface Certificate {
  readonly address: string;
  readonly certificate: string | null;
}

/** Everything is in the store, and the contract would take it. */
export interface Ready {
  readonly id: string;
  readonly transaction: Transaction;
  readonly gas: bigint;
  /** wei, by the current price */
  readonly gasCost: bigint;
  readonly spec: string;
}

export const STEPS = ["Seal your records to Capsule", "Store what was sealed", "Store the spec", "Try the transaction without sending it"] as const;

/** TableError, AskError, WalletError: nothing was sent. */
export async function prepare(
  draft: Draft,
  sheet: Sheet,
  place: Answer<readonly Certificate[]>,
  wallet: Wallet,
  account: string,
  own: Uint8Array,
  at: (step: number) => void,
): Promise<Ready> {
  at(0);
  await requireChain(wallet, place.chain_id);
  const named = place.data.find((one) => one.address === draft.capsule)?.certificate;
  if (named === undefined || named === null) throw new AskError("missing", "This Capsule has no certificate on chain. Choose another one.");
  const certificate = await verified(named);
  const kept = draft.fields.filter((field) => field.use !== "leave out");
  const payload = recordsToBytes(kept.map((field) => ({ name: field.name, ...typed(sheet, field) })));
  const { sealed, digest } = await sealRecords(
    payload,
    { chainId: place.chain_id, contract: hexToBytes(place.contract as Hex), scientist: hexToBytes(account as Hex) },
    certificate,
  );
  at(1);
  const names = { sealed: await store(sealed), scientistCertificate: await store(own) };
  at(2);
  const start = startOf(draft, sheet), money = moneyOf(draft);
  const document = specOf(draft, start, { ...names, digest: bytesToHex(digest), rows: sheet.rows.length, capsuleCertificate: named });
  const spec = await store(new TextEncoder().encode(canonicalJson(document)));
  at(3);
  const { submitUntil, reviewUntil } = times(money, Date.now() / 1000);
  const terms: TermsArgument = {
    spec: bytesToHex(cidDigest(spec)), capsule: draft.capsule as Hex, asset: ETHER, bounty: money.bounty, stake: money.stake, fee: money.fee,
    target: BigInt(money.target), min_gain: BigInt(money.minGain), max_start: BigInt(maxStart(money, start)),
    submit_until: BigInt(submitUntil), review_until: BigInt(reviewUntil), max_pending: 32n, gap_basis: false,
  };
  const salt = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
  const transaction = { from: account, to: place.contract, data: createCampaign(terms, salt), value: money.bounty };
  const id = createdId((await simulate(wallet, transaction)) as Hex);
  const cost = await gasCost(wallet, transaction);
  return { id, transaction, gas: cost.gas, gasCost: cost.wei, spec };
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
