/** What only Capsule may read is sealed here, in the browser: it leaves this page as an OpenPGP message or not at all. */
import { shake256 } from "@noble/hashes/sha3";
import { concatBytes } from "@noble/hashes/utils";
import { encode } from "cborg";
import { createMessage, encrypt, generateKey, readKey } from "openpgp";

export interface SealedRecords {
  /** The artifact as it is stored. */
  readonly sealed: Uint8Array;
  /** What the spec commits to: sha256 of the bytes inside the seal, 32 bytes. */
  readonly digest: Uint8Array;
  /** 32 bytes that are inside the seal only: they say which records pay. */
  readonly salt: Uint8Array;
}

/** A validation set for the eyes of one Capsule, bound to chain, contract and scientist (20 bytes each of these two). */
export async function sealRecords(
  payload: Uint8Array,
  place: { chainId: number; contract: Uint8Array; scientist: Uint8Array },
  certificate: Uint8Array,
): Promise<SealedRecords> {
  const salt = crypto.getRandomValues(new Uint8Array(32));
  const inside = new Uint8Array(
    encode({
      format: "openmined/sealed_input/1",
      chain_id: place.chainId,
      contract: place.contract,
      scientist: place.scientist,
      salt,
      payload_kind: "records",
      payload,
    }),
  );
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", inside));
  const capsule = await readKey({ binaryKey: certificate });
  const message = await createMessage({ binary: inside });
  const sealed = await encrypt({ message, encryptionKeys: capsule, format: "binary" });
  return { sealed, digest, salt };
}

/** Which of the records guide and are not paid for, by the salt inside the seal; see docs/protocol.md. Empty for none. */
export function guidingRows(salt: Uint8Array, rows: number, count: number): boolean[] {
  if (count === 0) return [];
  const stream = shake256(concatBytes(new TextEncoder().encode("openmined/validation_split/1/"), salt), { dkLen: 8 * rows });
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const numbers = Array.from({ length: rows }, (_, row) => view.getBigUint64(8 * row, true));
  const order = numbers.map((_, row) => row).sort((a, b) => compared(numbers[a] ?? 0n, numbers[b] ?? 0n) || a - b);
  const guides = new Array<boolean>(rows).fill(false);
  for (const row of order.slice(0, count)) guides[row] = true;
  return guides;
}

function compared(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface OwnKey {
  /** The public certificate, binary: an artifact that the spec names. */
  readonly certificate: Uint8Array;
  /** The secret key under the passphrase, armoured: for the scientist to keep, never sent anywhere. */
  readonly secret: string;
}

/** A key pair for one scientist; results are sealed to it. */
export async function newOwnKey(passphrase: string): Promise<OwnKey> {
  // Iterated and salted as often as the format allows: guessing costs the most.
  const { privateKey, publicKey } = await generateKey({
    type: "ecc",
    curve: "curve25519Legacy",
    userIDs: [{ name: "data scientist" }],
    passphrase,
    format: "object",
    config: { s2kIterationCountByte: 255 },
  });
  return { certificate: publicKey.write(), secret: privateKey.armor() };
}
