/** Numbers of a fixed number of bits, one after another, as bytes: little-endian, without gaps. */

/** Bytes of so many numbers. */
export function packedBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/** Numbers below 2^bits; the last byte is filled with zeros. */
export function packed(values: readonly bigint[], bits: number): Uint8Array {
  const made = new Uint8Array(packedBytes(values.length, bits));
  let [held, width, at] = [0n, 0, 0];
  for (const value of values) {
    held |= value << BigInt(width);
    width += bits;
    for (; width >= 32; width -= 32, held >>= 32n, at += 4) {
      const word = Number(held & 0xffffffffn);
      for (let byte = 0; byte < 4; byte += 1) made[at + byte] = (word >>> (8 * byte)) & 0xff;
    }
  }
  for (; at < made.length; at += 1, held >>= 8n) made[at] = Number(held & 0xffn);
  return made;
}

/** The inverse of `packed`, for up to 56 bits. */
export function unpacked(data: Uint8Array, count: number, bits: number): bigint[] {
  const padded = new Uint8Array(data.length + 8);
  padded.set(data);
  const view = new DataView(padded.buffer);
  return Array.from({ length: count }, (_, place) => {
    const start = place * bits;
    return BigInt.asUintN(bits, view.getBigUint64(Math.floor(start / 8), true) >> BigInt(start % 8));
  });
}
