/** From the words of a column to a campaign's classes: the same letters, the same meaning, or yes and no in a column that is called after one of two classes. */
import type { Field } from "../../schema/profile.ts";
import { pythonText } from "../../wording.ts";
import type { ColumnSeen } from "../understanding.ts";
import { alikeness } from "./alike.ts";
import { areSame, isNegated, lengthOf, meanings, plain } from "./words.ts";

const ALIKE = 0.6;
/** How alike a column counts that is called after a class. */
const NAMED = 0.85;

/**
 * `pairs`: words that change, with the class that each becomes. `share`: of the column's words that are understood; `alike`:
 * how well the column's own name names a class; `unknown`: the other words; `isTelling`: whether the words alone tell that
 * the column is meant: all are understood as classes, two at least, and are not yes and no, which many columns say.
 */
export interface Translation {
  readonly pairs: readonly (readonly [string, string])[];
  readonly share: number;
  readonly alike: number;
  readonly doubts: readonly string[];
  readonly unknown: readonly string[];
  readonly isTelling: boolean;
}

/** A class that a word may mean; `isSure`: by more than letters. */
interface Meant {
  readonly known: string | null;
  readonly isSure: boolean;
}

export const NOTHING: Translation = { pairs: [], share: 0, alike: 0, doubts: [], unknown: [], isTelling: false };

/** What the column's words mean among the field's classes; null if it has too many words to look at. */
export function translation(wanted: Field, column: ColumnSeen): Translation | null {
  if (column.words === null) return null;
  const classes = wanted.classes.map(String);
  const words = column.words.length > 0 ? column.words : column.kind === "boolean" ? ["true", "false"] : [];
  let found = words.map((word) => ({ word, ...meant(word, classes) }));
  if (found.every(({ known }) => known === null)) {
    const begun = byFirstLetters(words, classes);
    found = found.map((one) => (begun === null ? one : { ...one, known: begun.get(one.word) ?? null }));
  }
  const understood = found.flatMap(({ word, known, isSure }) => (known === null ? [] : [{ word, known, isSure }]));
  if (understood.length === 0 && classes.length === 2 && areYesAndNo(words)) return yesOrNo(words, classes, column.name);
  const unknown = found.filter(({ known }) => known === null).map(({ word }) => word);
  const doubts: string[] = [];
  if (unknown.length > 0) doubts.push(`not translated: ${unknown.slice(0, 3).map(pythonText).join(", ")}; write them into values`);
  const guessed = understood.filter(({ isSure }) => !isSure).map(({ word, known }) => `${pythonText(word)} = ${pythonText(known)}`);
  if (guessed.length > 0) doubts.push(`only alike by their letters: ${guessed.slice(0, 3).join(", ")}`);
  return {
    pairs: understood.filter(({ word, known }) => word !== known).map(({ word, known }) => [word, known]),
    share: words.length > 0 ? understood.length / words.length : 0, alike: 0, doubts, unknown,
    isTelling: unknown.length === 0 && !areYesAndNo(words) && new Set(understood.map(({ known }) => known)).size > 1,
  };
}

/** Words that are the first letters of classes, each of another one; null unless all of them are. */
function byFirstLetters(words: readonly string[], classes: readonly string[]): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>();
  for (const word of words) {
    const [begun, ...more] = classes.filter((known) => plain(word) !== "" && plain(known).startsWith(plain(word)));
    if (begun === undefined || more.length > 0) return null;
    found.set(word, begun);
  }
  return new Set(found.values()).size === found.size ? found : null;
}

/** The class that a word most likely means. */
function meant(word: string, classes: readonly string[]): Meant {
  const letters = plain(word);
  const same = classes.find((known) => letters !== "" && letters === plain(known));
  if (same !== undefined) return { known: same, isSure: true };
  const others = classes.filter((known) => isNegated(known) === isNegated(word));
  const means = meanings(word);
  const [alike, ...more] = others.filter((known) => means.size > 0 && areSame(means, meanings(known)));
  if (alike !== undefined && more.length === 0) return { known: alike, isSure: true };
  const within = best(others.filter((known) => lengthOf(plain(known)) > 1 && letters.includes(plain(known))), lengthOf);
  if (within !== undefined) return { known: within, isSure: true };
  const nearest = best(others, (known) => alikeness(letters, plain(known)));
  const isNear = nearest !== undefined && alikeness(letters, plain(nearest)) > ALIKE;
  return { known: isNear ? nearest : null, isSure: false };
}

/** The first of those that no other exceeds. */
function best(all: readonly string[], measure: (one: string) => number): string | undefined {
  let found: { one: string; measured: number } | undefined;
  for (const one of all) {
    const measured = measure(one);
    if (found === undefined || measured > found.measured) found = { one, measured };
  }
  return found?.one;
}

function areYesAndNo(words: readonly string[]): boolean {
  const said = words.map((word) => [...meanings(word)].sort().join());
  return said.includes("yes") && said.includes("no") && said.every((one) => one === "yes" || one === "no");
}

function yesOrNo(words: readonly string[], classes: readonly string[], name: string): Translation {
  const means = meanings(name);
  const named = classes.filter((known) => !meanings(known).isDisjointFrom(means) || (lengthOf(plain(known)) > 2 && plain(name).includes(plain(known))));
  const [yes, ...more] = named;
  const no = classes.find((known) => known !== yes);
  if (yes === undefined || no === undefined || more.length > 0) {
    const say = words.map(pythonText).join(", ");
    return { ...NOTHING, doubts: [`it is not clear which of ${say} means which of ${classes.map(pythonText).join(" and ")}; write them into values`] };
  }
  const pairs = words.map((word): [string, string] => [word, meanings(word).has("yes") ? yes : no]);
  return { pairs, share: 1, alike: NAMED, doubts: isNegated(name) ? ["the column's name says no"] : [], unknown: [], isTelling: false };
}
