/** The words of names and what they mean, across English, German, and some French and Spanish. What is not known is compared by its letters. */
import { GROUPS, STATISTICS } from "./vocabulary.ts";

const ENDINGS = ["s", "es", "e", "n", "en", "er"];
const LINKS = ["", "s", "es", "n", "en", "e"];
/** Letters of a word within a compound. */
const SHORTEST_PART = 4;
const NEGATIONS = ["not", "non", "nicht", "kein", "un", "no "];
const TIME = ["year", "month", "week", "day", "hour"] as const;
const CHEROKEE = /[\u13a0-\u13ff\uab70-\uabbf]/u;

export type Span = (typeof TIME)[number];

/** As Unicode folds case in full: for all letters but these the small form of the capital one. */
export function caseFolded(text: string): string {
  return [...text].map((letter) => (CHEROKEE.test(letter) ? letter.toUpperCase() : letter === "\u0131" ? letter : letter === "\u1e9e" ? "ss" : letter.toUpperCase().toLowerCase())).join("");
}

/** Letters and digits only, without accents, in lower case. */
export function plain(word: string): string {
  return caseFolded(word).normalize("NFKD").replace(/[^\p{L}\p{N}]/gu, "");
}

/** The words of a name, split at case, underscores, spaces and marks, each `plain`. */
export function tokens(name: string): string[] {
  const split = name.normalize("NFC").replace(/(?<=[a-zß-ÿ0-9])(?=[A-ZÀ-Þ])/gu, " ");
  return split.split(/[^\p{L}\p{N}]+/u).map(plain).filter((word) => word !== "");
}

/** What the words of a name mean, as the first word of each group. Compounds are taken apart in two. */
export function meanings(name: string): ReadonlySet<string> {
  return new Set(tokens(name).flatMap(ofToken));
}

/** What a name means, without its span of time where it means anything else. */
export function meaningsButTime(name: string): ReadonlySet<string> {
  const found = meanings(name);
  const others = new Set([...found].filter((meaning) => !isSpan(meaning)));
  return others.size > 0 ? others : found;
}

/** The spans of time that a name means. */
export function spansIn(name: string): Span[] {
  const found = meanings(name);
  return TIME.filter((span) => found.has(span));
}

/** Which statistic of a quantity a name says: the mean, the highest, the lowest, the spread or the median; null if none, or nothing else. */
export function statistic(name: string): string | null {
  const said = new Set(tokens(name).flatMap((token) => STATISTIC.get(token) ?? []));
  const [only] = said;
  return only !== undefined && said.size === 1 && withoutStatistic(name) !== "" ? only : null;
}

/** The words of a name but those that say a statistic, with spaces between them. */
export function withoutStatistic(name: string): string {
  return tokens(name).filter((token) => !STATISTIC.has(token)).join(" ");
}

/** Whether a word begins by saying no, and is not a word of its own ("unmarried" is one). */
export function isNegated(word: string): boolean {
  const folded = caseFolded(word);
  return NEGATIONS.some((no) => folded.startsWith(no)) && !KNOWN.has(plain(word));
}

export function areSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && one.isSubsetOf(other);
}

function isSpan(meaning: string): boolean {
  return TIME.some((span) => span === meaning);
}

/** Every spelling of the words in `lines`, plain, with the first word of its line. `isFirst`: whether a word of two lines belongs to the first. */
function spellings(lines: string, isFirst: boolean): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of lines.trim().split("\n")) {
    const words = line.split(" ");
    for (const word of words) {
      for (const spelt of [plain(word), plain(withoutUmlauts(word))]) {
        if (!isFirst || !found.has(spelt)) found.set(spelt, words[0] ?? "");
      }
    }
  }
  return found;
}

function withoutUmlauts(word: string): string {
  return word.replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue");
}

const KNOWN = spellings(GROUPS, true);
const STATISTIC = spellings(STATISTICS, false);

function exactly(token: string): string | undefined {
  const whole = KNOWN.get(token);
  if (whole !== undefined) return whole;
  for (const ending of ENDINGS) {
    if (!token.endsWith(ending) || lengthOf(token) - ending.length < SHORTEST_PART - 1) continue;
    const stem = KNOWN.get(token.slice(0, -ending.length));
    if (stem !== undefined) return stem;
  }
  return token.endsWith("ies") ? KNOWN.get(`${token.slice(0, -3)}y`) : undefined;
}

function ofToken(token: string): string[] {
  const whole = exactly(token);
  if (whole !== undefined) return [whole];
  const letters = [...token];
  for (let cut = letters.length - SHORTEST_PART; cut >= SHORTEST_PART; cut -= 1) {
    const back = exactly(letters.slice(cut).join(""));
    if (back === undefined) continue;
    const front = letters.slice(0, cut).join("");
    for (const link of LINKS) {
      if (!front.endsWith(link)) continue;
      const stem = front.slice(0, front.length - link.length);
      const known = lengthOf(stem) >= SHORTEST_PART ? exactly(stem) : undefined;
      if (known !== undefined) return [known, back];
    }
  }
  return [];
}

export function lengthOf(text: string): number {
  return [...text].length;
}
