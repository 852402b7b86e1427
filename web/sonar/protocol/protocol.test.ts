import { encodeErrorResult, parseAbi } from "viem/utils";
import { describe, expect, test } from "vitest";

import { canonicalJson } from "./canonical";
import { cidDigest, cidText, digestOf } from "./cid";
import { claim, createCampaign, refusal } from "./sonar";

test("JSON has one form, whatever the order in which it was made", () => {
  expect(canonicalJson({ b: 1, a: [true, null, "é\n"], "\u20ac": 8.0, A: 1e-6 })).toBe('{"A":0.000001,"a":[true,null,"é\\n"],"b":1,"€":8}');
  expect(() => canonicalJson(Infinity)).toThrow();
});

describe("names of artifacts are those of IPFS", () => {
  // Fixed by `ipfs add --cid-version=0 --raw-leaves=false --chunker=size-262144` (pysonar.store.cid_of gives the same).
  test("of nothing", async () => {
    expect(cidText(await digestOf(new Uint8Array()))).toBe("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
  });
  test("of more than one block", async () => {
    expect(cidText(await digestOf(new Uint8Array(600_000).fill(7)))).toBe("QmbTeyip9yhSmkPFb5Pz3r3aGpAJLFfchTzB4FPPZsqSMe");
  });
  test("text and digest are one", async () => {
    const digest = await digestOf(new TextEncoder().encode("hello world\n"));
    expect(cidText(digest)).toBe("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
    expect(cidDigest(cidText(digest))).toEqual(digest);
    for (const wrong of ["", "Qm", `${cidText(digest)}x`, cidText(digest).replace("Q", "R"), "0".repeat(46)]) {
      expect(() => cidDigest(wrong)).toThrow();
    }
  });
});

test("calls have the contract's selectors", () => {
  const word = `0x${"11".repeat(32)}` as const, account = `0x${"22".repeat(20)}` as const;
  const terms = { spec: word, capsule: account, asset: account, bounty: 1n, stake: 0n, fee: 0n, target: 1n, min_gain: 1n, max_start: 0n, submit_until: 1n, review_until: 2n, max_pending: 1n, gap_basis: false };
  expect(createCampaign(terms, word).length).toBe(2 + 8 + 14 * 64);
  expect(claim(word, account).length).toBe(2 + 8 + 3 * 64);
});

test("the contract's reason is found wherever a wallet hides it", () => {
  const data = encodeErrorResult({ abi: parseAbi(["error Error(string)"]), errorName: "Error", args: ["sonar: bounty is 0"] });
  expect(refusal(new Error("execution reverted: sonar: bounty is 0"))).toBe("sonar: bounty is 0");
  expect(refusal({ code: -32603, data: { cause: { data } } })).toBe("sonar: bounty is 0");
  expect(refusal(new Error("something else"))).toBeNull();
});
