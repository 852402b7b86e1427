import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Spec } from "../src/artifacts/spec.ts";
import { epsilonAt, rhoFor } from "../src/privacy/accounting.ts";
import { type Randomness, sampleDiscreteGaussian } from "../src/privacy/discrete_gaussian.ts";
import { floatFromHex, floatToHex } from "../src/privacy/float_hex.ts";
import { Fraction } from "../src/privacy/fraction.ts";
import { Clip, onGrid } from "../src/privacy/grid.ts";
import { UnnoisedSums } from "../src/privacy/released.ts";
import { releaseKey } from "../src/privacy/release_key.ts";
import { bitLength, utf8 } from "../src/protocol/bytes.ts";
import { dumpsCbor, loadsCbor } from "../src/protocol/cbor.ts";
import { NoisedSums } from "../src/privacy/released.ts";
import { vectors } from "./vectors.ts";

/** Numbers from the words that tests/vectors/drawing.py draws, in their order. */
class Counted implements Randomness {
  private at = 0;
  private readonly stream: Buffer;
  constructor(name: string, count: number) {
    this.stream = createHash("shake256", { outputLength: 8 * count }).update(`openmined/vectors/${name}`).digest();
  }
  below(bound: bigint): bigint {
    const bits = bitLength(bound - 1n);
    for (;;) {
      let value = 0n;
      for (let place = 0; place < Math.ceil(bits / 64); place += 1) {
        value |= this.stream.readBigUInt64LE(8 * this.at++) << BigInt(64 * place);
      }
      value &= (1n << BigInt(bits)) - 1n;
      if (value < bound) return value;
    }
  }
}

interface Known {
  rho_for: { epsilon: number; delta: number; rho: string }[];
  epsilon_at: { rho: string; delta: number; epsilon: number }[];
  clip: [number, number]; bias_unit: number; rows: number[][]; inputs: number[][]; targets: number[][]; gaussian: string[];
}

test("prices and costs are the same", () => {
  const known = vectors<Known>("privacy.json");
  for (const { epsilon, delta, rho } of known.rho_for) assert.equal(rhoFor(epsilon, delta).toString(), rho);
  for (const { rho, delta, epsilon } of known.epsilon_at) {
    assert.ok(Math.abs(epsilonAt(Fraction.parse(rho), delta) / epsilon - 1) < 1e-9);
  }
});

test("records come onto the grid to the bit, whatever their length", () => {
  const known = vectors<Known>("privacy.json");
  const clip = new Clip(...known.clip);
  assert.equal(clip.biasUnit, known.bias_unit);
  known.rows.forEach((row, place) => {
    const found = onGrid(Float64Array.from(row), Float64Array.of(row[0] ?? 0), clip);
    assert.deepEqual([...found], [...(known.inputs[place] ?? []), ...(known.targets[place] ?? [])]);
  });
});

test("noise from the same randomness is the same", () => {
  const known = vectors<Known>("privacy.json");
  const source = new Counted("gaussian", 1 << 14);
  const found = [1n, 7n, 10n ** 6n, 10n ** 15n].flatMap((variance) => Array.from({ length: 8 }, () => String(sampleDiscreteGaussian(variance, source))));
  assert.deepEqual(found, known.gaussian);
});

test("noise has the variance that it is asked for", () => {
  const variance = 400n;
  const source = new Counted("variance", 1 << 17);
  const draws = Array.from({ length: 4000 }, () => Number(sampleDiscreteGaussian(variance, source)));
  const found = draws.reduce((sum, draw) => sum + draw * draw, 0) / draws.length;
  assert.ok(found > 340 && found < 460, String(found));
});

test("a release is stored and read again exactly, and costs no more than it was charged", () => {
  const clip = new Clip(2, 1);
  const sums = new UnnoisedSums(3, 2, clip);
  sums.add(onGrid(Float64Array.of(1, -0.5), Float64Array.of(0, 1), clip));
  const rho = Fraction.parse("1/128");
  const noised = sums.noised(rho);
  const again = NoisedSums.fromFields(loadsCbor(dumpsCbor(noised.toFields()), 10_000));
  assert.deepEqual(again, noised);
  assert.ok(noised.rho.compare(rho) <= 0);
  assert.throws(() => JSON.stringify(sums), { name: "PrivacyError" });
});

test("floats in hexadecimal are Python's", () => {
  for (const [value, text] of [[0, "0x0.0p+0"], [1, "0x1.0000000000000p+0"], [0.1, "0x1.999999999999ap-4"], [5e-324, "0x0.0000000000001p-1022"]] as const) {
    assert.equal(floatToHex(value), text);
    assert.equal(floatFromHex(text), value);
  }
});

test("fractions are exact, and become the nearest float", () => {
  assert.equal(Fraction.parse("0.25").toString(), "1/4");
  assert.equal(Fraction.parse("1e-06").toString(), "1/1000000");
  assert.deepEqual(["1/100", "7/100", "1/3", "1"].map((text) => Fraction.parse(text).toPercent()), ["1 %", "7 %", "33.33 %", "100 %"]);
  assert.equal(Fraction.parse("1/3").toNumber(), 1 / 3);
  assert.equal(new Fraction(10n ** 40n, 3n).toNumber(), Number(10n ** 40n / 3n));
  assert.equal(new Fraction(-7n, 2n).floor(), -4n);
});

test("releases have the same names, which words for people do not change and a bound does", () => {
  const { releases } = vectors<{ releases: { name: string; spec: string; key: string }[] }>("releases.json");
  const keys = new Map(
    releases.map(({ name, spec: text, key }) => {
      const spec = Spec.parse(utf8(text));
      const found = releaseKey(spec, "00".repeat(32), spec.familyFor(new Uint8Array(32)), Fraction.parse("23/128"), "07".repeat(16), null);
      assert.equal(found, key, name);
      return [name, found];
    }),
  );
  assert.equal(keys.get("worded"), keys.get("kinds"));
  assert.notEqual(keys.get("bounded"), keys.get("kinds"));
});
