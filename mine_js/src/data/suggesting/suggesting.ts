/**
 * A first mapping from a data set to a campaign: by what names mean and how alike they are, by the units that they name, and by
 * whether the values would fit. Only suggested: the owner confirms or edits it. What was guessed has its `doubt`.
 */
import { type Field, isNumeric } from "../../schema/profile.ts";
import type { Schema } from "../../schema/schema.ts";
import { isPrintable, pythonFloat, pythonText } from "../../wording.ts";
import type { ColumnSeen } from "../understanding.ts";
import { alikeness } from "./alike.ts";
import { NOTHING, translation } from "./classes.ts";
import { scaling } from "./scaling.ts";
import { withoutUnit } from "./units.ts";
import { lengthOf, meaningsButTime, statistic, tokens, withoutStatistic } from "./words.ts";

const ALIKE = 0.55;
const SURE = 0.7;
/** A column of any name whose words are a field's classes. */
const BY_WORDS = 0.6;
const OTHER_STATISTIC = 0.6;
const NO_STATISTIC = 0.15;
const AS_MUCH = 0.02;

/**
 * One field: the column for it (null: none is alike), the factor and whether it rounds, translations, and why. `doubt`: what was
 * guessed and may be wrong. `untranslated`: words of the column that are none of `classes`, the field's own.
 */
export interface Suggestion {
  readonly field: string;
  readonly column: string | null;
  readonly factor: number;
  readonly rounds: boolean;
  readonly values: readonly (readonly [string, string])[];
  readonly why: string;
  readonly doubt: string | null;
  readonly untranslated: readonly string[];
  readonly classes: readonly string[];
}

interface Pair {
  readonly wanted: Field;
  readonly column: ColumnSeen;
  readonly place: number;
  readonly score: number;
}

/** A suggestion for each field and the label, every column used once, the surest pairs first. */
export function suggest({ columns: fields }: Schema, seen: readonly ColumnSeen[]): Suggestion[] {
  const pairs = fields.flatMap((wanted) => seen.map((column, place): Pair => ({ wanted, column, place, score: scoreOf(wanted, column) }))).sort(surerFirst);
  const chosen = new Map<string, Pair>();
  const taken = new Map<string, number>();
  for (const pair of pairs) {
    if (pair.score < ALIKE || chosen.has(pair.wanted.name) || taken.has(pair.column.name)) continue;
    chosen.set(pair.wanted.name, pair);
    taken.set(pair.column.name, pair.score);
  }
  return fields.map((wanted): Suggestion => {
    const pair = chosen.get(wanted.name);
    if (pair !== undefined) return suggestion(pair, rivalOf(pair, pairs, taken));
    return { field: wanted.name, column: null, factor: 1, rounds: false, values: [], why: "no column is alike", doubt: null, untranslated: [], classes: [] };
  });
}

/** Of pairs that are as sure, the one whose column is first comes first, then the one whose field is last in Unicode. */
function surerFirst(one: Pair, other: Pair): number {
  return other.score - one.score || one.place - other.place || Buffer.compare(Buffer.from(other.wanted.name), Buffer.from(one.wanted.name));
}

/** The column over which a field's was chosen though it is as much alike, and no other field's own. */
function rivalOf(own: Pair, pairs: readonly Pair[], taken: ReadonlyMap<string, number>): string | null {
  const found = pairs.find(({ wanted, column, score }) =>
    wanted.name === own.wanted.name && column.name !== own.column.name && score >= own.score - AS_MUCH && score >= ALIKE
    && (taken.get(column.name) ?? 0) <= score + AS_MUCH);
  return found?.column.name ?? null;
}

/** The suggestions that change anything, as a mapping file. Doubts, and fields without a column, stand in its comments. */
export function asToml(suggestions: readonly Suggestion[]): string {
  const lines = ["# What a campaign calls it, and what you call it. Edit it, or delete a table, at any time."];
  for (const made of suggestions) {
    const { field, column, factor, values, doubt } = made;
    if (column === null) {
      lines.push("", `# no column is alike: [${key(field)}]`, '# column = "..."');
      continue;
    }
    if (column === field && factor === 1 && values.length === 0 && doubt === null) continue;
    lines.push("", ...(doubt === null ? [] : [`# CHECK: ${comment(doubt)}`]), `[${key(field)}]`, `column = ${quoted(column)}`);
    if (factor !== 1) lines.push(`factor = ${pythonFloat(factor)}`);
    if (made.rounds) lines.push("round = true");
    if (values.length > 0) lines.push(`values = { ${values.map(([word, meant]) => `${quoted(word)} = ${quoted(meant)}`).join(", ")} }`);
    if (made.untranslated.length > 0) {
      lines.push(`# yours = the campaign's, ${made.classes.slice(0, 12).map(quoted).join(" or ")}:`);
      const more = made.untranslated.slice(0, 3).map((word) => `${quoted(word)} = "..."`).join(", ");
      lines.push(values.length > 0 ? `# into values above: ${more}` : `# values = { ${more} }`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** What the owner should look at before a model learns from it, a sentence each. */
export function doubtsOf(suggestions: readonly Suggestion[]): string[] {
  const guessed = suggestions.flatMap(({ field, column, doubt }) => (doubt === null ? [] : [`${field} from ${pythonText(column ?? "")} is a guess: ${doubt}`]));
  const lacking = suggestions.filter(({ column }) => column === null).map(({ field }) => field);
  return lacking.length > 0 ? [...guessed, `no column was found for ${lacking.join(", ")}`] : guessed;
}

function scoreOf(wanted: Field, column: ColumnSeen): number {
  if (wanted.name === column.name) return 2;
  const alike = namesAlike(wanted.name, column.name);
  if (wanted.classes.length > 0 && wanted.jsonType === "string") {
    const found = translation(wanted, column);
    if (found === null || found.share === 0) return alike - 0.3;
    return Math.max(alike + 0.3 * found.share, found.alike, found.isTelling ? BY_WORDS : 0);
  }
  if (wanted.text !== null) return alike - (column.kind === "text" ? 0 : 0.5);
  if (!isNumeric(wanted)) return alike;
  if (!["integer", "number", "empty"].includes(column.kind)) return alike - 0.5;
  return scaling(wanted, column).factor === null ? alike - 0.2 : alike;
}

/** How alike two names are, 0 to 1; names that say different statistics of one quantity hardly are. */
function namesAlike(wanted: string, column: string): number {
  const [asked, found] = [statistic(wanted), statistic(column)];
  if (asked === null && found === null) return wordsAlike(wanted, column);
  const alike = wordsAlike(withoutStatistic(withoutUnit(wanted)), withoutStatistic(withoutUnit(column)));
  if (asked === found) return alike;
  return alike - (asked === null || found === null ? NO_STATISTIC : OTHER_STATISTIC);
}

function wordsAlike(wanted: string, column: string): number {
  const [mine, theirs] = [tokens(withoutUnit(wanted)).join(""), tokens(withoutUnit(column)).join("")];
  const others = new Set(tokens(column));
  const shared = new Set(tokens(wanted).filter((token) => lengthOf(token) > 2 && others.has(token))).size;
  const [meant, found] = [meaningsButTime(withoutUnit(wanted)), meaningsButTime(withoutUnit(column))];
  const both = meant.intersection(found).size;
  return Math.max(
    mine === theirs ? 1 : alikeness(mine, theirs), shared > 0 ? 0.5 + 0.1 * shared : 0, both > 0 ? 0.5 + (0.45 * both) / meant.union(found).size : 0,
  );
}

function suggestion({ wanted, column, score }: Pair, rival: string | null): Suggestion {
  let why = column.name === wanted.name ? "same name" : `${pythonText(column.name)} is alike`;
  const doubts = score >= SURE ? [] : ["its name is only a little alike"];
  const [asked, found] = [statistic(wanted.name), statistic(column.name)];
  if (asked !== found) doubts.push(asked === null ? `its name says ${found ?? ""}` : `its name does not say that it is the ${asked}`);
  if (rival !== null) doubts.push(`${pythonText(rival)} is as much alike`);
  let [factor, rounds, words] = [1, false, NOTHING];
  if (isNumeric(wanted) && column.low !== null) {
    const scaled = scaling(wanted, column);
    [factor, rounds] = [scaled.factor ?? 1, scaled.rounds];
    if (scaled.why !== "") why += `; ${scaled.why}`;
    if (scaled.doubt !== null) doubts.push(scaled.doubt);
  } else if (wanted.classes.length > 0 && wanted.jsonType === "string") {
    words = translation(wanted, column) ?? NOTHING;
    doubts.push(...words.doubts);
  }
  const doubt = doubts.length > 0 ? doubts.join("; ") : null;
  return {
    field: wanted.name, column: column.name, factor, rounds, values: words.pairs, why: doubt === null ? why : `${why}; ${doubt}`, doubt,
    untranslated: words.unknown, classes: wanted.classes.map(String),
  };
}

function comment(text: string): string {
  return [...text].map((letter) => (isPrintable(letter) ? letter : "?")).join("");
}

function key(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : quoted(name);
}

function quoted(value: string): string {
  return JSON.stringify(value).replaceAll("\x7f", "\\u007f");
}
