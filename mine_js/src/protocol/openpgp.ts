/** OpenPGP: certificates and sealed messages; binary, integrity protected, not compressed. */
import { randomBytes } from "node:crypto";
import type { Key } from "openpgp";
import { OpenMinedError } from "../errors.ts";

export const MAX_CERTIFICATE_BYTES = 64 * 1024;

/** A certificate, or what is given as one, cannot be used. */
export class CertificateError extends OpenMinedError {}

/** By this machine's clock, a key was made in the future. Nothing is wrong with it: it will do later. */
export class ClockBehindError extends OpenMinedError {}

/** Whom to seal to: exactly one public certificate, not revoked, able to receive. */
export async function readCertificate(data: Uint8Array): Promise<Key> {
  const { readKeys } = await import("openpgp");
  if (data.length > MAX_CERTIFICATE_BYTES) {
    throw new CertificateError(`a certificate of ${data.length} bytes; at most ${MAX_CERTIFICATE_BYTES} are read`);
  }
  const found: Key[] = await readKeys({ binaryKeys: data }).catch(() => []);
  const [key] = found;
  if (key === undefined || found.length !== 1) throw new CertificateError("not exactly one valid OpenPGP certificate");
  if (key.isPrivate()) throw new CertificateError("this holds secret keys; a certificate holds public keys only");
  const name = key.getFingerprint().toUpperCase();
  if (await key.isRevoked()) throw new CertificateError(`certificate ${name} is revoked`);
  return key;
}

/** The data encrypted to the certificate; different every time. Not signed. CertificateError, ClockBehindError. */
export async function seal(data: Uint8Array, recipient: Key): Promise<Uint8Array> {
  const { createMessage, encrypt } = await import("openpgp");
  const message = await createMessage({ binary: data, format: "binary" });
  // A session key without an AEAD mode makes the older container (RFC 4880), which every client opens.
  const sessionKey = { data: new Uint8Array(randomBytes(32)), algorithm: "aes256" as const };
  const sealed: unknown = await encrypt({ message, sessionKey, encryptionKeys: recipient, format: "binary" }).catch(() => undefined);
  if (sealed instanceof Uint8Array) return sealed;
  const name = recipient.getFingerprint().toUpperCase();
  const made = Math.max(...recipient.getKeys().map((part) => part.getCreationTime().getTime()));
  if (made > Date.now()) {
    const at = new Date(made).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
    throw new ClockBehindError(
      `this machine's clock is behind certificate ${name}, of ${at}. Nothing is damaged: compare that time with \`date -u\`, set the clock,` +
        " or wait (or the clock of whoever made it was ahead)",
    );
  }
  throw new CertificateError(`cannot seal to ${name}: no valid encryption key`);
}
