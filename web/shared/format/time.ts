/** Times in the reader's zone, from seconds since 1970. */

const LONG: Intl.DateTimeFormatOptions = {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
};
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1],
];

export function moment(seconds: number, locale?: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, { ...LONG, ...(timeZone === undefined ? {} : { timeZone }) }).format(seconds * 1000);
}

/** A moment for a narrow place: "26 Nov, 05:49"; the whole one belongs beside it as a title. */
export function compact(seconds: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(seconds * 1000);
}

export function isoMoment(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** How far `seconds` is from `now`, to the nearest unit: "3 hours ago", "in 2 days". In the language of the pages: it stands in their sentences. */
export function distance(seconds: number, now: number, locale = "en"): string {
  const away = Math.round(seconds - now);
  const [unit, size] = UNITS.find(([, size], place) => {
    const smaller = UNITS[place + 1]?.[1] ?? 1;
    return Math.round(Math.abs(away) / smaller) * smaller >= size; // 59.6 minutes are an hour
  }) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.round(away / size), unit);
}

/** A length of time in its two largest units: "1 d 4 h", "35 s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"], [Math.floor(whole / 3_600) % 24, "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"],
  ];
  const first = parts.findIndex(([size]) => size > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([size]) => size > 0).map(([size, unit]) => `${size} ${unit}`).join(" ");
}
