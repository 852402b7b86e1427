/** Units that people write into the names of columns, and the factor from one to another. */
import { caseFolded, type Span, spansIn, tokens } from "./words.ts";

type Sizes = Readonly<Record<string, number>>;
const SPANS: Readonly<Record<Span, number>> = { year: 1, month: 1 / 12, week: 7 / 365.25, day: 1 / 365.25, hour: 1 / 8766 };
/** The first of each is what a name without a unit most likely means. */
const UNITS: ReadonlyMap<string, Sizes> = new Map<string, Sizes>([
  ["length", { m: 1, cm: 0.01, mm: 0.001, km: 1000, inch: 0.0254, ft: 0.3048 }],
  ["mass", { kg: 1, g: 0.001, mg: 1e-6, t: 1000, lb: 0.45359237, oz: 0.028349523125 }],
  ["time", SPANS],
  ["money", { eur: 1, teur: 1000, mio: 1e6, ct: 0.01 }],
  ["share", { share: 1, percent: 0.01 }],
  ["pressure", { bar: 1, kpa: 0.01, mbar: 0.001, pa: 1e-5, mpa: 10, psi: 0.0689475729 }],
  ["speed", { "m/s": 1, "mm/s": 0.001, "cm/s": 0.01, "km/h": 1 / 3.6, "in/s": 0.0254, "ft/s": 0.3048 }],
]);
/** The last of their dimension. */
const IMPERIAL: readonly string[] = ["inch", "ft", "lb", "oz", "psi", "in/s", "ft/s"];
const DEGREES: ReadonlyMap<string, string> = new Map(Object.entries({ c: "C", celsius: "C", f: "F", fahrenheit: "F", k: "K", kelvin: "K" }));
const BY_OFFSET: ReadonlyMap<string, readonly [string, string]> = new Map(Object.entries({
  FC: ["0.5555555556", "-17.7777777778"], CF: ["1.8", "32.0"], KC: ["1.0", "-273.15"],
  CK: ["1.0", "273.15"], FK: ["0.5555555556", "255.3722222222"], KF: ["1.8", "-459.67"],
}));
const SPELT: ReadonlyMap<string, string> = new Map(Object.entries({
  m: "meter metre", cm: "zentimeter centimetre centimeter", inch: "zoll in inches", ft: "feet foot", mm: "millimeter", km: "kilometer",
  g: "gramm gram", kg: "kilo kilogramm", lb: "lbs pound pounds", eur: "euro euros usd chf gbp dollar dollars € $ £",
  teur: "keur kusd teur tusd tchf kchf t€ k€ k$ tsd thousand thousands tausend k", mio: "meur m€ million millions millionen", ct: "cent cents",
  percent: "% prozent percent pct", share: "ratio", year: "yr yrs", month: "mo", hour: "h", day: "d", mbar: "hpa", "km/h": "kmh",
}).flatMap(([unit, words]) => words.split(" ").map((word): [string, string] => [word, unit])));
/** Words or letters of their own, unless in brackets. */
const NO_SUFFIX = ["in", "t", "d", "h", "k", "g"];

/** `size` of the dimension's first unit; `word`: as the owner wrote it. */
export interface Unit {
  readonly dimension: string;
  readonly size: number;
  readonly word: string;
}

/** Into the other unit; or, if that is not named, into each of the dimension, the likeliest first. */
export function factorsOf({ dimension, size }: Unit, other: Unit | null): number[] {
  if (other !== null) return other.dimension === dimension ? [ratio(size, other.size)] : [];
  return Object.values(UNITS.get(dimension) ?? {}).map((known) => ratio(size, known));
}

/** How many of the dimension's last units a metric one is seldom turned into. */
export function unusual({ dimension, word }: Unit): number {
  if (IMPERIAL.includes(spelt(word))) return 0;
  return Object.keys(UNITS.get(dimension) ?? {}).filter((unit) => IMPERIAL.includes(unit)).length;
}

/** The unit that a name ends with or has in brackets; a span of time also elsewhere in it. */
export function unitIn(name: string): Unit | null {
  for (const [, bracketed = ""] of name.matchAll(/[([]([^\n]*?)[)\]]/g)) {
    for (const word of withPairs(wordsOf(bracketed))) {
      const found = unit(word);
      if (found !== null) return found;
    }
  }
  const words = tokens(withoutUnit(name));
  const pair = words.length > 2 ? unit(words.slice(-2).join("/")) : null;
  if (pair !== null) return pair;
  const last = words.at(-1);
  if (last !== undefined && words.length > 1 && !NO_SUFFIX.includes(last)) {
    const found = unit(last);
    if (found !== null) return found;
  }
  const [span, ...more] = spansIn(name);
  return span !== undefined && more.length === 0 ? { dimension: "time", size: SPANS[span], word: `${span}s` } : null;
}

/** A name without what people put into brackets behind it. */
export function withoutUnit(name: string): string {
  return name.replace(/[([][^\n]*?[)\]]/g, "");
}

/**
 * Where both names say how they measure a temperature, and not alike, what the owner should write: such a scale begins elsewhere,
 * so that a factor alone does not do.
 */
export function otherDegrees(wanted: string, column: string): string | null {
  const [theirs, own] = [degreesIn(wanted), degreesIn(column)];
  const found = theirs === null || own === null ? undefined : BY_OFFSET.get(own + theirs);
  if (found === undefined) return null;
  return `it is in ${own}, the campaign's in ${theirs}: write factor = ${found[0]} and offset = ${found[1]} into the mapping`;
}

function degreesIn(name: string): string | null {
  const words = tokens(name);
  const isWarm = words.slice(0, -1).some((word) => word.startsWith("temp") || word.includes("temperatur"));
  return isWarm ? (DEGREES.get(words.at(-1) ?? "") ?? null) : null;
}

/** Pairs first: millimetres in each second are no millimetres. */
function withPairs(words: readonly string[]): string[] {
  return [...words.slice(1).map((word, at) => `${words[at]}/${word}`), ...words];
}

function wordsOf(text: string): string[] {
  const words = text.normalize("NFC").split(/[\p{White_Space}\u001c-\u001f,;/.]+/u);
  return words.filter((word) => word !== "" && (word !== "in" || words.length === 1));
}

function unit(word: string): Unit | null {
  const known = spelt(word);
  if (known.includes("/") && !Object.hasOwn(UNITS.get("speed") ?? {}, known)) return null;
  for (const [dimension, sizes] of UNITS) {
    const size = Object.hasOwn(sizes, known) ? sizes[known] : undefined;
    if (size !== undefined) return { dimension, size, word };
  }
  const [span, ...more] = spansIn(word);
  return span !== undefined && more.length === 0 ? { dimension: "time", size: SPANS[span], word } : null;
}

function spelt(word: string): string {
  const folded = caseFolded(word);
  return SPELT.get(folded) ?? folded;
}

/** Their quotient without the noise of the last digits, if it is a short number. */
function ratio(one: number, other: number): number {
  const exact = one / other;
  const short = Number(exact.toPrecision(8));
  return Math.abs(short - exact) <= 1e-12 * exact ? short : exact;
}
