/** Public key, model and gradient under Paillier: from bytes, checked, and back. Deterministic CBOR. */
import { KeyFormError, NotInMineJsError } from "../errors.ts";
import { fromHex, sameBytes, toBigInt, toHex } from "../protocol/bytes.ts";
import { type Cbor, cborMap, type CborMap, dumpsCbor, Float } from "../protocol/cbor.ts";
import type { Cid } from "../protocol/cid.ts";
import { fixedLimit, LARGEST_ENTRIES } from "../syft/fixed_point.ts";
import { Layout } from "../syft/paillier/layout.ts";
import {
  ciphertextsFromBytes, ciphertextsToBytes, type EncryptedGradient, type EncryptedModel, validateCiphertexts,
} from "../syft/paillier/paillier.ts";
import { certificateBytes, isCertified, type PublicKey, publicKeyFrom } from "../syft/paillier/paillier_key.ts";
import { ArtifactError, naming, refusing, Said } from "./errors.ts";
import { modelFields, requireAsSaid, requireDeclared } from "./models.ts";
import { type Fields, formatName, MAX_BYTES, readCbor } from "./fields.ts";
import type { Spec } from "./spec.ts";

const SCHEME = "paillier";

/** What the mine says protects its records: (epsilon, delta). A claim, not a proof. */
export interface PrivacyStatement {
  readonly epsilon: number;
  readonly delta: number;
}

/** Refuses schemes that this mine has no arithmetic for. */
export function requireScheme(scheme: string): void {
  if (scheme !== SCHEME && scheme !== "rlwe") {
    throw new NotInMineJsError(`Mine.js trains models under Paillier and ring-LWE; this campaign's are under ${scheme}: run mine-agent for it`);
  }
}

/** Read a public key, as far as it can be checked without using it. `smallest`: tests use shorter keys. */
export function readPublicKey(data: Uint8Array, cid?: Cid, smallest?: number): PublicKey {
  return naming(cid, () => {
    const fields = readCbor("public_key", 2, data, MAX_BYTES.public_key);
    fields.oneOf("scheme", [SCHEME]);
    const octets = fields.blob("n", 1024);
    const fingerprint = fields.octets("fingerprint", 32);
    if (octets[0] === 0) fields.refuse("n", new Said("padded with zero bytes"), "its shortest form");
    let key: PublicKey;
    try {
      key = publicKeyFrom(toBigInt(octets), smallest);
    } catch (error) {
      if (error instanceof KeyFormError) fields.refuse("n", new Said(error.message), "a Paillier modulus");
      throw error;
    }
    if (!sameBytes(key.fingerprint, fingerprint)) fields.refuse("fingerprint", new Said(toHex(fingerprint)), toHex(key.fingerprint));
    const certificate = fields.octets("certificate", certificateBytes(key.n));
    if (!isCertified(key.n, certificate)) fields.refuse("certificate", new Said("no proof"), "a proof that gcd(n, phi(n)) = 1");
    fields.finish();
    return key;
  });
}

/** Read a model. Its ciphertexts are checked by `requireSound`. */
export function readModel(data: Uint8Array, cid?: Cid): EncryptedModel {
  return naming(cid, () => {
    const fields = modelFields(data, SCHEME);
    return refusing("model", "model", "an encrypted model", () => {
      const [fingerprint, layout] = [fields.octets("key_fingerprint", 32), layoutFrom(fields)];
      const version = fields.integer("version", 0, 2 ** 32 - 1);
      const weightLimit = fields.big("weight_limit", 1n, 1n << 62n);
      if (weightLimit > layout.slotLimit) fields.refuse("weight_limit", new Said(String(weightLimit)), `at most ${layout.slotLimit}`);
      const { keyBits } = layout.numbers;
      const octets = fields.octets("ciphertexts", (layout.modelCiphertexts * keyBits) / 4);
      fields.finish();
      return { fingerprint, layout, version, weightLimit, ciphertexts: ciphertextsFromBytes(octets, keyBits) };
    });
  });
}

/** Whether the model is what chain, spec and key say it is, in the usual layout, its ciphertexts ciphertexts. */
export function requireSound(model: EncryptedModel, spec: Spec, campaign: Uint8Array, key: PublicKey, version: number, cid?: Cid): void {
  naming(cid, () => {
    const { rows, nOutputs } = spec.familyFor(campaign);
    requireAsSaid(model, { fingerprint: key.fingerprint, version, rows, columns: nOutputs });
    const usual = Layout.choose(rows, nOutputs, key.bits, spec.weightBound);
    requireDeclared(model, fixedLimit(spec.weightBound, model.layout.numbers.weightBits), model.layout.equals(usual), usual);
    refusing("model", "model.ciphertexts", "ciphertexts of the key", () => validateCiphertexts(model, key));
  });
}

/** A gradient of either scheme, as it is written down. */
export interface WireGradient {
  readonly scheme: "paillier" | "rlwe";
  readonly baseVersion: number;
  readonly fields: CborMap;
}

/** The place a gradient is made for, and what is said of it. */
export interface Envelope {
  readonly chainId: number;
  readonly contract: string;
  readonly campaign: Uint8Array;
  readonly base: Cid;
  readonly miner: string;
  readonly gradient: WireGradient;
  readonly privacy: PrivacyStatement | null;
}

/** What is sealed to Capsule: deterministic CBOR. */
export function gradientBytes(envelope: Envelope): Uint8Array {
  const { gradient, privacy } = envelope;
  const statement = privacy && cborMap({ epsilon: new Float(privacy.epsilon), delta: new Float(privacy.delta) });
  return dumpsCbor(
    cborMap({
      format: formatName("gradient", 1),
      scheme: gradient.scheme,
      chain_id: envelope.chainId,
      contract: addressBytes(envelope.contract),
      campaign: envelope.campaign,
      base_version: gradient.baseVersion,
      base: envelope.base.digest,
      miner: addressBytes(envelope.miner),
      gradient: gradient.fields,
      privacy: statement,
    }),
  );
}

export function paillierGradient(gradient: EncryptedGradient): WireGradient {
  const fields = new Map<string, Cbor>([
    ["key_fingerprint", gradient.fingerprint],
    ["base_version", gradient.baseVersion],
    ...layoutFields(gradient.layout),
    ["bound_bits", gradient.boundBits],
    ["ciphertexts", ciphertextsToBytes(gradient.ciphertexts, gradient.layout.numbers.keyBits)],
  ]);
  return { scheme: SCHEME, baseVersion: gradient.baseVersion, fields };
}

const LAYOUT_NAMES = [
  ["key_bits", "keyBits"], ["rows", "rows"], ["columns", "columns"], ["weight_bits", "weightBits"], ["map_bits", "mapBits"],
  ["slot_bits", "slotBits"], ["rows_per_ciphertext", "rowsPerCiphertext"], ["columns_per_ciphertext", "columnsPerCiphertext"],
] as const;

function layoutFields(layout: Layout): (readonly [string, number])[] {
  return LAYOUT_NAMES.map(([wire, own]) => [wire, layout.numbers[own]] as const);
}

function layoutFrom(fields: Fields): Layout {
  const [rows, columns] = [fields.integer("rows", 1, LARGEST_ENTRIES), fields.integer("columns", 1, LARGEST_ENTRIES)];
  return new Layout({
    rows,
    columns,
    keyBits: fields.integer("key_bits", 128, 8192),
    slotBits: fields.integer("slot_bits", 1, 256),
    rowsPerCiphertext: fields.integer("rows_per_ciphertext", 1, rows),
    columnsPerCiphertext: fields.integer("columns_per_ciphertext", 1, columns),
    weightBits: fields.integer("weight_bits", 1, 40),
    mapBits: fields.integer("map_bits", 1, 40),
  });
}

function addressBytes(address: string): Uint8Array {
  const raw = fromHex(address);
  if (raw === undefined || raw.length !== 20) throw new ArtifactError("gradient", "miner", address, "an address (0x and 40 hexadecimal digits)");
  return raw;
}
