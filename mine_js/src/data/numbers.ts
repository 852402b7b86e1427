/**
 * Numbers as people write them: which mark is the decimal one in a column, which currency its amounts have, and what the
 * texts then mean. That is decided once, from a look at the whole column; what a text means depends on that text alone.
 */

import { trim } from "./source.ts";

export type Mark = "." | "," | "?";
/** How a column's texts write numbers. Amounts in another currency are not numbers beside it. */
export interface Notation {
  readonly mark: Mark;
  readonly currency: string | null;
}
export type Notations = ReadonlyMap<string, Notation>;
export const PLAINLY: Notation = { mark: ".", currency: null };
export const CURRENCIES: readonly string[] = ["EUR", "USD", "GBP", "CHF", "€", "$", "£"];
const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const COMMA = /^[+-]?(\d+,\d*|,\d+|\d{1,3}([.' \u00a0\u202f]\d{3})+,\d*)([eE][+-]?\d+)?$/;
const COMMA_GROUPS = /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;
const EITHER = /^[+-]?[1-9]\d{0,2},\d{3}$/;
const POINT_GROUPS = /^[+-]?[1-9]\d{0,2}(\.\d{3})+$/;
const SURE_POINT_GROUPS = /^[+-]?[1-9]\d{0,2}(\.\d{3}){2,}$/;
const SPACE_GROUPS = /^[+-]?\d{1,3}([' \u00a0\u202f]\d{3})+(\.\d*)?$/;
const SIGN = /EUR|USD|GBP|CHF|€|\$|£/;
const SIGNS = new RegExp(SIGN.source, "g");
const AMOUNT = new RegExp(`[\\d.,][\\t\\n\\f\\r ]*(?:${SIGN.source})$|^(?:${SIGN.source})[\\t\\n\\f\\r ]*[\\d.,]`);

/** How many cells of a column speak for which mark, and for which currency. */
export class Evidence {
  comma = 0;
  point = 0;
  private commaOrGroup = 0;
  private pointOrGroup = 0;
  private readonly currencies = new Map<string, number>();

  /** Look at a trimmed text. */
  add(cell: string): void {
    const sign = AMOUNT.test(cell) ? SIGN.exec(cell)?.[0] : undefined;
    if (sign !== undefined) this.currencies.set(sign, (this.currencies.get(sign) ?? 0) + 1);
    const text = trim((sign === undefined ? cell : cell.replaceAll(SIGNS, "")).replace(/%$/, ""));
    if (!/[,. '\u00a0\u202f]/.test(text)) return;
    const either = EITHER.test(text);
    const groups = COMMA_GROUPS.test(text);
    if (either) this.commaOrGroup += 1;
    if (groups && !either) this.point += 1;
    if (COMMA.test(text) && !either && !groups) this.comma += 1;
    if (SURE_POINT_GROUPS.test(text)) this.comma += 1;
    if (PLAIN.test(text) && text.includes(".")) {
      if (POINT_GROUPS.test(text)) this.pointOrGroup += 1;
      else this.point += 1;
    }
  }

  /** The one that most amounts have; of two that as many have, the one whose sign is last in Unicode. */
  currency(): string | null {
    let usual: string | null = null;
    for (const [sign, count] of this.currencies) {
      const most = usual === null ? 0 : (this.currencies.get(usual) ?? 0);
      if (count > most || (count === most && usual !== null && sign > usual)) usual = sign;
    }
    return usual;
  }

  mark(others: Mark): Mark {
    if (this.comma > 0 && this.point === 0) return ",";
    if (this.point > 0 && this.comma === 0) return ".";
    if (this.comma > 0 || this.point > 0) return "?";
    return this.commaOrGroup > 0 || (this.pointOrGroup > 0 && others === ",") ? others : ".";
  }
}

/** The notation of each column; `given` is the owner's word for all their decimal marks. */
export function notations(columns: ReadonlyMap<string, Evidence>, given: Mark | null): Map<string, Notation> {
  const all = [...columns.values()];
  const comma = all.some((seen) => seen.comma > 0 && seen.point === 0);
  const point = all.some((seen) => seen.point > 0 && seen.comma === 0);
  const others: Mark = comma && !point ? "," : point && !comma ? "." : "?";
  return new Map([...columns].map(([name, seen]) => [name, { mark: given ?? seen.mark(others), currency: seen.currency() }]));
}

/** A trimmed text without its percent sign, or the currency that the amounts of its column have. */
function bare(text: string, currency: string | null): string {
  if (currency !== null && isAmount(text, currency)) return trim(text.replaceAll(currency, ""));
  return text.endsWith("%") ? trim(text.slice(0, -1)) : text;
}

function isAmount(text: string, currency: string): boolean {
  return (text.endsWith(currency) && /[\d.,][\t\n\f\r ]*$/.test(text.slice(0, -currency.length))) || (text.startsWith(currency) && /^[\t\n\f\r ]*[\d.,]/.test(text.slice(currency.length)));
}

/** A trimmed text as a number; undefined where it cannot be read. `note` counts what was not written plainly. */
export function parseNumber(text: string, { mark, currency }: Notation, note: (what: string) => void): number | undefined {
  if (PLAIN.test(text) && !(mark === "," && text.includes("."))) return Number(text);
  const digits = bare(text, currency);
  const isPlain = PLAIN.test(digits);
  let result: string | undefined = digits;
  if (mark === "," && COMMA.test(digits) && !isPlain) {
    result = digits.replace(/[.' \u00a0\u202f]/g, "").replace(",", ".");
    note("decimal comma");
  } else if (mark === "." && COMMA_GROUPS.test(digits)) {
    result = digits.replaceAll(",", "");
    note("thousands separator");
  } else if (mark === "," && POINT_GROUPS.test(digits)) {
    result = digits.replaceAll(".", "");
    note("thousands separator");
  } else if (SPACE_GROUPS.test(digits)) {
    result = digits.replace(/[' \u00a0\u202f]/g, "");
    note("thousands separator");
  } else if (mark === "," && isPlain && digits.includes(".")) result = undefined; // nobody can say what it means
  if (result === undefined || !PLAIN.test(result)) return undefined;
  if (text.endsWith("%")) {
    note("percent sign");
    return Number(result) / 100;
  }
  if (currency !== null && isAmount(text, currency)) note(`'${currency}' left out`);
  return Number(result);
}
