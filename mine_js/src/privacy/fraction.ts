/** Exact fractions, in lowest terms, written as Python writes them: "3", "23/128". */
import { PrivacyError } from "../errors.ts";
import { gcd } from "../syft/paillier/modular.ts";

export class Fraction {
  readonly top: bigint;
  readonly bottom: bigint;

  constructor(top: bigint, bottom: bigint = 1n) {
    if (bottom === 0n) throw new PrivacyError("a fraction with denominator 0");
    const sign = bottom < 0n ? -1n : 1n;
    const common = gcd(top, bottom) || 1n;
    this.top = (sign * top) / common;
    this.bottom = (sign * bottom) / common;
  }

  /** "3", "23/128", "0.25", "1e-06". */
  static parse(text: string): Fraction {
    const ratio = /^(-?[0-9]{1,2000})(?:\/([0-9]{1,2000}))?$/.exec(text);
    if (ratio !== null) return new Fraction(BigInt(ratio[1] ?? "0"), BigInt(ratio[2] ?? "1"));
    const decimal = /^(-?)([0-9]{1,400})(?:\.([0-9]{1,400}))?(?:[eE]([+-]?[0-9]{1,3}))?$/.exec(text);
    if (decimal === null) throw new PrivacyError(`'${text.slice(0, 40)}' is not a fraction; needs one such as '23/128'`);
    const part = decimal[3] ?? "";
    const power = BigInt(decimal[4] ?? "0") - BigInt(part.length);
    const digits = BigInt((decimal[1] ?? "") + (decimal[2] ?? "") + part);
    return power >= 0n ? new Fraction(digits * 10n ** power) : new Fraction(digits, 10n ** -power);
  }

  /** Exactly what a finite float64 is. */
  static ofFloat(value: number): Fraction {
    let [top, bottom] = [value, 1n];
    while (!Number.isInteger(top)) [top, bottom] = [top * 2, bottom * 2n];
    return new Fraction(BigInt(top), bottom);
  }

  plus(other: Fraction): Fraction {
    return new Fraction(this.top * other.bottom + other.top * this.bottom, this.bottom * other.bottom);
  }

  minus(other: Fraction): Fraction {
    return this.plus(new Fraction(-other.top, other.bottom));
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.top * other.top, this.bottom * other.bottom);
  }

  over(other: Fraction): Fraction {
    return new Fraction(this.top * other.bottom, this.bottom * other.top);
  }

  /** Below 0, 0, or above, as this is below, equal to or above the other. */
  compare(other: Fraction): number {
    const difference = this.top * other.bottom - other.top * this.bottom;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  ceil(): bigint {
    const whole = this.top / this.bottom;
    return this.top % this.bottom > 0n ? whole + 1n : whole;
  }

  floor(): bigint {
    return -new Fraction(-this.top, this.bottom).ceil();
  }

  /** For people: "1 %", of at most four digits. */
  toPercent(): string {
    return `${Number(this.times(new Fraction(100n)).toNumber().toPrecision(4))} %`;
  }

  /** The nearest float64, ties to even. */
  toNumber(): number {
    if (this.top === 0n) return 0;
    const size = this.top < 0n ? -this.top : this.top;
    let shift = 64n + BigInt(this.bottom.toString(2).length - size.toString(2).length);
    if (shift < 0n) shift = 0n;
    const scaled = (size << shift) / this.bottom;
    const sticky = (size << shift) % this.bottom === 0n ? 0n : 1n;
    const value = Number((scaled << 1n) | sticky) * 2 ** -Number(shift + 1n);
    return this.top < 0n ? -value : value;
  }

  toString(): string {
    return this.bottom === 1n ? String(this.top) : `${this.top}/${this.bottom}`;
  }
}
