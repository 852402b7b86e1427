/** A float64 as exact text, the form of C99's %a as Python writes it: "0x1.921fb54442d18p+1". */
import { PrivacyError } from "../errors.ts";

export function floatToHex(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const sign = bits >> 63n === 1n ? "-" : "";
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & 0xfffffffffffffn).toString(16).padStart(13, "0");
  if (exponent === 0 && BigInt(`0x${fraction}`) === 0n) return `${sign}0x0.0p+0`;
  const power = exponent === 0 ? -1022 : exponent - 1023;
  return `${sign}0x${exponent === 0 ? 0 : 1}.${fraction}p${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}

export function floatFromHex(text: string): number {
  const match = /^(-?)0x([01])\.([0-9a-f]{1,13})p([+-][0-9]{1,4})$/.exec(text);
  if (match === null) throw new PrivacyError(`'${text.slice(0, 40)}' is not a float in hexadecimal`);
  const fraction = (match[3] ?? "").padEnd(13, "0");
  const value = (Number(match[2]) + Number(BigInt(`0x${fraction}`)) * 2 ** -52) * 2 ** Number(match[4]);
  return match[1] === "-" ? -value : value;
}
