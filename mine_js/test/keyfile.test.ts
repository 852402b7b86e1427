import assert from "node:assert/strict";
import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MalformedKeyfileError } from "../src/chain/errors.ts";
import { openKeyfile } from "../src/chain/signer.ts";
import { concat, toHex } from "../src/protocol/bytes.ts";
import { keccak } from "../src/chain/words.ts";

const KEY = new Uint8Array(32).fill(7);

/** A keystore of version 3 that holds these bytes, whatever they are. */
function sealed(held: Uint8Array): string {
  const salt = new Uint8Array(16);
  const iv = new Uint8Array(16);
  const derived = new Uint8Array(pbkdf2Sync("correct", salt, 1000, 32, "sha256"));
  const cipher = createCipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  const ciphertext = new Uint8Array(Buffer.concat([cipher.update(held), cipher.final()]));
  const path = join(mkdtempSync(join(tmpdir(), "keyfile-")), "keyfile.json");
  const crypto = {
    cipher: "aes-128-ctr", cipherparams: { iv: toHex(iv) }, ciphertext: toHex(ciphertext), kdf: "pbkdf2",
    kdfparams: { c: 1000, dklen: 32, prf: "hmac-sha256", salt: toHex(salt) }, mac: toHex(keccak(concat([derived.subarray(16, 32), ciphertext]))),
  };
  writeFileSync(path, JSON.stringify({ version: 3, crypto }), { mode: 0o600 });
  return path;
}

test("a keyfile whose key is none is refused by name, and nothing of it is told", async () => {
  assert.match((await openKeyfile(sealed(KEY), "correct")).address, /^0x/);
  for (const held of [new Uint8Array(0), KEY.subarray(0, 31), concat([KEY, new Uint8Array(1)]), new Uint8Array(32), new Uint8Array(32).fill(255)]) {
    await assert.rejects(openKeyfile(sealed(held), "correct"), (error: unknown) => {
      assert.ok(error instanceof MalformedKeyfileError, String(error));
      assert.match(error.message, new RegExp(`${held.length} bytes, is not a private key`));
      assert.doesNotMatch(error.message, /0707/);
      return true;
    });
  }
});
