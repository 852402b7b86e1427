/** Amounts of money, exact to the last wei. They travel as texts of digits and are never floating-point numbers. */

export const ETHER = "0x0000000000000000000000000000000000000000";

/** An amount in units of 10^decimals, exact: 1500000000000000000 is "1.5". Groups of digits as in `locale`. */
export function exact(wei: bigint | string, decimals = 18, locale?: string): string {
  const value = BigInt(wei);
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, "0");
  const whole = BigInt(digits.slice(0, digits.length - decimals));
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const shown = new Intl.NumberFormat(locale).format(whole);
  return (value < 0n ? "−" : "") + shown + (fraction ? decimalSign(locale) + fraction : "");
}

/** An amount for a narrow place, exact or with "≈" before it; the exact one belongs beside it as a title. */
export function short(wei: bigint | string, decimals = 18, locale?: string): string {
  const full = exact(wei, decimals, locale);
  const sign = decimalSign(locale);
  const [whole = "0", fraction = ""] = full.split(sign);
  if (fraction.length <= 6) return full;
  if (whole === "0" && /^0{6}/.test(fraction)) return `${new Intl.NumberFormat(locale).format(BigInt(wei))} wei`;
  const kept = fraction.slice(0, 6).replace(/0+$/, "");
  return `≈ ${whole}${kept === "" ? "" : sign + kept}`;
}

/** The wei of what somebody typed: digits with at most one point or comma. null if it is anything else. */
export function parse(text: string, decimals = 18): bigint | null {
  const found = /^(\d{1,30})(?:[.,](\d+))?$/.exec(text.trim());
  if (!found) return null;
  const [, whole = "0", fraction = ""] = found;
  if (fraction.length > decimals) return null;
  return BigInt(whole + fraction.padEnd(decimals, "0"));
}

function decimalSign(locale?: string): string {
  return new Intl.NumberFormat(locale).formatToParts(1.5).find((part) => part.type === "decimal")?.value ?? ".";
}
