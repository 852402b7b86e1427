import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPpm, formatWei, parsePpm, parseWei } from "../src/protocol/amounts.ts";
import { utf8 } from "../src/protocol/bytes.ts";
import { dumpsJson, loadsJson } from "../src/protocol/canonical_json.ts";
import { type Cbor, cborMap, dumpsCbor, Float, loadsCbor } from "../src/protocol/cbor.ts";
import { Cid, sha256 } from "../src/protocol/cid.ts";
import { buildBlocks, cidOf, dagSize, declaredSize, depthOf, leafData, nodeChildren } from "../src/store/unixfs.ts";
import { bytes, hex, vectors } from "./vectors.ts";

interface Written<T> {
  readonly value: T;
  readonly hex: string;
}

test("canonical JSON has the one form that Python writes, and reads no other", () => {
  const known = vectors<{ values: { value: unknown; text: string }[]; refused: string[] }>("canonical_json.json");
  for (const { value, text } of known.values) {
    assert.equal(new TextDecoder().decode(dumpsJson(value)), text);
    assert.deepEqual(dumpsJson(loadsJson(utf8(text), 1000)), utf8(text));
  }
  for (const text of known.refused) assert.throws(() => loadsJson(utf8(text), 1000), { name: "CanonicalError" }, text);
  assert.throws(() => loadsJson(utf8("[1,2]"), 4), { name: "TooManyBytesError" });
});

test("a key that names the prototype is a key like any other", () => {
  const text = '{"__proto__":{"polluted":1},"constructor":2}';
  assert.deepEqual(dumpsJson(loadsJson(utf8(text), 100)), utf8(text));
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

test("CBOR has the one form that Python writes, and reads no other", () => {
  const known = vectors<{
    integers: Written<string>[]; floats: Written<string>[]; texts: Written<string>[]; octets: Written<string>[];
    map: { keys: string[]; hex: string }; list: { hex: string }; refused: string[];
  }>("cbor.json");
  const same = (value: Cbor, written: string): void => {
    assert.equal(hex(dumpsCbor(value)), written);
    assert.equal(hex(dumpsCbor(loadsCbor(bytes(written), 1000))), written);
  };
  for (const { value, hex: written } of known.integers) same(BigInt(value), written);
  for (const { value, hex: written } of known.floats) same(new Float(Number(value)), written);
  for (const { value, hex: written } of known.texts) same(value, written);
  for (const { value, hex: written } of known.octets) same(bytes(value), written);
  same(cborMap(Object.fromEntries(known.map.keys.map((key, place) => [key, place]))), known.map.hex);
  same([null, true, false, [], new Map()], known.list.hex);
  for (const written of known.refused) assert.throws(() => loadsCbor(bytes(written), 1000), { name: "CanonicalError" }, written);
});

test("integers beyond 2^53 come back exact", () => {
  assert.equal(loadsCbor(dumpsCbor(2n ** 64n - 1n), 20), 2n ** 64n - 1n);
  assert.throws(() => dumpsCbor(2 ** 53), { name: "CanonicalError" });
});

function pattern(size: number): Uint8Array {
  return new Uint8Array(Buffer.alloc(size, sha256(utf8("openmined/vectors/pattern"))));
}

test("files have the CIDs that IPFS gives them", () => {
  const known = vectors<{ files: { size: number; cid: string }[]; refused: string[] }>("cids.json");
  for (const { size, cid } of known.files) {
    assert.equal(cidOf(pattern(size)).toString(), cid);
    assert.equal(Cid.parse(cid).toString(), cid);
  }
  for (const text of known.refused) assert.throws(() => Cid.parse(text), { name: "CidError" }, text);
  assert.throws(() => new Cid(new Uint8Array(32)), { name: "CidError" });
});

test("a tree's blocks are the ones that its declared size asks for, and no others", () => {
  const size = 3 * 262_144 + 5;
  const blocks = [...buildBlocks(pattern(size))];
  const root = blocks.at(-1)?.[1] ?? new Uint8Array(0);
  assert.equal(declaredSize(root), size);
  const children = nodeChildren(root, size, depthOf(size));
  assert.deepEqual(children.map((child) => child.fileSize), [262_144, 262_144, 262_144, 5]);
  assert.equal(dagSize(size, 1), blocks.at(-1)?.[0].dagSize);
  assert.throws(() => nodeChildren(root, size + 1, 1), { name: "BlockShapeError" });
  assert.throws(() => leafData(blocks[0]?.[1] ?? root, 5), { name: "BlockShapeError" });
});

test("amounts are read and shown as Python does", () => {
  const known = vectors<{
    wei: { text: string; wei: string }[]; ppm: { text: string; ppm: number }[]; shown: { wei: string; text: string }[];
    shown_ppm: { ppm: number; text: string }[]; refused: string[];
  }>("amounts.json");
  for (const { text, wei } of known.wei) assert.equal(parseWei(text), BigInt(wei));
  for (const { text, ppm } of known.ppm) assert.equal(parsePpm(text), BigInt(ppm));
  for (const { wei, text } of known.shown) assert.equal(formatWei(BigInt(wei)), text);
  for (const { ppm, text } of known.shown_ppm) assert.equal(formatPpm(ppm), text);
  for (const text of known.refused) assert.throws(() => parseWei(text), { name: "AmountError" }, text);
});
