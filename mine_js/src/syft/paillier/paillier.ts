/** Encrypted models and gradients under Paillier, their wire forms, and a mine's visit. */
import { BoundError, CiphertextError, KeyMismatchError, ShapeError } from "../../errors.ts";
import { bitLength, concat, fromBigInt, toBigInt, toHex } from "../../protocol/bytes.ts";
import { general, pythonFloat } from "../../wording.ts";
import type { AffineMap } from "../affine.ts";
import { fixedMap, roundHalfEven } from "../fixed_point.ts";
import type { Layout } from "./layout.ts";
import { matvec } from "./matvec.ts";
import { Fast, gcd, type Powers, randomBelow } from "./modular.ts";
import { type PublicKey, sameKey } from "./paillier_key.ts";

/** Weights (d, k) under a campaign's key; ciphertexts by column block, then row. */
export interface EncryptedModel {
  readonly fingerprint: Uint8Array;
  readonly layout: Layout;
  readonly version: number;
  /** Every weight times 2^weight_bits is at most this in absolute value. */
  readonly weightLimit: bigint;
  readonly ciphertexts: readonly bigint[];
}

/** The difference (A - I) W + c, every ciphertext under fresh noise; by column block, then row group. */
export interface EncryptedGradient {
  readonly fingerprint: Uint8Array;
  readonly layout: Layout;
  readonly baseVersion: number;
  /** Every slot is below 2^boundBits in absolute value. */
  readonly boundBits: number;
  readonly ciphertexts: readonly bigint[];
}

export function ciphertextsToBytes(ciphertexts: readonly bigint[], keyBits: number): Uint8Array {
  return concat(ciphertexts.map((ciphertext) => fromBigInt(ciphertext, keyBits / 4)));
}

export function ciphertextsFromBytes(data: Uint8Array, keyBits: number): bigint[] {
  const width = keyBits / 4;
  return Array.from({ length: data.length / width }, (_, index) => toBigInt(data.subarray(index * width, (index + 1) * width)));
}

/** Refuses another key, and integers that are not ciphertexts: needs 1 <= c < n^2 and gcd(c, n) = 1. */
export function validateCiphertexts(model: EncryptedModel, key: PublicKey): void {
  if (!sameKey(key, model.fingerprint, model.layout.numbers.keyBits)) {
    throw new KeyMismatchError(
      `ciphertexts are for the ${model.layout.numbers.keyBits}-bit key ${toHex(model.fingerprint).slice(0, 16)}; ` +
        `this is the ${key.bits}-bit key ${toHex(key.fingerprint).slice(0, 16)}`,
    );
  }
  let product = 1n;
  for (const [position, ciphertext] of model.ciphertexts.entries()) {
    if (ciphertext < 1n || ciphertext >= key.nSquared) {
      throw new CiphertextError(`ciphertext ${position} is outside 1 <= c < n^2 of this key`);
    }
    product = (product * (ciphertext % key.n)) % key.n;
  }
  if (gcd(product, key.n) !== 1n) {
    const position = model.ciphertexts.findIndex((ciphertext) => gcd(ciphertext, key.n) !== 1n);
    throw new CiphertextError(`ciphertext ${position} shares a factor with the modulus n`);
  }
}

/** What a gradient holds before it is encrypted: the integers that meet the ciphertexts, and their bound. */
export interface Visit {
  /** round((A - I) 2^map_bits), row by row. */
  readonly matrix: Float64Array;
  /** round(c 2^gradient_bits), row by row. */
  readonly offsets: readonly bigint[];
  readonly boundBits: number;
}

/** The visit as integers, its bounds checked before anything is multiplied. */
export function fixedVisit(map: AffineMap, layout: Layout, weightLimit: bigint): Visit {
  const { rows, columns, mapBits } = layout.numbers;
  if (map.A.rows !== rows || map.c.columns !== columns) {
    throw new ShapeError(`the visit is for weights of shape (${map.A.rows}, ${map.c.columns}); the model has (${rows}, ${columns})`);
  }
  const matrix = fixedMap(map.A, mapBits);
  const limit = 2 ** (layout.numbers.slotBits - layout.gradientBits);
  const offsets = Array.from(map.c.data, (value, place) => {
    if (!(Math.abs(value) < limit)) {
      const at = `[${Math.floor(place / columns)}, ${place % columns}]`;
      throw new BoundError(`c${at} is ${pythonFloat(value)}; absolute values must be below ${pythonFloat(limit / 2)}`);
    }
    return BigInt(roundHalfEven(value * 2 ** layout.gradientBits));
  });
  return { matrix, offsets, boundBits: checkBounds(matrix, offsets, weightLimit, layout) };
}

/** sum_j |A - I|_ij * weight_limit + |c|_ik must fit a slot; how many bits the largest needs. */
function checkBounds(matrix: Float64Array, offsets: readonly bigint[], weightLimit: bigint, layout: Layout): number {
  const { rows, columns } = layout.numbers;
  let largest = 0n;
  for (let i = 0; i < rows; i += 1) {
    const row = matrix.subarray(i * rows, (i + 1) * rows);
    const reach = exactSum(row) * weightLimit;
    for (let j = 0; j < columns; j += 1) {
      const offset = offsets[i * columns + j] ?? 0n;
      const most = reach + (offset < 0n ? -offset : offset);
      if (most > layout.slotLimit) {
        const unit = 2 ** layout.gradientBits;
        throw new BoundError(
          `the visit could move weight [${i}, ${j}] by ${general(Number(most) / unit)}; ` +
            `a slot has room for ${general(Number(layout.slotLimit) / unit)}`,
        );
      }
      if (most > largest) largest = most;
    }
  }
  return bitLength(largest);
}

function exactSum(row: Float64Array): bigint {
  const sum = row.reduce((total, entry) => total + Math.abs(entry), 0);
  return sum < 2 ** 53 ? BigInt(sum) : row.reduce((total, entry) => total + BigInt(Math.abs(entry)), 0n);
}

/** Signed integers into the slots of a plaintext: sum_i v_i 2^(slot_bits i). */
export function pack(values: readonly bigint[], slotBits: number): bigint {
  return values.reduceRight((total, value) => (total << BigInt(slotBits)) + value, 0n);
}

/** c's integers in the gradient's plaintexts, in the order of its ciphertexts. */
export function packRows(offsets: readonly bigint[], layout: Layout): bigint[] {
  const { rows, columns, rowsPerCiphertext: tall, columnsPerCiphertext: wide, slotBits } = layout.numbers;
  const plaintexts: bigint[] = [];
  for (let block = 0; block < layout.columnBlocks; block += 1) {
    for (let group = 0; group < layout.rowGroups; group += 1) {
      const slots: bigint[] = [];
      for (let column = block * wide; column < Math.min((block + 1) * wide, columns); column += 1) {
        for (let row = group * tall; row < (group + 1) * tall; row += 1) {
          slots.push(row < rows ? (offsets[row * columns + column] ?? 0n) : 0n);
        }
      }
      plaintexts.push(pack(slots, slotBits));
    }
  }
  return plaintexts;
}

/** Values r^n mod n^2, r uniform in [1, n): what hides the plaintext numbers that went in. */
export type Noise = (count: number, key: PublicKey) => readonly bigint[];

export function freshNoise(powers: Powers = Fast): Noise {
  return (count, key) => Array.from({ length: count }, () => powers.power(randomBelow(key.n - 1n) + 1n, key.n, key.nSquared));
}

/** The encrypted difference between the model after the visit and before, under fresh noise. */
export function train(model: EncryptedModel, key: PublicKey, map: AffineMap, noise: Noise = freshNoise()): EncryptedGradient {
  validateCiphertexts(model, key);
  const { layout } = model;
  const { rows, rowsPerCiphertext, slotBits } = layout.numbers;
  const visit = fixedVisit(map, layout, model.weightLimit);
  const outputs: bigint[] = [];
  for (let block = 0; block < layout.columnBlocks; block += 1) {
    const bases = model.ciphertexts.slice(block * rows, (block + 1) * rows);
    outputs.push(...matvec({ bases, matrix: visit.matrix, modulus: key.nSquared, rowsPerOutput: rowsPerCiphertext, rowShift: slotBits }));
  }
  const hiding = noise(outputs.length, key);
  const ciphertexts = packRows(visit.offsets, layout).map((plaintext, place) => {
    const residue = ((plaintext % key.n) + key.n) % key.n;
    const added = ((outputs[place] ?? 1n) * (1n + key.n * residue)) % key.nSquared;
    const hidden = hiding[place];
    if (hidden === undefined) throw new CiphertextError("a ciphertext without fresh noise must not leave");
    return (added * hidden) % key.nSquared;
  });
  return { fingerprint: model.fingerprint, layout, baseVersion: model.version, boundBits: visit.boundBits, ciphertexts };
}
