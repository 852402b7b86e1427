import assert from "node:assert/strict";
import { test } from "node:test";
import { readCertificate, seal } from "../src/protocol/openpgp.ts";
import { utf8 } from "../src/protocol/bytes.ts";
import { golden } from "./vectors.ts";

test("what is sealed is binary, in the form that every client opens, and differs each time", async () => {
  const capsule = await readCertificate(golden("capsule.certificate.pgp"));
  const message = utf8("a gradient".repeat(100));
  const [one, other] = [await seal(message, capsule), await seal(message, capsule)];
  assert.notDeepEqual(one, other);
  assert.equal((one[0] ?? 0) & 0xc0, 0xc0, "a packet in the new format");
  assert.ok(one.length > message.length, "not compressed");
});

test("what is no public certificate is refused", async () => {
  await assert.rejects(readCertificate(utf8("no certificate")), { name: "CertificateError" });
  await assert.rejects(readCertificate(new Uint8Array(70_000)), /at most 65536 are read/);
});
