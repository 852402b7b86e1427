/** Ring-LWE: the known answers of the protocol, and what is refused. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { readRlweKey, readRlweModel } from "../../src/artifacts/wire_rlwe.ts";
import { ArtifactError } from "../../src/artifacts/errors.ts";
import { type Cbor, cborMap, dumpsCbor, Float } from "../../src/protocol/cbor.ts";
import { AffineMap } from "../../src/syft/affine.ts";
import { Matrix } from "../../src/syft/matrix.ts";
import { packed, unpacked } from "../../src/syft/rlwe/bits.ts";
import { POLYNOMIAL_BYTES, RlweLayout, ZEROS } from "../../src/syft/rlwe/layout.ts";
import { backward, DEGREE, forward, type Polynomial, PRIMES, ROOTS, scaled, toPowerOfTwo } from "../../src/syft/rlwe/ring.ts";
import { packWide, type RlweModel, secondHalf, trainRlwe, validateModel } from "../../src/syft/rlwe/rlwe.ts";
import { flood, masks } from "../../src/syft/rlwe/sampling.ts";
import { bytes, vectors } from "../vectors.ts";

interface Known {
  ring: { primes: string[]; roots: string[] };
  transform: { coefficients: string; values: string };
  key: { fingerprint: string };
  expansion: { seed: string; version: number; polynomials: Record<string, { sha256: string }> };
  layouts: { rows: number; columns: number; weight_bound: number; layout: Record<string, number> }[];
  scaling: { slot_bits: number; answer_bits: number; integers: string[]; residues: string[][]; back: string[] };
  answer: { c1_sha256: string };
}
const known = vectors<Known>("rlwe/vectors.json");

function digest(polynomial: Polynomial): string {
  const words = Buffer.alloc(8 * DEGREE * PRIMES.length);
  polynomial.flat().forEach((value, place) => words.writeBigUInt64LE(value, 8 * place));
  return createHash("sha256").update(words).digest("hex");
}

test("ring and transform are the protocol's", () => {
  assert.deepEqual([PRIMES.map(String), ROOTS.map(String)], [known.ring.primes, known.ring.roots]);
  const golden = 0x9e3779b97f4a7c15n;
  const coefficients = PRIMES.map((prime) => Array.from({ length: DEGREE }, (_, place) => BigInt.asUintN(64, BigInt(place) * golden) % prime));
  assert.equal(digest(coefficients), known.transform.coefficients);
  const values = forward(coefficients);
  assert.equal(digest(values), known.transform.values);
  assert.deepEqual(backward(values), coefficients);
});

test("seeds expand to the same polynomials", () => {
  const { seed, version, polynomials } = known.expansion;
  for (const [name, { sha256 }] of Object.entries(polynomials)) {
    const [kind, place] = name.split("/");
    assert.equal(digest(secondHalf(bytes(known.key.fingerprint), version, bytes(seed), kind === "zero" ? "zero" : "model", Number(place))), sha256);
  }
});

test("layouts, scaling and the packing of numbers are the same", () => {
  for (const { rows, columns, weight_bound: bound, layout } of known.layouts) {
    const { slotBits, block, rowsPerAnswer, columnsPerPolynomial } = RlweLayout.choose(rows, columns, bound).numbers;
    assert.deepEqual(
      [slotBits, block, rowsPerAnswer, columnsPerPolynomial],
      ["slot_bits", "inputs_per_polynomial", "rows_per_answer", "columns_per_polynomial"].map((name) => layout[name]),
    );
  }
  assert.throws(() => RlweLayout.choose(5000, 10, 4), /is the largest that works/);
  const { slot_bits: slotBits, answer_bits: answerBits, integers, residues, back } = known.scaling;
  const found = scaled(integers.map(BigInt), slotBits);
  assert.deepEqual(found.map((row) => row.map(String)), residues);
  assert.deepEqual(toPowerOfTwo(found, answerBits).map(String), back);
  const bits = RlweLayout.choose(3, 1, 4).answerBits;
  const stream = createHash("shake128", { outputLength: 8 * DEGREE }).update("answer").digest();
  const words = Array.from({ length: DEGREE }, (_, place) => BigInt.asUintN(bits, stream.readBigUInt64LE(8 * place)));
  assert.equal(createHash("sha256").update(packWide(words, bits)).digest("hex"), known.answer.c1_sha256);
  assert.deepEqual(unpacked(packed(words.map((word) => word >> 10n), 54), DEGREE, 54), words.map((word) => word >> 10n).map((word) => BigInt.asUintN(54, word)));
});

test("masks and floods fill their range", () => {
  const drawn = masks();
  assert.equal(drawn.length, DEGREE);
  assert.ok(drawn.every((mask) => mask >= -(1n << 27n) && mask < 1n << 27n) && drawn.some((mask) => mask > 1n << 26n) && drawn.some((mask) => mask < -(1n << 26n)));
  const floods = Array.from({ length: 200 }, () => flood(100));
  assert.ok(floods.every((one) => one >= -(1n << 100n) && one < 1n << 100n) && floods.some((one) => one > 1n << 99n) && floods.some((one) => one < -(1n << 99n)));
});

const layout = RlweLayout.choose(3, 1, 4);
const model: RlweModel = {
  fingerprint: bytes(known.key.fingerprint), version: 1, layout, weightLimit: 4n << 22n, seed: bytes(known.expansion.seed),
  c0: new Uint8Array(layout.polynomials * POLYNOMIAL_BYTES), zeros: new Uint8Array(ZEROS * POLYNOMIAL_BYTES),
};

function modelFields(changes: Record<string, Cbor> = {}): Uint8Array {
  const { slotBits, block, rowsPerAnswer, columnsPerPolynomial } = layout.numbers;
  const inner = cborMap({
    key_fingerprint: model.fingerprint, version: 1, rows: 3, columns: 1, slot_bits: slotBits, inputs_per_polynomial: block, rows_per_answer: rowsPerAnswer,
    columns_per_polynomial: columnsPerPolynomial, weight_limit: 4 << 22, seed: model.seed, c0: model.c0, zeros_c0: model.zeros, ...changes,
  });
  return dumpsCbor(cborMap({ format: "openmined/model/1", scheme: "rlwe", model: inner }));
}

test("a model is read, and one in another form is refused in the words of the Python mine", () => {
  assert.equal(readRlweModel(modelFields()).weightLimit, 4n << 22n);
  const refusals: readonly (readonly [Record<string, Cbor>, RegExp])[] = [
    [{ seed: new Uint8Array(31) }, /seed is 31 bytes; needs 32 bytes/],
    [{ zeros_c0: new Uint8Array(0) }, /zeros_c0 is 0 bytes; needs 1990656 bytes/],
    [{ seed: new Float(1.5) }, /seed is a float; needs 32 bytes/],
    [{ version: true }, /version is True; needs an integer/],
    [{ version: new Uint8Array(1) }, /version is a bytes; needs an integer/],
    [{ c0: "text" }, /c0 is a str; needs 165888 bytes/],
    [{ slot_bits: 65 }, /slot_bits is 65; needs an integer from 46 to 64/],
    [{ more: 1 }, /unknown field 'more'/],
    [{ weight_limit: 1n << 60n }, /weight_limit is 1152921504606846976/],
  ];
  for (const [changes, words] of refusals) {
    assert.throws(() => readRlweModel(modelFields(changes)), (error) => error instanceof ArtifactError && words.test(error.message));
  }
  const key = (degree: number): Uint8Array => dumpsCbor(cborMap({ format: "openmined/public_key/2", scheme: "rlwe", key_fingerprint: model.fingerprint, degree }));
  assert.deepEqual(readRlweKey(key(8192)), model.fingerprint);
  assert.throws(() => readRlweKey(key(4096)), /degree is 4096; needs an integer from 8192 to 8192/);
});

test("numbers that are no residues, another key, and a visit that could overflow are refused before anything is multiplied", () => {
  const bad = new Uint8Array(model.c0);
  bad.fill(0xff, 0, 7);
  assert.throws(() => validateModel({ ...model, c0: bad }, model.fingerprint), /polynomial 0 of c0 has a number that is not a residue/);
  assert.throws(() => validateModel(model, new Uint8Array(32)), { name: "KeyMismatchError" });
  const wide = new AffineMap(Matrix.identity(3).scaled(2 ** 20), new Matrix(3, 1));
  assert.throws(() => trainRlwe(model, model.fingerprint, wide), /the visit could move weight \[0\] by/);
  const far = new AffineMap(Matrix.identity(3), new Matrix(3, 1, Float64Array.of(0, 2 ** 10, 0)));
  assert.throws(() => trainRlwe(model, model.fingerprint, far), /c\[1, 0\] is 1024.0; absolute values must be below 16.0/);
});
