import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeLog, fieldsFromJson, fieldsToJson } from "../src/chain/events.ts";
import { Node } from "../src/chain/node/node.ts";
import { type Call, campaignId, leftToEarn, payout, queueEntry, Sonar } from "../src/chain/sonar.ts";
import { checksum, isAddress, ZERO_ADDRESS } from "../src/chain/words.ts";
import { bytes, hex, vectors } from "./vectors.ts";

interface Known {
  contract: string; miner: string; campaign: string;
  calls: { version: number; call: string; data: string; value: string }[];
  events: { topics: string[]; data: string; name: string; fields: string }[];
  campaign_id: string; queue_entry: string;
}

test("calls of both versions are the same bytes", () => {
  const { contract, miner, campaign, calls } = vectors<Known>("chain.json");
  for (const { version, call, data, value } of calls) {
    const sonar = new Sonar(new Node([]), contract, 1337, version);
    const update = "02".repeat(32);
    const builders: Record<string, () => Call> = {
      submit: () => sonar.submit(campaign, update, miner, 11n * 10n ** 15n, ZERO_ADDRESS), reclaim: () => sonar.reclaim(campaign, 300, update, miner, ZERO_ADDRESS),
      settle: () => sonar.settle(campaign), claim: () => sonar.claim(campaign, miner, ZERO_ADDRESS),
    };
    const made = builders[call]?.();
    assert.equal(made && hex(made.data), data, `${call} of version ${version}`);
    assert.equal(made?.value, BigInt(value));
  }
});

test("every event of both versions is read as Python stores it, and back", () => {
  const { contract, events } = vectors<Known>("chain.json");
  for (const { topics, data, name, fields } of events) {
    const place = { blockNumber: 5, blockHash: "0b".repeat(32), logIndex: 2, transactionHash: "0c".repeat(32) };
    const event = decodeLog({ address: contract, topics, data: bytes(data), ...place });
    assert.equal(event.name, name);
    assert.equal(fieldsToJson(event.fields), fields);
    assert.deepEqual(fieldsFromJson(fields), event.fields);
  }
  assert.throws(() => decodeLog({ address: contract, topics: ["00".repeat(32)], data: new Uint8Array(0), blockNumber: 1, blockHash: "", logIndex: 0, transactionHash: "" }), /events of Sonar/);
});

test("a stranger's reason is a text, whatever is in it, and amounts keep all their digits", () => {
  const fields = { id: `0x${"00".repeat(32)}`, reason: 'x: 5, [6], "7": {8}', amount: 2n ** 255n + 1n };
  assert.deepEqual(fieldsFromJson(fieldsToJson(fields)), fields);
});

test("ids and queue entries are the same", () => {
  const known = vectors<Known>("chain.json");
  const owner = `0x${"51".repeat(20)}`;
  assert.equal(campaignId(1337, known.contract, owner, bytes("05".repeat(32)), bytes("06".repeat(32))), known.campaign_id);
  assert.equal(queueEntry(known.miner, "02".repeat(32)), known.queue_entry);
});

test("payouts are the same to the wei", () => {
  const { cases } = vectors<{ cases: Record<string, string | number | boolean>[] }>("payouts.json");
  for (const one of cases) {
    const record = {
      bounty: BigInt(one["bounty"] as string), target: one["target"] as number, minGain: one["min_gain"] as number,
      gapBasis: one["gap_basis"] as boolean, start: one["start"] as number, best: one["best"] as number,
    };
    assert.equal(payout(record, one["accuracy"] as number), BigInt(one["payout"] as string));
    assert.equal(leftToEarn(record), BigInt(one["left"] as string));
  }
});

test("addresses in the wrong mixed case are refused", () => {
  const right = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
  assert.equal(checksum(right.toLowerCase()), right);
  assert.ok(isAddress(right) && isAddress(right.toLowerCase()));
  assert.ok(!isAddress(right.replace("5aA", "5aa")));
});
