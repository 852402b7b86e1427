/** Texts in a schema: what their field says, and which values are fit. */
import { FEWEST_COLUMNS, HashedText, MOST_CHARACTERS, MOST_COLUMNS, MOST_WORDS } from "../syft/text/hashed_text.ts";
import { ProfileError } from "./errors.ts";

export const TEXT_KEYWORDS: readonly string[] = ["columns", "words", "seed"];
export const TEXT_OPTIONAL: readonly string[] = ["characters"];
export const FITTING_TEXT = "a text of at most 1,048,576 bytes, from a column that does not hold numbers";
const MAX_BYTES = 1 << 20;
const MAX_SEED = 64;
/** So many values, all of them numbers, are not texts, but the wrong column. That is asked of a whole column. */
const MANY_NUMBERS = 20;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** The hashing that the `openmined` of a field describes; all of its keywords are there. */
export function hashedText(field: string, meaning: Readonly<Record<string, unknown>>): HashedText {
  const at = `${field}.openmined`;
  const columns = whole(`${at}.columns`, meaning["columns"], FEWEST_COLUMNS, MOST_COLUMNS);
  const words = whole(`${at}.words`, meaning["words"], 0, MOST_WORDS);
  const seed = meaning["seed"];
  if (typeof seed !== "string" || seed.length > MAX_SEED || !/^[ -~]*$/.test(seed)) {
    throw new ProfileError(`${at}.seed`, seed, `a text of at most ${MAX_SEED} printable ASCII characters`);
  }
  if (!Object.hasOwn(meaning, "characters")) {
    if (words === 0) throw new ProfileError(`${at}.words`, words, `1 to ${MOST_WORDS}, as there are no characters`);
    return new HashedText(columns, words, null, seed);
  }
  const given = meaning["characters"];
  if (!Array.isArray(given) || given.length !== 2) throw new ProfileError(`${at}.characters`, given, "a list [shortest, longest]");
  const shortest = whole(`${at}.characters`, given[0], 1, MOST_CHARACTERS);
  return new HashedText(columns, words, [shortest, whole(`${at}.characters`, given[1], shortest, MOST_CHARACTERS)], seed);
}

export function isFitText(text: string): boolean {
  return text.length <= MAX_BYTES && Buffer.byteLength(text) <= MAX_BYTES;
}

/** How many texts a column has, and how many of them are numbers. */
export class TextsSeen {
  private texts = 0;
  private numbers = 0;

  add(text: string): void {
    this.texts += 1;
    if (this.numbers === this.texts - 1 && NUMBER.test(text)) this.numbers += 1;
  }

  /** The number of them, if all are numbers and they are many; else 0. */
  get allNumbers(): number {
    return this.texts >= MANY_NUMBERS && this.numbers === this.texts ? this.texts : 0;
  }
}

function whole(at: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw new ProfileError(at, value, `a whole number from ${least} to ${most}`);
  }
  return value;
}
