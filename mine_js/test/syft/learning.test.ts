import assert from "node:assert/strict";
import { test } from "node:test";
import { recordClip } from "../../src/artifacts/record_clip.ts";
import { ArtifactError } from "../../src/artifacts/errors.ts";
import { type CampaignRecord } from "../../src/chain/sonar.ts";
import { whyClosed } from "../../src/work/offers.ts";
import { Spec } from "../../src/artifacts/spec.ts";
import { gradientBytes, paillierGradient, readModel, readPublicKey } from "../../src/artifacts/wire.ts";
import { NotInMineJsError, ParameterError } from "../../src/errors.ts";
import { utf8 } from "../../src/protocol/bytes.ts";
import { cborMap } from "../../src/protocol/cbor.ts";
import { Cid } from "../../src/protocol/cid.ts";
import { floatToHex } from "../../src/privacy/float_hex.ts";
import { NoisedSums, ReleasedProblem } from "../../src/privacy/released.ts";
import type { Value } from "../../src/schema/profile.ts";
import { AffineMap } from "../../src/syft/affine.ts";
import { LinearFamily } from "../../src/syft/family.ts";
import { fixedMap } from "../../src/syft/fixed_point.ts";
import { RandomFourier } from "../../src/syft/fourier.ts";
import { Layout } from "../../src/syft/paillier/layout.ts";
import { matvec, matvecByDefinition } from "../../src/syft/paillier/matvec.ts";
import { Fast, Judge } from "../../src/syft/paillier/modular.ts";
import { Matrix } from "../../src/syft/matrix.ts";
import { fixedVisit, packRows, train } from "../../src/syft/paillier/paillier.ts";
import { Rows } from "../../src/syft/row_batches.ts";
import { ruleFrom } from "../../src/syft/rules.ts";
import { RowSums } from "../../src/syft/sums.ts";
import { bytes, golden, hex, vectors } from "../vectors.ts";

test("feature maps are drawn alike, to the bit", () => {
  const known = vectors<{ seed: string; map: unknown; rows: number[][]; mapped: number[][]; usual_norm: number }>("features.json");
  const map = RandomFourier.from(known.map, 3, bytes(known.seed));
  known.rows.forEach((row, place) => assert.deepEqual([...map.transform(Float64Array.from(row))], known.mapped[place]));
  assert.equal(map.usualNorm, known.usual_norm);
});

test("specs are read, and records become the same numbers to the bit", () => {
  const known = vectors<{
    specs: {
      spec: string; clip: [string, string]; shape: [number, number];
      columns?: Record<string, Value[]>; encoded?: number[][]; labels?: number[];
    }[];
  }>("records.json");
  for (const { spec: text, clip, shape, columns, encoded, labels } of known.specs) {
    const spec = Spec.parse(utf8(text));
    const family = spec.familyFor(new Uint8Array(32));
    assert.deepEqual([family.rows, family.nOutputs], shape);
    const found = recordClip(spec.schema, family);
    assert.deepEqual([floatToHex(found.inputs), floatToHex(found.targets)], clip);
    encoded?.forEach((row, place) => {
      const values = spec.schema.fieldNames.map((name) => columns?.[name]?.[place] ?? 0);
      assert.deepEqual([...spec.schema.encode(values)], row);
      assert.equal(spec.schema.encodeLabel(columns?.[spec.schema.label.name]?.[place] ?? 0), labels?.[place]);
    });
  }
});

test("a spec in another form, or with a field more, is refused by name", () => {
  const text = new TextDecoder().decode(golden("spec_classes.json"));
  assert.equal(Spec.parse(utf8(text)).title, "Kinds of things");
  assert.throws(() => Spec.parse(utf8(text.replace("{", "{ "))), /canonical JSON/);
  assert.throws(() => Spec.parse(utf8(text.replace('"title":"Kinds', '"title2":1,"title":"Kinds'))), /canonical JSON|no such field/);
  assert.throws(() => Spec.parse(utf8(text.replace('"metric":"accuracy"', '"metric":"r2"'))), /metric is 'r2'/);
});

test("a split of the validation rows and a last evaluation are read where a spec declares them", () => {
  const text = new TextDecoder().decode(golden("spec_classes.json"));
  const rows = /"rows":(\d+)/.exec(text)?.[1] ?? "";
  const declared = (guiding: number, evaluations: number): string =>
    text.replace(/"validation":\{("digest":"[^"]*"),("rows":\d+),("sealed":"[^"]*")\}/,
      (_, digest: string, count: string, sealed: string) => `"validation":{${digest},"evaluations":${evaluations},"guiding_rows":${guiding},${count},${sealed}}`);
  assert.equal(Spec.parse(utf8(text)).evaluations, null);
  assert.equal(Spec.parse(utf8(declared(1, 50))).evaluations, 50);
  assert.throws(() => Spec.parse(utf8(declared(Number(rows), 50))), /guiding_rows/);
  assert.throws(() => Spec.parse(utf8(declared(1, 0))), /evaluations/);
  const open = { state: "OPEN", best: 0, target: 9, submitUntil: 99, submitted: 50, evaluated: 50, maxPending: 8 } as CampaignRecord;
  const [used, left] = [Spec.parse(utf8(declared(1, 50))), Spec.parse(utf8(declared(1, 51)))];
  assert.match(whyClosed(open, 0, 0, used) ?? "", /used up: it is measured on for 50 submissions/);
  assert.equal(whyClosed(open, 0, 0, left), null);
  assert.equal(whyClosed(open, 0, 0), null);
});

test("what a spec declares of its validation rows is read, or refused by the field, as the vectors say", () => {
  interface Case { readonly spec: string; readonly refused?: string; readonly evaluations?: number }
  const { cases } = vectors<{ cases: readonly Case[] }>("specs.json");
  assert.ok(cases.length > 10);
  for (const { spec, refused, evaluations } of cases) {
    if (refused === undefined) assert.equal(Spec.parse(utf8(spec)).evaluations ?? 0, evaluations);
    else assert.throws(() => Spec.parse(utf8(spec)), (error) => error instanceof ArtifactError && error.message.includes(refused), refused);
  }
});

test("a metric or a feature map that only other mines know is not a fault of the campaign", () => {
  const text = new TextDecoder().decode(golden("spec_classes.json"));
  assert.equal(Spec.parse(utf8(text.replace('"metric":"accuracy"', '"metric":"auc"'))).title, "Kinds of things");
  const newer = text.replace('"metric":"accuracy"', '"metric":"worst_class"');
  assert.throws(() => Spec.parse(utf8(newer)), (error) => error instanceof NotInMineJsError && error.message.includes("'worst_class'"));
  assert.throws(() => Spec.parse(utf8(text.replace('"metric":"accuracy"', '"metric":"no name"'))), ArtifactError);
  assert.throws(() => RandomFourier.from({ name: "squares" }, 3, new Uint8Array(32)), NotInMineJsError);
  assert.throws(() => ruleFrom({ name: "momentum" }), NotInMineJsError);
  assert.throws(() => RandomFourier.from({ name: "Kill\n" }, 3, new Uint8Array(32)), ParameterError);
});

test("layouts and fixed point are the same", () => {
  const known = vectors<{
    layouts: ({ shape: [number, number]; bound: number } & Record<string, number>)[]; diagonal: number[]; fixed: number[];
  }>("layouts.json");
  for (const one of known.layouts) {
    const { slotBits, rowsPerCiphertext, columnsPerCiphertext } = Layout.choose(one.shape[0], one.shape[1], one["key_bits"] ?? 0, one.bound).numbers;
    assert.deepEqual([slotBits, rowsPerCiphertext, columnsPerCiphertext], [one["slot_bits"], one["rows_per_ciphertext"], one["columns_per_ciphertext"]]);
  }
  const size = known.diagonal.length;
  const matrix = Matrix.identity(size).map((value, row, column) => (row === column ? (known.diagonal[row] ?? 0) : value));
  const fixed = fixedMap(matrix, 22);
  assert.deepEqual(known.fixed.map((_, place) => fixed[place * size + place]), known.fixed);
});

interface TrainingCase {
  family: string; outputs: number; rule: unknown; release: Record<string, string | number>; A: number[][]; c: number[][];
  matrix: number[][]; offsets: string[][]; weight_limit: number; bound_bits: number; plaintexts: string[];
}

test("a release becomes the same visit, to the bit", () => {
  const known = vectors<{ features: number; key_bits: number; weight_bound: number; cases: TrainingCase[] }>("training.json");
  for (const one of known.cases) {
    const family = LinearFamily.build(one.family, known.features, one.outputs, {}, new Uint8Array(0));
    const octets = new Set(["triangle", "pulls"]);
    const fields = cborMap(Object.fromEntries(Object.entries(one.release).map(([name, value]) => [name, octets.has(name) ? bytes(String(value)) : value])));
    const problem = new ReleasedProblem(NoisedSums.fromFields(fields), family);
    const map = ruleFrom(one.rule).visit(problem);
    assert.deepEqual([...map.A.data], one.A.flat());
    assert.deepEqual([...map.c.data], one.c.flat());
    const layout = Layout.choose(family.rows, family.nOutputs, known.key_bits, known.weight_bound);
    const visit = fixedVisit(map, layout, BigInt(one.weight_limit));
    assert.deepEqual([...visit.matrix], one.matrix.flat());
    assert.equal(visit.boundBits, one.bound_bits);
    assert.deepEqual(visit.offsets, one.offsets.flat().map(BigInt));
    assert.deepEqual(packRows(visit.offsets, layout), one.plaintexts.map(BigInt));
  }
});

test("records without noise become the same map under every rule, in the same order of batches", () => {
  const { features, of_rows: cases } = vectors<{ features: number; of_rows: RowsCase[] }>("training.json");
  for (const one of cases) {
    const family = LinearFamily.build(one.family, features, one.outputs, {}, new Uint8Array(0));
    const rule = ruleFrom(one.rule);
    const gathered = rule.needsRows ? new Rows(family) : new RowSums(family);
    one.rows.forEach((row, place) => gathered.add(family.seen(Float64Array.from(row), one.labels[place] ?? 0)));
    const map = rule.visit(gathered);
    assert.deepEqual([...map.A.data], one.A.flat());
    assert.deepEqual([...map.c.data], one.c.flat());
  }
});

test("mini-batches that would take days, or more memory than the owner gives, are refused", () => {
  const family = LinearFamily.build("linear", 1, 1, {}, new Uint8Array(0));
  const rows = new Rows(family);
  for (let count = 0; count < 11; count += 1) rows.add(family.seen(Float64Array.of(count), 1));
  const busy = ruleFrom({ name: "mini_batch", batch: 1, epochs: 10_000 });
  assert.throws(() => busy.visit(rows), /10000 epochs of 11 rows by 1 are 110000 steps; at most 100000 are allowed/);
  const small = new Rows(family, "flowers", 64);
  small.add(family.seen(Float64Array.of(1), 1));
  small.add(family.seen(Float64Array.of(1), 1));
  assert.throws(() => small.add(family.seen(Float64Array.of(1), 1)), { name: "MemoryLimitError" });
});

interface RowsCase {
  family: string; outputs: number; rule: unknown; rows: number[][]; labels: number[]; A: number[][]; c: number[][];
}

interface PaillierCase {
  bits: number; public_key: string; model: string; weight_bound: number; A: number[][]; c: number[][]; noise: string[];
  chain_id: number; contract: string; campaign: string; base: string; miner: string; privacy: { epsilon: number; delta: number };
  gradient: string;
}

test("a visit under Paillier is the same byte for byte, its noise given", () => {
  for (const one of vectors<{ cases: PaillierCase[] }>("paillier.json").cases) {
    const key = readPublicKey(bytes(one.public_key), undefined, 512);
    const model = readModel(bytes(one.model));
    const given = one.noise.map((r) => BigInt(`0x${r}`));
    const map = new AffineMap(Matrix.from(one.A), Matrix.from(one.c));
    const gradient = train(model, key, map, () => given.map((r) => Fast.power(r, key.n, key.nSquared)));
    const sealed = gradientBytes({
      chainId: one.chain_id, contract: one.contract, campaign: bytes(one.campaign), base: Cid.parse(one.base),
      miner: one.miner, gradient: paillierGradient(gradient), privacy: one.privacy,
    });
    assert.equal(hex(sealed), one.gradient);
    const again = train(model, key, map);
    assert.notDeepEqual(again.ciphertexts, gradient.ciphertexts, "fresh noise each time");
  }
});

test("the fast powers and products are what the judge says", () => {
  const [, one] = vectors<{ cases: PaillierCase[] }>("paillier.json").cases;
  assert.ok(one !== undefined);
  const key = readPublicKey(bytes(one.public_key));
  const model = readModel(bytes(one.model));
  for (const r of [1n, 2n, key.n - 1n, key.n, key.nSquared - 1n, 12345678901234567890n]) {
    assert.equal(Fast.power(r, key.n, key.nSquared), Judge.power(r, key.n, key.nSquared));
  }
  const matrix = Float64Array.from({ length: 12 }, (_, place) => ((place * 7919) % 41) - 20 + (place === 5 ? 2 ** 40 : 0));
  const product = { bases: model.ciphertexts.slice(0, 4), matrix, modulus: key.nSquared, rowsPerOutput: 2, rowShift: 60 };
  assert.deepEqual(matvec(product), matvecByDefinition(product));
});

test("a key that hides nothing, and numbers that are not ciphertexts, are refused", () => {
  const [small, large] = vectors<{ cases: PaillierCase[] }>("paillier.json").cases;
  assert.ok(small !== undefined && large !== undefined);
  assert.throws(() => readPublicKey(bytes(small.public_key)), /key size is 512 bits/);
  const broken = bytes(large.public_key);
  const at = hex(broken).indexOf("6b6365727469666963617465".slice(2)) / 2 + 20;
  broken[at] = (broken[at] ?? 0) ^ 1;
  assert.throws(() => readPublicKey(broken), /public_key: certificate is no proof/);
  const key = readPublicKey(bytes(large.public_key));
  const model = readModel(bytes(large.model));
  const map = new AffineMap(Matrix.identity(4), new Matrix(4, 3));
  const [, ...rest] = model.ciphertexts;
  for (const bad of [0n, key.nSquared, key.n]) {
    assert.throws(() => train({ ...model, ciphertexts: [bad, ...rest] }, key, map), { name: "CiphertextError" });
  }
});

test("a visit that could overflow a slot is refused before anything is multiplied", () => {
  const layout = Layout.choose(4, 3, 2048, 8);
  const wide = new AffineMap(Matrix.identity(4).scaled(2 ** 20), new Matrix(4, 3));
  assert.throws(() => fixedVisit(wide, layout, 8n << 22n), { name: "BoundError" });
});
