/** Decimals as float64: docs/protocol.md, section 9. */

/** A signed whole number from its bytes in two's complement. */
export function littleOrBig(raw: Uint8Array, littleEndian: boolean): bigint {
  const bytes = littleEndian ? [...raw].reverse() : [...raw];
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return BigInt.asIntN(8 * raw.length, value);
}

/** The float64 nearest to unscaled * 10^-scale. */
export function decimalValue(unscaled: bigint, scale: number): number {
  return Number(`${unscaled}e${-scale}`);
}
