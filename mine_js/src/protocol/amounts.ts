/** Amounts as people write them: ether, parts of a whole, spans of time. Exact integers inside. */
import { OpenMinedError } from "../errors.ts";

const WEI_PER: ReadonlyMap<string, bigint> = new Map([
  ["wei", 1n],
  ["gwei", 10n ** 9n],
  ["eth", 10n ** 18n],
  ["ether", 10n ** 18n],
]);
const PPM_PER: ReadonlyMap<string, bigint> = new Map([
  ["%", 10_000n],
  ["ppm", 1n],
]);

/** Text that is not an amount of the kind asked for. */
export class AmountError extends OpenMinedError {
  constructor(text: string, expected: string) {
    super(`'${text}' is not an amount; expected ${expected}`);
  }
}

/** Wei of "10 ETH", "1.5 gwei", "25 wei"; "0" alone is 0. */
export function parseWei(text: string): bigint {
  return scaled(text, WEI_PER, "an amount with its unit, such as '10 ETH', '1 gwei' or '25 wei'", "wei");
}

/** Parts per million of "90 %" or "900000 ppm"; "0" alone is 0. At most 100 %. */
export function parsePpm(text: string): bigint {
  const ppm = scaled(text, PPM_PER, "a share from 0 to 100 % such as '90 %' or '900000 ppm'", "ppm");
  if (ppm > 1_000_000n) throw new AmountError(text, "at most '100 %' (1000000 ppm)");
  return ppm;
}

/** Exact and short: "10 ETH", "0.025 ETH", "1.5 gwei", "25 wei". */
export function formatWei(wei: bigint): string {
  const [sign, size] = wei < 0n ? ["-", -wei] : ["", wei];
  for (const [unit, scale, least] of [["ETH", 10n ** 18n, 10n ** 13n], ["gwei", 10n ** 9n, 10n ** 7n]] as const) {
    if (size >= least) {
      const text = decimal(size, scale);
      if (text.length <= 20) return `${sign}${text} ${unit}`;
    }
  }
  return `${sign}${size} wei`;
}

/** Exact: "10 USDC", "0.000001 USDC". */
export function formatTokens(amount: bigint, symbol: string, decimals: number): string {
  const [sign, size] = amount < 0n ? ["-", -amount] : ["", amount];
  return `${sign}${decimal(size, 10n ** BigInt(decimals))} ${symbol}`;
}

/** An amount for tables: exact if that is short, else six decimals. */
export function aboutWei(wei: bigint): string {
  const exact = formatWei(wei);
  if (exact.length <= "0.001234 ETH".length) return exact;
  const size = wei < 0n ? -wei : wei;
  const [unit, scale] = size >= 10n ** 13n ? (["ETH", 10n ** 18n] as const) : (["gwei", 10n ** 9n] as const);
  const millionths = roundedHalfEven(size * 1_000_000n, scale);
  const digits = String(millionths).padStart(7, "0");
  return `${wei < 0n ? "-" : ""}${digits.slice(0, -6)}.${digits.slice(-6)} ${unit}`;
}

/** Exact and short: "90 %", "2.5 %", "0.0001 %". */
export function formatPpm(ppm: number): string {
  return `${ppm < 0 ? "-" : ""}${decimal(BigInt(Math.abs(ppm)), 10_000n)} %`;
}

function roundedHalfEven(top: bigint, bottom: bigint): bigint {
  const whole = top / bottom;
  const twice = 2n * (top % bottom);
  return twice > bottom || (twice === bottom && whole % 2n === 1n) ? whole + 1n : whole;
}

function scaled(text: string, units: ReadonlyMap<string, bigint>, expected: string, smallest: string): bigint {
  const stripped = text.trim();
  if (stripped === "0") return 0n;
  const match = /^([0-9]{1,60})(?:\.([0-9]{1,30}))?\s*([a-z%]+)$/i.exec(stripped);
  const scale = match === null ? undefined : units.get((match[3] ?? "").toLowerCase());
  if (match === null || scale === undefined) throw new AmountError(text, expected);
  const fraction = match[2] ?? "";
  const top = BigInt((match[1] ?? "") + fraction) * scale;
  const bottom = 10n ** BigInt(fraction.length);
  if (top % bottom !== 0n) throw new AmountError(text, `${expected}; no parts of a ${smallest}`);
  return top / bottom;
}

function decimal(size: bigint, scale: bigint): string {
  const whole = size / scale;
  const rest = size % scale;
  if (rest === 0n) return String(whole);
  const digits = String(rest).padStart(String(scale).length - 1, "0").replace(/0+$/, "");
  return `${whole}.${digits}`;
}
