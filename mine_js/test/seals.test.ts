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

test("a key of the future is waited for, and one that cannot receive is named", async () => {
  const { generateKey } = await import("openpgp");
  const made = async (date: Date, subkeys: { sign: boolean }[]) => {
    const userIDs = [{ name: "Capsule" }];
    const { publicKey } = await generateKey({ type: "ecc", userIDs, date, subkeys, format: "binary" });
    return readCertificate(publicKey);
  };
  const later = await made(new Date("2100-01-02T03:04:05Z"), [{ sign: false }]);
  const behind = { name: "ClockBehindError", message: /clock is behind certificate [0-9A-F]{40}, of 2100-01-02 03:04:05 UTC\. Nothing/ };
  await assert.rejects(seal(utf8("a gradient"), later), behind);
  const deaf = await made(new Date(), [{ sign: true }]);
  await assert.rejects(seal(utf8("a gradient"), deaf), { name: "CertificateError", message: /no valid encryption key/ });
});

test("what is not a public certificate is refused", async () => {
  await assert.rejects(readCertificate(utf8("no certificate")), { name: "CertificateError" });
  await assert.rejects(readCertificate(new Uint8Array(70_000)), /at most 65536 are read/);
});
