import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_ADDRESS } from "../src/chain/words.ts";
import { Budget } from "../src/privacy/budget.ts";
import { Fraction } from "../src/privacy/fraction.ts";
import { firstEntry, hashOf } from "../src/privacy/ledger.ts";
import { nextMove, type Outcome } from "../src/rules/pacing.ts";
import { refusals } from "../src/rules/checks.ts";
import { Allowed, type Offer, type Policy } from "../src/rules/policy.ts";
import { vectors } from "./vectors.ts";

const CAPSULE = `0x${"ca".repeat(20)}`;
const AUDITOR = "QmPK1s3pNYLi9ERiq3BDxKa4XosgWwFRQUydHUtz4YgpqB";
const LIMITS = { submissions: 50, noGainInARow: 5, noGainPause: 1, timeMargin: 30, leastRecords: 20, leastClasses: 2 };
const NOTHING: Policy = {
  scientists: Allowed.of([]), capsules: Allowed.of([]), assets: Allowed.of([]), fields: Allowed.of([]), dataSets: Allowed.of(["any"]),
  purposes: Allowed.of(["any"]), auditors: Allowed.of([]), askFirst: false, hours: null, networks: false, privacy: new Budget(), minimumSubmitWindow: 0, minimumReviewWindow: 0,
  maximumCampaigns: 1000, maximumStake: 10n ** 17n, minimumReward: 0n, minimumPerHour: 0n, expectedShare: new Fraction(1n, 4n),
  stakeRisk: new Fraction(1n, 100n), margin: new Fraction(0n), autoClaim: true, memoryMb: 1024, limits: LIMITS, text: "",
};
const OPEN: Policy = { ...NOTHING, scientists: Allowed.of(["any"]), capsules: Allowed.of([CAPSULE]), assets: Allowed.of(["any"]), fields: Allowed.of(["any"]) };
const POLICIES: Record<string, Policy> = {
  nothing: NOTHING,
  open: OPEN,
  some: { ...OPEN, fields: Allowed.of(["a"]), maximumStake: 10n ** 15n, minimumReward: 2n * 10n ** 18n },
  bare: { ...OPEN, privacy: null },
  dear: { ...OPEN, expectedShare: new Fraction(1n, 1000n) },
  careful: {
    ...OPEN, dataSets: Allowed.of(["irises"]), purposes: Allowed.of(["health"]), auditors: Allowed.of([AUDITOR]), hours: [{ begins: 1320, ends: 360 }, { begins: 720, ends: 780 }],
    minimumSubmitWindow: 3600, minimumReviewWindow: 7200, maximumCampaigns: 2, margin: new Fraction(1n, 2n),
  },
};
const PLAIN: Offer = {
  scientist: `0x${"51".repeat(20)}`, capsule: CAPSULE, asset: ZERO_ADDRESS, fields: ["a", "b"], left: 10n ** 18n, stake: 10n ** 16n, fee: 10n ** 15n,
  gas: 10n ** 14n, floor: null, network: false, data: null, purpose: "unstated", auditor: null, submitWindow: null, reviewWindow: null, minute: null, begun: false,
  others: 0, visitSeconds: null, payouts: [], spent: 0n, word: null, symbol: null, decimals: 0,
};
const OFFERS: Record<string, Offer> = {
  plain: PLAIN,
  network: { ...PLAIN, network: true },
  floor: { ...PLAIN, floor: { epsilon: 0.5, delta: 1e-7 } },
  "no delta": { ...PLAIN, floor: { epsilon: 0.5, delta: 0 } },
  begun: { ...PLAIN, payouts: [0n, 10n ** 15n, 0n, 0n, 0n], spent: 10n ** 17n, begun: true },
  known: { ...PLAIN, data: "digits", purpose: "finance", submitWindow: 60, reviewWindow: 3600, minute: 420, others: 2 },
  night: { ...PLAIN, data: "irises", purpose: "health", submitWindow: 3600, reviewWindow: 7200, minute: 1439 },
  refused: { ...PLAIN, word: "refused" },
  audited: { ...PLAIN, auditor: AUDITOR },
  many: { ...PLAIN, fields: [..."abcdefgh"], asset: `0x${"70".repeat(20)}` },
};

interface Known {
  refusals: { policy: string; offer: string; refusals: [string, string][] }[];
  moves: { past: string[]; moves: [string, string][] }[];
}

test("the owner's rules refuse the same, word for word", () => {
  for (const { policy, offer, refusals: known } of vectors<Known>("decisions.json").refusals) {
    const [rules, asked] = [POLICIES[policy], OFFERS[offer]];
    assert.ok(rules !== undefined && asked !== undefined, `${policy}, ${offer}`);
    assert.deepEqual(refusals(rules, asked).map(({ rule, reason }) => [rule, reason]), known, `${policy}, ${offer}`);
  }
});

test("the pace is the same, word for word", () => {
  const named: Record<string, Outcome> = { WAITING: "waiting", IMPROVED: "improved", NO_GAIN: "no gain", BURNED: "burned", WITHDRAWN: "withdrawn" };
  for (const { past, moves } of vectors<Known>("decisions.json").moves) {
    const before = past.map((name, place) => ({ data: "64", baseModel: String(place), outcome: named[name] ?? "waiting", decided: 100 }));
    const limits = { ...LIMITS, noGainPause: 10 };
    const asked = [["0", 105], ["200", 105], ["200", 1000]] as const;
    const found = asked.map(([model, now]) => nextMove(before, "64", model, limits, now)).map(({ move, reason }) => [move, reason]);
    assert.deepEqual(found, moves, past.join());
  }
});

test("the lines of a privacy ledger have the same hashes", () => {
  const [opened, charged] = vectors<{ ledger: [string, string] }>("privacy.json").ledger;
  const first = firstEntry(1_700_000_000, `0x${"31".repeat(20)}`);
  assert.equal(first.hash, opened);
  const charge = {
    number: 2, time: 1_700_000_001, kind: "charged" as const, campaign: "00".repeat(32), data: "digits", key: "01".repeat(32),
    rho: new Fraction(23n, 128n), about: "", previous: first.hash,
  };
  assert.equal(hashOf(charge), charged);
});
