/** Decimals as float64, as Arrow's libraries make them: docs/protocol.md, section 9. */

const EXACT = 1n << 53n;

/** A signed whole number from its bytes in two's complement. */
export function littleOrBig(raw: Uint8Array, littleEndian: boolean): bigint {
  const bytes = littleEndian ? [...raw].reverse() : [...raw];
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return BigInt.asIntN(8 * raw.length, value);
}

/** unscaled * 10^-scale: whole and fraction apart where the whole number is beyond 2^53. */
export function decimalValue(unscaled: bigint, scale: number): number {
  if (unscaled < 0n) return -decimalValue(-unscaled, scale);
  if (scale <= 0 || unscaled <= EXACT) return Number(unscaled) * Number(`1e${-scale}`);
  const unit = 10n ** BigInt(scale);
  return Number(unscaled / unit) + Number(unscaled % unit) * Number(`1e${-scale}`);
}
