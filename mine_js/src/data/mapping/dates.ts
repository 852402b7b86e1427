/** Dates as people write them, and the parts that campaigns ask for. */
import { type Cell, Moment } from "../source.ts";
import type { DatePart } from "./mapping.ts";

const DAY = 86_400;
const FORMS: readonly RegExp[] = [
  /^(?<year>\d{1,4})-(?<month>\d{1,2})-(?<day>\d{1,2})$/,
  /^(?<year>\d{1,4})-(?<month>\d{1,2})-(?<day>\d{1,2})T(?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})$/,
  /^(?<year>\d{1,4})-(?<month>\d{1,2})-(?<day>\d{1,2}) (?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})$/,
  /^(?<year>\d{1,4})-(?<month>\d{1,2})-(?<day>\d{1,2}) (?<hour>\d{1,2}):(?<minute>\d{1,2})$/,
  /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{1,4})$/,
  /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{1,4}) (?<hour>\d{1,2}):(?<minute>\d{1,2})$/,
];

/** The moment that a trimmed text names; undefined for none. */
export function momentOf(text: string): Moment | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const part = (name: string): number => Number(parts[name] ?? 0);
    const [month, day, hour, minute, second] = [part("month"), part("day"), part("hour"), part("minute"), part("second")];
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) continue;
    const date = new Date(0);
    date.setUTCFullYear(part("year"), month - 1, day);
    return new Moment(date.getTime() / 1000 + hour * 3600 + minute * 60 + second);
  }
  return undefined;
}

/** Days are a number with its fraction, all others whole; Monday is weekday 0. */
export function datePart({ seconds }: Moment, part: DatePart): Cell {
  if (part === "days") return seconds / DAY;
  const date = new Date(seconds * 1000);
  switch (part) {
    case "year": return BigInt(date.getUTCFullYear());
    case "month": return BigInt(date.getUTCMonth() + 1);
    case "day": return BigInt(date.getUTCDate());
    case "weekday": return BigInt((date.getUTCDay() + 6) % 7);
    case "hour": return BigInt(date.getUTCHours());
  }
}
