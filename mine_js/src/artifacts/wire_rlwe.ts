/** Public key, model and gradient under ring-LWE: from bytes, checked, and back. Deterministic CBOR. */
import { CiphertextError, LayoutError } from "../errors.ts";
import { type Cbor, Float } from "../protocol/cbor.ts";
import type { Cid } from "../protocol/cid.ts";
import { fixedLimit, WEIGHT_BITS } from "../syft/fixed_point.ts";
import { GRADIENT_BITS, LARGEST_SLOT, POLYNOMIAL_BYTES, RlweLayout, ZEROS } from "../syft/rlwe/layout.ts";
import { DEGREE } from "../syft/rlwe/ring.ts";
import { type RlweGradient, type RlweModel, validateModel } from "../syft/rlwe/rlwe.ts";
import { LARGEST_ROWS } from "../syft/sizes.ts";
import { naming, refusing } from "./errors.ts";
import { type Fields, MAX_BYTES, readCbor } from "./fields.ts";
import { modelFields, requireAsSaid, requireDeclared } from "./models.ts";
import type { Spec } from "./spec.ts";
import type { WireGradient } from "./wire.ts";

const SCHEME = "rlwe";

/** The fingerprint: all that is public of a key. */
export function readRlweKey(data: Uint8Array, cid?: Cid): Uint8Array {
  return naming(cid, () => {
    const fields = readCbor("public_key", 2, data, MAX_BYTES.public_key);
    fields.oneOf("scheme", [SCHEME]);
    const own = new Own("rlwe public key", fields);
    return refusing("public_key", "key", "a public key of scheme rlwe", () => {
      const fingerprint = own.octets("key_fingerprint", 32);
      own.integer("degree", DEGREE, DEGREE);
      own.finish();
      return fingerprint;
    });
  });
}

export function readRlweModel(data: Uint8Array, cid?: Cid): RlweModel {
  return naming(cid, () => {
    const own = new Own("model", modelFields(data, SCHEME));
    return refusing("model", "model", "an encrypted model", () => {
      const fingerprint = own.octets("key_fingerprint", 32);
      const [rows, columns] = [own.integer("rows", 1, LARGEST_ROWS), own.integer("columns", 1, DEGREE)];
      const layout = new RlweLayout({
        rows, columns,
        slotBits: own.integer("slot_bits", GRADIENT_BITS + 2, LARGEST_SLOT), block: own.integer("inputs_per_polynomial", 1, rows),
        rowsPerAnswer: own.integer("rows_per_answer", 1, rows), columnsPerPolynomial: own.integer("columns_per_polynomial", 1, columns),
      });
      const [version, weightLimit] = [own.integer("version", 0, 2 ** 32 - 1), own.big("weight_limit", 1n, 1n << 62n)];
      const [seed, c0] = [own.octets("seed", 32), own.octets("c0", layout.polynomials * POLYNOMIAL_BYTES)];
      const zeros = own.octets("zeros_c0", ZEROS * POLYNOMIAL_BYTES);
      own.finish();
      if (weightLimit > layout.slotLimit) throw new LayoutError(`weight_limit is ${weightLimit}; it must be 1 to ${layout.slotLimit}`);
      return { fingerprint, version, layout, weightLimit, seed, c0, zeros };
    });
  });
}

/** Whether the model is what chain, spec and key say it is, in the one layout, its numbers residues. */
export function requireSoundRlwe(model: RlweModel, spec: Spec, campaign: Uint8Array, fingerprint: Uint8Array, version: number, cid?: Cid): void {
  naming(cid, () => {
    const { rows, nOutputs } = spec.familyFor(campaign);
    requireAsSaid(model, { fingerprint, version, rows, columns: nOutputs });
    const usual = RlweLayout.choose(rows, nOutputs, spec.weightBound);
    requireDeclared(model, fixedLimit(spec.weightBound, WEIGHT_BITS), model.layout.equals(usual), usual);
    refusing("model", "model.ciphertexts", "ciphertexts of the key", () => validateModel(model, fingerprint));
  });
}

export function rlweGradient(gradient: RlweGradient): WireGradient {
  const { rows, columns, slotBits, block, rowsPerAnswer, columnsPerPolynomial } = gradient.layout.numbers;
  const fields = new Map<string, Cbor>([
    ["key_fingerprint", gradient.fingerprint], ["base_version", gradient.baseVersion], ["rows", rows], ["columns", columns], ["slot_bits", slotBits],
    ["inputs_per_polynomial", block], ["rows_per_answer", rowsPerAnswer], ["columns_per_polynomial", columnsPerPolynomial],
    ["bound_bits", gradient.boundBits], ["c0", gradient.c0], ["c1", gradient.c1],
  ]);
  return { scheme: SCHEME, baseVersion: gradient.baseVersion, fields };
}

/** Fields inside a scheme's own part, refused in its words. */
class Own {
  private readonly kind: string;
  private readonly fields: Fields;

  constructor(kind: string, fields: Fields) {
    this.kind = kind;
    this.fields = fields;
  }

  octets(name: string, length: number): Uint8Array {
    const value = this.take(name);
    if (value instanceof Uint8Array && value.length === length) return value;
    throw new CiphertextError(`${this.kind}: ${name} is ${value instanceof Uint8Array ? `${value.length} bytes` : typeOf(value)}; needs ${length} bytes`);
  }

  integer(name: string, least: number, most: number): number {
    return Number(this.big(name, BigInt(least), BigInt(most)));
  }

  big(name: string, least: bigint, most: bigint): bigint {
    const value = this.take(name);
    const whole = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
    if (typeof whole === "bigint" && whole >= least && whole <= most) return whole;
    const shown = typeof value === "boolean" ? (value ? "True" : "False") : typeof whole === "bigint" && whole < 1n << 64n && -whole < 1n << 64n ? String(whole) : typeOf(value);
    throw new LayoutError(`${this.kind}: ${name} is ${shown}; needs an integer from ${least} to ${most}`);
  }

  finish(): void {
    const [unknown] = this.fields.names();
    if (unknown !== undefined) throw new LayoutError(`${this.kind}: unknown field '${unknown}'`);
  }

  private take(name: string): unknown {
    if (!this.fields.has(name)) throw new LayoutError(`${this.kind}: field '${name}' is missing`);
    return this.fields.take(name);
  }
}

function typeOf(value: unknown): string {
  if (value instanceof Uint8Array) return "a bytes";
  if (value instanceof Float) return "a float";
  const names: Readonly<Record<string, string>> = { string: "str", boolean: "bool", number: "int", bigint: "int" };
  return `a ${value === null ? "NoneType" : (names[typeof value] ?? (Array.isArray(value) ? "list" : "dict"))}`;
}
