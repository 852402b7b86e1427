/** Hours of the day in which new work begins. */
import { shownMinute } from "../wording.ts";
import type { Span } from "./policy.ts";

/** Whether the minute of the day is in one of them; a span that ends before it begins goes past midnight. */
export function isInside(hours: readonly Span[], minute: number): boolean {
  return hours.some(({ begins, ends }) => (begins < ends ? minute >= begins && minute < ends : minute >= begins || minute < ends));
}

export function shownHours(hours: readonly Span[]): string {
  return hours.map(({ begins, ends }) => `${shownMinute(begins)}-${shownMinute(ends)}`).join(", ");
}
