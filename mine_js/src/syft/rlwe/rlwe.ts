/** Models and gradients under ring-LWE, and a mine's visit: an answer hidden by masks on zeros and by a flood. */
import { BoundError, CiphertextError, KeyMismatchError, ShapeError } from "../../errors.ts";
import { bitLength, concat, fromBigInt, sameBytes, toHex } from "../../protocol/bytes.ts";
import { general, pythonFloat } from "../../wording.ts";
import type { AffineMap } from "../affine.ts";
import { fixedMap, roundHalfEven } from "../fixed_point.ts";
import { packed, packedBytes, unpacked } from "./bits.ts";
import { GRADIENT_BITS, MAP_BITS, POLYNOMIAL_BYTES, type RlweLayout, ZEROS } from "./layout.ts";
import { addProduct, backward, DEGREE, forward, modulo, nothing, PRIME_BITS, PRIMES, type Polynomial, residuesOf, scaled, toPowerOfTwo } from "./ring.ts";
import { flood, labelled, masks, uniform } from "./sampling.ts";

const FLOODED_BITS = 50;
/** Deviations: beyond them is less than 2^-140. */
const TAIL = 14;
const ERROR_DEVIATION = Math.sqrt(21 / 2);
const LARGEST_SUM = 2 ** 62;

/** Weights (d, k) under a campaign's key; every second half is expanded from the seed. */
export interface RlweModel {
  readonly fingerprint: Uint8Array;
  readonly version: number;
  readonly layout: RlweLayout;
  /** Every weight times 2^22 is at most this in absolute value. */
  readonly weightLimit: bigint;
  readonly seed: Uint8Array;
  readonly c0: Uint8Array;
  readonly zeros: Uint8Array;
}

export interface RlweGradient {
  readonly fingerprint: Uint8Array;
  readonly baseVersion: number;
  readonly layout: RlweLayout;
  readonly boundBits: number;
  /** Useful coefficients, by column block, row block, row, column. */
  readonly c0: Uint8Array;
  /** 8,192 coefficients an answer, by column block, row block. */
  readonly c1: Uint8Array;
}

/** Refuses another key, and numbers that are not residues. */
export function validateModel(model: RlweModel, fingerprint: Uint8Array): void {
  requireKey(model, fingerprint);
  for (const [name, data] of [["c0", model.c0], ["zeros_c0", model.zeros]] as const) {
    for (let place = 0; place < data.length / POLYNOMIAL_BYTES; place += 1) residuesAt(data, place, name);
  }
}

function requireKey(model: RlweModel, fingerprint: Uint8Array): void {
  if (sameBytes(model.fingerprint, fingerprint)) return;
  throw new KeyMismatchError(`the model is for key ${toHex(model.fingerprint).slice(0, 16)}; this is ${toHex(fingerprint).slice(0, 16)}`);
}

function residuesAt(data: Uint8Array, place: number, name: string): bigint[][] {
  const values = unpacked(data.subarray(place * POLYNOMIAL_BYTES, (place + 1) * POLYNOMIAL_BYTES), PRIMES.length * DEGREE, PRIME_BITS);
  return PRIMES.map((prime, row) => {
    const residues = values.slice(row * DEGREE, (row + 1) * DEGREE);
    if (residues.some((value) => value >= prime)) throw new CiphertextError(`polynomial ${place} of ${name} has a number that is not a residue of its prime`);
    return residues;
  });
}

/** Second half of polynomial `place` of a kind, as values. Key and version are hashed, so no seed serves twice. */
export function secondHalf(fingerprint: Uint8Array, version: number, seed: Uint8Array, kind: "model" | "zero", place: number): bigint[][] {
  return uniform(labelled(kind, fingerprint, fromBigInt(BigInt(version), 8), seed, fromBigInt(BigInt(place), 8)));
}

type Pair = readonly [Polynomial, Polynomial];

function pairsOf(model: RlweModel, kind: "model" | "zero", places: readonly number[]): Pair[] {
  const data = kind === "model" ? model.c0 : model.zeros;
  return places.map((place) => [residuesAt(data, place, "c0"), secondHalf(model.fingerprint, model.version, model.seed, kind, place)]);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, place) => place);

/** The encrypted difference between the model after the visit and before. Nothing leaves that could overflow or is not hidden. */
export function trainRlwe(model: RlweModel, fingerprint: Uint8Array, map: AffineMap): RlweGradient {
  requireKey(model, fingerprint);
  const { layout } = model;
  const { rows, columns, slotBits, block, rowsPerAnswer, columnsPerPolynomial } = layout.numbers;
  if (map.A.rows !== rows || map.c.columns !== columns) {
    throw new ShapeError(`the visit is for weights of shape (${map.A.rows}, ${map.c.columns}); the model has (${rows}, ${columns})`);
  }
  const offsets = offsetsOf(map, layout);
  const matrix = fixedMap(map.A, MAP_BITS);
  const largest = checkBounds(matrix, offsets, model.weightLimit, layout);
  const groups = upTo(layout.rowBlocks).map((group) => upTo(Math.min(rowsPerAnswer, rows - group * rowsPerAnswer)).map((row) => group * rowsPerAnswer + row));
  for (const group of groups) checkFlood(group.flatMap((row) => [...matrix.subarray(row * rows, (row + 1) * rows)]), layout);
  const zeros = pairsOf(model, "zero", upTo(ZEROS));
  const [useful, full]: [bigint[], bigint[]] = [[], []];
  for (let side = 0; side < layout.columnBlocks; side += 1) {
    const pairs = pairsOf(model, "model", upTo(layout.inputBlocks).map((input) => side * layout.inputBlocks + input));
    const own = upTo(Math.min(columnsPerPolynomial, columns - side * columnsPerPolynomial)).map((column) => side * columnsPerPolynomial + column);
    for (const group of groups) {
      const answer: [bigint[][], bigint[][]] = [nothing(), nothing()];
      const add = ([c0, c1]: Pair, factor: readonly bigint[]): void => {
        const values = forward(residuesOf(factor));
        addProduct(answer[0], c0, values);
        addProduct(answer[1], c1, values);
      };
      pairs.forEach((pair, input) => add(pair, polynomialOf(matrix, group, input, layout)));
      zeros.forEach((pair) => add(pair, masks()));
      const [c0, c1] = [backward(answer[0]), backward(answer[1])];
      const places = group.flatMap((_, row) => own.map((_one, column) => row * block + block - 1 + column * block * rowsPerAnswer));
      const added = scaled(group.flatMap((row) => own.map((column) => offsets[row * columns + column] ?? 0n)), slotBits);
      const floods = residuesOf(places.map(() => flood(layout.floodBits)));
      const hidden = PRIMES.map((prime, at) => places.map((place, one) => modulo(c0[at]![place]! + added[at]![one]! + floods[at]![one]!, prime)));
      const last = residuesOf(masks());
      useful.push(...toPowerOfTwo(hidden, layout.answerBits));
      full.push(...toPowerOfTwo(PRIMES.map((prime, at) => c1[at]!.map((value, one) => (value + last[at]![one]!) % prime)), layout.answerBits));
    }
  }
  return {
    fingerprint: model.fingerprint, baseVersion: model.version, layout, boundBits: bitLength(largest),
    c0: packWide(useful, layout.answerBits), c1: packWide(full, layout.answerBits),
  };
}

/** The rows of the matrix, its columns of one input block, as a plain polynomial. */
function polynomialOf(matrix: Float64Array, group: readonly number[], input: number, layout: RlweLayout): bigint[] {
  const { rows, block } = layout.numbers;
  const made = new Array<bigint>(DEGREE).fill(0n);
  group.forEach((row, v) => {
    for (let u = 0; u < block && input * block + u < rows; u += 1) made[v * block + block - 1 - u] = BigInt(matrix[row * rows + input * block + u] ?? 0);
  });
  return made;
}

function offsetsOf(map: AffineMap, layout: RlweLayout): bigint[] {
  const { columns, slotBits } = layout.numbers;
  const limit = 2 ** (slotBits - 1 - GRADIENT_BITS);
  return Array.from(map.c.data, (value, place) => {
    if (!(Math.abs(value) < limit)) {
      throw new BoundError(`c[${Math.floor(place / columns)}, ${place % columns}] is ${pythonFloat(value)}; absolute values must be below ${pythonFloat(limit)}`);
    }
    return BigInt(roundHalfEven(value * 2 ** GRADIENT_BITS));
  });
}

/** The largest absolute value that an integer can have. */
function checkBounds(matrix: Float64Array, offsets: readonly bigint[], limit: bigint, layout: RlweLayout): bigint {
  const { rows, columns } = layout.numbers;
  const unit = 2 ** GRADIENT_BITS;
  let largest = 0n;
  for (let row = 0; row < rows; row += 1) {
    const entries = matrix.subarray(row * rows, (row + 1) * rows);
    const rough = entries.reduce((sum, entry) => sum + Math.abs(entry), 0);
    const total = rough < LARGEST_SUM ? entries.reduce((sum, entry) => sum + BigInt(Math.abs(entry)), 0n) : 2n * layout.slotLimit;
    const most = offsets.slice(row * columns, (row + 1) * columns).reduce((top, one) => (one > top ? one : -one > top ? -one : top), 0n);
    const reach = total * limit + most;
    if (reach > layout.slotLimit) {
      throw new BoundError(`the visit could move weight [${row}] by ${general(Number(reach) / unit)}; a slot has room for ${general(Number(layout.slotLimit) / unit)}`);
    }
    if (reach > largest) largest = reach;
  }
  return largest;
}

/** Refuses rows whose noise the flood would not drown by 2^50. */
function checkFlood(entries: readonly number[], layout: RlweLayout): void {
  const squares = entries.reduce((sum, entry) => sum + entry * entry, 0);
  const mask = 2 ** 28 / Math.sqrt(12);
  const model = (ERROR_DEVIATION ** 2 + 1 / 12) * squares;
  const zeros = (mask * ERROR_DEVIATION) ** 2 * ZEROS * DEGREE;
  const secret = (mask ** 2 * DEGREE * 2) / 3;
  const noise = Math.log2(TAIL * Math.sqrt(model + zeros + secret));
  if (noise + FLOODED_BITS > layout.floodBits) {
    throw new BoundError(`the visit's noise has ${noise.toFixed(1)} bits; with a flood of ${layout.floodBits} at most ${layout.floodBits - FLOODED_BITS} can be hidden`);
  }
}

/** Of both halves together. */
export function gradientBytes(layout: RlweLayout): number {
  const { rows, columns } = layout.numbers;
  const [low, high] = [Math.min(layout.answerBits, 64), Math.max(0, layout.answerBits - 64)];
  return [rows * columns, layout.columnBlocks * layout.rowBlocks * DEGREE].reduce((sum, count) => sum + packedBytes(count, low) + packedBytes(count, high), 0);
}

/** All low words of 64 bits, then what is above them. */
export function packWide(values: readonly bigint[], bits: number): Uint8Array {
  const low = packed(values.map((value) => BigInt.asUintN(64, value)), Math.min(bits, 64));
  return bits <= 64 ? low : concat([low, packed(values.map((value) => value >> 64n), bits - 64)]);
}
