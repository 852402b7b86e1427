/** Numbers in the reader's own way of writing them. */

export function count(value: number, locale?: string): string {
  return new Intl.NumberFormat(locale).format(value);
}

/** Parts per million as per cent, with no digit lost: 812345 is "81.2345 %". */
export function percent(ppm: number, locale?: string): string {
  const shown = new Intl.NumberFormat(locale, { maximumFractionDigits: 4 }).format(ppm / 10_000);
  return `${shown}\u00a0%`;
}

/** A share of a whole, for a bar: 0 to 1. */
export function share(part: bigint, whole: bigint): number {
  return whole <= 0n ? 0 : Math.min(1, Math.max(0, Number((part * 10_000n) / whole) / 10_000));
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
